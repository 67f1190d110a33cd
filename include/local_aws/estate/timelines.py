"""When each part of each resource is in which state: things break and are fixed on known days."""

from __future__ import annotations

import random
from collections.abc import Sequence

from include.local_aws.estate.account_states import BRIEF
from include.local_aws.estate.aspects import Aspect
from include.local_aws.estate.checks import deployable_checks
from include.local_aws.estate.edges import Edge
from include.local_aws.estate.parameters import DAY, HOUR, Parameters, moment
from include.local_aws.estate.plan import Planned, Span, State, Timeline
from include.local_aws.estate.resource_states import ASPECTS

#: (resource's ARN, aspect's name)
Part = tuple[str, str]


def lasting_checks(given: Parameters, checks: Sequence[str]) -> frozenset[str]:
    """The checks that may still be violated when the last period ends; the rest is in order then.

    Without this, in any larger estate every single check would fail in the end.
    """
    rng = given.rng("lasting")
    drawn = {check: rng.random() < 0.5 for check in checks}
    # What only an API call can tell is always among them: its last word is hard to be sure of.
    only_by_call = {check.id for check in deployable_checks() if not check.judged_by_aws}
    return frozenset(check for check, lasts in drawn.items() if lasts or check in only_by_call)


def assign_edges(
    given: Parameters, bodies: Sequence[Planned], edges: Sequence[Edge], avoid: frozenset[str]
) -> dict[Part, list[Edge]]:
    """Choose the part that each edge happens to, as many different aspects as can be.

    ``avoid``: checks that nobody watches here. A part takes one edge per boundary, as two would
    contradict each other. Edges for which no part is left are dropped (tiny places only).
    """
    start = given.history_start
    if not edges:
        return {}
    rng = given.rng("edge parts", bodies[0].resource.arn)
    by_aspect: dict[str, list[Part]] = {}
    for body in bodies:
        if body.resource.created >= start or body.resource.deleted is not None:
            continue
        for aspect in ASPECTS.get(body.kind, ()):
            if aspect.edges and aspect.mutable and aspect.checks and not aspect.checks & avoid:
                by_aspect.setdefault(aspect.name, []).append((body.resource.arn, aspect.name))
    # One part of each aspect, then the second of each …: neighbours differ in their aspect.
    names = sorted(by_aspect)
    rng.shuffle(names)
    for parts in by_aspect.values():
        rng.shuffle(parts)
    pool = [
        by_aspect[name][depth]
        for depth in range(max(map(len, by_aspect.values()), default=0))
        for name in names
        if depth < len(by_aspect[name])
    ]
    taken: dict[Part, list[Edge]] = {}
    position = 0
    for edge in edges:
        for _ in range(len(pool)):
            part = pool[position % len(pool)]
            position += 1
            mine = taken.setdefault(part, [])
            if all(other.boundary != edge.boundary for other in mine):
                mine.append(edge)
                break
    return {part: found for part, found in taken.items() if found}


def timeline(
    given: Parameters,
    body: Planned,
    aspect: Aspect,
    edges: Sequence[Edge],
    lasting: frozenset[str],
) -> Timeline:
    """The states of one part over the resource's life."""
    rng = given.rng("timeline", body.resource.arn, aspect.name)
    good = rng.choice(aspect.good)
    if not aspect.bad:
        return [(body.resource.created, good)]
    if edges:
        spans = _edge_spans(rng, given, edges)
        return _alternate(body, good, rng.choice(aspect.bad), spans)
    rate = aspect.rate
    if not aspect.mutable and body.resource.deleted is not None:
        # A settled flaw is a reason to remove a resource.
        rate = max(rate, 0.6)
    if rng.random() >= rate:
        return [(body.resource.created, good)]
    bad = rng.choice(aspect.bad)
    may_last = lasting.issuperset(bad.violates)
    if not aspect.mutable:
        return [(body.resource.created, bad if _may_be_bad(given, body, may_last) else good)]
    if aspect.name in BRIEF:
        return _alternate(body, good, bad, _brief(rng, given))
    return _alternate(body, good, bad, _episodes(rng, given, body, may_last))


def interrupted(body: Planned, aspect: Aspect, spans: Sequence[Span]) -> Timeline:
    """Good but for these spans, which something else depends on too."""
    return _alternate(body, aspect.good[0], aspect.bad[0], spans)


def _alternate(body: Planned, good: State, bad: State, spans: Sequence[Span]) -> Timeline:
    """Good but for the spans, which are in order and apart."""
    states: Timeline = []
    created, deleted = body.resource.created, body.resource.deleted
    if not spans or spans[0][0] > created:
        states.append((created, good))
    for start, end in spans:
        states.append((max(start, created), bad))
        if end is not None and (deleted is None or end < deleted):
            states.append((end, good))
    return states


def _episodes(rng: random.Random, given: Parameters, body: Planned, may_last: bool) -> list[Span]:
    """One bad time, sometimes two; from the beginning, or breaking on some day of the history."""
    created, deleted = body.resource.created, body.resource.deleted
    limit = given.boundaries[-1] - DAY
    floor = max(created + HOUR, given.history_start)
    ceiling = min(given.now, deleted or given.now)
    if not may_last:
        ceiling = min(ceiling, limit)
    spans: list[Span] = []
    if rng.random() < 0.25:
        end = moment(rng, floor + DAY, ceiling)
        if end is not None:
            spans.append((created, end))
            floor = end + 2 * DAY
        elif may_last:
            return [(created, None)]
    for _ in range(1 if spans or rng.random() < 0.8 else 2):
        start = moment(rng, floor, ceiling)
        if start is None:
            break
        end = moment(rng, start + DAY // 6, min(ceiling, start + rng.randint(2, 45) * DAY))
        if may_last and (end is None or rng.random() < 0.4):
            return [*spans, (start, None)]
        if end is None:
            break
        spans.append((start, end))
        floor = end + 2 * DAY
    return spans


def _brief(rng: random.Random, given: Parameters) -> list[Span]:
    """A few hours to a day in the middle of some month."""
    first = rng.choice(given.months_started[:-1])
    start = first + rng.randint(5, 24) * DAY + rng.randint(7 * HOUR, 15 * HOUR)
    return [(start, start + rng.randint(2 * HOUR, 26 * HOUR))]


def _edge_spans(rng: random.Random, given: Parameters, edges: Sequence[Edge]) -> list[Span]:
    """Bad times so that each edge breaks or fixes exactly when it should."""
    spans: list[Span] = []
    ordered = sorted(edges, key=lambda edge: edge.at)
    for position, edge in enumerate(ordered):
        if edge.turn == "fix":
            start = moment(rng, edge.boundary - 24 * DAY, edge.boundary - 4 * DAY)
            spans.append((start or edge.boundary - 6 * DAY + 9 * HOUR, edge.at))
            continue
        latest = min(given.now, edge.boundary + 20 * DAY)
        if position + 1 < len(ordered):
            latest = min(latest, ordered[position + 1].boundary - 25 * DAY)
        spans.append((edge.at, moment(rng, edge.boundary + DAY, latest)))
        if spans[-1][1] is None and position + 1 < len(ordered):
            spans[-1] = (edge.at, edge.boundary + DAY + 9 * HOUR)
    return spans


def _may_be_bad(given: Parameters, body: Planned, may_last: bool) -> bool:
    """A settled flaw goes only with its resource; unless it may last, that must go in time."""
    deleted = body.resource.deleted
    return may_last or (deleted is not None and deleted < given.boundaries[-1] - DAY)


def certificate_expiry(given: Parameters, body: Planned, lasting: frozenset[str]) -> int:
    """When a server certificate ends: mostly in a year or two, for some within the history."""
    rng = given.rng("certificate", body.resource.arn)
    may_last = "server-certificates-valid" in lasting
    if rng.random() < 0.35 and _may_be_bad(given, body, may_last):
        low = max(given.history_start, body.resource.created + DAY)
        end = moment(rng, low, min(given.now, body.resource.deleted or given.now))
        if end is not None:
            return end
    return given.now + rng.randint(60, 700) * DAY + rng.randint(0, DAY)


def shared(of_account: Timeline, body: Planned, aspect: Aspect) -> Timeline:
    """The account's timeline told in the states of another resource's aspect.

    The resource is younger than the account, but older than the account's first change.
    """
    told = [(at, aspect.bad[0] if state.violates else aspect.good[0]) for at, state in of_account]
    return [(body.resource.created, told[0][1]), *told[1:]]
