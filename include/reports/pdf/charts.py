"""The PDF's charts: how score and coverage went over the periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from include.reports.pdf.style import ACCENT, BOLD, INK, LINE, MUTED, PAPER, SANS, WIDTH
from include.reports.pdf.text import draw, drawable, measure

#: Every point has its value written beside it up to this many; of more, the telling ones.
_MOST_LABELLED = 12
#: Size of the values in points; from a point to the baseline of a value over it, and below it.
_VALUE, _OVER, _UNDER = 7.0, 5.0, 10.5


class Point(NamedTuple):
    """A period; score and coverage in per cent, None where there is none."""

    period: str
    score: float | None
    coverage: float | None


def percent(value: float) -> str:
    """``62.5``: a value as it stands on a chart whose axis is in per cent."""
    return f"{value:.1f}".removesuffix(".0")


class TrendLine(Flowable):  # type: ignore[misc]
    """Score (solid line, discs) and coverage (dashed line, squares) by period, oldest first.

    The axis is 0 to 100 per cent, always. A value of None leaves a gap.
    """

    _LEFT, _RIGHT, _BELOW, _ABOVE = 26.0, 62.0, 18.0, 12.0

    def __init__(
        self,
        points: Sequence[tuple[str, float | None, float | None]],
        height: float = 132.0,
        shown: Callable[[float], str] = percent,
    ) -> None:
        super().__init__()
        self._points = [Point(*point) for point in points]
        self._shown = shown
        self.width, self.height = WIDTH, height
        self.alt = "Compliance score and coverage by period: " + "; ".join(
            f"{drawable(p.period)} {self._said(p.score)} and {self._said(p.coverage)}"
            for p in self._points
        )

    def _said(self, value: float | None) -> str:
        return "unknown" if value is None else f"{self._shown(value)} %"

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Its fixed size."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw axis, lines, points, their values, and which is which."""
        canvas: Any = self.canv
        self._axis(canvas)
        scores = [point.score for point in self._points]
        coverages = [point.coverage for point in self._points]
        labels = [*self._labels(coverages, 1, SANS), *self._labels(scores, 0, BOLD)]
        self._line(canvas, coverages, MUTED, (3, 2))
        self._line(canvas, scores, ACCENT, ())
        for x, y, text, font in labels:
            # A steep line is not to run through its values.
            canvas.setFillColor(PAPER)
            wide = measure(text, font, _VALUE) + 2
            canvas.rect(x - wide / 2, y - 0.8, wide, _VALUE - 0.4, stroke=0, fill=1)
        self._marks(canvas, coverages, MUTED, square=True)
        self._marks(canvas, scores, ACCENT, square=False)
        for x, y, text, font in labels:
            canvas.setFillColor(ACCENT if font == BOLD else MUTED)
            draw(canvas, x, y, text, font, _VALUE, "c")
        self._names(canvas)

    def _x(self, n: int) -> float:
        """Points lie in the middle of equal shares, one alone in the middle of all."""
        wide = WIDTH - self._LEFT - self._RIGHT
        return float(self._LEFT + wide * (n + 0.5) / len(self._points))

    def _y(self, value: float) -> float:
        tall = self.height - self._BELOW - self._ABOVE
        return float(self._BELOW + tall * min(max(value, 0.0), 100.0) / 100)

    def _axis(self, canvas: Any) -> None:
        canvas.setLineWidth(0.4)
        for value in (0, 25, 50, 75, 100):
            y = self._y(value)
            canvas.setStrokeColor(MUTED if value == 0 else LINE)
            canvas.line(self._LEFT, y, self.width - self._RIGHT, y)
            canvas.setFillColor(MUTED)
            draw(canvas, self._LEFT - 5, y - 2.5, str(value), SANS, 7, "r")
        draw(canvas, 0, self.height - 7, "%", SANS, 7)
        if not self._points:
            return
        share = (self.width - self._LEFT - self._RIGHT) / len(self._points)
        widest = max(measure(drawable(p.period), SANS, 7) for p in self._points) + 6
        every = max(1, int(-(-widest // share)))
        for n, point in enumerate(self._points):
            # The last period is the one that matters: counted from there.
            if (len(self._points) - 1 - n) % every == 0:
                draw(canvas, self._x(n), 5, drawable(point.period), SANS, 7, "c")

    def _line(
        self, canvas: Any, values: Sequence[float | None], colour: Color, dash: tuple[int, ...]
    ) -> None:
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(1.4)
        canvas.setDash(*dash) if dash else canvas.setDash()
        for n in range(1, len(values)):
            before, value = values[n - 1], values[n]
            if before is not None and value is not None:
                canvas.line(self._x(n - 1), self._y(before), self._x(n), self._y(value))
        canvas.setDash()

    def _marks(
        self, canvas: Any, values: Sequence[float | None], colour: Color, *, square: bool
    ) -> None:
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(1)
        canvas.setFillColor(PAPER if square else colour)
        for n, value in enumerate(values):
            if value is None:
                continue
            x, y = self._x(n), self._y(value)
            if square:
                canvas.rect(x - 2.2, y - 2.2, 4.4, 4.4, stroke=1, fill=1)
            else:
                canvas.circle(x, y, 2.3, stroke=0, fill=1)

    def _labels(
        self, values: Sequence[float | None], which: int, font: str
    ) -> Iterator[tuple[float, float, str, str]]:
        """Middle, baseline, text and font of the values written beside a line's points."""
        for n in self._telling(values):
            value = values[n]
            if value is not None:
                yield self._x(n), self._places(n)[which], self._shown(value), font

    def _places(self, n: int) -> tuple[float, float]:
        """Baselines of a period's score and coverage: one over, one below, never on each other."""
        score, coverage = self._points[n].score, self._points[n].coverage
        if score is None or coverage is None:
            only = self._y((score if coverage is None else coverage) or 0.0) + _OVER
            return only, only
        low, high = sorted((self._y(score), self._y(coverage)))
        below, over = low - _UNDER, high + _OVER
        if below < self._BELOW + 2:
            # No room over the axis: between the points, or else both over them.
            below = low + _OVER
            if below + _VALUE > high - 3:
                below, over = over, over + _VALUE + 1
        return (below, over) if score <= coverage else (over, below)

    def _telling(self, values: Sequence[float | None]) -> list[int]:
        """Which points have their value beside them: of many, the ends and the extremes."""
        known = [n for n, value in enumerate(values) if value is not None]
        if len(values) <= _MOST_LABELLED or not known:
            return known
        by_value = sorted(known, key=lambda n: (values[n] or 0.0, n))
        chosen: list[int] = []
        for n in (known[-1], known[0], by_value[0], by_value[-1]):
            if all(abs(n - other) > 1 for other in chosen):
                chosen.append(n)
        return sorted(chosen)

    def _names(self, canvas: Any) -> None:
        """What each line is, at its right end, apart from each other."""
        found = []
        for name, values in (
            ("Score", [point.score for point in self._points]),
            ("Coverage", [point.coverage for point in self._points]),
        ):
            known = [value for value in values if value is not None]
            found.append((self._y(known[-1]) if known else self._BELOW, name))
        found.sort()
        if found and found[1][0] - found[0][0] < 11:
            middle = min(
                max((found[0][0] + found[1][0]) / 2, self._BELOW + 6), self.height - self._ABOVE - 6
            )
            found = [(middle - 5.5, found[0][1]), (middle + 5.5, found[1][1])]
        x = self.width - self._RIGHT + 8
        for y, name in found:
            score = name == "Score"
            canvas.setStrokeColor(ACCENT if score else MUTED)
            canvas.setLineWidth(1.4 if score else 1)
            if not score:
                canvas.setDash(3, 2)
            canvas.line(x - 4, y, x + 10, y)
            canvas.setDash()
            canvas.setFillColor(ACCENT if score else PAPER)
            if score:
                canvas.circle(x + 3, y, 2.3, stroke=0, fill=1)
            else:
                canvas.rect(x + 0.8, y - 2.2, 4.4, 4.4, stroke=1, fill=1)
            canvas.setFillColor(INK)
            draw(canvas, x + 14, y - 2.6, name, BOLD if score else SANS, 7.5)
