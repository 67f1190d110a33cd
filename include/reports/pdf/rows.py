"""Tables of any length: their rows are written as PDF operators, a page-sized piece at a time.

Neither Platypus tables nor reportlab's text objects are used for rows: they cost ten to fifty
times as much, and Platypus lays out one long table in quadratic time. Nothing is left out. Text
that is too wide for its column is wrapped, also within a word: identifiers (ARNs) have no spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.platypus import Flowable

from include.reports.pdf.cells import Look
from include.reports.pdf.columns import Cell, Column
from include.reports.pdf.operators import draw_label
from include.reports.pdf.style import BOLD
from include.reports.pdf.text import drawable
from include.reports.pdf.text import wrap as wrap

__all__ = ["Column", "Rows", "draw_label", "printable", "wrap"]

#: Points; only on a page as empty as that is a single row cut, because it will fit on none.
_ALMOST_A_PAGE = 500.0

printable = drawable
Row = tuple[Cell, ...]


class Rows(Flowable):  # type: ignore[misc]
    """A table of any length under its heading, which every page repeats.

    Rows are taken from their source as pages need them, so that neither time nor memory depends
    on how many are still to come. Splits between rows, and inside one taller than a page; a last
    row doesn't go over alone. ``again`` stands above the heading on every page but the first.
    """

    tags_itself = True

    def __init__(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, again: str = ""
    ) -> None:
        super().__init__()
        self._start(Look(columns), iter(rows), again)

    def _start(self, look: Look, source: Any, again: str) -> None:
        self._look, self._source, self._again = look, source, again
        self._lines: list[Row] = []
        self._heights: list[float] = []
        self._total = 0.0
        self._first = 0
        self._done = False
        self._head = look.head
        self._above: list[str] = []
        self.width = look.width

    def _take(self, height: float) -> float:
        """Read rows until ``height`` points are filled; the height of what was read."""
        total = self._head + self._total
        if self._done:
            return total
        cells, heights = self._lines, self._heights
        cell_of, height_of = self._look.cells, self._look.height_of
        while total <= height:
            row = next(self._source, None)
            if row is None:
                self._done = True
                break
            new = cell_of(row)
            cells.append(new)
            tall = height_of(new)
            heights.append(tall)
            total += tall
        self._total = total - self._head
        return total

    def _keep(self, cells: list[Row], heights: list[float]) -> None:
        self._lines, self._heights, self._total = cells, heights, sum(heights)

    def _ends_here(self) -> bool:
        """Whether no row is left to read; reads one to know."""
        before = len(self._lines)
        self._take(self._head + self._total)
        return len(self._lines) == before

    def _continue(self, above: list[str]) -> None:
        """Stand under ``above``, the reminder of what the table is about."""
        self._above = above
        self._head += self._look.above(len(above))

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its size, or something taller than ``height`` when more rows remain than fit."""
        self.height = self._take(height)
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """As many rows as fit, and the rest; nothing when not even one does."""
        self._take(height)
        room, n = height - self._head, 0
        while n < len(self._heights) and room >= self._heights[n]:
            room -= self._heights[n]
            n += 1
        if n == len(self._heights) and self._done:
            return [self]
        if n > 2 and len(self._lines) == n + 1 and self._ends_here():
            n -= 1
        top, rest = self._lines[:n], self._lines[n:]
        tops, rests = self._heights[:n], self._heights[n:]
        if n == 0:
            fits = self._look.fitting(room)
            if height < _ALMOST_A_PAGE or fits < 1:
                return []
            top = [tuple(cell.part(0, fits) for cell in rest[0])]
            rest[0] = tuple(cell.part(fits, None) for cell in rest[0])
            tops = [self._look.height_of(top[0])]
            rests[0] = self._look.height_of(rest[0])
        page, more = Rows.__new__(Rows), Rows.__new__(Rows)
        for one in (page, more):
            Flowable.__init__(one)
            one._start(self._look, self._source, self._again)
        page._continue(self._above)
        more._continue(wrap(self._again, self.width, BOLD) if self._again else [])
        page._first, more._first = self._first, self._first + n
        page._done, more._done = True, self._done
        page._keep(top, tops)
        more._keep(rest, rests)
        return [page, more]

    def draw(self) -> None:
        """Draw the heading and the rows from the top down."""
        self._look.draw(
            self.canv, self._above, self._lines, self._heights, self._first, self._again
        )
