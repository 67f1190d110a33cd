"""How a Security Hub finding changed: its result, whether it was archived, its workflow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.clock import iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.parallel import parallel_pages
from include.sources.timeline import GONE, Change

#: ``Compliance.Status``, ``Compliance/Status`` and ``ComplianceStatus`` are one field: by API
#: version. A whole object may be told instead of the member that changed.
_FIELDS = {
    "compliancestatus": "result",
    "compliance": "result",
    "recordstate": "state",
    "workflowstatus": "workflow",
    "workflow": "workflow",
}
_LETTERS = re.compile("[^a-z]")
#: Findings whose past is asked for at the same time; ten requests a second are allowed.
AT_A_TIME = 8
#: The value is not in the record: Security Hub leaves it out of records that grow too long.
_LEFT_OUT = ""


@dataclass(frozen=True)
class Now:
    """What a finding says at the moment it was listed."""

    result: str
    state: str
    workflow: str

    def items(self) -> Iterator[tuple[str, str]]:
        """By the names that changes have."""
        yield from (("result", self.result), ("state", self.state), ("workflow", self.workflow))


@dataclass(frozen=True)
class FindingPast:
    """The changes of one finding, oldest first, by ``result``, ``state`` and ``workflow``.

    Before its first change nothing is known of it. ``contradiction`` says why what the service
    tells of the past doesn't lead to the present; '' when it does.
    """

    changes: Mapping[str, tuple[Change, ...]]
    contradiction: str = ""

    @classmethod
    def unchanged(cls, now: Now, since: datetime) -> FindingPast:
        """The past of a finding that is what it has been since then."""
        return cls({name: (Change(since, value),) for name, value in now.items()})

    def value_at(self, name: str, before: datetime) -> str:
        """The value just before a moment; '' when it isn't known."""
        values = [change.status for change in self.changes[name] if change.at < before]
        return values[-1] if values else ""

    def results(self) -> list[Change]:
        """The results over time; GONE while it is archived."""
        moments = sorted({c.at for name in ("result", "state") for c in self.changes[name]})
        found = []
        for at in moments:
            result = [c.status for c in self.changes["result"] if c.at <= at]
            state = [c.status for c in self.changes["state"] if c.at <= at]
            archived = bool(state) and state[-1] == "ARCHIVED"
            if result:
                found.append(Change(at, GONE if archived else result[-1]))
        return found

    def archived_at(self, end: datetime) -> datetime | None:
        """When the archiving that was in force at ``end`` happened."""
        before = [change for change in self.changes["state"] if change.at < end]
        return before[-1].at if before and before[-1].status == "ARCHIVED" else None

    def came_back(self, end: datetime) -> bool:
        """Whether it is no longer archived, though it was at ``end``."""
        return any(c.at >= end and c.status == "ACTIVE" for c in self.changes["state"])


@dataclass(frozen=True)
class Question:
    """What to ask of one finding's past: its ``key`` (Id, ProductArn) and ``since`` when.

    ``now`` is what it said in the listing that went on for ``listing``: from its beginning until
    the page with this finding came.
    """

    key: tuple[str, str]
    now: Now
    created: datetime
    since: datetime
    listing: tuple[datetime, datetime]


def pasts_of(out: SnapshotWriter, hub: Any, questions: Sequence[Question]) -> Iterator[FindingPast]:
    """Each finding's past, wound back from its present; several are asked about at a time.

    Security Hub may answer with short or empty pages before the end; they are followed. What
    the earliest record leaves open is asked for once more, so that a lost page is noticed.
    """
    for start in range(0, len(questions), AT_A_TIME):
        asked = questions[start : start + AT_A_TIME]
        records = _records(out, hub, {one.key: _request(one) for one in asked})
        again = {
            one.key: {**_request(one), "EndTime": iso(records[one.key][-1].at)}
            for one in asked
            if records[one.key] and not records[one.key][-1].created
        }
        for key, repeated in (_records(out, hub, again) if again else {}).items():
            if missed := [record for record in repeated if record not in records[key]]:
                out.stop_short(
                    f"Security Hub first gave {len(records[key])} of "
                    f"{len(records[key]) + len(missed)} changes of the finding {key[0]}: its "
                    "history is not complete."
                )
                records[key] += missed
        for one in asked:
            yield _past(records[one.key], one)


def _past(records: Sequence[_Record], asked: Question) -> FindingPast:
    past = FindingPast({})
    # What happened since the listing is not in what the listing said; of what happened while it
    # went on, either may be true.
    for limit in reversed(asked.listing):
        past = _wound_back(
            [one for one in records if one.at <= limit], asked.now, asked.created, asked.since
        )
        if not past.contradiction:
            break
    return past


def _request(asked: Question) -> dict[str, Any]:
    return {
        "FindingIdentifier": {"Id": asked.key[0], "ProductArn": asked.key[1]},
        "StartTime": iso(asked.since),
        "MaxResults": 100,
    }


@dataclass(frozen=True)
class _Record:
    at: datetime
    created: bool
    updates: tuple[tuple[str, str, str], ...]


def _records(
    out: SnapshotWriter, hub: Any, requests: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dict[tuple[str, str], list[_Record]]:
    """The records of each finding, newest first, as the service gives them."""
    found: dict[tuple[str, str], list[_Record]] = {key: [] for key in requests}
    for listing in parallel_pages(
        out, hub, "GetFindingHistory", "Records", list(requests.values())
    ):
        identifier = listing.answer.request["FindingIdentifier"]
        into = found[identifier["Id"], identifier["ProductArn"]]
        for record in listing.items:
            if at := record.get("UpdateTime"):
                updates = tuple(_updates(record.get("Updates") or ()))
                into.append(_Record(at, bool(record.get("FindingCreated")), updates))
    return found


def _updates(given: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for update in given:
        field = _LETTERS.sub("", str(update.get("UpdatedField") or "").lower())
        if name := _FIELDS.get(field):
            old, new = _word(update.get("OldValue")), _word(update.get("NewValue"))
            if old != new:
                yield name, old, new


def _wound_back(
    records: Iterable[_Record], now: Now, created: datetime, since: datetime
) -> FindingPast:
    ordered = sorted(records, key=lambda record: record.at)
    first = max(created, since)
    changes: dict[str, tuple[Change, ...]] = {}
    contradiction = ""
    for name, present in now.items():
        told = [
            (record.at, old, new)
            for record in ordered
            for field, old, new in record.updates
            if field == name
        ]
        found: list[Change] = []
        value = present
        for at, old, new in reversed(told):
            if new not in (_LEFT_OUT, value):
                contradiction = (
                    f"{name} became {new} at {iso(at)}, but the next thing known of it is {value}"
                )
            found.append(Change(at, value))
            value = old
        start = min([first, *(at for at, _, _ in told)])
        changes[name] = (Change(start, value), *reversed(found))
    return FindingPast(changes, contradiction)


def _word(value: Any) -> str:
    """A told value: plain, quoted, or an object whose ``Status`` it is."""
    text = str(value or "").strip()
    if text.startswith(("{", '"')):
        try:
            read = json.loads(text)
        except ValueError:
            return text.strip('"')
        return str(read.get("Status") or "") if isinstance(read, dict) else str(read)
    return text
