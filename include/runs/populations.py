"""Where populations are kept: one Parquet file in the run's folder, named after its content."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.errors import AuditError
from include.runs.workspace import Reference, Workspace

_BLOCK = 1024 * 1024


def store_population(folder: Workspace, path: Path) -> Reference:
    """Put a population's file into a run's folder as ``population-<digest>.parquet``."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return folder.put_file(
        f"population-{digest[:16]}.parquet", path, content_type="application/vnd.apache.parquet"
    )


@contextmanager
def stored_population(s3: Any, reference: Mapping[str, str]) -> Iterator[Path]:
    """A verified copy of a population on local disk, while the context lasts.

    Raises AuditError when it is not the file the reference was made for.
    """
    bucket, _, key = reference["uri"].removeprefix("s3://").partition("/")
    with tempfile.TemporaryDirectory(prefix="population-") as folder:
        path = Path(folder) / "population.parquet"
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for block in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(_BLOCK):
                digest.update(block)
                file.write(block)
        if digest.hexdigest() != reference["digest"]:
            raise AuditError(
                f"{reference['uri']} is not what the run wrote (its SHA-256 differs).",
                hint="Somebody changed it: clear the task map_to_controls, and read the "
                "bucket's log.",
            )
        yield path
