"""Measured figures beside their targets, and how sides are measured in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the result. ``target`` None: for comparison only."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = True

    @property
    def missed(self) -> bool:
        """Whether there is a target and it isn't met."""
        if self.target is None:
            return False
        return self.value > self.target if self.at_most else self.value < self.target

    def __str__(self) -> str:
        line = f"  {self.what:<58} {self.value:>10,.3f} {self.unit:<18}"
        if self.target is None:
            return line.rstrip()
        bound = "at most" if self.at_most else "at least"
        return f"{line} {bound} {self.target:g}: {'MISSED' if self.missed else 'met'}"


def in_turn(
    sides: Mapping[str, Callable[[], int]], rounds: int
) -> dict[str, tuple[float, list[float]]]:
    """CPU milliseconds per unit of each side (a side returns its units): median, all rounds.

    Each round runs every side once, one after the other, so that what slows the machine down
    slows all of them; the first round warms up and isn't counted.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            start = time.process_time()
            units = side()
            if number:
                found[name].append((time.process_time() - start) / units * 1000)
    return {name: (statistics.median(values), values) for name, values in found.items()}


def ratio(of: Iterable[float], to: Iterable[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def memory(field: str) -> float:
    """A line of this process's memory in MB: ``VmHWM`` (its peak), ``VmRSS`` (now). Linux."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(field)
