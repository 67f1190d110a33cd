"""Records that scripts drop: their form, published as JSON Schema, and how files of them are read.

A file is JSON Lines or CSV, gzipped or not. A record that does not fit is rejected with its line
and the reason; the rest of the file is kept.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import msgspec

from include.errors import AuditError

SCHEMA_FILE = Path(__file__).with_name("custom_record.schema.json")
#: A line may hold a finding of 240 KB several times over, but not fill the memory.
LONGEST_LINE = 1024 * 1024
SUFFIXES = (".jsonl", ".ndjson", ".csv")

#: ``GONE``: the resource no longer exists, and leaves the population.
RecordResult = Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED", "NONE", "GONE"]
_Time = Annotated[datetime, msgspec.Meta(tz=True, description="ISO 8601 with a time zone")]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a script observed of one resource at one time."""

    keyword: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(?!ssm_)[a-zA-Z0-9_\-().:/ ]{1,100}$",
            description="What was looked at, as checks name it. Names beginning with ssm_ are "
            "Systems Manager's.",
        ),
    ]
    resource: Annotated[
        str, msgspec.Meta(min_length=1, max_length=2048, description="ARN, or another unique name")
    ]
    resource_type: Annotated[
        str, msgspec.Meta(min_length=1, max_length=256, description="such as AWS::EC2::Instance")
    ]
    result: Annotated[
        RecordResult,
        msgspec.Meta(description="GONE: the resource no longer exists. NONE: shown, not judged."),
    ]
    observed_at: Annotated[_Time, msgspec.Meta(description="When this was so: ISO 8601 with zone")]
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", ""] = ""
    effective_from: Annotated[
        _Time | None, msgspec.Meta(description="Since when it has been so; default: observed_at")
    ] = None
    effective_until: Annotated[
        _Time | None,
        msgspec.Meta(
            description="Until when the record may stand for the resource; default: the end of the "
            "audit period in which it was observed"
        ),
    ] = None
    attributes: Annotated[
        dict[str, Any], msgspec.Meta(description="Whatever a reader of the evidence should see")
    ] = {}

    @property
    def begins(self) -> datetime:
        """Since when the result holds."""
        return self.effective_from or self.observed_at


@dataclass(frozen=True)
class Rejected:
    """A record that is not taken; ``observed_at`` is when it claims to be of, where legible."""

    line: int
    reason: str
    observed_at: datetime | None = None

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Unreadable(AuditError):
    """A file that can't be read to its end."""


def schema() -> dict[str, Any]:
    """The JSON Schema of one record."""
    (record,), components = msgspec.json.schema_components([Record], ref_template="#/$defs/{name}")
    body = components[record["$ref"].rpartition("/")[2]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Custom evidence record",
        **{name: value for name, value in body.items() if name != "title"},
    }


def read_records(file: IO[bytes], name: str) -> Iterator[tuple[int, Record | Rejected]]:
    """The records of one file with their line numbers (from 1), one at a time.

    ``name`` says the form by its ending. Raises Unreadable when the rest can't be told.
    """
    plain = name.lower()
    compressed = plain.endswith(".gz")
    stream: IO[bytes] = gzip.GzipFile(fileobj=file) if compressed else file  # type: ignore[assignment]
    plain = plain.removesuffix(".gz")
    try:
        if plain.endswith(".csv"):
            yield from _csv(stream)
        elif plain.endswith(SUFFIXES):
            yield from _json_lines(stream)
        else:
            raise Unreadable(f"it ends with none of {', '.join(SUFFIXES)} (.gz may follow)")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable(f"it is no whole gzip file ({error})") from error


_JSON = msgspec.json.Decoder(Record)


def _json_lines(stream: IO[bytes]) -> Iterator[tuple[int, Record | Rejected]]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield number, Rejected(number, f"longer than {LONGEST_LINE:,} bytes")
            continue
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            record = _JSON.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield number, Rejected(number, _reason(error), _claimed(line))
            continue
        yield number, _agreeing(number, record)


def _csv(stream: IO[bytes]) -> Iterator[tuple[int, Record | Rejected]]:
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(LONGEST_LINE)
    rows = csv.reader(text, strict=True)
    try:
        header = next(rows, None)
        if header is None:
            return
        for row in rows:
            number = rows.line_num
            if not row:
                continue
            if len(row) != len(header):
                reason = f"{len(row)} values for {len(header)} columns"
                yield number, Rejected(number, reason)
                continue
            yield number, _row(number, dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise Unreadable(f"line {rows.line_num} is no CSV ({error})") from error
    finally:
        text.detach()


def _row(number: int, row: dict[str, str]) -> Record | Rejected:
    """A CSV row: empty cells are left out; ``attributes`` is JSON, ``attributes.x`` is text."""
    values: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    try:
        for name, value in row.items():
            value.encode()  # what was no UTF-8 can't be written as such
            if not value:
                continue
            if name == "attributes":
                given = json.loads(value)
                if not isinstance(given, dict):
                    raise ValueError("attributes: no JSON object")
                attributes |= given
            elif name.startswith("attributes."):
                attributes[name.removeprefix("attributes.")] = value
            else:
                values[name] = value
        if attributes:
            values["attributes"] = attributes
        record = msgspec.convert(values, Record)
    except (msgspec.ValidationError, ValueError) as error:
        claim = msgspec.json.encode({"observed_at": ascii(row.get("observed_at", ""))[1:-1]})
        return Rejected(number, _reason(error), _claimed(claim))
    return _agreeing(number, record)


def _agreeing(number: int, record: Record) -> Record | Rejected:
    """The record, if its members fit each other."""
    at = record.observed_at
    if record.effective_from is not None and record.effective_from > at:
        reason = "effective_from: after observed_at"
    elif record.effective_until is not None and record.effective_until < at:
        reason = "effective_until: before observed_at"
    else:
        return record
    return Rejected(number, reason, at)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "no UTF-8"
    text = str(error)
    what, _, where = text.partition(" - at `$.")
    return f"{where.rstrip('`')}: {what}" if where else text


class _Claim(msgspec.Struct):
    observed_at: _Time


def _claimed(line: bytes) -> datetime | None:
    try:
        return msgspec.json.decode(line, type=_Claim).observed_at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
