"""What earlier results tell: since when something fails, what failed before, and the trend so far.

Earlier results are taken in one at a time, and of each only as much is kept as is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from include.assessment.result import Assessment
from include.clock import from_iso, iso
from include.metrics.failures import Failure, Key, failing_of, failures_of
from include.metrics.model import Row
from include.metrics.trend import point_of

#: How the start of a failure is known. ``within_period``: the source saw it begin;
#: ``before_period``: it failed when the period began, and no earlier result says more;
#: ``earlier_periods``: earlier results had it failing, too; ``unknown``: nobody says.
SinceKnown = Literal["within_period", "before_period", "earlier_periods", "unknown"]


@dataclass(frozen=True, slots=True)
class Since:
    """The earliest moment from which a failure is known to have lasted (aware UTC, or None).

    ``exact`` is false when it may have begun before, or was not seen the whole time since.
    """

    at: datetime | None
    known: SinceKnown
    exact: bool

    def to_json(self) -> Row:
        """As the metrics have it beside a failure."""
        at = None if self.at is None else iso(self.at)
        return {"since": at, "since_known": self.known, "since_exact": self.exact}


_UNKNOWN = Since(None, "unknown", False)


def since_of(failure: Failure, start: datetime, chained: Since | None) -> Since:
    """Since when a failure lasts (or, of one that is fixed, lasted at the last).

    ``start`` is the period's; ``chained`` what the result of the period just before says of the
    same failure, None where it didn't fail at that period's end.
    """
    began = None
    if failure.last is not None:
        began = failure.last.start
    elif not failure.stretches and failure.since_told:
        began = from_iso(failure.since_told)
    if began is not None and began != start:
        return Since(began, "within_period" if began > start else "before_period", True)
    if chained is not None:
        # Without intervals it is seen failing at two ends, and not in between.
        return Since(chained.at, "earlier_periods", chained.exact and began is not None)
    return _UNKNOWN if began is None else Since(start, "before_period", False)


class History:
    """The earlier results of one framework and scope, oldest first; INTERIM ones are passed over.

    Raises ValueError for results that are not in order.
    """

    def __init__(self, earlier: Iterable[Assessment] = ()) -> None:
        #: The last one.
        self.last: Assessment | None = None
        #: The trend's points, oldest first.
        self.points: list[Row] = []
        #: What fails by the last one.
        self.failing: Mapping[Key, Failure] = {}
        #: What failed at the end of any of them.
        self.failed: set[Key] = set()
        self._chain: dict[Key, Since] = {}
        for one in earlier:
            if one.status != "INTERIM":
                self._take(one)

    def chain_into(self, period_start: str) -> Mapping[Key, Since]:
        """What failed when a period began, by the result of the one that ended there."""
        if self.last is None or from_iso(self.last.period_end) != from_iso(period_start):
            return {}
        return self._chain

    def _take(self, one: Assessment) -> None:
        if self.last is not None and from_iso(one.period_start) < from_iso(self.last.period_end):
            raise ValueError(f"{one.period} does not come after {self.last.period}")
        start, end = from_iso(one.period_start), from_iso(one.period_end)
        before = self.chain_into(one.period_start)
        failing = failing_of(failures_of(one))
        chain: dict[Key, Since] = {}
        for key, failure in failing.items():
            if failure.stretches and failure.stretches[-1].end < end:
                continue  # judged by the whole period; at its end it was fixed
            since = since_of(failure, start, before.get(key))
            # It failed at the end, at least.
            chain[key] = Since(end, since.known, False) if since.at is None else since
        self.points.append(point_of(one))
        self.failed |= failing.keys()
        self.last, self.failing, self._chain = one, failing, chain
