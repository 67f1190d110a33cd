"""Small drawings of the PDF: bars of statuses, figures, headings with a status label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable

from include.reports.pdf.rows import draw_label, printable, wrap
from include.reports.pdf.style import (
    BAR_COLOURS,
    BAR_INK,
    BOLD,
    INK,
    LINE,
    MUTED,
    SANS,
    WIDTH,
    ZEBRA,
)

Counts = Sequence[tuple[str, int]]
_NAMES = {
    "COMPLIANT": "Compliant",
    "NON_COMPLIANT": "Non-compliant",
    "INCONCLUSIVE": "Inconclusive",
    "NOT_APPLICABLE": "Not applicable",
}


def draw_bar(canvas: Any, counts: Counts, x: float, y: float, width: float, height: float) -> None:
    """Segments in proportion; its number stands in each that has room for it."""
    total = sum(n for _, n in counts)
    canvas.setFillColor(ZEBRA)
    canvas.rect(x, y, width, height, stroke=0, fill=1)
    for status, n in counts:
        if not n:
            continue
        part = width * n / total
        canvas.setFillColor(BAR_COLOURS[status])
        canvas.rect(x, y, part, height, stroke=0, fill=1)
        if part > stringWidth(str(n), BOLD, 7.5) + 6:
            canvas.setFillColor(BAR_INK[status])
            canvas.setFont(BOLD, 7.5)
            canvas.drawCentredString(x + part / 2, y + height / 2 - 2.7, str(n))
        x += part


class StatusBar(Flowable):  # type: ignore[misc]
    """One line: a name, a bar of statuses, a figure."""

    _NAME, _FIGURE = 165.0, 52.0

    def __init__(self, name: str, counts: Counts, figure: str) -> None:
        super().__init__()
        self._names = wrap(printable(name), self._NAME - 8, SANS, 8.5)
        self._counts, self._figure = counts, figure
        self.width, self.height = WIDTH, max(len(self._names) * 10.5, 12.0) + 7

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it."""
        canvas: Any = self.canv
        middle = self.height / 2
        y = middle + (len(self._names) - 1) * 5.25 - 3
        canvas.setFillColor(INK)
        canvas.setFont(SANS, 8.5)
        for line in self._names:
            canvas.drawString(0, y, line)
            y -= 10.5
        draw_bar(
            canvas,
            self._counts,
            self._NAME,
            middle - 5.5,
            self.width - self._NAME - self._FIGURE,
            11,
        )
        canvas.setFillColor(INK)
        canvas.setFont(BOLD, 8.5)
        canvas.drawRightString(self.width, middle - 3, self._figure)


class Legend(Flowable):  # type: ignore[misc]
    """Which colour is which status, with how many controls have it."""

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._counts = counts
        self.width, self.height = WIDTH, 16.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it."""
        canvas: Any = self.canv
        x = 0.0
        for status, n in self._counts:
            text = f"{_NAMES[status]} {n}"
            canvas.setFillColor(BAR_COLOURS[status])
            canvas.rect(x, 4, 8, 8, stroke=0, fill=1)
            canvas.setFillColor(INK)
            canvas.setFont(SANS, 8.5)
            canvas.drawString(x + 12, 5, text)
            x += 12 + stringWidth(text, SANS, 8.5) + 18


class Bar(Flowable):  # type: ignore[misc]
    """One bar over the whole width."""

    def __init__(self, counts: Counts, height: float = 16.0) -> None:
        super().__init__()
        self._counts = counts
        self.width, self.height = WIDTH, height

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it."""
        draw_bar(self.canv, self._counts, 0, 0, self.width, self.height)


class Figures(Flowable):  # type: ignore[misc]
    """A row of figures in boxes: (large text, what it is, a remark below)."""

    _GAP = 10.0

    def __init__(self, figures: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._figures = figures
        self._box = (WIDTH - self._GAP * (len(figures) - 1)) / len(figures)
        self._remarks = [wrap(printable(r), self._box - 24, SANS, 8) for _, _, r in figures]
        self.width = WIDTH
        self.height = 66.0 + 10.5 * max(len(lines) for lines in self._remarks)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it."""
        canvas: Any = self.canv
        x = 0.0
        for (figure, name, _), remarks in zip(self._figures, self._remarks, strict=True):
            canvas.setFillColor(ZEBRA)
            canvas.setStrokeColor(LINE)
            canvas.setLineWidth(0.6)
            canvas.roundRect(x, 0, self._box, self.height, 4, stroke=1, fill=1)
            canvas.setFillColor(MUTED)
            canvas.setFont(SANS, 8.5)
            canvas.drawString(x + 12, self.height - 18, printable(name))
            canvas.setFillColor(INK)
            canvas.setFont(BOLD, 25)
            canvas.drawString(x + 12, self.height - 46, printable(figure))
            canvas.setFillColor(MUTED)
            canvas.setFont(SANS, 8)
            y = self.height - 62
            for line in remarks:
                canvas.drawString(x + 12, y, line)
                y -= 10.5
            x += self._box + self._GAP


class StatusHeading(Flowable):  # type: ignore[misc]
    """A control's id and title with its status in words at the right."""

    keepWithNext = 1

    def __init__(self, title: str, status: str) -> None:
        super().__init__()
        self._lines = wrap(printable(title), WIDTH - 96, BOLD, 11)
        self._status = status
        self.width, self.height = WIDTH, len(self._lines) * 14 + 10

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it under a thin line."""
        canvas: Any = self.canv
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.8)
        canvas.line(0, self.height, self.width, self.height)
        y = self.height - 16
        canvas.setFillColor(INK)
        canvas.setFont(BOLD, 11)
        for line in self._lines:
            canvas.drawString(0, y, line)
            y -= 14
        width = stringWidth(self._status, BOLD, 8) + 8
        draw_label(canvas, self._status, self.width - width, self.height - 18, 8)
