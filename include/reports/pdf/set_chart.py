"""The executive page's chart: a bar of statuses for every control set, in one or two columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.platypus import Flowable

from include.assessment.result import STATUSES
from include.reports.model import percent_text
from include.reports.pdf.drawings import draw_bar, in_words
from include.reports.pdf.style import BOLD, INK, SANS, WIDTH
from include.reports.pdf.text import draw, drawable, measure

#: Up to that many sets stand below each other over the whole width.
_ONE_COLUMN = 8
_GAP, _ROW, _SIZE = 22.0, 15.0, 8.0


class SetChart(Flowable):  # type: ignore[misc]
    """Name, bar and score of each set; a name too long for its place is cut with an ellipsis."""

    def __init__(self, sets: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._sets = sets
        self._columns = 1 if len(sets) <= _ONE_COLUMN else 2
        self._lines = -(-len(sets) // self._columns)
        self._wide = (WIDTH - _GAP * (self._columns - 1)) / self._columns
        self.width, self.height = WIDTH, self._lines * _ROW + 2
        self.alt = "; ".join(f"{drawable(_name(one))}: {in_words(_counts(one))}" for one in sets)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it, down the first column and then the second."""
        canvas: Any = self.canv
        name, figure = (186.0, 50.0) if self._columns == 1 else (112.0, 42.0)
        for n, one in enumerate(self._sets):
            x = (n // self._lines) * (self._wide + _GAP)
            y = self.height - (n % self._lines + 1) * _ROW
            canvas.setFillColor(INK)
            text = drawable(_name(one))
            draw(canvas, x, y + 4, _cut(text, name - 8), SANS, _SIZE)
            draw_bar(canvas, _counts(one), x + name, y + 1.5, self._wide - name - figure, 10)
            canvas.setFillColor(INK)
            score = percent_text(one["compliance_score"])
            draw(canvas, x + self._wide, y + 4, score, BOLD, _SIZE, "r")


def _name(one: Mapping[str, Any]) -> str:
    title = str(one["title"])
    return title if title.startswith(str(one["id"])) else f"{one['id']}  {title}"


def _counts(one: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(status, int(one[f"{status.lower()}_controls"])) for status in STATUSES]


def _cut(text: str, width: float) -> str:
    if measure(text, SANS, _SIZE) <= width:
        return text
    while text and measure(f"{text}\N{HORIZONTAL ELLIPSIS}", SANS, _SIZE) > width:
        text = text[:-1]
    return f"{text.rstrip()}\N{HORIZONTAL ELLIPSIS}"
