"""The benchmark of long PDFs still runs, and would notice a missing row or a missed target."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.collecting.figures import Figure
from benchmarks.report import Sizes, main, measure, read
from benchmarks.reporting.rows import COLUMNS, rows
from benchmarks.reporting.sides import SIDES

TINY = Sizes(small=40, large=90, long=130, paragraphs=50, pages=4)


def test_all_targets_are_measured_at_sizes_too_small_to_mean_anything() -> None:
    figures = measure(TINY, 1)
    assert all(figure.value > 0 for figure in figures)
    assert len([figure for figure in figures if figure.target is not None]) == 6


@pytest.mark.parametrize("side", SIDES)
def test_every_side_draws_all_rows(side: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.pdf"
    SIDES[side](345, path)()
    pages, found = read(path, by_text=side == "paragraphs")
    assert found == 345
    assert pages >= 8


def test_a_row_that_is_missing_from_the_file_ends_the_benchmark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "read", lambda path, by_text=False: (1, 12))
    with pytest.raises(AssertionError, match="12 of 40 rows are in the file"):
        measure(TINY, 1)


def test_a_missed_target_says_so_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "measure", lambda *_: [Figure("a page", 3.0, "ms CPU", 2.5)])
    assert main(["1"]) == 1
    assert "at most 2.5: MISSED" in capsys.readouterr().out


def test_the_rows_are_told_apart_and_have_all_columns() -> None:
    some = list(rows(500))
    assert len({row[0] for row in some}) == 500
    assert {len(row) for row in some} == {len(COLUMNS)}
