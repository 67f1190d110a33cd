"""Several frameworks assessed in one go: the first run collects, the others find it there."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from include.cli import outcome
from include.cli.beginning import Order, begin
from include.cli.ending import EVIDENCE_MISSING, FAILED, OK, SEVERITY
from include.cli.following import Look, Run, looks
from include.cli.outcome import Outcome
from include.errors import AuditError

if TYPE_CHECKING:
    from include.stack.environment import LocalAws
    from include.stack.state import Record
    from include.stack.supervisor import Running

_COLLECT = "collect."
_LOOK = 2.0  # seconds between two looks at each run
_CODES = {
    OK: Text("complete", style="green"),
    EVIDENCE_MISSING: Text("evidence missing", style="yellow"),
    FAILED: Text("failed", style="red"),
}

#: Starts an order's run and yields it until it has ended.
Starting = Callable[[Order], AbstractContextManager[Run]]


class _Interrupted(Exception):
    """The person gave up: a run is followed no longer."""


@dataclass
class Progress:
    """How one framework's assessment stands, as the person sees it."""

    order: Order
    look: Look | None = None
    outcome: Outcome | None = None
    problem: str = ""
    collected: threading.Event = field(default_factory=threading.Event)
    _said: set[str] = field(default_factory=set)

    @property
    def code(self) -> int:
        """The exit code this assessment alone would have."""
        return self.outcome.code if self.outcome else FAILED

    def news(self) -> list[str]:
        """What there is to tell for the first time now."""
        lines = {}
        if self.look is not None and self.collected.is_set():
            items = sum(self.look.counted.values())
            said = f"{items} items collected or found" if items else "nothing was left to collect"
            lines["collected"] = f"{self.look.seconds:6.0f} s  {said}"
        if self.outcome is not None and self.look is not None:
            lines["ended"] = f"{self.look.seconds:6.0f} s  {_CODES[self.code]}"
        if self.problem:
            lines["problem"] = self.problem
        new = [line for kind, line in lines.items() if kind not in self._said]
        self._said |= lines.keys()
        return new


def assess_several_in(
    running: Running,
    orders: Sequence[Order],
    console: Console,
    out: Path | None,
    *,
    prefer_scheduled: bool,
) -> int:
    """Assess ``orders`` in the running stack; returns the worst exit code."""
    from include.stack import supervisor
    from include.stack.airflow_api import AirflowApi, Dag

    console.print(f"Runs       {running.ui}/dags?tags=compliance", highlight=False)

    @contextmanager
    def start(order: Order) -> Iterator[Run]:
        api = AirflowApi(running.ui, running.surroundings.credentials.admin_password)
        dag = Dag(api, order.framework.dag_id)
        description = dag.wait_until_parsed()
        yield dag.run(begin(dag, description, order, lambda _: None, prefer_scheduled))

    def check() -> None:
        supervisor.attach(running.record.folder.parent)

    return _assess(orders, start, check, running.record.aws, console, out)


def assess_several_in_process(
    record: Record, orders: Sequence[Order], console: Console, out: Path | None
) -> int:
    """Assess ``orders``, each in a process of its own; returns the worst exit code."""
    from include.stack import in_process

    def start(order: Order) -> AbstractContextManager[Run]:
        return in_process.run_dag(record, order.framework.dag_id, order.conf)

    return _assess(orders, start, lambda: None, record.aws, console, out)


def at_once() -> int:
    """How many runs go on side by side: as one waits for its next task, another computes."""
    return (os.cpu_count() or 1) + 1


def _assess(
    orders: Sequence[Order],
    start: Starting,
    check: Callable[[], None],
    aws: LocalAws | None,
    console: Console,
    out: Path | None,
) -> int:
    """Carry the orders out, the one with the most sources first and at first alone."""
    began = time.monotonic()
    console.print(f"Period     {orders[0].period}, {len(orders)} frameworks")
    line = sorted(orders, key=lambda order: -len(order.framework.sources))
    board = [Progress(order) for order in line]
    stopped = threading.Event()

    def look_out() -> None:
        if stopped.is_set():
            raise _Interrupted
        check()

    def one(progress: Progress) -> None:
        try:
            with start(progress.order) as run:
                for look in looks(run, check=look_out, interval=_LOOK):
                    progress.look = look
                    if _is_collected(look):
                        progress.collected.set()
                # While the run is there: one in process takes its database with it.
                progress.outcome = outcome.conclude(
                    run, look.state, look.tasks, progress.order, aws, out
                )
        except AuditError as error:
            progress.problem = str(error)
        finally:
            progress.collected.set()

    with ThreadPoolExecutor(at_once()) as pool:
        try:
            futures = [pool.submit(one, board[0])]
            with _shown(board, console) as show:
                _until(board[0].collected.is_set, futures, show)
                futures += [pool.submit(one, progress) for progress in board[1:]]
                _until(lambda: all(future.done() for future in futures), futures, show)
        except BaseException:
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    _results(board, console, time.monotonic() - began)
    return max((progress.code for progress in board), key=SEVERITY.index)


def _is_collected(look: Look) -> bool:
    """Whether no collecting task will run any more."""
    collecting = [task for task in look.tasks if task.task_id.startswith(_COLLECT)]
    expanded = all(task.map_index >= 0 or task.ended for task in collecting)
    return look.ended or bool(collecting and expanded and all(t.ended for t in collecting))


def _until(
    done: Callable[[], bool], futures: Sequence[Future[None]], show: Callable[[], None]
) -> None:
    while not done():
        for future in wait(futures, timeout=_LOOK / 2, return_when=FIRST_EXCEPTION).done:
            future.result()  # an error of our own ends all
        show()
    for future in futures:
        if future.done():
            future.result()
    show()


@contextmanager
def _shown(board: Sequence[Progress], console: Console) -> Iterator[Callable[[], None]]:
    """Shows the board: live on a terminal, line by line elsewhere."""
    width = max(len(progress.order.framework.id) for progress in board)

    def tell() -> None:
        for progress in board:
            for text in progress.news():
                console.print(
                    f"{progress.order.framework.id:<{width}} {text}",
                    highlight=False,
                    soft_wrap=True,
                    markup=False,
                )

    if not console.is_terminal:
        yield tell
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda: live.update(_picture(board), refresh=True)


def _picture(board: Sequence[Progress]) -> Table:
    table = Table.grid(padding=(0, 2))
    for progress in board:
        look = progress.look
        mark = Text("·", style="dim")
        if progress.problem or (progress.outcome and progress.code == FAILED):
            mark = Text("✗", style="red")
        elif progress.outcome:
            mark = Text("✓" if progress.code == OK else "!", style=_CODES[progress.code].style)
        elif look is not None:
            mark = Text("▶", style="cyan")
        if look is None:
            table.add_row(mark, progress.order.framework.id, "", "", progress.problem)
            continue
        done = sum(task.ended for task in look.tasks)
        going_on = dict.fromkeys(task.task_id for task in look.tasks if task.state == "running")
        table.add_row(
            mark,
            progress.order.framework.id,
            f"{done}/{len(look.tasks)} tasks",
            f"{look.seconds:.0f} s",
            progress.problem or Text(", ".join(list(going_on)[:3]), style="dim"),
        )
    return table


def _results(board: Sequence[Progress], console: Console, seconds: float) -> None:
    """The table at the end, and where the reports are."""
    # Narrow: an id must not be cut, and eighty columns are usual.
    table = Table("framework", "score", "coverage", "evidence", "result", box=None)
    for column in table.columns:
        column.no_wrap = True
        if column.header in ("score", "coverage", "evidence"):
            column.justify = "right"
    for progress in sorted(board, key=lambda progress: progress.order.framework.id):
        summary: dict[str, Any] = (progress.outcome and progress.outcome.summary) or {}
        table.add_row(
            progress.order.framework.id,
            outcome.percent(summary["score"]) if summary else "",
            outcome.percent(summary["coverage"]) if summary else "",
            str(summary.get("evidence_items", "")),
            Text("interim")
            if progress.code == OK and summary.get("assessment_status") == "INTERIM"
            else _CODES[progress.code],
        )
    console.print(table)
    for progress in sorted(board, key=lambda progress: progress.order.framework.id):
        name = progress.order.framework.id
        if progress.outcome is not None and progress.outcome.folder is not None:
            console.print(f"  {progress.outcome.folder}", highlight=False, soft_wrap=True)
        if progress.code != OK:
            failed = ", ".join(progress.outcome.failed) if progress.outcome else ""
            why = progress.problem or f"failed: {failed or 'no single task'}."
            console.print(
                f"{name} is not complete; {why}",
                style="red",
                highlight=False,
                soft_wrap=True,
            )
    console.print(f"{len(board)} frameworks in {seconds:.0f} s", highlight=False)
