"""Drawings of the page as SVG, which scale and print; their numbers stand beside them as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.assessment.result import STATUSES
from include.metrics.model import Row

_LEFT, _TOP, _WIDTH, _HEIGHT = 44.0, 16.0, 640.0, 200.0
_RIGHT, _BOTTOM = 24.0, 34.0
#: More periods than this are labelled only every so often.
_MOST_LABELS = 12


@dataclass(frozen=True)
class Segment:
    """A part of a bar 100 units long."""

    status: str
    start: float
    length: float


def segments(row: Row) -> list[Segment]:
    """A bar's parts: the controls of each status, as shares of all of them."""
    counts = [(status, int(row[f"{status.lower()}_controls"])) for status in STATUSES]
    whole = sum(count for _, count in counts)
    out, start = [], 0.0
    for status, count in counts:
        if count:
            length = 100 * count / whole
            out.append(Segment(status, round(start, 3), round(length, 3)))
            start += length
    return out


@dataclass(frozen=True)
class Point:
    """A period's place in the trend's drawing; ``label`` is '' where there is no room for it."""

    x: float
    y: float | None
    value: float | None
    label: str


@dataclass(frozen=True)
class Line:
    """One figure over the periods; ``parts`` are polylines between periods that have it."""

    name: str
    points: tuple[Point, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Trend:
    """The trend's drawing: a frame, lines for 0, 25 … 100 per cent, and two lines of points."""

    width: float
    height: float
    left: float
    right: float
    grid: tuple[tuple[float, int], ...]
    lines: tuple[Line, ...]


def trend(rows: Sequence[Row]) -> Trend | None:
    """Score and coverage over the periods; None of fewer than two."""
    if len(rows) < 2:
        return None
    step = (_WIDTH - _LEFT - _RIGHT) / (len(rows) - 1)
    every = -(-len(rows) // _MOST_LABELS)
    lines = []
    for name in ("score", "coverage"):
        points = tuple(
            Point(
                round(_LEFT + at * step, 2),
                None if row[name] is None else _y(row[name]),
                row[name],
                # Counted from the end: the period of this report always has its label.
                str(row["period"]) if (len(rows) - 1 - at) % every == 0 else "",
            )
            for at, row in enumerate(rows)
        )
        lines.append(Line(name, points, tuple(_parts(points))))
    grid = tuple((_y(percent), percent) for percent in (0, 25, 50, 75, 100))
    return Trend(_WIDTH, _HEIGHT, _LEFT, _WIDTH - _RIGHT, grid, tuple(lines))


def _y(percent: float) -> float:
    return round(_TOP + (100 - percent) / 100 * (_HEIGHT - _TOP - _BOTTOM), 2)


def _parts(points: Sequence[Point]) -> list[str]:
    parts: list[list[str]] = [[]]
    for point in points:
        if point.y is None:
            parts.append([])
        else:
            parts[-1].append(f"{point.x},{point.y}")
    return [" ".join(part) for part in parts if len(part) > 1]
