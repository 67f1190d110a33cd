"""Shows how the stack starts and stops: live on a terminal, line by line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from include.stack.supervisor import Report

_STYLE = {"ready": "green", "stopped": "dim", "killed": "yellow"}


@contextmanager
def shown(console: Console, title: str) -> Iterator[Report]:
    """A report for the supervisor; prints what is ready, and a spinner for what isn't."""
    began = time.monotonic()
    waiting: dict[str, None] = {}
    with console.status(title) as status:

        def report(part: str, what: str) -> None:
            if what in ("starting", "stopping"):
                waiting[part] = None
            else:
                waiting.pop(part, None)
                console.print(
                    f"  {part:<14} [{_STYLE.get(what, '')}]{what}[/] "
                    f"[dim]{time.monotonic() - began:5.1f} s[/]"
                )
            status.update(f"{title} [dim]{', '.join(waiting)}[/]")

        yield report
