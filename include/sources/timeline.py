"""What was true at a period's end, from the changes a source tells of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from include.assessment.period import Period
from include.clock import iso


@dataclass(frozen=True, order=True)
class Change:
    """From ``at`` (UTC) on, the status is ``status``."""

    at: datetime
    status: str


#: The status of what is no longer there (deleted, archived, no longer judged).
GONE = "GONE"


@dataclass(frozen=True)
class Standing:
    """How something stood at a period's end.

    ``status`` is never GONE: of what was gone by then (``gone``) it is how it stood last.
    ``since`` is the change that led there, or the period's start if that lies before it: so that
    it doesn't depend on how far back the source was asked. ``moved_since`` says whether
    anything has changed since the end. ``failed`` are the half-open intervals of failing within
    the period (ISO pairs).
    """

    status: str
    gone: bool
    since: datetime
    moved_since: bool
    failed: tuple[tuple[str, str], ...]


def at_end(changes: Iterable[Change], period: Period, failing: frozenset[str]) -> Standing | None:
    """The standing at the end of ``period``.

    None when the period knew nothing of it: it came after the end, or was gone before the start.
    Several changes may tell the same status (a source that writes an item for another reason).
    Of changes at the same moment the last one given counts.
    """
    ordered = _collapsed(changes)
    before = [change for change in ordered if change.at < period.end]
    stood = [change for change in before if change.status != GONE]
    if not stood:
        return None
    last = before[-1]
    gone = last.status == GONE
    if gone and last.at <= period.start:
        return None
    return Standing(
        status=stood[-1].status,
        gone=gone,
        since=max(last.at, period.start),
        moved_since=len(before) < len(ordered),
        failed=_intervals(before, period, failing),
    )


def _collapsed(changes: Iterable[Change]) -> list[Change]:
    last_of_each: dict[datetime, Change] = {}
    for change in sorted(changes, key=lambda change: change.at):
        last_of_each[change.at] = change
    out: list[Change] = []
    for change in last_of_each.values():
        if not out or out[-1].status != change.status:
            out.append(change)
    return out


def _intervals(
    changes: list[Change], period: Period, failing: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    ends = [change.at for change in changes[1:]] + [period.end]
    return tuple(
        (iso(max(change.at, period.start)), iso(min(end, period.end)))
        for change, end in zip(changes, ends, strict=True)
        if change.status in failing and end > period.start
    )
