"""The whole plan of one account and region: every resource, its history, its violations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from include.local_aws.estate.account_states import RECORDER
from include.local_aws.estate.checks import deployable_checks
from include.local_aws.estate.credentials import plan_credentials
from include.local_aws.estate.edges import Edge
from include.local_aws.estate.parameters import Parameters
from include.local_aws.estate.plan import Planned, Timeline
from include.local_aws.estate.population import Place, populate
from include.local_aws.estate.resource_states import ASPECTS, TOLD_BY_ACCOUNT
from include.local_aws.estate.timelines import (
    assign_edges,
    certificate_expiry,
    interrupted,
    lasting_checks,
    shared,
    timeline,
)
from include.local_aws.estate.unfold import unfold
from include.local_aws.estate.vulnerabilities import (
    CHECK,
    Vulnerability,
    find_vulnerabilities,
    violations,
)


@dataclass
class Story:
    """A resource with its plan; ``values`` fill the placeholders of requests."""

    planned: Planned
    values: dict[str, str]
    flaws: list[Vulnerability] = field(default_factory=list)


def tell(
    given: Parameters, place: Place, edges: Sequence[Edge], unseen: frozenset[str]
) -> Iterator[Story]:
    """Plan one place; its resources are in memory until the next place's turn.

    ``unseen``: checks that nobody watches here, which therefore make poor edges.
    """
    lasting = lasting_checks(given, [check.id for check in deployable_checks()] + [CHECK])
    population = populate(given, place)
    at_edges = assign_edges(given, population.bodies, edges, unseen)
    account: dict[str, Timeline] = {}
    for body in population.bodies:
        values = body.values() | population.context.get(body.resource.arn, {})
        timelines = []
        for aspect in ASPECTS.get(body.kind, ()):
            if aspect.name in TOLD_BY_ACCOUNT:
                told = shared(account[TOLD_BY_ACCOUNT[aspect.name]], body, aspect)
            elif aspect.name == RECORDER:
                told = interrupted(body, aspect, place.outages)
            else:
                mine = at_edges.get((body.resource.arn, aspect.name), ())
                told = timeline(given, body, aspect, mine, lasting)
            if body.kind == "Account":
                account[aspect.name] = told
            timelines.append(told)
        unfold(body, timelines, values, given.history_start)
        story = Story(body, values)
        if body.kind.startswith("User/"):
            plan_credentials(given, body, lasting=lasting)
        elif body.kind == "ServerCertificate":
            _certificate(given, body, lasting)
        elif body.kind == "Instance":
            story.flaws = list(find_vulnerabilities(given, body, lasting=lasting))
            body.violations += [(CHECK, *span) for span in violations(story.flaws, given.now)]
        yield story


def _certificate(given: Parameters, body: Planned, lasting: frozenset[str]) -> None:
    r = body.resource
    ends = certificate_expiry(given, body, lasting)
    body.facts.append(("Expiration", ends, r.created, r.deleted))
    if ends <= given.now:
        body.violations.append(("server-certificates-valid", ends, r.deleted))
