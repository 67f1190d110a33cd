"""CloudTrail events, from the event history or from a log file: read once, asked in a few ways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.trail_record import Record, read_record

#: How long LookupEvents remembers.
REACH = timedelta(days=90)


@dataclass(frozen=True)
class TrailEvent:
    """One event, where it was read, and CloudTrail's clock then (``seen``).

    ``entry`` is as LookupEvents gives it; of one from a log file it has ``EventId``,
    ``EventName``, ``EventTime`` and ``CloudTrailEvent`` only, so evidence is made of the record.
    """

    entry: Mapping[str, Any]
    page: str
    offset: int
    seen: datetime

    @property
    def id(self) -> str:
        """The event's id, equal in every listing."""
        return str(self.entry["EventId"])

    @property
    def name(self) -> str:
        """The API operation or activity."""
        return str(self.entry["EventName"])

    @property
    def at(self) -> datetime:
        """When it happened (UTC)."""
        at: datetime = self.entry["EventTime"]
        return at

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """The full CloudTrail record."""
        record = json.loads(self.entry.get("CloudTrailEvent") or "{}")
        return record if isinstance(record, dict) else {}

    @cached_property
    def head(self) -> Record:
        """The members of the record that patterns look at."""
        try:
            return read_record(self.entry.get("CloudTrailEvent") or b"{}")
        except msgspec.MsgspecError:
            # Not a record as we know it: nothing is asked of it but its name.
            return Record(name=self.name, id=self.id)

    @property
    def error(self) -> str:
        """The error code of a call that failed, else ''."""
        return str(self.record.get("errorCode") or "")

    @property
    def by_root(self) -> bool:
        """Whether the root user itself acted, not a service on its behalf."""
        return self.head.by_root

    @property
    def refused(self) -> bool:
        """Whether the call was refused for want of permission."""
        return self.head.is_refused

    @cached_property
    def words(self) -> frozenset[tuple[str, str]]:
        """Every (member, text) in the request, the response and the list of resources."""
        found: set[tuple[str, str]] = set()
        for name in ("requestParameters", "responseElements", "resources"):
            _words(name, self.record.get(name), found)
        for resource in self.entry.get("Resources", ()):
            found.add(("ResourceName", str(resource.get("ResourceName", ""))))
        return frozenset(found)

    @cached_property
    def named(self) -> frozenset[str]:
        """Every text in the event that may be a resource's id, name or ARN."""
        return frozenset(text for _, text in self.words)


def _words(member: str, value: Any, found: set[tuple[str, str]]) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _words(str(name), inner, found)
    elif isinstance(value, list):
        for inner in value:
            _words(member, inner, found)
    elif isinstance(value, str) and value:
        found.add((member, value))


def look_up(
    out: SnapshotWriter,
    trail: Any,
    start: datetime,
    end: datetime,
    **attribute: str,
) -> Iterator[TrailEvent]:
    """Events in [start, end), newest first, with one attribute (``ReadOnly="false"``).

    LookupEvents takes both ends inclusively and one attribute only, and answers twice a second. It
    tells no count, so when a listing ends it is asked whether there is anything older: a lost
    page token would look like the end.
    """
    request = {
        "StartTime": start,
        "EndTime": end,
        "MaxResults": 50,
        "LookupAttributes": [
            {"AttributeKey": key, "AttributeValue": value} for key, value in attribute.items()
        ],
    }
    oldest, known = end, frozenset[str]()
    while True:
        here: list[str] = []  # of the oldest second
        until = oldest
        for listing in pages(out, trail, "LookupEvents", "Events", {**request, "EndTime": until}):
            for offset, entry in enumerate(listing.items):
                event = TrailEvent(entry, listing.page, offset, listing.answer.at)
                if event.at < oldest:
                    oldest, here = event.at, []
                if event.at == oldest:
                    here.append(event.id)
                if start <= event.at < end and event.id not in known:
                    yield event
        if not known.issuperset(here) and until < end:
            out.note(
                "CloudTrail ended a listing of its event history before its end; the rest was "
                "asked for again."
            )
        if oldest == end or known.issuperset(here):
            return
        known = frozenset(here)
