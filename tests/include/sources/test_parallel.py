"""Several listings at once: all pages, in an order that time doesn't change, bounded, faster."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.parallel import parallel_pages

SIZES = {"a": 5, "b": 1, "c": 3, "d": 0}


class _Slow:
    """A listing per letter, of as many pages as SIZES says, each after a random while."""

    meta = SimpleNamespace(
        service_model=SimpleNamespace(service_name="demo"), region_name="us-east-1"
    )

    def __init__(self, seed: int, *, wait: float = 0.003, failing: str = "") -> None:
        self._random = random.Random(seed)
        self._wait, self._failing = wait, failing
        self.asked = 0
        self.at_once, self.most = 0, 0
        self._lock = threading.Lock()

    def list_things(self, Part: str, NextToken: str = "0") -> dict[str, Any]:
        with self._lock:
            self.asked += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            wait = self._random.uniform(0.5, 1.5) * self._wait
        time.sleep(wait)
        with self._lock:
            self.at_once -= 1
        number = int(NextToken)
        if self._failing == f"{Part}{number}":
            raise RuntimeError(self._failing)
        more = number + 1 < SIZES[Part]
        things = [f"{Part}{number}"] if SIZES[Part] else []
        return {"Things": things} | ({"NextToken": str(number + 1)} if more else {})


@pytest.fixture
def out() -> Iterator[SnapshotWriter]:
    """A writer for some cell."""
    cell = Cell("inspector", "111111111111", "us-east-1", parse_period("2026-10"), "0" * 64)
    with SnapshotWriter(cell) as writer:
        yield writer


def listing(out: SnapshotWriter, client: _Slow, parts: str = "abcd") -> Iterator[str]:
    requests = [{"Part": part} for part in parts]
    for page in parallel_pages(out, client, "ListThings", "Things", requests):
        yield from page.items


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_the_same_however_long_each_answer_takes(
    out: SnapshotWriter, seed: int
) -> None:
    found = list(listing(out, _Slow(seed)))
    assert found == ["a0", "b0", "c0", "a1", "c1", "a2", "c2", "a3", "a4"]
    assert out.finish("COMPLETE").status == "COMPLETE_EMPTY"


def test_the_listings_are_asked_at_the_same_time(out: SnapshotWriter) -> None:
    client = _Slow(1, wait=0.05)
    list(listing(out, client))
    assert client.most >= 3


def test_pages_ahead_are_bounded(out: SnapshotWriter) -> None:
    SIZES["e"] = 1000
    client = _Slow(1, wait=0.0)
    # Other tests of the process may have left threads of their own.
    before = threading.active_count()
    pages = listing(out, client, "ae")
    next(pages)
    time.sleep(0.1)
    # Of each: the one handed over, two held, one that waits for a place.
    assert client.asked <= 2 * 4
    pages.close()  # type: ignore[attr-defined]
    assert threading.active_count() <= before


def test_an_error_comes_after_all_pages_before_it(out: SnapshotWriter) -> None:
    found = []
    with pytest.raises(RuntimeError, match="c1"):
        for item in listing(out, _Slow(3, failing="c1")):
            found.append(item)
    assert found == ["a0", "b0", "c0", "a1"]
