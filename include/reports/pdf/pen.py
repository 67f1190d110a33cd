"""Writes the rows of one table as PDF operators into one document.

Equal cells are written once and used again: their operators start and end at the left of the
first baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from include.reports.pdf import fonts, text
from include.reports.pdf.columns import LEADING, PAD_X, Cell, Column
from include.reports.pdf.operators import colours, escaped, placed, rgb, rounded
from include.reports.pdf.style import BOLD, HEAD, INK, LINE, SANS, ZEBRA
from include.reports.pdf.tagging import Element, Tags

#: Above and below a label's text.
_LABEL_UP, _LABEL_DOWN = 8.0, 2.8
#: Different labels that are kept to be used again.
_MOST_KEPT = 4000


class Pen:
    """Writes rows for one document: knows the names its fonts have there."""

    def __init__(self, canvas: Any, columns: Sequence[Column]) -> None:
        self.document = canvas._doc
        self._canvas, self._columns = canvas, columns
        self.names = {name: self._name(name) for name in (SANS, BOLD)}
        self._fonts = [f"{self.names[column.font]} {column.size} Tf" for column in columns]
        self._lefts = [sum(c.width for c in columns[:n]) + PAD_X for n in range(len(columns))]
        self._known_labels: dict[tuple[str, ...], tuple[str, str]] = {}
        self._labels = [n for n, column in enumerate(columns) if column.kind == "status"]
        self.start = f"q {rgb(INK)} BT {self._fonts[-1]} ET"
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
        parts = [f"q {rgb(HEAD)} 0 {y:.2f} {width:.2f} {head:.2f} re f", rgb(ZEBRA)]
        lines = [f"{rgb(LINE)} 0.4 w".replace("rg", "RG")]
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
            ink, ground = colours(cell.status)
            operators = self.operators(cell.lines, column.font, column.size, None)
            found = self._known_labels[cell.lines] = (
                f"{rgb(ink)} 3 0 Td {operators} -3 0 Td {rgb(INK)}",
                f"{rgb(ground)} {rounded(-1, -down, width, down + _LABEL_UP, 2.4)}",
            )
            if len(self._known_labels) > _MOST_KEPT:
                self._known_labels = {}
        return found

    def operators(self, lines: Sequence[str], font: str, size: float, right: float | None) -> str:
        """Lines one below the other; ``right``: aligned to this many points from the start."""
        return placed(
            [(self._shown(line, font, size), text.measure(line, font, size)) for line in lines],
            right,
        )

    def _shown(self, line: str, font: str, size: float) -> str:
        """A line in all the fonts it needs; ends in ``font``."""
        if line.isascii():
            return f"({escaped(line)}) Tj"
        parts = []
        for name, part in text.runs(line, font):
            for subset, codes in fonts.font(name).splitString(part, self.document):
                parts.append(f"{self._name(name, subset)} {size} Tf")
                parts.append(f"({self._canvas._escape(codes)}) Tj")
        parts.append(f"{self.names[font]} {size} Tf")
        if text.logical(line) is not line:
            parts = [text.actual_text(line), *parts, "EMC"]
        return " ".join(parts)
