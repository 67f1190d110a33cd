"""How many of a stratified sample are drawn from each stratum."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Stratum:
    """A part of a population, what it is (``("111111111111", "eu-west-1")``), and its share."""

    name: tuple[str, ...]
    population: int
    drawn: int


def share_out(sizes: Mapping[tuple[str, ...], int], wanted: int) -> list[Stratum]:
    """Shares in proportion to ``sizes``, one of each stratum at least; in the strata's order.

    Each next item goes to the stratum with the largest size / (2 x drawn + 1), the first by name
    among equals (Webster's method). Unlike with largest remainders, a larger sample never takes
    an item away from a stratum (https://en.wikipedia.org/wiki/Apportionment_paradox), so that it
    holds the smaller one. Where ``wanted`` is less than one of each, there is one of each.
    """
    drawn = dict.fromkeys(sizes, 1)
    queue = [(-Fraction(size, 3), name) for name, size in sizes.items() if size > 1]
    heapq.heapify(queue)
    for _ in range(min(wanted, sum(sizes.values())) - len(drawn)):
        _, name = heapq.heappop(queue)
        drawn[name] += 1
        if drawn[name] < sizes[name]:
            heapq.heappush(queue, (-Fraction(sizes[name], 2 * drawn[name] + 1), name))
    return [Stratum(name, size, drawn[name]) for name, size in sizes.items()]
