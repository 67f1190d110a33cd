"""Taking manual evidence in: checked, hashed, and put beside its record, never over another."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from include.aws.errors import is_condition_failed, is_no_bucket
from include.errors import InputError
from include.sources.manual_records import (
    LARGEST_FILE,
    RECORD,
    BadRecord,
    HandIn,
    Piece,
    check,
    read_record,
    refused_size,
    refused_type,
)


@dataclass(frozen=True)
class TakenIn:
    """A piece of evidence that is in the bucket; ``new`` is false when it was there already."""

    piece: Piece
    new: bool


def digest_of_file(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file that Audit Manager would take. Raises InputError."""
    if why := refused_type(path.name):
        raise InputError(
            f"{path} can't be evidence: {why}.", hint="Convert it, to PDF for example, or zip it."
        )
    try:
        size = path.stat().st_size
        if why := refused_size(size):
            hint = (
                "Split or compress it." if size > LARGEST_FILE else "Give the file that shows it."
            )
            raise InputError(f"{path} can't be evidence: {why}.", hint=hint)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), size
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from None


def take_in(s3: Any, bucket: str, prefix: str, path: Path, record: HandIn) -> TakenIn:
    """Put a file and its record into the bucket, the record last; both are never replaced.

    ``record.sha256`` has to be the file's, and ``provided_at`` given. The same file with the same
    claims is the same evidence: nothing is added then. Raises InputError for what doesn't fit.
    """
    try:
        read_record(msgspec.json.encode(record))
        check(record)
    except BadRecord as error:
        raise InputError(f"{path} can't be handed in: {error}.") from None
    assert record.provided_at is not None
    folder = f"{prefix}{record.control}/{record.sha256[:16]}"
    key = f"{folder}/{record.file}"
    size = path.stat().st_size
    piece = Piece(
        record, f"s3://{bucket}/{key}", record.sha256, size, record.provided_at, record.provided_at
    )
    with path.open("rb") as body:
        _put_once(
            s3,
            Bucket=bucket,
            Key=key,
            Body=body,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(bytes.fromhex(record.sha256)).decode(),
            ContentType=mimetypes.guess_type(record.file)[0] or "application/octet-stream",
        )
    new = _put_once(
        s3,
        Bucket=bucket,
        Key=f"{folder}/{piece.id}{RECORD}",
        Body=msgspec.json.format(msgspec.json.encode(record)),
        ContentType="application/json",
    )
    return TakenIn(piece, new)


def _put_once(s3: Any, **request: Any) -> bool:
    """Whether it is new: what is there under a digest's name is what would be written."""
    try:
        s3.put_object(IfNoneMatch="*", **request)
    except ClientError as error:
        if is_condition_failed(error):
            return False
        if is_no_bucket(error):
            raise InputError(
                f"There is no bucket {request['Bucket']}.",
                hint="Name another one under manual_evidence in audit.yaml.",
            ) from error
        raise
    return True
