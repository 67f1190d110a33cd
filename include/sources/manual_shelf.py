"""The shelf of manual evidence: what lies in the bucket, checked against its hashes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from include.assessment.period import last_finished_month
from include.aws.errors import is_no_object
from include.aws.exchange import Answer
from include.errors import InputError
from include.evidence.cell import Cell, selection_digest
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import Ended, ask
from include.sources.handed_in import Fetched, Stored, fetched, listed
from include.sources.manual_records import (
    LARGEST_RECORD,
    RECORD,
    BadRecord,
    HandIn,
    Piece,
    read_record,
    refused_size,
)


@dataclass(frozen=True)
class OnShelf:
    """A piece of evidence, its record's page, and when that was read."""

    piece: Piece
    page: str
    answer: Answer


@dataclass
class Shelf:
    """All that was handed in: the pieces, and why others are not among them."""

    pieces: list[OnShelf] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)


def read_shelf(out: SnapshotWriter, s3: Any, bucket: str, prefix: str, *, named: bool) -> Shelf:
    """Every record below ``prefix`` whose file is there and is what the record says.

    ``named`` as for :func:`include.sources.handed_in.listed`.
    """
    files: dict[str, Stored] = {}
    records: list[Stored] = []
    for stored in listed(out, s3, bucket, prefix, named=named):
        if stored.key.endswith(RECORD):
            records.append(stored)
        else:
            files[stored.key] = stored
    shelf = Shelf()
    claimed: set[str] = set()
    for stored in records:
        with fetched(out, s3, bucket, stored) as found:
            if found is None:
                continue
            try:
                one = _read(out, s3, bucket, found, files)
                claimed.add(_file_of(stored.key, one.piece.record.file))
                shelf.pieces.append(one)
            except BadRecord as error:
                shelf.refused.append(f"{stored.key}: {error}")
    shelf.unclaimed = sorted(set(files) - claimed)
    return shelf


def _file_of(record_key: str, name: str) -> str:
    return record_key.rpartition("/")[0] + "/" + name


def _read(
    out: SnapshotWriter, s3: Any, bucket: str, found: Fetched, files: dict[str, Stored]
) -> OnShelf:
    body = found.file.read(LARGEST_RECORD + 1)
    if len(body) > LARGEST_RECORD:
        raise BadRecord(f"longer than {LARGEST_RECORD:,} bytes")
    page = out.page(replace(found.answer, body=body), 1)
    record = read_record(body)
    key = _file_of(found.stored.key, record.file)
    there = files.get(key)
    if there is None:
        raise BadRecord(f"file: {record.file} is not in the same folder")
    if why := refused_size(there.size):
        raise BadRecord(f"file: {why}")
    digest = _digest(out, s3, bucket, there, record)
    stored = found.stored.modified
    provided = record.provided_at or stored
    piece = Piece(record, f"s3://{bucket}/{key}", digest, there.size, provided, stored)
    return OnShelf(piece, page, found.answer)


def _digest(out: SnapshotWriter, s3: Any, bucket: str, stored: Stored, record: HandIn) -> str:
    """The file's SHA-256, which has to be the record's if that says one.

    S3 computed it when the file was put with a checksum; else the file is read.
    """
    if record.sha256:
        request = {"Bucket": bucket, "Key": stored.key, "ChecksumMode": "ENABLED"}
        try:
            held = ask(out, s3, "HeadObject", request).output.get("ChecksumSHA256", "")
        except ClientError as error:
            if not is_no_object(error):
                raise
            raise BadRecord(f"file: {record.file} was taken away") from error
        if held == base64.b64encode(bytes.fromhex(record.sha256)).decode():
            return record.sha256
    with fetched(out, s3, bucket, stored) as found:
        if found is None:
            raise BadRecord(f"file: {record.file} was taken away")
        found.page(out, 0)
        if record.sha256 and found.sha256 != record.sha256:
            raise BadRecord(
                f"sha256: {record.file} was changed since it was handed in (it is "
                f"{found.sha256[:16]}… now, not {record.sha256[:16]}…)"
            )
        return found.sha256


def pieces_of(shelf: Shelf) -> Iterator[Piece]:
    """The pieces alone."""
    for one in shelf.pieces:
        yield one.piece


def look_at_shelf(s3: Any, bucket: str, prefix: str, *, named: bool) -> Shelf:
    """The shelf as a person sees it: read like :func:`read_shelf`, without keeping a snapshot."""
    period = last_finished_month(datetime.now(UTC))
    cell = Cell("manual", "organization", s3.meta.region_name, period, selection_digest({}))
    with SnapshotWriter(cell) as out:
        try:
            return read_shelf(out, s3, bucket, prefix, named=named)
        except Ended as ended:
            raise InputError(ended.message, hint="Correct audit.yaml.") from ended
