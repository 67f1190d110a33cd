"""Filter values as AWS services combine them: wanted values by OR, unwanted ones by AND.

Comparisons have the services' names. An attribute may have several values (a finding's
resources): a wanted value must match one of them, an unwanted value none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WANTED = frozenset({"EQUALS", "PREFIX", "CONTAINS", "CONTAINS_WORD"})


def _compares(comparison: str, value: str, wanted: str) -> bool:
    if comparison in ("EQUALS", "NOT_EQUALS"):
        return value == wanted
    if comparison in ("PREFIX", "PREFIX_NOT_EQUALS"):
        return value.startswith(wanted)
    if comparison == "CONTAINS_WORD":
        return wanted.lower() in value.lower().split()
    return wanted in value


def matches_strings(values: Sequence[str], conditions: Iterable[tuple[str, str]]) -> bool:
    """Whether an attribute passes its (comparison, value) conditions."""
    wanted: list[tuple[str, str]] = []
    for comparison, text in conditions:
        if comparison in _WANTED:
            wanted.append((comparison, text))
        elif any(_compares(comparison, value, text) for value in values):
            return False
    return not wanted or any(
        _compares(comparison, value, text) for comparison, text in wanted for value in values
    )


def matches_maps(
    pairs: Mapping[str, str], conditions: Iterable[tuple[str, str, str | None]]
) -> bool:
    """Whether a map passes (comparison, key, value) conditions; no value asks for the key alone."""
    wanted = []
    for comparison, key, text in conditions:
        holds = key in pairs and (text is None or _compares(comparison, pairs[key], text))
        if comparison in _WANTED:
            wanted.append(holds)
        elif holds:
            return False
    return not wanted or any(wanted)


def within(value: float | None, low: float | None, high: float | None) -> bool:
    """Whether a value lies in a closed range; an open end is None, and no value lies nowhere."""
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def contradiction(comparisons: Iterable[str]) -> str | None:
    """Why comparisons on one attribute can't stand together in Security Hub, or None."""
    used = set(comparisons)
    for one, others in (
        ("CONTAINS", ("NOT_CONTAINS",)),
        ("EQUALS", ("NOT_EQUALS", "PREFIX_NOT_EQUALS")),
    ):
        for other in others:
            if {one, other} <= used:
                return f"{one} and {other} can't be combined on one attribute"
    if used & {"CONTAINS", "NOT_CONTAINS"} and used - {"CONTAINS", "NOT_CONTAINS"}:
        return "CONTAINS and NOT_CONTAINS can't be combined with other comparisons"
    return None


def sorted_by(items: Iterable[Any], keys: Sequence[tuple[Any, bool]]) -> list[Any]:
    """``items`` by several (key function, descending) in order of weight; ties keep their order."""
    found = list(items)
    for key, descending in reversed(keys):
        found.sort(key=key, reverse=descending)
    return found
