"""A folder that stands for S3: whatever is measured ends on the same local disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


class FolderS3:
    """The few calls of an S3 client that the snapshot store makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_object(self, *, Key: str, Body: Any, IfNoneMatch: str = "", **_: Any) -> dict[str, Any]:
        """Write a file; with ``IfNoneMatch="*"`` only a new one."""
        path = self.folder / Key
        if IfNoneMatch and path.exists():
            raise _error("PreconditionFailed", 412, "PutObject")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            if isinstance(Body, bytes):
                file.write(Body)
            else:
                shutil.copyfileobj(Body, file, 1024 * 1024)
        return {}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        """Read a file."""
        path = self.folder / Key
        if not path.exists():
            raise _error("NoSuchKey", 404, "GetObject")
        return {"Body": path.open("rb"), "ContentLength": path.stat().st_size}

    def delete_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        """Remove a file."""
        (self.folder / Key).unlink(missing_ok=True)
        return {}

    def list_objects_v2(self, *, Prefix: str = "", **_: Any) -> dict[str, Any]:
        """All files below a prefix."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        keys = [str(path.relative_to(self.folder)) for path in paths]
        return {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}


def _error(code: str, status: int, operation: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )
