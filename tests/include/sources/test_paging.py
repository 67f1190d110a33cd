"""Listings are followed to their end, and one that can't be is said to be cut short."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import known_as, pages


class _Client:
    """Answers a listing from a script of (items, next token)."""

    def __init__(self, script: dict[str, tuple[list[int], str]]) -> None:
        self.script = script
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name="demo"))

    def list_things(self, **request: Any) -> dict[str, Any]:
        items, token = self.script[request.get("NextToken", "")]
        return {"Things": items, "ResponseMetadata": {}} | ({"NextToken": token} if token else {})


@pytest.fixture
def out() -> Iterator[SnapshotWriter]:
    """A writer for some cell."""
    cell = Cell("inspector", "111111111111", "us-east-1", parse_period("2026-10"), "0" * 64)
    with SnapshotWriter(cell) as writer:
        yield writer


def _read(out: SnapshotWriter, script: dict[str, tuple[list[int], str]]) -> list[int]:
    listings = pages(out, _Client(script), "ListThings", "Things")
    return [item for listing in listings for item in listing.items]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"": ([], "")}, []),
        ({"": ([1], "")}, [1]),
        ({"": ([1, 2], "a"), "a": ([3, 4], "b"), "b": ([5], "")}, [1, 2, 3, 4, 5]),
        # An empty page with a token is not the end.
        ({"": ([], "a"), "a": ([], "b"), "b": ([5], "")}, [5]),
    ],
)
def test_a_listing_is_followed_to_its_end(
    out: SnapshotWriter, script: dict[str, tuple[list[int], str]], expected: list[int]
) -> None:
    assert _read(out, script) == expected
    assert not out.cut_short
    assert out.finish("COMPLETE").status == "COMPLETE_EMPTY"


@pytest.mark.parametrize(
    "script",
    [
        {"": ([1], "a"), "a": ([2], "a")},
        {"": ([1], "a"), "a": ([2], "b"), "b": ([3], "a")},
    ],
)
def test_a_token_that_comes_again_makes_the_cell_partial(
    out: SnapshotWriter, script: dict[str, tuple[list[int], str]]
) -> None:
    _read(out, script)
    assert out.finish("COMPLETE").status == "PARTIAL"
    assert "same page token twice" in " ".join(out.notes)


def test_evidence_counts_as_contemporaneous_for_seven_days() -> None:
    from datetime import timedelta

    period = parse_period("2026-10")
    settled = period.end + timedelta(days=7)
    assert known_as(settled - timedelta(seconds=1), period) == "CONTEMPORANEOUS"
    assert known_as(settled, period) == "RECONSTRUCTED"
