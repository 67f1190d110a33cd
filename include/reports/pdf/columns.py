"""A table's columns and cells: widths, typefaces, and heads whose words stay whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from include.reports.pdf import text
from include.reports.pdf.style import BOLD, SANS

SIZE, LEADING, PAD_X, PAD_Y = 7.8, 9.8, 5.0, 3.6
HEAD_SIZE, LABEL_SIZE = 7.5, 7.2
#: A head may go on in the next line after these.
_PART = re.compile(r"[^\s-]*-?")


@dataclass(frozen=True)
class Column:
    """A column: heading, width in points; ``kind`` 'status' draws a coloured label."""

    title: str
    width: float
    kind: Literal["text", "number", "status", "strong"] = "text"

    @property
    def font(self) -> str:
        """The typeface of its cells."""
        return BOLD if self.kind in ("strong", "status") else SANS

    @property
    def size(self) -> float:
        """The size of its text in points."""
        return LABEL_SIZE if self.kind == "status" else SIZE

    @property
    def room(self) -> float:
        """Points that a line of it may take."""
        return self.width - 2 * PAD_X - (6 if self.kind == "status" else 0)


class Cell(NamedTuple):
    """Lines as they are drawn; their operators, None where they depend on the document."""

    lines: tuple[str, ...]
    height: float
    operators: str | None
    status: str = ""

    def part(self, start: int, end: int | None) -> Cell:
        """Some of its lines, as a cell whose operators are yet to be made."""
        lines = self.lines[start:end]
        return Cell(lines, len(lines) * LEADING + 2 * PAD_Y, None, self.status if lines else "")


def with_whole_heads(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The same columns, of which those too narrow for a word of their heads are widened.

    The widest one of running text gives up what it takes; where it can't, all do, each as much as
    it can spare. Where all of them together are too narrow, they stay as they are.
    """
    short = [max(_needed(column) - column.width, 0.0) for column in columns]
    if not any(short):
        return tuple(columns)
    spare = [max(column.width - _needed(column), 0.0) for column in columns]
    prose = [n for n, column in enumerate(columns) if column.kind in ("text", "strong")]
    widest = max(prose, key=lambda n: columns[n].width, default=-1)
    # No more than a third: names go on over lines, but not over too many.
    if widest >= 0 and sum(short) <= min(spare[widest], columns[widest].width / 3):
        giving = [given if n == widest else 0.0 for n, given in enumerate(spare)]
    else:
        giving = spare
    if sum(giving) < sum(short):
        return tuple(columns)
    share = sum(short) / sum(giving)
    return tuple(
        replace(column, width=column.width + more - given * share)
        for column, more, given in zip(columns, short, giving, strict=True)
    )


def _needed(column: Column) -> float:
    """Points that the longest word of a head takes, or the longer part of a hyphenated one.

    A column of accounts has room for an account's id, too.
    """
    parts = _PART.findall(text.drawable(column.title))
    widest = max(text.measure(part, BOLD, HEAD_SIZE) for part in parts)
    if column.title.startswith("Account"):
        widest = max(widest, text.measure("0" * 12, column.font, column.size))
    return widest + 2 * PAD_X + 0.1
