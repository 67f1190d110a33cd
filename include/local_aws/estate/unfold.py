"""From a plan to rows: a timeline of states becomes facts, violations and acts of people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from include.local_aws.estate.plan import Planned, Span, Timeline, filled, union


def add_property(
    planned: Planned, name: str, turns: Iterable[int], value_at: Callable[[int], Any]
) -> None:
    """Write a property's maximal intervals; its value can change only at one of ``turns``."""
    rows: list[tuple[int, Any]] = []
    for at in sorted(set(turns)):
        value = value_at(at)
        if not rows or rows[-1][1] != value:
            rows.append((at, value))
    ends = [at for at, _ in rows[1:]]
    for (start, value), end in zip(rows, [*ends, planned.resource.deleted], strict=True):
        planned.facts.append((name, value, start, end))


def unfold(
    planned: Planned, timelines: Iterable[Timeline], values: Mapping[str, str], since: int
) -> None:
    """Add what the timelines mean to the resource; acts only from ``since`` on.

    A property ``List/item`` is a switch: the facts hold ``List`` with the items that are on.
    """
    switches: dict[str, dict[str, list[tuple[int, bool]]]] = {}
    spans: dict[str, list[Span]] = {}
    for timeline in timelines:
        ends: list[int | None] = [at for at, _ in timeline[1:]]
        for (start, state), end in zip(timeline, [*ends, planned.resource.deleted], strict=True):
            for check in state.violates:
                spans.setdefault(check, []).append((start, end))
            if state.act is not None and start >= since and start > planned.resource.created:
                planned.acts.append((start, state.act))
        for name in timeline[0][1].facts:
            if "/" in name:
                group, item = name.split("/", 1)
                switches.setdefault(group, {})[item] = [
                    (at, bool(state.facts[name])) for at, state in timeline
                ]
            else:
                at_turn = {at: filled(state.facts[name], values) for at, state in timeline}
                add_property(planned, name, at_turn, at_turn.__getitem__)
    for group, items in switches.items():
        add_property(
            planned,
            group,
            (at for steps in items.values() for at, _ in steps),
            partial(_switched_on, items),
        )
    for check, found in spans.items():
        planned.violations += [(check, start, end) for start, end in union(found)]


def _switched_on(items: Mapping[str, list[tuple[int, bool]]], at: int) -> list[str]:
    return sorted(item for item, steps in items.items() if _latest(steps, at))


def _latest(steps: list[tuple[int, bool]], at: int) -> bool:
    return [on for start, on in steps if start <= at][-1]
