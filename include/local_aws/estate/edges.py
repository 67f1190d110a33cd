"""Changes at the very edges of months: the last second of one, the first second and the first
hours of the next. They come first in a plan, because a wrong boundary is where audits go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from include.local_aws.estate.parameters import DAY, HOUR, Parameters, moment

#: Seconds from the first second of a month.
OFFSETS = (-1, 0, 3 * HOUR)
#: Different places in which the same kind of edge is planted, at each boundary.
_COPIES = 2


@dataclass(frozen=True)
class Edge:
    """At ``at``, something breaks or is fixed; ``boundary`` is the first second of the month."""

    boundary: int
    at: int
    turn: Literal["break", "fix"]


@dataclass(frozen=True)
class PlaceEdges:
    """What one account and region gets: changes, and resources that come and go."""

    changes: tuple[Edge, ...] = ()
    births: tuple[int, ...] = ()
    deaths: tuple[int, ...] = ()


def edges_by_place(
    given: Parameters, places: list[tuple[str, str]]
) -> Mapping[tuple[str, str], PlaceEdges]:
    """Hand the edges of every boundary out to (account, region) in turn."""
    order = list(places)
    given.rng("edges").shuffle(order)
    changes: dict[tuple[str, str], list[Edge]] = {place: [] for place in places}
    births: dict[tuple[str, str], list[int]] = {place: [] for place in places}
    deaths: dict[tuple[str, str], list[int]] = {place: [] for place in places}
    turn = 0
    for boundary in given.boundaries:
        for offset in OFFSETS:
            at = boundary + offset
            if at > given.now:
                continue
            for _ in range(_COPIES):
                for way in ("break", "fix"):
                    changes[order[turn % len(order)]].append(Edge(boundary, at, way))
                    turn += 1
            births[order[turn % len(order)]].append(at)
            deaths[order[(turn + 1) % len(order)]].append(at)
    for place in places:
        # Besides, something goes in every place in the course of every month.
        rng = given.rng("removals", *place)
        for start, end in pairwise(given.months_started):
            deaths[place] += filter(None, [moment(rng, start + 2 * DAY, end - DAY)])
        deaths[place].sort()
    return {
        place: PlaceEdges(tuple(changes[place]), tuple(births[place]), tuple(deaths[place]))
        for place in places
    }
