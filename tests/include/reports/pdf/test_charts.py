"""The trend says what it shows in words, and holds any number of periods."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from include.reports.pdf.charts import TrendLine
from include.reports.pdf.style import MARGIN, WIDTH
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


def test_it_says_what_it_shows_and_what_is_unknown() -> None:
    chart = TrendLine([("2026-09", 50.0, 80.25), ("2026-10", None, 81.0)])
    assert chart.alt == (
        "Compliance score and coverage by period: 2026-09 50 % and 80.2 %; 2026-10 unknown and 81 %"
    )


def test_a_value_is_written_as_the_caller_wants_it() -> None:
    assert "50.00 %" in TrendLine([("a", 50.0, None)], shown=lambda v: f"{v:.2f}").alt
