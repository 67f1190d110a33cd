"""When AWS Config's recorder stands still: for a few days in some months, once over a month's end.

The last month of history has none, so that what is known of it doesn't depend on one source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from include.local_aws.estate.parameters import DAY, HOUR, Parameters

#: [from, to) in epoch seconds.
Outage = tuple[int, int]
#: Share of places whose recorder is stopped once.
_RATE = 0.4


def outages_by_place(
    given: Parameters, places: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], tuple[Outage, ...]]:
    """The outages of each (account, region), oldest first; at most one of them at a month's end."""
    rng = given.rng("outages")
    earlier = given.months_started[:-2]
    across = rng.choice(places)
    found: dict[tuple[str, str], tuple[Outage, ...]] = {}
    for place in places:
        mine: list[Outage] = []
        hit = rng.random() < _RATE
        if earlier and place == across:
            # Late on the last day but one until the second day: nothing of this end is recorded.
            end = given.boundaries[-2]
            mine.append((end - DAY - 6 * HOUR, end + DAY + 11 * HOUR))
        elif earlier and hit:
            start = rng.choice(earlier) + rng.randint(5, 22) * DAY + rng.randint(7, 15) * HOUR
            mine.append((start, start + rng.randint(DAY // 2, 4 * DAY)))
        found[place] = tuple(mine)
    return found


def recorded_through(
    changes: Iterable[tuple[str, int]], outages: Sequence[Outage]
) -> list[tuple[str, int]]:
    """(status, second) of what gets recorded, given what would be without outages.

    What changes while the recorder stands still is recorded when it goes on, the last state only.
    What came and went meanwhile stays unknown.
    """
    found: list[tuple[str, int]] = []
    for status, at in changes:
        late = next((end for start, end in outages if start <= at < end), at)
        while found and found[-1][1] == late and late != at:
            found.pop()
        if late == at or found or status != "GONE":
            found.append((status, late))
    return found
