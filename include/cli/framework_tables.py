"""How the ``frameworks`` commands print: tables whose ids are never cut, and labelled text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

#: Sources as people say them.
SOURCE_NAMES = {
    "aws_config": "AWS Config",
    "security_hub": "Security Hub",
    "inspector": "Inspector",
    "cloudtrail": "CloudTrail",
    "license_manager": "License Manager",
    "api_calls": "API call",
    "custom": "custom",
    "manual": "people",
}


def console(*, stderr: bool = False) -> Console:
    """The terminal; nothing in a text is taken for markup or coloured by itself."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, stderr=stderr)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | int]],
    *,
    whole: Sequence[int] = (0,),
    numbers: Sequence[int] = (),
) -> Table:
    """A table; the columns ``whole`` are never broken, ``numbers`` stand to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    told = [[str(cell) for cell in row] for row in rows]
    made = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    for n, heading in enumerate(headings):
        column: dict[str, object] = {"overflow": "fold"}
        if n in whole or n in numbers:
            longest = max((len(row[n]) for row in told), default=0)
            column |= {"no_wrap": True, "min_width": max(longest, len(heading))}
        made.add_column(heading, justify="right" if n in numbers else "left", **column)  # type: ignore[arg-type]
    for row in told:
        made.add_row(*(Text(cell) for cell in row))
    return made


def labelled(rows: Iterable[tuple[str, RenderableType]], *, indent: int = 0) -> RenderableType:
    """Labels to the left, text beside them; rows without text are left out."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, said in rows:
        if said:
            grid.add_row(Text(label, style="dim"), Text(said) if isinstance(said, str) else said)
    return Padding(grid, (0, 0, 0, indent))


def number(count: int, what: str, plural: str = "") -> str:
    """``1 control``, ``2 controls``."""
    return f"{count:,} {what if count == 1 else plural or what + 's'}"
