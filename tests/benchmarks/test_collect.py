"""The benchmark of collecting still runs: every part, at sizes too small to mean anything.

The sides of a part check each other: that they saw the same findings and came to the same totals.
"""

from __future__ import annotations

import importlib

import pytest

from benchmarks.collect import PARTS, main
from benchmarks.collecting.figures import Figure, in_turn, ratio


@pytest.mark.parametrize("part", ["fetch", "whole", "sizes", "clients", "storage"])
def test_a_part_measures_and_has_targets(part: str) -> None:
    figures = importlib.import_module(f"benchmarks.collecting.{PARTS[part][0]}").measure(True)
    assert all(figure.value != 0 for figure in figures)
    assert any(figure.target is not None for figure in figures)
    assert len({figure.what for figure in figures}) > 1


def test_storage_keeps_its_promise_at_any_size() -> None:
    from benchmarks.collecting.storing import measure

    assert not [str(figure) for figure in measure(True) if figure.missed]


def test_a_missed_target_says_so_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "benchmarks.collecting.storing.measure",
        lambda quick: [Figure("one", 3.0, "MB", 2.0), Figure("two", 3.0, "x", 2.0, at_most=False)],
    )
    assert main(["--quick", "storage"]) == 1
    told = capsys.readouterr().out
    assert "at most 2: MISSED" in told and "at least 2: met" in told


def test_an_unknown_part_is_refused_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "storage" in capsys.readouterr().err


def test_sides_run_in_turn_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def side(name: str) -> int:
        order.append(name)
        return 1

    found = in_turn({"a": lambda: side("a"), "b": lambda: side("b")}, 2)
    assert order == ["a", "b"] * 3
    assert [len(values) for _, values in found.values()] == [2, 2]
    assert ratio([4.0, 9.0, 6.0], [2.0, 3.0, 3.0]) == 2.0
