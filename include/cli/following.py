"""Follows a run to its end: which tasks are done, how much evidence there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from include.stack.airflow_api import TaskState

_COLLECT = "collect."


class Run(Protocol):
    """A DAG run, through the API or beside a process."""

    def state(self) -> str: ...
    def tasks(self) -> list[TaskState]: ...
    def value(self, task_id: str, map_index: int = -1) -> Any: ...


@dataclass(frozen=True)
class Look:
    """A run as it stands; ``counted`` is how many items each collecting task has brought."""

    state: str
    tasks: list[TaskState]
    counted: dict[tuple[str, int], int]
    seconds: float

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.state in ("success", "failed")


def looks(
    run: Run, *, check: Callable[[], None] = lambda: None, interval: float = 1.0
) -> Iterator[Look]:
    """Look at a run again and again until it has ended.

    ``check`` is called at each look and may raise when the run can't end any more.
    """
    began = time.monotonic()
    counted: dict[tuple[str, int], int] = {}
    while True:
        state = run.state()
        tasks = run.tasks()
        _count(run, tasks, counted)
        look = Look(state, tasks, counted, time.monotonic() - began)
        yield look
        if look.ended:
            return
        check()
        time.sleep(interval)


def follow(
    run: Run,
    console: Console,
    *,
    check: Callable[[], None] = lambda: None,
    interval: float = 1.0,
) -> tuple[str, list[TaskState]]:
    """Show the run until it ends; returns its state and its tasks. ``check``: see :func:`looks`."""
    shown: set[tuple[str, int, str | None]] = set()
    live = Live(console=console, auto_refresh=False, transient=True)
    with live if console.is_terminal else console:
        for look in looks(run, check=check, interval=interval):
            if console.is_terminal:
                picture = _picture(look.tasks, sum(look.counted.values()), look.seconds)
                live.update(picture, refresh=True)
            else:
                for line in _news(look.tasks, shown, look.counted, look.seconds):
                    console.print(line, highlight=False, soft_wrap=True)
    return look.state, look.tasks


def _count(run: Run, tasks: list[TaskState], counted: dict[tuple[str, int], int]) -> None:
    """Read how many items each collecting task that just ended has brought."""
    for task in tasks:
        key = task.task_id, task.map_index
        if task.task_id.startswith(_COLLECT) and task.state == "success" and key not in counted:
            refs = run.value(*key)
            counted[key] = sum(
                int(ref.get("items", 0)) for ref in refs or () if isinstance(ref, dict)
            )


def _by_task(tasks: list[TaskState]) -> dict[str, list[TaskState]]:
    grouped: dict[str, list[TaskState]] = {}
    for task in tasks:
        grouped.setdefault(task.task_id, []).append(task)
    return grouped


def _news(
    tasks: list[TaskState],
    shown: set[tuple[str, int, str | None]],
    counted: dict[tuple[str, int], int],
    seconds: float,
) -> list[str]:
    """A line for every task that is complete now and was not at the last look."""
    lines = []
    for name, instances in _by_task(tasks).items():
        worst = next((s for s in ("failed", "upstream_failed") if _has(instances, s)), "done")
        key = (name, len(instances), worst)
        if key in shown or not all(task.ended for task in instances):
            continue
        if name.startswith(_COLLECT) and instances[0].map_index < 0:
            continue  # not expanded yet
        shown.add(key)
        items = sum(n for (task, _), n in counted.items() if task == name)
        lines.append(
            f"{seconds:6.0f} s  {name} {worst}"
            + (f" ({len(instances)} accounts, {items} items)" if name.startswith(_COLLECT) else "")
        )
    return lines


def _has(instances: list[TaskState], state: str) -> bool:
    return any(task.state == state for task in instances)


def _picture(tasks: list[TaskState], items: int, seconds: float) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, instances in _by_task(tasks).items():
        done = sum(task.ended for task in instances)
        if _has(instances, "failed") or _has(instances, "upstream_failed"):
            mark = Text("✗", style="red")
        elif done == len(instances):
            mark = Text("✓", style="green")
        elif _has(instances, "running"):
            mark = Text("▶", style="cyan")
        elif _has(instances, "up_for_retry"):
            mark = Text("↻", style="yellow")
        else:
            mark = Text("·", style="dim")
        table.add_row(mark, name, f"{done}/{len(instances)}")
    ended = sum(task.ended for task in tasks)
    foot = Text(f"{ended} of {len(tasks)} tasks, {items} evidence items, {seconds:.0f} s")
    return Group(table, foot)
