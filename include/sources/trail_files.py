"""Events of the past from a trail's log files, with the proof that the files are whole.

Files are dated by delivery, events by when they happened; so files of the day after are read,
too. Log files aren't copied into the snapshot: what is kept is each file's key, version, ETag and
SHA-256, and the bytes of the events that were asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from include.clock import from_iso, iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.s3_objects import Got, read_all
from include.sources.trail_archive import file_line, keep_page
from include.sources.trail_chain import checked_digests
from include.sources.trail_digests import Chain, Span, is_backfill, stamp_of
from include.sources.trail_events import TrailEvent
from include.sources.trail_keys import first_keys, list_keys
from include.sources.trail_log import BadFile, records, unpacked
from include.sources.trail_places import TrailPlace, uncovered
from include.sources.trail_record import Record

#: How late a log file may come. CloudTrail speaks of five minutes on average, seldom of hours.
LATE = timedelta(hours=24)
_LOG_KEY = re.compile(r"_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_[^/]+\.json\.gz$")
_UNVALIDATED = "not validated"


@dataclass
class FilesRead:
    """What reading a trail's files came to.

    ``covered`` is the time in which everything that the trail logged was there. ``problems`` are
    what is wrong with the files: any of them means that evidence is missing.
    """

    covered: list[Span] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_files(
    out: SnapshotWriter,
    cloudtrail: Any,
    s3: Any,
    place: TrailPlace,
    span: Span,
    now: datetime,
    is_wanted: Callable[[Record], bool],
    result: FilesRead,
) -> Iterator[TrailEvent]:
    """Events that happened in ``span`` (half-open), oldest delivery first.

    ``now`` is CloudTrail's clock. ``result`` is filled when the last event has been given.
    """
    start, end = span
    until = min(end + LATE, now)
    # The files of the last hour are in a digest that ends after it.
    digested = min(until + timedelta(hours=1), now)
    digests = sorted(
        (
            key
            for key in list_keys(
                out, s3, place.bucket, place.folder("CloudTrail-Digest"), start, digested
            )
            if f"_{place.name}_{place.home}_" in key
            and start < (stamp_of(key) or start) <= digested
        ),
        key=lambda key: (is_backfill(key), key),
    )
    chain = checked_digests(out, cloudtrail, s3, place, digests, start, digested, now)
    listed = [
        key
        for key in list_keys(out, s3, place.bucket, place.folder("CloudTrail"), start, until)
        if (at := _delivered(key)) is not None and start <= at < until
    ]
    files = LogFiles(place, chain, listed, start, until)
    yield from _events(out, s3, place, files, span, now, is_wanted)
    _conclude(out, place, chain, files, result)
    covered = list(chain.spans)
    if place.logged is not None and uncovered(span, covered):
        # Files older than the oldest that is kept have expired, however long the trail has logged.
        kept = [
            at
            for key in first_keys(out, s3, place.bucket, place.folder("CloudTrail"))
            if (at := _delivered(key))
        ]
        if kept:
            covered.append((max(place.logged[0], min(kept)), place.logged[1]))
    result.covered = list(_without(span, uncovered(span, covered)))


class LogFiles:
    """Which log files there are, and which there should be."""

    def __init__(
        self, place: TrailPlace, chain: Chain, listed: list[str], start: datetime, until: datetime
    ) -> None:
        self._named = chain.logs
        here = {(place.bucket, key) for key in listed}
        named = {
            told
            for told in chain.logs
            if (at := _delivered(told[1])) is not None and start <= at < until
        }
        self.missing = sorted(key for key in named - here if key[0] == place.bucket)
        # In hours with a digest, what no digest names was put there by somebody else.
        open_hours = uncovered((start, until), chain.spans)
        self.foreign = sorted(
            told
            for told in here - named
            if not any(since <= _at(told[1]) < to for since, to in open_hours)
        )
        wanted = (here | named) - set(self.missing) - set(self.foreign)
        #: (bucket, key), in the order of delivery; the bucket may have been another one then.
        self.wanted = sorted(wanted, key=lambda told: (_at(told[1]), told[1]))
        self.expected = len(named)
        self.valid = 0
        self.unvalidated = 0
        self.invalid: list[str] = []

    def verdict(self, got: Got, plain_sha256: str) -> str:
        """'valid', 'not validated' or what is wrong."""
        told = self._named.get((got.bucket, got.key))
        if told is None:
            return _UNVALIDATED
        return "valid" if told == plain_sha256 else "hash value doesn't match"


def _delivered(key: str) -> datetime | None:
    found = _LOG_KEY.search(key)
    return datetime.strptime(found[1], "%Y%m%dT%H%MZ").replace(tzinfo=UTC) if found else None


def _at(key: str) -> datetime:
    at = _delivered(key)
    assert at is not None
    return at


def _events(
    out: SnapshotWriter,
    s3: Any,
    place: TrailPlace,
    files: LogFiles,
    span: Span,
    now: datetime,
    is_wanted: Callable[[Record], bool],
) -> Iterator[TrailEvent]:
    start, end = iso(span[0]), iso(span[1])
    day: list[tuple[Got, dict[str, Any], list[msgspec.Raw]]] = []
    for got in read_all(out, s3, files.wanted):
        if day and got.key[: got.key.rindex("/")] != day[0][0].key[: day[0][0].key.rindex("/")]:
            yield from _kept(out, day, now)
            day = []
        if got.answer is None:
            files.missing.append((got.bucket, got.key))
            continue
        line, taken = read_file(files, got, place, start, end, is_wanted)
        day.append((got, line, taken))
    if day:
        yield from _kept(out, day, now)


def read_file(
    files: LogFiles,
    got: Got,
    place: TrailPlace,
    start: str,
    end: str,
    is_wanted: Callable[[Record], bool],
) -> tuple[dict[str, Any], list[msgspec.Raw]]:
    """What is said of a file, and the events that it gives; none if anything is wrong with it."""
    line = file_line(got, "")
    taken: list[msgspec.Raw] = []
    digest = hashlib.sha256()
    count = 0
    try:
        plain = unpacked(got.data)
        line["sha256"] = hashlib.sha256(plain).hexdigest()
        line["verdict"] = files.verdict(got, line["sha256"])
        for raw, record, sha256 in records(plain):
            count += 1
            digest.update(sha256)
            if (
                is_wanted(record)
                and start <= record.time < end
                and record.region == place.region
                and record.account in (None, place.account)
            ):
                taken.append(raw)
    except BadFile as error:
        line["verdict"] = str(error)
    if line["verdict"] not in ("valid", _UNVALIDATED):
        files.invalid.append(f"{got.key} ({line['verdict']})")
        taken = []
    files.valid += line["verdict"] == "valid"
    files.unvalidated += line["verdict"] == _UNVALIDATED
    return {
        **line,
        "events": count,
        "events_sha256": digest.hexdigest(),
        "taken": len(taken),
    }, taken


def _kept(
    out: SnapshotWriter,
    day: list[tuple[Got, dict[str, Any], list[msgspec.Raw]]],
    now: datetime,
) -> Iterator[TrailEvent]:
    """Keep the day's files as one page; its events."""
    first, last = day[0][0], day[-1][0]
    folder = first.key[: first.key.rindex("/") + 1]
    lines = [line for _, line, _ in day]
    page = keep_page(out, last.answer, first.bucket, folder, lines, [raws for _, _, raws in day])
    offset = 0
    for _, _, raws in day:
        offset += 1  # the file's own line
        for raw in raws:
            yield _event(bytes(raw), page, offset, now)
            offset += 1


def _event(raw: bytes, page: str, offset: int, now: datetime) -> TrailEvent:
    record: Mapping[str, Any] = msgspec.json.decode(raw)
    entry = {
        "EventId": record.get("eventID", ""),
        "EventName": record.get("eventName", ""),
        "EventTime": from_iso(str(record.get("eventTime"))),
        "CloudTrailEvent": raw,
    }
    return TrailEvent(entry, page, offset, now)


def _conclude(
    out: SnapshotWriter,
    place: TrailPlace,
    chain: Chain,
    files: LogFiles,
    result: FilesRead,
) -> None:
    """Count what should be there and what is, and say what is wrong."""
    name = place.name
    wrong = [f"{key} {verdict}" for key, verdict in chain.verdicts.items() if verdict != "valid"]
    result.problems += _told(f"The trail {name} has invalid digests", wrong)
    result.problems += _told(
        f"Digests of the trail {name} are missing", [key for key, _ in chain.missing]
    )
    result.problems += _told(f"The trail {name} has invalid log files", files.invalid)
    result.problems += _told(
        f"Log files of the trail {name} are missing", [key for _, key in files.missing]
    )
    if chain.verdicts or chain.missing:
        expected = len(chain.verdicts) + len(chain.missing)
        out.count(f"valid digests of the trail {name}", expected, chain.valid)
        out.count(f"log files that these digests name, of {name}", files.expected, files.valid)
    for start, end in chain.gaps:
        out.note(f"Log file validation of {name} was off from {iso(start)} to {iso(end)}.")
    total = files.valid + files.unvalidated
    if files.unvalidated:
        why = "no digest speaks of them: log file validation was off, or they are too new"
        out.count(f"log files of {name} proven unaltered", total, files.valid, why)
    elif not chain.verdicts:
        out.note(f"Log file validation was off for the trail {name}: nothing is proven unaltered.")
    if files.foreign:
        out.note(
            f"{len(files.foreign)} log files beside those of the trail {name} are in none of its "
            "digests; they were not read."
        )


def _told(what: str, which: list[str]) -> list[str]:
    """A sentence that names the first few."""
    if not which:
        return []
    rest = f" and {len(which) - 3} more" if len(which) > 3 else ""
    return [f"{what} ({len(which)}): {', '.join(which[:3])}{rest}."]


def _without(span: Span, left: list[Span]) -> Iterator[Span]:
    at = span[0]
    for start, end in left:
        if at < start:
            yield at, start
        at = end
    if at < span[1]:
        yield at, span[1]
