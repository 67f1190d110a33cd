"""Small drawings of the PDF: bars of statuses, figures, headings with a status label.

Each says in words (``alt``) what it shows, for those who don't see it. Statuses are told apart by
their initials and their order, which is always the same, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Flowable, Paragraph, Spacer

from include.reports.pdf.navigation import key_of
from include.reports.pdf.operators import draw_label, label_width
from include.reports.pdf.style import (
    BAR_COLOURS,
    BAR_INK,
    BODY,
    BOLD,
    INK,
    LINE,
    MUTED,
    PAPER,
    SANS,
    WIDTH,
    ZEBRA,
)
from include.reports.pdf.tagging import tag
from include.reports.pdf.text import draw, drawable, markup, measure, wrap

Counts = Sequence[tuple[str, int]]
_NAMES = {
    "COMPLIANT": "Compliant",
    "NON_COMPLIANT": "Non-compliant",
    "INCONCLUSIVE": "Inconclusive",
    "NOT_APPLICABLE": "Not applicable",
}
_INITIALS = {"COMPLIANT": "C", "NON_COMPLIANT": "N", "INCONCLUSIVE": "I", "NOT_APPLICABLE": "A"}
#: Points; a drawing taller than what such a page has left becomes paragraphs, which can be split.
_ALMOST_A_PAGE = 500.0


def in_words(counts: Counts) -> str:
    """``12 compliant, 3 non-compliant``: what a bar shows."""
    return ", ".join(f"{n:,} {_NAMES[status].lower()}" for status, n in counts)


def draw_bar(canvas: Any, counts: Counts, x: float, y: float, width: float, height: float) -> None:
    """Segments in proportion; initial and number stand in each that has room for them."""
    total = sum(n for _, n in counts)
    canvas.setFillColor(ZEBRA)
    canvas.rect(x, y, width, height, stroke=0, fill=1)
    last = max((k for k, (_, n) in enumerate(counts) if n), default=0)
    for k, (status, n) in enumerate(counts):
        if not n:
            continue
        part = width * n / total
        canvas.setFillColor(BAR_COLOURS[status])
        canvas.rect(x, y, part, height, stroke=0, fill=1)
        for text in (f"{_INITIALS[status]} {n:,}", f"{n:,}", _INITIALS[status]):
            if part > measure(text, BOLD, 7.5) + 5:
                canvas.setFillColor(BAR_INK[status])
                draw(canvas, x + part / 2, y + height / 2 - 2.7, text, BOLD, 7.5, "c")
                break
        x += part
        if k < last:
            canvas.setFillColor(PAPER)
            canvas.rect(x - 0.4, y, 0.8, height, stroke=0, fill=1)


class _Drawing(Flowable):  # type: ignore[misc]
    """Something of a fixed size; ``alt`` tells what it shows."""

    alt = ""

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height


class StatusBar(_Drawing):
    """One line: a name, a bar of statuses, a figure."""

    _NAME, _FIGURE = 165.0, 52.0

    def __init__(self, name: str, counts: Counts, figure: str) -> None:
        super().__init__()
        self._name, self._counts, self._figure = name, counts, drawable(figure)
        self._names = wrap(name, self._NAME - 8, SANS, 8.5)
        self.alt = f"{drawable(name)}: {in_words(counts)}; {self._figure}"
        self.width, self.height = WIDTH, max(len(self._names) * 10.5, 12.0) + 7

    def split(self, width: float, height: float) -> list[Flowable]:
        """A name that no page has room for beside its bar is told above it."""
        if height < min(_ALMOST_A_PAGE, self.height):
            return []
        return [Paragraph(markup(self._name), BODY), StatusBar("", self._counts, self._figure)]

    def draw(self) -> None:
        """Draw it."""
        canvas: Any = self.canv
        middle = self.height / 2
        y = middle + (len(self._names) - 1) * 5.25 - 3
        canvas.setFillColor(INK)
        for line in self._names:
            draw(canvas, 0, y, line, SANS, 8.5)
            y -= 10.5
        wide = self.width - self._NAME - self._FIGURE
        draw_bar(canvas, self._counts, self._NAME, middle - 5.5, wide, 11)
        canvas.setFillColor(INK)
        draw(canvas, self.width, middle - 3, self._figure, BOLD, 8.5, "r")


class Legend(_Drawing):
    """Which colour and initial is which status, with how many controls have it."""

    _LINE = 14.0

    def __init__(self, counts: Counts) -> None:
        super().__init__()
        self._places: list[tuple[str, str, float, int]] = []
        x, line = 0.0, 0
        for status, n in counts:
            text = f"{_NAMES[status]} {n:,}"
            wide = 14 + measure(text, SANS, 8.5)
            if x and x + wide > WIDTH:
                x, line = 0.0, line + 1
            self._places.append((status, text, x, line))
            x += wide + 18
        self.width, self.height = WIDTH, line * self._LINE + 16.0

    def draw(self) -> None:
        """Draw it; the words are text, to be read as such."""
        canvas: Any = self.canv
        with tag(canvas, "P"):
            for status, text, x, line in self._places:
                y = self.height - 12 - line * self._LINE
                canvas.setFillColor(BAR_COLOURS[status])
                canvas.rect(x, y - 1, 10, 10, stroke=0, fill=1)
                canvas.setFillColor(BAR_INK[status])
                draw(canvas, x + 5, y + 1.3, _INITIALS[status], BOLD, 7.5, "c")
                canvas.setFillColor(INK)
                draw(canvas, x + 14, y + 1, text, SANS, 8.5)

    tags_itself = True


class Bar(_Drawing):
    """One bar over the whole width."""

    def __init__(self, counts: Counts, height: float = 16.0) -> None:
        super().__init__()
        self._counts = counts
        self.alt = in_words(counts)
        self.width, self.height = WIDTH, height

    def draw(self) -> None:
        """Draw it."""
        draw_bar(self.canv, self._counts, 0, 0, self.width, self.height)


class Figures(_Drawing):
    """A row of figures in boxes: (large text, what it is, a remark below)."""

    _GAP, _PAD = 10.0, 12.0
    tags_itself = True

    def __init__(self, figures: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._figures = figures
        self._box = (WIDTH - self._GAP * (len(figures) - 1)) / max(len(figures), 1)
        room = self._box - 2 * self._PAD
        self._names = [wrap(name, room, SANS, 8.5) for _, name, _ in figures]
        self._sizes = [self._size(drawable(figure), room) for figure, _, _ in figures]
        self._large = [
            wrap(figure, room, BOLD, size)
            for (figure, _, _), size in zip(figures, self._sizes, strict=True)
        ]
        self._remarks = [wrap(remark, room, SANS, 8) for _, _, remark in figures]
        name = max((len(lines) for lines in self._names), default=1) * 11.0
        large = max(
            (
                size * 1.16 + (len(lines) - 1) * size * 1.2
                for size, lines in zip(self._sizes, self._large, strict=True)
            ),
            default=29.0,
        )
        # All boxes have their figures on one line, however many lines names and figures take.
        self._figure_top, self._remark_top = 10 + name, 13 + name + large
        self.width = WIDTH
        remarks = max((len(lines) for lines in self._remarks), default=0)
        self.height = self._remark_top + 10.5 * remarks + 12

    @staticmethod
    def _size(figure: str, room: float) -> float:
        """25 points, less where the figure is too long for its box."""
        wide = measure(figure.replace("\n", " "), BOLD, 1)
        return 25.0 if not wide else max(9.0, min(25.0, room / wide - 0.01))

    def split(self, width: float, height: float) -> list[Flowable]:
        """Boxes that no page has room for become paragraphs."""
        if height < min(_ALMOST_A_PAGE, self.height):
            return []
        parts: list[Flowable] = []
        for figure, name, remark in self._figures:
            parts += [Paragraph(f"{markup(name)}: <b>{markup(figure)}</b>", BODY)]
            parts += [Paragraph(markup(remark), BODY), Spacer(1, 4)]
        return parts

    def draw(self) -> None:
        """Draw it."""
        canvas: Any = self.canv
        x = 0.0
        for n in range(len(self._figures)):
            with tag(canvas, "P"):
                self._draw_box(canvas, n, x)
            x += self._box + self._GAP

    def _draw_box(self, canvas: Any, n: int, x: float) -> None:
        canvas.setFillColor(ZEBRA)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.6)
        canvas.roundRect(x, 0, self._box, self.height, 4, stroke=1, fill=1)
        x += self._PAD
        canvas.setFillColor(MUTED)
        for k, line in enumerate(self._names[n]):
            draw(canvas, x, self.height - 18 - k * 11, line, SANS, 8.5)
        canvas.setFillColor(INK)
        size = self._sizes[n]
        for k, line in enumerate(self._large[n]):
            draw(
                canvas, x, self.height - self._figure_top - size - k * size * 1.2, line, BOLD, size
            )
        canvas.setFillColor(MUTED)
        for k, line in enumerate(self._remarks[n]):
            draw(canvas, x, self.height - self._remark_top - 8 - k * 10.5, line, SANS, 8)


class StatusHeading(_Drawing):
    """A control's id and title with its status in words at the right; a bookmark of its own.

    Stands in the outline below the last heading of a lower ``level``.
    """

    keepWithNext = 1
    outlined = True

    def __init__(self, title: str, status: str, *, level: int = 3, key: str = "") -> None:
        super().__init__()
        self._status = status
        self._label = label_width(status, 8) if status else 0.0
        self.level, self.key = level, key or key_of(title)
        self.plain = drawable(title).replace("\n", " ")
        if self._label > WIDTH / 3:
            # Not one of the four statuses: told in the title, where it can be wrapped.
            title, self._status, self._label = f"{title} - {status}", "", 0.0
        self._set(wrap(title, WIDTH - max(self._label + 12, 96), BOLD, 11))

    def _set(self, lines: list[str]) -> None:
        self._lines = lines
        self.width, self.height = WIDTH, len(lines) * 14 + 10

    def split(self, width: float, height: float) -> list[Flowable]:
        """Lines of a title taller than a page go on on the next."""
        fits = int((height - 10) // 14)
        if height < min(_ALMOST_A_PAGE, self.height) or fits < 1:
            return []
        first, rest = StatusHeading("", self._status), StatusHeading("", "")
        first.level, first.key, first.plain = self.level, self.key, self.plain
        rest.level, rest.key = self.level, ""
        first._set(self._lines[:fits])
        rest._set(self._lines[fits:])
        return [first, rest]

    def draw(self) -> None:
        """Draw it under a thin line."""
        canvas: Any = self.canv
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.8)
        canvas.line(0, self.height, self.width, self.height)
        y = self.height - 16
        canvas.setFillColor(INK)
        for line in self._lines:
            draw(canvas, 0, y, line, BOLD, 11)
            y -= 14
        if self._status:
            draw_label(canvas, self._status, self.width - self._label, self.height - 18, 8)
