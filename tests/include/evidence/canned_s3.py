"""As much of S3 as leases and sealed answers need: conditional writes, listings, a clock."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

START = datetime(2026, 11, 1, 6, tzinfo=UTC)


class CannedS3:
    """One bucket in memory; ``now`` is its clock, ``failing`` makes every write an error."""

    def __init__(self) -> None:
        self.now = START
        self.objects: dict[str, tuple[bytes, str, datetime]] = {}
        self.calls: list[str] = []
        self.failing = False

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.now += timedelta(**passed)

    def put_object(
        self, *, Key: str, Body: bytes, IfNoneMatch: str = "", IfMatch: str = "", **_: Any
    ) -> Any:
        self.calls.append(f"put {Key}")
        if self.failing:
            raise _error("AccessDenied", 403)
        there = self.objects.get(Key)
        if IfNoneMatch and there:
            raise _error("PreconditionFailed", 412)
        if IfMatch and not there:
            raise _error("NoSuchKey", 404)
        if IfMatch and there and there[1] != IfMatch:
            raise _error("PreconditionFailed", 412)
        etag = f'"{hashlib.md5(Body).hexdigest()}"'
        self.objects[Key] = (Body, etag, self.now)
        return {"ETag": etag, **self._meta()}

    def get_object(self, *, Key: str, **_: Any) -> Any:
        if Key not in self.objects:
            raise _error("NoSuchKey", 404)
        content, etag, modified = self.objects[Key]
        told = {"ETag": etag, "LastModified": modified}
        return {"Body": io.BytesIO(content), **told, **self._meta()}

    def delete_object(self, *, Key: str, **_: Any) -> Any:
        self.calls.append(f"delete {Key}")
        self.objects.pop(Key, None)
        return self._meta()

    def get_paginator(self, _: str) -> CannedS3:
        return self

    def paginate(self, *, Prefix: str, **_: Any) -> Any:
        self.calls.append(f"list {Prefix}")
        found = [
            {"Key": key, "LastModified": modified}
            for key, (_body, _etag, modified) in sorted(self.objects.items())
            if key.startswith(Prefix)
        ]
        yield {"Contents": found, **self._meta()}

    def _meta(self) -> dict[str, Any]:
        date = format_datetime(self.now, usegmt=True)
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def _error(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "PutObject",
    )
