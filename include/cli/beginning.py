"""The beginning of a run in the stack: what was ordered, and the run that does it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from include.assessment.period import Period
    from include.frameworks.header import FrameworkHeader
    from include.stack.airflow_api import Dag

_SCHEDULER_PATIENCE = 20.0  # seconds until a scheduled run must have appeared


@dataclass(frozen=True)
class Order:
    """A checked request for one assessment."""

    framework: FrameworkHeader
    period: Period
    narrowed: dict[str, Any]  # what else goes into the run's conf

    @property
    def conf(self) -> dict[str, Any]:
        """The run's parameters; of the sources, those that the framework has."""
        conf = {"period": self.period.label, **self.narrowed}
        if sources := self.narrowed.get("sources"):
            conf["sources"] = [one for one in sources if one in self.framework.sources]
        return conf


def begin(
    dag: Dag,
    description: dict[str, Any],
    order: Order,
    say: Callable[[str], None],
    prefer_scheduled: bool,
) -> str:
    """Take the run that unpausing starts when it is the wished one; else trigger one. Its id."""
    from include.clock import from_iso

    never_ran = not dag.runs()
    paused = bool(description.get("is_paused"))
    if paused:
        dag.unpause()
    if never_ran and paused and description.get("timetable_description"):
        deadline = time.monotonic() + _SCHEDULER_PATIENCE
        while time.monotonic() < deadline:
            scheduled = [one for one in dag.runs() if one["run_type"] == "scheduled"]
            if scheduled:
                start = scheduled[0].get("data_interval_start")
                end = scheduled[0].get("data_interval_end")
                same = (
                    start is not None
                    and end is not None
                    and from_iso(start) == order.period.start
                    and from_iso(end) == order.period.end
                )
                if prefer_scheduled and same:
                    say(f"Period     {order.period}, by schedule")
                    return str(scheduled[0]["dag_run_id"])
                say(
                    "[dim]The DAG was paused and never ran: its schedule has started "
                    f"{scheduled[0]['dag_run_id']} as well.[/]"
                )
                break
            time.sleep(0.3)
    say(f"Period     {order.period}")
    return dag.trigger(order.conf)
