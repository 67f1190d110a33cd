"""The trend says what it shows in words, and holds any number of periods."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pypdf
import pytest

from include.reports.pdf.charts import TrendLine
from include.reports.pdf.fonts import BOLD, SANS
from include.reports.pdf.style import MARGIN, WIDTH
from include.reports.pdf.text import measure
from tests.include.reports.pdf.hostile import build, characters


def points(count: int) -> list[tuple[str, float | None, float | None]]:
    """Periods of which every fifth has no score."""
    return [
        (f"{2020 + n // 12}-{n % 12 + 1:02d}", None if n % 5 == 4 else 40.0 + n, 90.0 - n)
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 12, 24, 60])
def test_labels_keep_within_the_page_and_apart(count: int, tmp_path: Path) -> None:
    (page,) = characters(build(tmp_path / "c.pdf", [TrendLine(points(count))]))
    chars = [char for char in page if 60 < char["top"] < 300]
    assert all(char["x0"] >= MARGIN - 1 and char["x1"] <= MARGIN + WIDTH + 1 for char in chars)
    for one, other in pairwise(chars):
        if abs(one["top"] - other["top"]) < 0.1 and one["x0"] < other["x0"]:
            assert other["x0"] >= one["x1"] - 0.5
    text = "".join(char["text"] for char in chars)
    assert "Score" in text
    assert "Coverage" in text
    if count:
        assert points(count)[-1][0] in text


@pytest.mark.parametrize("height", [92.0, 132.0])
@pytest.mark.parametrize(
    "pairs",
    [
        [(0.0, 0.0)],
        [(4.76, 49.21), (4.76, 44.44)],
        [(52.4, 90.5), (4.8, 44.4), (4.8, 49.2)],
        [(0.0, 3.0), (1.0, 0.5), (8.0, 9.0), (99.9, 100.0), (100.0, 100.0), (None, 0.0)],
        [(float(n), float(8 * n)) for n in range(12)],
        [(float(n % 5), float(n % 7)) for n in range(24)],
    ],
    ids=str,
)
def test_values_lie_on_neither_each_other_nor_the_axis(
    pairs: list[tuple[float | None, float]], height: float, tmp_path: Path
) -> None:
    chart = TrendLine([(f"p{n}", *pair) for n, pair in enumerate(pairs)], height)
    boxes = []
    for which, font in ((0, BOLD), (1, SANS)):
        values = [pair[which] for pair in pairs]
        for x, y, text, _ in chart._labels(values, which, font):
            half = measure(text, font, 7) / 2
            boxes.append((x - half, y, x + half, y + 5.2))
    assert len(boxes) >= min(len(pairs), 2)
    for n, (left, low, right, high) in enumerate(boxes):
        assert low >= chart._BELOW + 2
        assert high <= height
        for other in boxes[:n]:
            assert right <= other[0] or other[2] <= left or high <= other[1] or other[3] <= low
    assert len(pypdf.PdfReader(build(tmp_path / "c.pdf", [chart])).pages) == 1


def test_it_says_what_it_shows_and_what_is_unknown() -> None:
    chart = TrendLine([("2026-09", 50.0, 80.25), ("2026-10", None, 81.0)])
    assert chart.alt == (
        "Compliance score and coverage by period: 2026-09 50 % and 80.2 %; 2026-10 unknown and 81 %"
    )


def test_a_value_is_written_as_the_caller_wants_it() -> None:
    assert "50.00 %" in TrendLine([("a", 50.0, None)], shown=lambda v: f"{v:.2f}").alt
