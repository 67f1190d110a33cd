"""Manual evidence as it is handed in: the record beside each file, its revisions, its periods.

A file lies in the bucket beside a record, ``<name>.evidence.json``, that says what it shows and
from when on. ``./audit evidence add`` writes both; people may also put them there by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec

from include.assessment.period import Period
from include.clock import iso
from include.digests import digest_of

SCHEMA_FILE = Path(__file__).with_name("manual_record.schema.json")
#: How a record's key ends.
RECORD = ".evidence.json"
#: Audit Manager's own limits of manual evidence: bytes of one file, and what files it takes.
LARGEST_FILE = 100_000_000
# fmt: off
FILE_TYPES = (
    ".cer", ".csv", ".doc", ".docx", ".gz", ".html", ".jmx", ".jpeg", ".jpg", ".json", ".md",
    ".out", ".pdf", ".png", ".ppt", ".pptx", ".rtf", ".svg", ".txt", ".xls", ".xlsx", ".xml",
    ".yaml", ".yml", ".zip",
)
# fmt: on
#: A record is a page of text, not a file of its own.
LARGEST_RECORD = 64 * 1024


def _text(longest: int, description: str) -> msgspec.Meta:
    return msgspec.Meta(min_length=1, max_length=longest, description=description)


class HandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one file shows, who provided it and for when."""

    file: Annotated[str, _text(255, "The file's name, in the folder of this record")]
    control: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.()-]{0,99}$", description="The control's id"
        ),
    ]
    title: Annotated[
        str, _text(255, "What it is; the same title for the same control is a new revision")
    ]
    description: Annotated[str, _text(1000, "What the file shows, for a reader who is a stranger")]
    effective: Annotated[
        date, msgspec.Meta(description="The day from which on it is so; it decides the period")
    ]
    provided_by: Annotated[str, _text(255, "Who provides it; never who accepts it")]
    expires: Annotated[date | None, msgspec.Meta(description="The last day on which it holds")] = (
        None
    )
    framework: Annotated[
        str, msgspec.Meta(max_length=100, description="For this framework only; default: for all")
    ] = ""
    account: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(\d{12})?$", description="About this account only; default: the organisation"
        ),
    ] = ""
    sha256: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^([0-9a-f]{64})?$",
            description="Of the file when it was handed in; default: as it is found",
        ),
    ] = ""
    provided_at: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None,
        msgspec.Meta(description="When it was handed in; default: when the record was stored"),
    ] = None


class BadRecord(ValueError):
    """A record that does not fit; the message says why."""


def schema() -> dict[str, Any]:
    """The JSON Schema of a record."""
    (reference,), components = msgspec.json.schema_components(
        [HandIn], ref_template="#/$defs/{name}"
    )
    body = components[reference["$ref"].rpartition("/")[2]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manual evidence record",
        **{name: value for name, value in body.items() if name != "title"},
    }


def read_record(body: bytes) -> HandIn:
    """A record from its JSON. Raises BadRecord with the member and the reason."""
    try:
        record = msgspec.json.decode(body, type=HandIn)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what, _, where = str(error).partition(" - at `$.")
        raise BadRecord(f"{where.rstrip('`')}: {what}" if where else what) from None
    check(record)
    return record


def check(record: HandIn) -> None:
    """What the schema can't say. Raises BadRecord."""
    if "/" in record.file or record.file in (".", ".."):
        raise BadRecord("file: a name in the same folder, not a path")
    if record.expires is not None and record.expires < record.effective:
        raise BadRecord(f"expires: {record.expires} is before it is effective")
    if why := refused_type(record.file):
        raise BadRecord(f"file: {why}")


def refused_type(name: str) -> str:
    """Why Audit Manager would not take a file of this name, or ''."""
    suffix = PurePosixPath(name).suffix.lower()
    if name.endswith(RECORD):
        return f"names that end with {RECORD} are records of evidence, not evidence"
    if suffix in FILE_TYPES:
        return ""
    return f"Audit Manager takes no files of the type {suffix or '(none)'}"


def refused_size(size: int) -> str:
    """Why Audit Manager would not take a file of this many bytes, or ''."""
    if not size:
        return "it is empty"
    if size > LARGEST_FILE:
        return f"it has {size / 1e6:,.1f} MB; Audit Manager takes up to 100 MB"
    return ""


@dataclass(frozen=True)
class Piece:
    """One record with its file, as they lie in the bucket.

    ``provided_at`` is the record's claim, ``stored_at`` is when S3 got the record.
    """

    record: HandIn
    uri: str
    sha256: str
    size: int
    provided_at: datetime
    stored_at: datetime

    @property
    def id(self) -> str:
        """Follows from content and claims: the same handed in twice is one piece of evidence.

        It binds what is said of it, an acceptance above all, to the file's bytes.
        """
        r = self.record
        expires = r.expires.isoformat() if r.expires else ""
        said = [r.framework, r.control, r.account, r.title, r.description, r.provided_by]
        return "ME-" + digest_of([*said, r.effective.isoformat(), expires, self.sha256])[:16]

    @property
    def subject(self) -> tuple[str, str, str, str]:
        """Pieces with the same subject are revisions of one another."""
        r = self.record
        return r.framework, r.control, r.account, r.title.strip().casefold()

    @property
    def effective(self) -> datetime:
        """The first moment (UTC) of the day it is effective from."""
        return datetime.combine(self.record.effective, time(), UTC)

    def concerns(self, period: Period) -> bool:
        """Whether it is about the period: effective within it, or before and not yet expired.

        Without an expiry date it is about the period of its effective date only.
        """
        if self.effective >= period.end:
            return False
        if self.effective >= period.start:
            return True
        return self.record.expires is not None and not self.expired(period)

    def expired(self, period: Period) -> bool:
        """Whether it no longer held on the period's last day."""
        last_day = (period.end - timedelta(microseconds=1)).date()
        return self.record.expires is not None and self.record.expires < last_day

    def attributes(self, revision: int) -> dict[str, Any]:
        """What a reader of the evidence sees."""
        r = self.record
        shown = {
            "id": self.id,
            "title": r.title,
            "description": r.description,
            "file": r.file,
            "uri": self.uri,
            "sha256": self.sha256,
            "bytes": self.size,
            "framework": r.framework,
            "account": r.account,
            "effective": r.effective.isoformat(),
            "expires": r.expires.isoformat() if r.expires else "",
            "provided_by": r.provided_by,
            "provided_at": iso(self.provided_at),
            "revision": revision,
        }
        return {name: value for name, value in shown.items() if value != ""}


@dataclass(frozen=True)
class Standing:
    """A piece among its revisions (from 1); ``newer`` is the id of the one that replaced it."""

    piece: Piece
    revision: int
    newer: str = ""


def revisions(pieces: Iterable[Piece]) -> list[Standing]:
    """Every piece with its revision, by subject and time; the same piece only once."""
    by_subject: dict[tuple[str, str, str, str], dict[str, Piece]] = {}
    for piece in sorted(pieces, key=lambda piece: (piece.provided_at, piece.id, piece.uri)):
        by_subject.setdefault(piece.subject, {}).setdefault(piece.id, piece)
    found = []
    for _, same in sorted(by_subject.items()):
        ordered = list(same.values())
        for n, piece in enumerate(ordered):
            newer = ordered[n + 1].id if n + 1 < len(ordered) else ""
            found.append(Standing(piece, n + 1, newer))
    return found


def of_period(pieces: Iterable[Piece], period: Period) -> list[Standing]:
    """The pieces that concern a period, each with the revision that replaces it there, if any.

    A revision that is about a later period does not replace one of this period.
    """
    numbers = revisions(pieces)
    concerning = [standing for standing in numbers if standing.piece.concerns(period)]
    found = []
    for standing in concerning:
        newer = [
            other.piece.id
            for other in concerning
            if other.piece.subject == standing.piece.subject and other.revision > standing.revision
        ]
        found.append(Standing(standing.piece, standing.revision, newer[-1] if newer else ""))
    return found
