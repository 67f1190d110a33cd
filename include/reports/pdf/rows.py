"""Long tables, drawn a page-sized piece at a time.

Platypus lays out one long table in quadratic time; pieces that know their height cost the same
for every page, and nothing is left out. Text that is too wide for its column is wrapped, also
within a word: identifiers (ARNs) have no spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reportlab.lib.colors import Color
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from include.reports.pdf.style import (
    BOLD,
    HEAD,
    INK,
    LINE,
    MUTED,
    SANS,
    STATUS_COLOURS,
    ZEBRA,
)
from include.reports.pdf.text import drawable
from include.reports.pdf.text import wrap as wrap

_SIZE, _LEADING, _PAD_X, _PAD_Y = 7.8, 9.8, 5.0, 3.6
#: Points; only on a page as empty as that is a single row cut, because it will fit on none.
_ALMOST_A_PAGE = 500.0


@dataclass(frozen=True)
class Column:
    """A column: heading, width in points; ``kind`` 'status' draws a coloured label."""

    title: str
    width: float
    kind: Literal["text", "number", "status", "strong"] = "text"


printable = drawable


class Rows(Flowable):  # type: ignore[misc]
    """A table of any length under its heading, which every page repeats.

    Rows are taken from their source as pages need them, so that neither time nor memory depends
    on how many are still to come. Splits between rows, and inside one taller than a page; a last
    row doesn't go over alone. ``again`` stands above the heading on every page but the first.
    """

    def __init__(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, again: str = ""
    ) -> None:
        super().__init__()
        self._columns = columns
        self._source = iter(rows)
        self._lines: list[list[list[str]]] = []
        self._heights: list[float] = []
        self._first = 0
        self._done = False
        self._heads = [wrap(c.title, c.width - 2 * _PAD_X, BOLD, 7.5) for c in columns]
        self._head = max(len(lines) for lines in self._heads) * _LEADING + 2 * _PAD_Y
        self._again = again
        self._above: list[str] = []
        self.width = sum(column.width for column in columns)

    def _take(self, height: float) -> float:
        """Read rows until ``height`` points are filled; the height of what was read."""
        total = self._head + sum(self._heights)
        while not self._done and total <= height:
            row = next(self._source, None)
            if row is None:
                self._done = True
                break
            self._append(
                [
                    wrap(printable(text), column.width - 2 * _PAD_X, _font(column))
                    for column, text in zip(self._columns, row, strict=True)
                ]
            )
            total += self._heights[-1]
        return total

    def _append(self, lines: list[list[str]]) -> None:
        self._lines.append(lines)
        self._heights.append(max(len(cell) for cell in lines) * _LEADING + 2 * _PAD_Y)

    def _ends_here(self) -> bool:
        """Whether no row is left to read; reads one to know."""
        before = len(self._lines)
        self._take(self._head + sum(self._heights))
        return len(self._lines) == before

    def _continue(self, above: list[str]) -> None:
        """Stand under ``above``, the reminder of what the table is about."""
        self._above = above
        self._head += len(above) * (_LEADING + 2)

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
        top = self._lines[:n]
        rest = self._lines[n:]
        if n == 0:
            fits = int((room - 2 * _PAD_Y) // _LEADING)
            if height < _ALMOST_A_PAGE or fits < 1:
                return []
            top = [[cell[:fits] for cell in self._lines[0]]]
            rest = [[cell[fits:] for cell in self._lines[0]], *self._lines[1:]]
        page = Rows(self._columns, (), again=self._again)
        more = Rows(self._columns, self._source, again=self._again)
        page._continue(self._above)
        more._continue(wrap(printable(self._again), self.width, BOLD) if self._again else [])
        page._first, more._first = self._first, self._first + n
        page._done, more._done = True, self._done
        for lines in top:
            page._append(lines)
        for lines in rest:
            more._append(lines)
        return [page, more]

    def draw(self) -> None:
        """Draw the heading and the rows from the top down."""
        canvas: Any = self.canv
        y = self.height - self._head
        for n, line in enumerate(self._above):
            canvas.setFillColor(INK)
            canvas.setFont(BOLD, _SIZE)
            canvas.drawString(0, self.height - _SIZE - n * (_LEADING + 2), line)
        head = self._head - len(self._above) * (_LEADING + 2)
        canvas.setFillColor(HEAD)
        canvas.rect(0, y, self.width, head, stroke=0, fill=1)
        x = 0.0
        for column, lines in zip(self._columns, self._heads, strict=True):
            _text(canvas, column, lines, x, y + head, BOLD, 7.5, MUTED)
            x += column.width
        for n, (row, height) in enumerate(zip(self._lines, self._heights, strict=True)):
            y -= height
            if (self._first + n) % 2:
                canvas.setFillColor(ZEBRA)
                canvas.rect(0, y, self.width, height, stroke=0, fill=1)
            canvas.setStrokeColor(LINE)
            canvas.setLineWidth(0.4)
            canvas.line(0, y, self.width, y)
            x = 0.0
            for column, lines in zip(self._columns, row, strict=True):
                if column.kind == "status":
                    _label(canvas, lines, x, y + height)
                else:
                    _text(canvas, column, lines, x, y + height, _font(column), _SIZE, INK)
                x += column.width


def _font(column: Column) -> str:
    return BOLD if column.kind in ("strong", "status") else SANS


def _text(
    canvas: Any,
    column: Column,
    lines: Sequence[str],
    x: float,
    top: float,
    font: str,
    size: float,
    colour: Color,
) -> None:
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    y = top - _PAD_Y - _SIZE
    for line in lines:
        if column.kind == "number":
            canvas.drawRightString(x + column.width - _PAD_X, y, line)
        else:
            canvas.drawString(x + _PAD_X, y, line)
        y -= _LEADING


def _label(canvas: Any, lines: Sequence[str], x: float, top: float) -> None:
    """A status in words on its colour: never colour alone."""
    text = " ".join(lines)
    draw_label(canvas, text, x + _PAD_X - 1, top - _PAD_Y - _SIZE - 1.6)


def draw_label(canvas: Any, text: str, x: float, y: float, size: float = 7.2) -> float:
    """Draw a status label whose lower left corner is (x, y); returns its width in points."""
    code = text.upper().replace("-", "_").replace(" ", "_")
    ink, ground = STATUS_COLOURS.get(code, (INK, HEAD))
    width: float = stringWidth(text, BOLD, size) + 8
    canvas.setFillColor(ground)
    canvas.roundRect(x, y, width, size + 3.6, 2.4, stroke=0, fill=1)
    canvas.setFillColor(ink)
    canvas.setFont(BOLD, size)
    canvas.drawString(x + 4, y + 2.8, text)
    return width
