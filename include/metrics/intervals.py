"""Stretches of time in which something failed: joined over sources, cut to a period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from include.clock import from_iso, iso
from include.metrics.model import two_decimals

_DAY = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From ``start`` (which may lie before the period) until ``end`` (never after the period's).

    Aware UTC, half-open.
    """

    start: datetime
    end: datetime


def told(
    intervals: Iterable[tuple[str, str]], start: datetime, end: datetime
) -> tuple[Stretch, ...]:
    """Intervals as sources tell them (ISO pairs; an end of '' is open) as far as they touch a
    period, joined where they overlap or touch."""
    found = []
    for first, last in dict.fromkeys(intervals):
        began, ended = from_iso(first), min(from_iso(last) if last else end, end)
        if began < ended and ended > start:
            found.append(Stretch(began, ended))
    return joined(found)


def joined(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The union, in order."""
    stretches = tuple(stretches)
    if len(stretches) < 2:
        return stretches
    out: list[Stretch] = []
    for one in sorted(stretches):
        if out and one.start <= out[-1].end:
            out[-1] = Stretch(out[-1].start, max(out[-1].end, one.end))
        else:
            out.append(one)
    return tuple(out)


def seconds_within(stretches: Sequence[Stretch], start: datetime) -> float:
    """How long they last from ``start`` (the period's) on."""
    return sum((one.end - max(one.start, start)).total_seconds() for one in stretches)


def days(seconds: float) -> float:
    """Seconds as days, to two decimals, halves rounded up."""
    return two_decimals(seconds, _DAY)


def shown(stretches: Sequence[Stretch], start: datetime, end: datetime) -> list[list[str | None]]:
    """ISO pairs within the period; an end of None lasts until the period's end."""
    return [
        [iso(max(one.start, start)), None if one.end == end else iso(one.end)] for one in stretches
    ]
