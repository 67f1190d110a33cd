"""Dropped records: read into a table on local disk, then told resource by resource.

For each resource the last record before the period's end decides, if it may still stand for it
there; the records within the period say when it failed. Memory does not grow with the number of
records: they are sorted on disk.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence, Result
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import known_as
from include.sources.custom_records import Record, Rejected, Unreadable, read_records
from include.sources.handed_in import Fetched, fetched, listed

#: Records per insertion.
_BATCH = 2_000
#: Rejected records that a receipt tells one by one, of each file.
_TOLD = 10
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)
#: Of two records of the same moment the worse one counts: it comes last.
_RANK = {"NOT_APPLICABLE": 0, "GONE": 0, "NONE": 0, "PASS": 1, "UNANSWERED": 2, "FAIL": 3}

_Row = tuple[str, str, int, int, int, int, bytes]


@dataclass
class _File:
    """What was read of one file; ``page`` describes it, ``known`` comes of when it was put."""

    page: str
    collected_at: datetime
    modified: datetime


@dataclass
class _Tally:
    """Counts over all files. ``hiding``: rejected records that may be about the period."""

    lines: int = 0
    kept: int = 0
    later: int = 0
    hiding: int = 0
    files: list[_File] = field(default_factory=list)


def collect_files(
    cell: Cell, out: SnapshotWriter, s3: Any, bucket: str, prefix: str, *, named: bool
) -> None:
    """Everything below ``prefix`` that scripts dropped for the cell's account and region."""
    below = f"{prefix}{cell.account}/{cell.region}/"
    tally = _Tally()
    with _table() as table:
        for stored in listed(out, s3, bucket, below, named=named):
            with fetched(out, s3, bucket, stored) as found:
                if found is None:
                    out.note(f"s3://{bucket}/{stored.key} was taken away while it was collected.")
                else:
                    _read(cell, out, bucket, found, table, tally)
        told = f"{tally.lines - tally.kept} were rejected, see the counts of their files"
        if tally.lines:
            out.count("dropped records", tally.lines, tally.kept, told * (tally.lines > tally.kept))
        if tally.later:
            out.note(f"{tally.later} dropped records are of a time after the period.")
        newest: dict[str, datetime] = {}
        for item, current in _items(cell, table, tally.files):
            out.add(item)
            at = max(item.source_time, cell.period.start) if current else item.source_time
            newest[item.keyword] = max(at, newest.get(item.keyword, at))
    for keyword, at in sorted(newest.items()):
        out.deploy(
            Deployment.of_keyword(
                cell,
                keyword,
                "ACTIVE",
                at,
                # A rejected record may have told of a failure: nothing is complete beside it.
                narrowed=tally.hiding > 0,
            )
        )


def tell_misplaced(
    cell: Cell, out: SnapshotWriter, s3: Any, bucket: str, prefix: str, *, named: bool
) -> None:
    """Name the files that lie in the account's folder itself: no region's cell would read them."""
    above = f"{prefix}{cell.account}/"
    files = [stored.key for stored in listed(out, s3, bucket, above, named=named, deep=False)]
    if files:
        told = ", ".join(files[:_TOLD]) + (", …" if len(files) > _TOLD else "")
        out.note(f"Not read, as records lie in a folder for each region: {told}.")


@contextmanager
def _table() -> Iterator[sqlite3.Connection]:
    with (
        tempfile.TemporaryDirectory(prefix="custom-") as folder,
        closing(sqlite3.connect(Path(folder) / "records.sqlite", isolation_level=None)) as table,
    ):
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -8000"):
            table.execute(f"PRAGMA {pragma}")
        table.execute(
            "CREATE TABLE records (keyword TEXT, resource TEXT, at_us INTEGER, rank INTEGER,"
            " file INTEGER, line INTEGER, body BLOB)"
        )
        yield table


def _read(
    cell: Cell,
    out: SnapshotWriter,
    bucket: str,
    found: Fetched,
    table: sqlite3.Connection,
    tally: _Tally,
) -> None:
    """One file into the table, and its rejected records into the receipt."""
    rows: list[_Row] = []
    kept = rejected = 0
    reasons: list[str] = []
    number, end = len(tally.files), cell.period.end
    table.execute("BEGIN")
    try:
        for line, record in read_records(found.file, found.stored.key):
            if isinstance(record, Rejected):
                rejected += 1
                reasons += [str(record)] if len(reasons) < _TOLD else []
                tally.hiding += _may_hide(cell, record, found)
                continue
            kept += 1
            if record.observed_at >= end:
                tally.later += 1
                continue
            rows.append(_row(record, number, line))
            if len(rows) == _BATCH:
                _insert(table, rows)
    except Unreadable as error:
        out.stop_short(f"s3://{bucket}/{found.stored.key} can't be read: {error.message}.")
    _insert(table, rows)
    table.execute("COMMIT")
    page = found.page(out, kept, records=kept, rejected=rejected)
    tally.files.append(_File(page, found.answer.at, found.stored.modified))
    tally.lines += kept + rejected
    tally.kept += kept
    if rejected:
        more = f"; and {rejected - len(reasons)} more" if rejected > len(reasons) else ""
        out.count(
            f"records in s3://{bucket}/{found.stored.key}",
            kept + rejected,
            kept,
            f"rejected: {'; '.join(reasons)}{more}",
        )


def _may_hide(cell: Cell, record: Rejected, found: Fetched) -> bool:
    """Whether a rejected record may have been about the period."""
    if record.observed_at is not None:
        return cell.period.start <= record.observed_at < cell.period.end
    return found.stored.modified >= cell.period.start


def _row(record: Record, file: int, line: int) -> _Row:
    return (
        record.keyword,
        record.resource,
        (record.observed_at - _EPOCH) // _MICROSECOND,
        _RANK[record.result],
        file,
        line,
        msgspec.json.encode(record),
    )


def _insert(table: sqlite3.Connection, rows: list[_Row]) -> None:
    table.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    rows.clear()


def _items(
    cell: Cell, table: sqlite3.Connection, files: list[_File]
) -> Iterator[tuple[Evidence, bool]]:
    """One item per keyword and resource, and whether its record may stand for the period's end."""
    # By content before file and line: the order in which files are listed decides nothing.
    rows = table.execute(
        "SELECT keyword, resource, file, line, body FROM records"
        " ORDER BY keyword, resource, at_us, rank, body, file, line"
    )
    decode = msgspec.json.Decoder(Record).decode
    for _, group in groupby(rows, key=lambda row: (row[0], row[1])):
        failed = _Failing(cell)
        for row in group:
            record = decode(row[4])
            failed.next(record)
        # The group's last row is the last by time.
        if made := _item(cell, record, files[row[2]], row[3], failed):
            yield made


class _Failing:
    """The intervals within the period in which one resource failed, record by record."""

    def __init__(self, cell: Cell) -> None:
        self._period = cell.period
        self._since: datetime | None = None
        self._spans: list[tuple[datetime, datetime]] = []

    def next(self, record: Record) -> None:
        """Take the next record, by time."""
        if record.result == "FAIL":
            if self._since is None:
                self._since = record.begins
        elif self._since is not None:
            self._spans.append((self._since, record.begins))
            self._since = None

    def spans(self, until: datetime) -> tuple[tuple[str, str], ...]:
        """ISO pairs; an open interval ends at ``until``."""
        spans = [*self._spans, *([(self._since, until)] if self._since else [])]
        start, end = self._period.start, self._period.end
        cut = [(max(a, start), min(b, end)) for a, b in spans]
        return tuple((iso(a), iso(b)) for a, b in cut if a < b)


def _item(
    cell: Cell, record: Record, file: _File, line: int, failed: _Failing
) -> tuple[Evidence, bool] | None:
    period = cell.period
    until = record.effective_until or (period.end if record.observed_at >= period.start else None)
    current = until is not None and until >= period.end
    gone = record.result == "GONE"
    if gone and record.begins < period.start:
        return None
    result: Result = "NONE" if gone else record.result  # type: ignore[assignment]
    raw = record.result
    if not current and result == "PASS":
        # Nobody looked for so long that the answer no longer counts; a failure stands.
        result = "UNANSWERED"
    attributes: dict[str, Any] = {"record": dict(record.attributes)}
    for name in ("effective_from", "effective_until"):
        if at := getattr(record, name):
            attributes[name] = iso(at)
    if not current and not gone:
        attributes["outdated"] = True
    item = Evidence(
        source="custom",
        keyword=record.keyword,
        account=cell.account,
        region=cell.region,
        event_source="s3.amazonaws.com",
        event_name="DroppedRecord",
        resource=record.resource,
        resource_type=record.resource_type,
        result=result,
        raw_status=raw,
        # Put in time or later: the record itself says when it was so.
        known=known_as(file.modified, period),
        source_time=record.observed_at,
        collected_at=file.collected_at,
        in_population=not gone,
        severity=record.severity,
        deployment=record.keyword,
        failed=failed.spans(period.end),
        attributes=attributes,
        page=file.page,
        offset=line,
    )
    return item, current and not gone
