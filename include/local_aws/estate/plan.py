"""The parts of a plan: a resource, what its configuration will be when, and what that violates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from include.local_aws.estate.store import Resource

#: [from, to) in epoch seconds; ``None``: still so.
Span = tuple[int, int | None]


@dataclass(frozen=True)
class Act:
    """An API call that somebody makes. Texts in ``request`` may hold {id}, {name}, {arn} …

    ``by``: one of the account's people, its root user, or the IAM user the act is about.
    """

    name: str
    source: str
    request: Mapping[str, Any] = field(default_factory=dict)
    by: Literal["people", "root", "itself"] = "people"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What a part of a configuration looks like, the checks it violates, the call leading to it."""

    facts: Mapping[str, Any]
    violates: tuple[str, ...] = ()
    act: Act | None = None


#: When which state begins, oldest first; each lasts until the next or the resource's end.
Timeline = list[tuple[int, State]]


@dataclass
class Planned:
    """One resource and its whole story."""

    resource: Resource
    kind: str
    facts: list[tuple[str, Any, int, int | None]] = field(default_factory=list)
    violations: list[tuple[str, int, int | None]] = field(default_factory=list)
    acts: list[tuple[int, Act]] = field(default_factory=list)

    def values(self) -> dict[str, str]:
        """What placeholders in facts and requests stand for."""
        r = self.resource
        return {
            "arn": r.arn,
            "id": r.resource_id,
            "name": r.resource_name,
            "account": r.account,
            "region": r.region or "us-east-1",
        }


def union(spans: Iterable[Span]) -> list[Span]:
    """The maximal intervals that the spans cover; touching ones become one."""
    merged: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if end is not None and end <= start:
            continue
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            last = merged[-1][1]
            merged[-1] = (
                merged[-1][0],
                None if last is None or end is None else max(last, end),
            )
        else:
            merged.append((start, end))
    return merged


def clipped(spans: Iterable[Span], end: int | None) -> list[Span]:
    """The spans as far as they lie before ``end`` (None: no limit)."""
    if end is None:
        return list(spans)
    return [(a, end if b is None else min(b, end)) for a, b in spans if a < end]


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """A copy of a JSON value with the placeholders in its texts filled in."""
    if isinstance(value, str):
        return value.format_map(values) if "{" in value else value
    if isinstance(value, Mapping):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(item, values) for item in value]
    return value
