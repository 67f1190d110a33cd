"""What portfolio.pdf draws by itself: a line for each framework, with bar, score and trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.platypus import Flowable

from include.assessment.result import STATUSES
from include.reports.model import percent_text
from include.reports.pages.drawing import points
from include.reports.pdf.drawings import draw_bar
from include.reports.pdf.style import ACCENT, BOLD, INK, LINE, MUTED, SANS, WIDTH
from include.reports.pdf.text import draw, wrap

#: Left edge of each column in points, numbers end at the next one's.
_BAR, _SCORE, _BEFORE, _TREND, _COVERAGE = 158.0, 318.0, 366.0, 412.0, 470.0
_TREND_WIDTH = 44.0


class FrameworksHead(Flowable):  # type: ignore[misc]
    """The headings above the frameworks' lines."""

    width, height = WIDTH, 17.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it over a hairline."""
        canvas: Any = self.canv
        canvas.setFillColor(MUTED)
        for x, text, align in (
            (0.0, "Framework", "l"),
            (_BAR, "Controls by status", "l"),
            (_BEFORE - 6, "Score", "r"),
            (_TREND - 6, "Change", "r"),
            (_TREND + 2, "Trend", "l"),
            (WIDTH, "Coverage", "r"),
        ):
            draw(canvas, x, 5, text, BOLD, 7.5, align)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.6)
        canvas.line(0, 0, WIDTH, 0)


class FrameworkLine(Flowable):  # type: ignore[misc]
    """One framework: its name, controls by status, score, change, trend and coverage.

    ``row`` is one of the portfolio's frameworks.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        super().__init__()
        self._row = row
        self._title = wrap(row["title"], _BAR - 12, BOLD, 8.5)
        self._id = wrap(row["framework"], _BAR - 12, SANS, 7.2)
        lines = max(len(self._title) * 11 + len(self._id) * 9.5, 24)
        self.width, self.height = WIDTH, lines + 11.0
        self.alt = (
            f"{row['title']}: score {percent_text(row['score'])}, "
            f"coverage {percent_text(row['coverage'])}"
        )

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw it over a hairline."""
        canvas, row = self.canv, self._row
        y = self.height - 14
        canvas.setFillColor(INK)
        for line in self._title:
            draw(canvas, 0, y, line, BOLD, 8.5)
            y -= 11
        canvas.setFillColor(MUTED)
        for line in self._id:
            draw(canvas, 0, y + 1, line, SANS, 7.2)
            y -= 9.5
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.4)
        canvas.line(0, 0, WIDTH, 0)
        middle = self.height / 2
        counts = [(status, row[f"{status.lower()}_controls"]) for status in STATUSES]
        draw_bar(canvas, counts, _BAR, middle - 5.5, _SCORE - _BAR - 4, 11)
        canvas.setFillColor(INK)
        draw(canvas, _BEFORE - 6, middle - 3, percent_text(row["score"]), BOLD, 8.8, "r")
        change = points(row["score_difference"]) if row["previous_period"] else "-"
        draw(canvas, _TREND - 6, middle - 3, change, SANS, 8.5, "r")
        draw(canvas, WIDTH, middle - 3, percent_text(row["coverage"]), SANS, 8.5, "r")
        _trend(canvas, [one["score"] for one in row["trend"]], _TREND + 2, middle)


def _trend(canvas: Any, values: Sequence[float | None], left: float, middle: float) -> None:
    """A small line over the periods with a score, the last one marked."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    if len(known) < 2:
        canvas.setFillColor(MUTED)
        draw(canvas, left, middle - 3, "first", SANS, 7.5)
        return
    low, high = (f(value for _, value in known) for f in (min, max))
    # At least ten points high, so that a tenth of a point is not drawn as a cliff.
    span = max(high - low, 10.0)
    places = [
        (
            left + n * _TREND_WIDTH / (len(values) - 1),
            middle + (value - (low + high) / 2) / span * 15,
        )
        for n, value in known
    ]
    canvas.setStrokeColor(ACCENT)
    canvas.setFillColor(ACCENT)
    canvas.setLineWidth(1.1)
    path = canvas.beginPath()
    path.moveTo(*places[0])
    for place in places[1:]:
        path.lineTo(*place)
    canvas.drawPath(path)
    canvas.circle(*places[-1], 1.9, stroke=0, fill=1)
