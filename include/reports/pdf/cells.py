"""How the rows of a table look, as PDF operators: wrapped cells, labels, zebra and hairlines.

A cell's operators start and end at the left of its first baseline, so that equal cells (accounts,
regions, statuses) are written once and used again. ASCII is written as it is: FiraGO's first
subset keeps its codes. ISO 32000-1, 9.4 (text objects) and 8.5 (paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from reportlab.lib.colors import Color

from include.reports.pdf import fonts, text
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
from include.reports.pdf.tagging import Element, Tags, artifact

SIZE, LEADING, PAD_X, PAD_Y = 7.8, 9.8, 5.0, 3.6
_HEAD_SIZE, _LABEL_SIZE = 7.5, 7.2
#: Above and below a label's text.
_LABEL_UP, _LABEL_DOWN = 8.0, 2.8
_ONE_LINE = LEADING + 2 * PAD_Y
#: Different texts of a column that are kept to be used again.
_MOST_KEPT = 4000


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
        return _LABEL_SIZE if self.kind == "status" else SIZE

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


class Look:
    """The columns of one table, and what is the same on all of its pages."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.width = sum(column.width for column in columns)
        self._heads = [
            tuple(text.wrap(c.title, c.width - 2 * PAD_X, BOLD, _HEAD_SIZE)) for c in columns
        ]
        self.head = max(len(lines) for lines in self._heads) * LEADING + 2 * PAD_Y
        self._kept: list[dict[str, Cell]] = [{} for _ in columns]
        self._makers = [_Maker(column).cell for column in columns]
        self._plain = list(zip(self._kept, self._makers, strict=True))
        self._table: Element | None = None
        self._pen: _Pen | None = None

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
            self._pen = _Pen(canvas, self.columns)
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

    def _draw_heads(self, canvas: Any, pen: _Pen, top: float, tags: Tags | None) -> None:
        """The heading: its first drawing belongs to the table, repetitions are decoration."""
        tagged = tags is not None and not tags._open and self._table is None
        row: Element | None = None
        if tagged and tags is not None:
            self._table = Element("Table", tags.document)
            row = Element("TR", self._table)
        canvas._code.append("q " + _rgb(MUTED))
        x = 0.0
        for column, lines in zip(self.columns, self._heads, strict=True):
            right = column.kind == "number"
            opened = "/Artifact BMC\n"
            if tags is not None and row is not None:
                opened = f"/TH <</MCID {tags.mark(Element('TH', row))}>> BDC\n"
            width = column.width - 2 * PAD_X
            operators = pen.operators(lines, BOLD, _HEAD_SIZE, width if right else None)
            font = f"{pen.names[BOLD]} {_HEAD_SIZE} Tf"
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
                    return Cell((value,), _ONE_LINE, f"({_escaped(value)}) Tj")
            elif column.kind == "number":
                wide = sum([self._exact[code] for code in data])
                if wide <= self._room:
                    indent = (self._room - wide) * SIZE / 1000
                    shown = f"{indent:.2f} 0 Td ({_escaped(value)}) Tj {-indent:.2f} 0 Td"
                    return Cell((value,), _ONE_LINE, shown)
        lines = tuple(text.wrap(value, column.room, column.font, column.size))
        height = len(lines) * LEADING + 2 * PAD_Y
        status = value if column.kind == "status" and value else ""
        operators = None
        if value.isascii() and column.kind != "status":
            right = column.room if column.kind == "number" else None
            operators = _placed(
                [
                    (f"({_escaped(line)}) Tj", text.measure(line, column.font, column.size))
                    for line in lines
                ],
                right,
            )
        return Cell(lines, height, operators, status)


class _Pen:
    """Writes rows for one document: knows the names its fonts have there."""

    def __init__(self, canvas: Any, columns: Sequence[Column]) -> None:
        self.document = canvas._doc
        self._canvas, self._columns = canvas, columns
        self.names = {name: self._name(name) for name in (SANS, BOLD)}
        self._fonts = [f"{self.names[column.font]} {column.size} Tf" for column in columns]
        self._lefts = [sum(c.width for c in columns[:n]) + PAD_X for n in range(len(columns))]
        self._known_labels: dict[tuple[str, ...], tuple[str, str]] = {}
        self._labels = [n for n, column in enumerate(columns) if column.kind == "status"]
        self.start = f"q {_rgb(INK)} BT {self._fonts[-1]} ET"
        template, font, left = "%sBT 1 0 0 1 ", self._fonts[-1], 0.0
        for n, wanted in enumerate(self._fonts):
            if n == 0:
                template += f"{self._lefts[0]:.2f} %.2f Tm "
            else:
                template += f"{self._lefts[n] - left:.2f} 0 Td "
            if wanted != font:
                template += wanted + " "
            template += "%s "
            font, left = wanted, self._lefts[n]
        self._template = template + "ET\n%s"

    def _name(self, name: str, subset: int = 0) -> str:
        font = fonts.font(name)
        font.splitString(" ", self.document)
        internal: str = font.getSubsetInternalName(subset, self.document)
        return internal

    def ground(self, width: float, head: float, heights: Sequence[float], first: int) -> str:
        """What lies under the text: the heading's ground, every second row's, and hairlines."""
        y = sum(heights)
        parts = [f"q {_rgb(HEAD)} 0 {y:.2f} {width:.2f} {head:.2f} re f", _rgb(ZEBRA)]
        lines = [f"{_rgb(LINE)} 0.4 w".replace("rg", "RG")]
        for n, height in enumerate(heights, first):
            y -= height
            if n % 2:
                parts.append(f"0 {y:.2f} {width:.2f} {height:.2f} re f")
            lines.append(f"0 {y:.2f} m {width:.2f} {y:.2f} l S")
        return "\n".join([*parts, *lines, "Q"])

    def row(self, cells: Sequence[Cell], y: float, opened: str, closed: str) -> str:
        """A row as one text object, whose first baseline is at ``y``."""
        operators = [cell[2] for cell in cells]
        if None in operators:
            operators = [self._made(n, cell) for n, cell in enumerate(cells)]
        for n in self._labels:
            if cells[n].status:
                opened += self._ground_of(n, cells[n], y)
        return self._template % (opened, y, *operators, closed)

    def tagged(self, cells: Sequence[Cell], y: float, tags: Tags, row: Element) -> str:
        """A row whose cells are elements of their own."""
        parts = []
        for n, cell in enumerate(cells):
            mcid = tags.mark(Element("TD", row))
            ground = self._ground_of(n, cell, y) if cell.status else ""
            parts.append(
                f"/TD <</MCID {mcid}>> BDC\n{ground}BT {self._fonts[n]} {self._lefts[n]:.2f} "
                f"{y:.2f} Td {self._made(n, cell)} ET\nEMC"
            )
        return "\n".join(parts)

    def _made(self, n: int, cell: Cell) -> str:
        """The operators of a cell in this document."""
        if cell.operators is not None:
            return cell.operators
        column = self._columns[n]
        if cell.status:
            return self._label(n, cell)[0]
        right = column.room if column.kind == "number" else None
        return self.operators(cell.lines, column.font, column.size, right)

    def _ground_of(self, n: int, cell: Cell, y: float) -> str:
        """The rounded ground of a label."""
        return f"q 1 0 0 1 {self._lefts[n]:.2f} {y:.2f} cm {self._label(n, cell)[1]} f Q\n"

    def _label(self, n: int, cell: Cell) -> tuple[str, str]:
        """A label's text, and its ground as seen from the text's first baseline."""
        found = self._known_labels.get(cell.lines)
        if found is None:
            column = self._columns[n]
            width = max(text.measure(line, column.font, column.size) for line in cell.lines) + 8
            down = _LABEL_DOWN + (len(cell.lines) - 1) * LEADING
            ink, ground = _colours(cell.status)
            operators = self.operators(cell.lines, column.font, column.size, None)
            found = self._known_labels[cell.lines] = (
                f"{_rgb(ink)} 3 0 Td {operators} -3 0 Td {_rgb(INK)}",
                f"{_rgb(ground)} {_round(-1, -down, width, down + _LABEL_UP, 2.4)}",
            )
            if len(self._known_labels) > _MOST_KEPT:
                self._known_labels = {}
        return found

    def operators(self, lines: Sequence[str], font: str, size: float, right: float | None) -> str:
        """Lines one below the other; ``right``: aligned to this many points from the start."""
        return _placed(
            [(self._shown(line, font, size), text.measure(line, font, size)) for line in lines],
            right,
        )

    def _shown(self, line: str, font: str, size: float) -> str:
        """A line in all the fonts it needs; ends in ``font``."""
        if line.isascii():
            return f"({_escaped(line)}) Tj"
        parts = []
        for name, part in text.runs(line, font):
            for subset, codes in fonts.font(name).splitString(part, self.document):
                parts.append(f"{self._name(name, subset)} {size} Tf")
                parts.append(f"({self._canvas._escape(codes)}) Tj")
        parts.append(f"{self.names[font]} {size} Tf")
        if text.logical(line) is not line:
            parts = [text.actual_text(line), *parts, "EMC"]
        return " ".join(parts)


def _placed(shown: Sequence[tuple[str, float]], right: float | None) -> str:
    """Operators (with their widths) one below the other, and back to where they began."""
    parts = []
    for operators, width in shown:
        indent = 0.0 if right is None else right - width
        if right is None:
            parts.append(operators)
        else:
            parts.append(f"{indent:.2f} 0 Td {operators} {-indent:.2f} 0 Td")
    down = f" 0 {-LEADING:g} Td "
    back = f" 0 {(len(parts) - 1) * LEADING:g} Td" if len(parts) > 1 else ""
    return down.join(parts) + back


def _escaped(value: str) -> str:
    """ASCII as a PDF string holds it."""
    if "\\" in value or "(" in value or ")" in value:
        return value.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return value


def _colours(status: str) -> tuple[Color, Color]:
    code = status.upper().replace("-", "_").replace(" ", "_")
    return STATUS_COLOURS.get(code, (INK, HEAD))


def _rgb(colour: Color) -> str:
    return f"{colour.red:.4g} {colour.green:.4g} {colour.blue:.4g} rg"


def _round(x: float, y: float, width: float, height: float, r: float) -> str:
    """The path of a rectangle with round corners."""
    k, right, top = r * 0.4477, x + width, y + height
    return (
        f"{x + r:.2f} {y:.2f} m {right - r:.2f} {y:.2f} l "
        f"{right - k:.2f} {y:.2f} {right:.2f} {y + k:.2f} {right:.2f} {y + r:.2f} c "
        f"{right:.2f} {top - r:.2f} l "
        f"{right:.2f} {top - k:.2f} {right - k:.2f} {top:.2f} {right - r:.2f} {top:.2f} c "
        f"{x + r:.2f} {top:.2f} l "
        f"{x + k:.2f} {top:.2f} {x:.2f} {top - k:.2f} {x:.2f} {top - r:.2f} c "
        f"{x:.2f} {y + r:.2f} l "
        f"{x:.2f} {y + k:.2f} {x + k:.2f} {y:.2f} {x + r:.2f} {y:.2f} c h"
    )


def label_width(label: str, size: float = _LABEL_SIZE) -> float:
    """Points that a status label takes."""
    return text.measure(_one_line(label), BOLD, size) + 8


def _one_line(label: str) -> str:
    return text.drawable(label).replace("\n", " ")


def draw_label(canvas: Any, label: str, x: float, y: float, size: float = _LABEL_SIZE) -> float:
    """Draw a status label whose lower left corner is (x, y); returns its width in points."""
    ink, ground = _colours(label)
    width = label_width(label, size)
    canvas.setFillColor(ground)
    canvas.roundRect(x, y, width, size + 3.6, 2.4, stroke=0, fill=1)
    canvas.setFillColor(ink)
    (line,) = text.wrap(_one_line(label), 1e9, BOLD, size)
    text.draw(canvas, x + 4, y + 2.8, line, BOLD, size)
    return width
