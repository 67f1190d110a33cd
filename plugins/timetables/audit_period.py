"""A timetable whose runs are audit periods: whole months, quarters or years, once they are over."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _now() -> pendulum.DateTime:
    return pendulum.now("UTC")


class AuditPeriodTimetable(Timetable):
    """Runs once for each finished period, ``settle_hours`` after its end.

    ``period`` is ``month``, ``quarter`` or ``year``; ``fiscal_start_month`` (1 to 12) shifts
    quarters and years. Every run has the period as its data interval. A manual run's date names
    the finished period it lies in; a date in the period still running names the last finished one.
    The partition key of a run (its period) is given by its tasks.
    """

    partitioned_at_runtime = True

    def __init__(
        self,
        period: str = "month",
        *,
        timezone: str = "UTC",
        fiscal_start_month: int = 1,
        settle_hours: int = 6,
    ) -> None:
        if period not in _MONTHS:
            raise ValueError(f"period must be one of {', '.join(_MONTHS)}, not {period!r}")
        if not 1 <= fiscal_start_month <= 12:
            raise ValueError(f"fiscal_start_month must be 1 to 12, not {fiscal_start_month!r}")
        if settle_hours < 0:
            raise ValueError(f"settle_hours must not be negative, it is {settle_hours!r}")
        self._period = period
        self._timezone = timezone
        self._fiscal_start_month = fiscal_start_month
        self._settle_hours = settle_hours
        self.description = f"Every {period}, {settle_hours} hours after it ended"

    @property
    def summary(self) -> str:
        """What the UI shows beside the DAG."""
        return f"every {self._period}"

    def serialize(self) -> dict[str, Any]:
        """Plain values for the serialised DAG."""
        return {
            "period": self._period,
            "timezone": self._timezone,
            "fiscal_start_month": self._fiscal_start_month,
            "settle_hours": self._settle_hours,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """The inverse of :meth:`serialize`."""
        return cls(
            data["period"],
            timezone=data["timezone"],
            fiscal_start_month=data["fiscal_start_month"],
            settle_hours=data["settle_hours"],
        )

    def _start_of(self, at: pendulum.DateTime) -> pendulum.DateTime:
        local = at.in_timezone(self._timezone).start_of("month")
        return local.subtract(
            months=(local.month - self._fiscal_start_month) % _MONTHS[self._period]
        )

    def _interval(self, start: pendulum.DateTime) -> DataInterval:
        # From one local first of the month to the next, so a change of clocks can't shift it.
        end = start.in_timezone(self._timezone).add(months=_MONTHS[self._period])
        return DataInterval(start=start.in_timezone("UTC"), end=end.in_timezone("UTC"))

    def _before(self, start: pendulum.DateTime) -> DataInterval:
        local = start.in_timezone(self._timezone)
        return self._interval(local.subtract(months=_MONTHS[self._period]))

    def _run(self, interval: DataInterval) -> DagRunInfo:
        return DagRunInfo(
            run_after=interval.end.add(hours=self._settle_hours), data_interval=interval
        )

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """The period a manual run's date names (see the class)."""
        named = self._interval(self._start_of(pendulum.instance(run_after)))
        return named if named.end <= _now() else self._before(self._start_of(_now()))

    def next_dagrun_info(
        self,
        *,
        last_automated_data_interval: DataInterval | None,
        restriction: TimeRestriction,
    ) -> DagRunInfo | None:
        """The period after the last one; without catch-up, the last one that is over."""
        start: pendulum.DateTime | None = None
        if last_automated_data_interval is not None:
            start = self._start_of(pendulum.instance(last_automated_data_interval.end))
        elif restriction.earliest is not None:
            start = self._start_of(pendulum.instance(restriction.earliest))
            if start < restriction.earliest:
                start = pendulum.instance(self._interval(start).end)
        if not restriction.catchup:
            now = _now().subtract(hours=self._settle_hours)
            newest = pendulum.instance(self._before(self._start_of(now)).start)
            start = newest if start is None else max(start, newest)
        if start is None or (restriction.latest is not None and start > restriction.latest):
            return None
        return self._run(self._interval(start))
