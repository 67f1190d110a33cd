"""How a reader finds their way: headings with bookmarks, and the table of contents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from reportlab.platypus import Flowable, Paragraph

from include.reports.pdf.style import BOLD, INK, LINE, MUTED, SANS, WIDTH
from include.reports.pdf.tagging import Element, artifact, tag
from include.reports.pdf.text import draw, drawable, measure, wrap


class Heading(Paragraph):  # type: ignore[misc]
    """A paragraph that is a bookmark: ``key`` names it, ``level`` 1 to 3 ranks it.

    Made by ``layout.heading``. The attributes are set there: reportlab makes new paragraphs of
    this class when it splits one.
    """

    level = 0
    key = ""
    plain = ""

    def split(self, width: float, height: float) -> list[Flowable]:
        """Only the first part is the bookmark; all are of the same level."""
        parts: list[Flowable] = super().split(width, height)
        for n, part in enumerate(parts):
            part.level = self.level
            part.key, part.plain = (self.key, self.plain) if n == 0 else ("", "")
        return parts


def key_of(title: str) -> str:
    """The bookmark of a heading that was given none of its own: its title."""
    return f"heading {title}"


class Entry(NamedTuple):
    """A line of the contents: level 1 or 2, the heading's title, and its key if it has one."""

    level: int
    title: str
    key: str = ""


class _Line(NamedTuple):
    entry: Entry
    lines: list[str]
    height: float


class Contents(Flowable):  # type: ignore[misc]
    """A table of contents: each line a link, its page number right because it is drawn last.

    ``entries`` are (level, title, key) in order; a key left out is ``key_of(title)``. Raises
    ``LookupError`` when the document is written and a heading of that key is not in it.
    """

    tags_itself = True
    _INDENT, _NUMBERS = 16.0, 34.0

    def __init__(self, entries: Sequence[tuple[int, str] | tuple[int, str, str]]) -> None:
        super().__init__()
        self._start([self._line(Entry(*entry)) for entry in entries])

    def _start(self, lines: list[_Line]) -> None:
        self._lines = lines
        self.width, self.height = WIDTH, sum(line.height for line in lines)
        self._toc: Element | None = None

    def _line(self, entry: Entry) -> _Line:
        font, size, leading, above = self._type(entry)
        room = WIDTH - self._left(entry) - self._NUMBERS
        lines = wrap(entry.title.replace("\n", " "), room, font, size)
        return _Line(entry, lines, len(lines) * leading + above)

    @staticmethod
    def _type(entry: Entry) -> tuple[str, float, float, float]:
        """Font, size, leading and the space above."""
        return (BOLD, 9.5, 13.0, 7.0) if entry.level == 1 else (SANS, 8.5, 12.0, 2.0)

    def _left(self, entry: Entry) -> float:
        return self._INDENT * (entry.level - 1)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its size."""
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """As many lines as fit, and the rest."""
        room, n = height, 0
        while n < len(self._lines) and room >= self._lines[n].height:
            room -= self._lines[n].height
            n += 1
        if n == 0:
            return []
        parts: list[Flowable] = []
        for lines in (self._lines[:n], self._lines[n:]):
            part = Contents.__new__(Contents)
            Flowable.__init__(part)
            part._start(lines)
            parts.append(part)
        return parts

    def draw(self) -> None:
        """Draw titles and links; the numbers wait for the last page."""
        canvas: Any = self.canv
        toc = Element("TOC", canvas.tags.document)
        y = self.height
        left, bottom = canvas.absolutePosition(0, 0)
        for entry, lines, height in self._lines:
            font, size, leading, above = self._type(entry)
            key = entry.key or key_of(entry.title)
            item = Element("TOCI", toc)
            x, base = self._left(entry), y - above - size
            with tag(canvas, "Reference", parent=item):
                canvas.setFillColor(INK)
                for n, line in enumerate(lines):
                    draw(canvas, x, base - n * leading, line, font, size)
            end = x + measure(lines[-1], font, size) + 4
            base -= (len(lines) - 1) * leading
            canvas.link_parent = item
            canvas.linkRect(
                drawable(entry.title), key, (0, y - height, WIDTH, y - above), relative=1
            )
            canvas.link_parent = None
            canvas.later(self._number(key, left, bottom + base, end, font, size))
            y -= height

    def _number(self, key: str, left: float, y: float, end: float, font: str, size: float) -> Any:
        """Draws the page's number and the line that leads to it."""

        def number(canvas: Any, _: int) -> None:
            if key not in canvas.page_of:
                raise LookupError(f"The contents name a heading that is not there: {key!r}")
            shown = str(canvas.page_of[key])
            width = measure(shown, font, size)
            with artifact(canvas):
                canvas.setFillColor(INK if font == BOLD else MUTED)
                draw(canvas, left + WIDTH, y, shown, font, size, "r")
                if left + WIDTH - width - 4 - left - end > 8:
                    canvas.setStrokeColor(LINE)
                    canvas.setLineWidth(0.5)
                    canvas.setDash(0.5, 2.5)
                    canvas.line(left + end, y + 1, left + WIDTH - width - 4, y + 1)
                    canvas.setDash()

        return number
