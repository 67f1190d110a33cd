"""Limiters: nothing is refused at a known rate, an unknown one is found, chance is no limit."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.aws.rates import DOCUMENTED, Limiter, Limiters, Rate


@dataclass
class World:
    """A service with a token bucket, some cursors asking it, and a clock that jumps."""

    rate: float
    burst: float
    latency: float
    cursors: int
    pages: int
    known: Rate | None = None
    chance: float = 0.0
    now: float = 0.0
    calls: int = 0
    refused: int = 0
    in_a_row: int = 0
    _events: list[Any] = field(default_factory=list)

    def run(self) -> float:
        """Seconds until all pages have come."""
        self.limiter = Limiter(self.known, lambda: self.now)
        self._random, self._number = random.Random(1), itertools.count()
        self._tokens, self._at, self._left = self.burst, 0.0, self.pages
        for _ in range(self.cursors):
            self._next()
        while self._events:
            self.now, _, action, times = heapq.heappop(self._events)
            action(times)
        return self.now

    @property
    def floor(self) -> float:
        chains = self.pages * self.latency / self.cursors
        bucket = (self.pages - self.burst) / self.rate + self.latency if self.rate else 0
        return max(chains, bucket)

    def _later(self, wait: float, action: Callable[[int], None], times: int) -> None:
        heapq.heappush(self._events, (self.now + wait, next(self._number), action, times))

    def _next(self) -> None:
        if self._left:
            self._left -= 1
            self._queue(0)

    def _queue(self, times: int) -> None:
        wait = self.limiter.take()
        self._later(wait, self._queue if wait else self._arrive, times)

    def _arrive(self, times: int) -> None:
        self.calls += 1
        passes = self._random.random() >= self.chance
        if self.rate:
            self._tokens += (self.now - self._at) * self.rate
            self._tokens, self._at = min(self.burst, self._tokens), self.now
            passes = passes and self._tokens >= 1
            self._tokens -= passes
        self._later(self.latency, self._answer if passes else self._refuse, times)

    def _answer(self, _: int) -> None:
        self.limiter.passed()
        self._next()

    def _refuse(self, times: int) -> None:
        self.refused += 1
        self.in_a_row = max(self.in_a_row, times + 1)
        self.limiter.refused()
        self._later(self.limiter.pause(times + 1), self._queue, times + 1)


@pytest.mark.parametrize(("latency", "cursors"), [(0.05, 1), (0.05, 4), (0.5, 4), (1.0, 5)])
def test_at_a_documented_rate_nothing_is_refused_and_little_is_left(
    latency: float, cursors: int
) -> None:
    world = World(3, 6, latency, cursors, 240, known=DOCUMENTED["securityhub", "GetFindings"])
    assert world.floor / world.run() >= 0.97
    assert world.refused == 0


@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (3, 6), (10, 10), (10, 30)])
@pytest.mark.parametrize("latency", [0.05, 0.2])
@pytest.mark.parametrize("cursors", [1, 4])
def test_an_unknown_rate_is_found(rate: float, burst: float, latency: float, cursors: int) -> None:
    world = World(rate, burst, latency, cursors, 200)
    assert world.floor / world.run() >= 0.85
    assert world.in_a_row < 50


def test_a_documented_rate_that_somebody_else_shares_is_found_anew() -> None:
    world = World(1.5, 3, 0.2, 4, 200, known=DOCUMENTED["securityhub", "GetFindings"])
    assert world.floor / world.run() >= 0.9


def test_a_limit_that_was_lifted_is_noticed() -> None:
    world = World(1, 1, 0.05, 4, 60)
    world.run()
    at_first = world.limiter.rate
    world.now += 120
    assert at_first < 2
    assert world.limiter.rate > 5


@pytest.mark.parametrize(("latency", "cursors"), [(0.005, 1), (0.005, 8), (0.02, 8)])
def test_refusals_by_chance_are_not_taken_for_a_limit(latency: float, cursors: int) -> None:
    world = World(0, 0, latency, cursors, 1000, chance=0.2)
    # What the repeated calls take by themselves, and a short pause before each of them.
    repeated = world.floor / 0.8 + 1000 * 0.3 * 0.05 / cursors
    assert world.run() < 2 * repeated


def test_what_many_operations_share_is_kept_to_from_the_first_refusal_on() -> None:
    limiter = Limiter(Rate(10, 30, at_once=False), lambda: 0.0)
    assert [limiter.take() for _ in range(100)] == [0.0] * 100
    limiter.refused()
    assert limiter.take() > 0
    assert limiter.rate < 10


def test_calls_share_a_bucket_by_account_region_and_class_of_operation() -> None:
    limiters = Limiters()
    hub = limiters.of("1", "us-east-1", "securityhub", "GetFindings")
    assert limiters.of("1", "us-east-1", "securityhub", "GetFindings") is hub
    assert limiters.of("2", "us-east-1", "securityhub", "GetFindings") is not hub
    assert limiters.of("1", "eu-west-1", "securityhub", "GetFindings") is not hub
    history = limiters.of("1", "us-east-1", "securityhub", "GetFindingHistory")
    assert limiters.of("1", "us-east-1", "securityhub", "DescribeHub") is history
    rules = limiters.of("1", "us-east-1", "config", "DescribeConfigRules")
    assert limiters.of("1", "us-east-1", "config", "GetComplianceDetailsByConfigRule") is not rules
    assert rules.rate == float("inf")
