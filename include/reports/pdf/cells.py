"""How the rows of a table look: wrapped cells, a heading, zebra and hairlines.

A cell's operators start and end at the left of its first baseline, so that equal cells (accounts,
regions, statuses) are written once and used again. ASCII is written as it is: FiraGO's first
subset keeps its codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.reports.pdf import fonts, text
from include.reports.pdf.columns import (
    HEAD_SIZE,
    LEADING,
    PAD_X,
    PAD_Y,
    SIZE,
    Cell,
    Column,
    with_whole_heads,
)
from include.reports.pdf.operators import escaped, placed, rgb
from include.reports.pdf.pen import Pen
from include.reports.pdf.style import BOLD, INK, MUTED
from include.reports.pdf.tagging import Element, Tags, artifact

_ONE_LINE = LEADING + 2 * PAD_Y
#: Different texts of a column that are kept to be used again.
_MOST_KEPT = 4000


class Look:
    """The columns of one table, and what is the same on all of its pages."""

    def __init__(self, columns: Sequence[Column]) -> None:
        columns = with_whole_heads(columns)
        self.columns = columns
        self.width = sum(column.width for column in columns)
        self.heads = [
            tuple(text.wrap(c.title, c.width - 2 * PAD_X, BOLD, HEAD_SIZE)) for c in columns
        ]
        self.head = max(len(lines) for lines in self.heads) * LEADING + 2 * PAD_Y
        self._kept: list[dict[str, Cell]] = [{} for _ in columns]
        self._makers = [_Maker(column).cell for column in columns]
        self._plain = list(zip(self._kept, self._makers, strict=True))
        self._table: Element | None = None
        self._pen: Pen | None = None

    @staticmethod
    def above(lines: int) -> float:
        """Height of the reminder over a heading."""
        return lines * (LEADING + 2)

    @staticmethod
    def fitting(room: float) -> int:
        """Lines of one row that fit into ``room`` points."""
        return int((room - 2 * PAD_Y) // LEADING)

    @staticmethod
    def height_of(cells: Sequence[Cell]) -> float:
        """The tallest cell's height in points."""
        return max(cell[1] for cell in cells)

    def cells(self, row: Sequence[str]) -> tuple[Cell, ...]:
        """A row's texts wrapped into their columns."""
        cells = []
        for (kept, make), value in zip(self._plain, row, strict=True):
            cell = kept.get(value)
            if cell is None:
                if len(kept) >= _MOST_KEPT:
                    kept.clear()
                cell = kept[value] = make(value)
            cells.append(cell)
        return tuple(cells)

    def draw(
        self,
        canvas: Any,
        above: Sequence[str],
        rows: Sequence[tuple[Cell, ...]],
        heights: Sequence[float],
        first: int,
        again: str,
    ) -> None:
        """Draw the reminder, the heading and the rows; the lower left corner is the origin."""
        if self._pen is None or self._pen.document is not canvas._doc:
            self._pen = Pen(canvas, self.columns)
            self._table = None
        pen, tags = self._pen, getattr(canvas, "tags", None)
        top = sum(heights) + self.head
        with artifact(canvas):
            for n, line in enumerate(above):
                canvas.setFillColor(INK)
                text.draw(canvas, 0, top + self.above(len(above) - n) - SIZE, line, BOLD, SIZE)
            canvas._code.append(pen.ground(self.width, self.head, heights, first))
        self._draw_heads(canvas, pen, top, tags)
        if not rows:
            return
        code = [pen.start]
        y = top - self.head - PAD_Y - SIZE
        if tags is None or tags._open:
            for row, height in zip(rows, heights, strict=True):
                code.append(pen.row(row, y, "", ""))
                y -= height
        elif tags.cells_left > 0:
            tags.cells_left -= len(rows) * len(self.columns)
            for row, height in zip(rows, heights, strict=True):
                code.append(pen.tagged(row, y, tags, Element("TR", self._table)))
                y -= height
        else:
            mcid = tags.mark_many(Element("TBody", self._table), len(rows))
            for row, height in zip(rows, heights, strict=True):
                code.append(pen.row(row, y, f"/TR <</MCID {mcid}>> BDC\n", "EMC\n"))
                mcid += 1
                y -= height
        code.append("Q")
        canvas._code.append("\n".join(code))

    def _draw_heads(self, canvas: Any, pen: Pen, top: float, tags: Tags | None) -> None:
        """The heading: its first drawing belongs to the table, repetitions are decoration."""
        tagged = tags is not None and not tags._open and self._table is None
        row: Element | None = None
        if tagged and tags is not None:
            self._table = Element("Table", tags.document)
            row = Element("TR", self._table)
        canvas._code.append("q " + rgb(MUTED))
        x = 0.0
        for column, lines in zip(self.columns, self.heads, strict=True):
            right = column.kind == "number"
            opened = "/Artifact BMC\n"
            if tags is not None and row is not None:
                opened = f"/TH <</MCID {tags.mark(Element('TH', row))}>> BDC\n"
            width = column.width - 2 * PAD_X
            operators = pen.operators(lines, BOLD, HEAD_SIZE, width if right else None)
            font = f"{pen.names[BOLD]} {HEAD_SIZE} Tf"
            place = f"{x + PAD_X:.2f} {top - PAD_Y - SIZE:.2f} Td"
            closed = "EMC"
            if tags is None or tags._open:
                opened = closed = ""
            canvas._code.append(f"{opened}BT {font} {place} {operators} ET\n{closed}")
            x += column.width
        canvas._code.append("Q")


class _Maker:
    """Makes the cells of one column."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._room = column.room * 1000 / column.size
        table = fonts.widths(column.font)
        exact = [table.get(code, 0) for code in range(256)]
        self._exact = exact
        # A quarter of each width, rounded up: sums of bytes are faster than sums of a list's.
        self._about = bytes(min(255, int(-(-width // 4))) for width in exact)

    def cell(self, value: str) -> Cell:
        """The text wrapped into the column, with its operators if they are the same everywhere."""
        value = str(value)
        column = self._column
        if value.isascii() and value.isprintable():
            data = value.encode()
            if column.kind in ("text", "strong"):
                if (
                    sum(data.translate(self._about)) * 4 <= self._room
                    or sum([self._exact[code] for code in data]) <= self._room
                ):
                    return Cell((value,), _ONE_LINE, f"({escaped(value)}) Tj")
            elif column.kind == "number":
                wide = sum([self._exact[code] for code in data])
                if wide <= self._room:
                    indent = (self._room - wide) * SIZE / 1000
                    shown = f"{indent:.2f} 0 Td ({escaped(value)}) Tj {-indent:.2f} 0 Td"
                    return Cell((value,), _ONE_LINE, shown)
        lines = tuple(text.wrap(value, column.room, column.font, column.size))
        height = len(lines) * LEADING + 2 * PAD_Y
        status = value if column.kind == "status" and value else ""
        operators = None
        if value.isascii() and column.kind != "status":
            right = column.room if column.kind == "number" else None
            operators = placed(
                [
                    (f"({escaped(line)}) Tj", text.measure(line, column.font, column.size))
                    for line in lines
                ],
                right,
            )
        return Cell(lines, height, operators, status)
