"""Whether a source covers a check in a place, may hide a failure, or why it is silent; with proof.

"Ran and found nothing" is an answer only of what is proven to have run: a rule deployed, a control
enabled or a call made, working at the period's end, over the whole population.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from include.assessment.judging import Judge
from include.assessment.period import Period
from include.assessment.result import ANSWER_ORDER, Answer, Proof
from include.assessment.tally import Tally
from include.checks.check import Check, CheckSource
from include.clock import from_iso
from include.evidence.deployment import Deployment
from include.evidence.item import SOURCE_NAMES
from include.evidence.receipt import BLOCKING

#: States of a source in a place besides a receipt's: never collected, left out on purpose, not
#: part of the scope.
NOT_COLLECTED = "NOT_COLLECTED"
NOT_ASKED = "NOT_ASKED"
NOT_IN_SCOPE = "NOT_IN_SCOPE"
#: While a source stands like this, a failure may be hidden: nobody else's answer is enough.
HIDES: frozenset[str] = BLOCKING | {"EXCLUDED", NOT_COLLECTED, NOT_ASKED, NOT_IN_SCOPE}

_SAID = {
    "PARTIAL": "was cut short",
    "DENIED": "was denied",
    "EXPIRED": "lost its credentials",
    "FAILED": "failed",
    "EXCLUDED": "is excluded by decision",
    NOT_COLLECTED: "was not collected",
    NOT_ASKED: "was left out of this run",
    NOT_IN_SCOPE: "is not in the scope of this run",
    "NOT_ENABLED": "is not enabled",
    "BEYOND_REACH": "no longer remembers the period",
}


@dataclass
class Yield:
    """What one account's snapshots say besides evidence, by source and region."""

    standing: dict[tuple[str, str], str] = field(default_factory=dict)
    deployments: dict[tuple[str, str, str], list[Deployment]] = field(default_factory=dict)

    def stands(self, source: str, region: str) -> str:
        """The receipt's status (of several: the worst), or why there is none."""
        return self.standing.get((source, region), NOT_IN_SCOPE)


@dataclass(frozen=True)
class Stand:
    """One source in one place. ``state``: it covers the check, hides, or why it is silent."""

    source: str
    place: str
    state: Answer | Literal["COVERS", "HIDES"]
    note: str = ""
    proof: tuple[Proof, ...] = ()

    @property
    def answer(self) -> Answer:
        """The state as an answer."""
        if self.state == "COVERS":
            return "ANSWERED"
        return "INCOMPLETE" if self.state == "HIDES" else self.state


def stands_of(
    check: Check,
    source: CheckSource,
    places: Sequence[str],
    found: Yield,
    tally: Tally,
    judge: Judge,
    period: Period,
) -> list[Stand]:
    """How ``source`` stands to ``check`` in each of ``places`` (regions) of one cell."""
    here = [stand_of(check, source, place, found, tally, judge, period) for place in places]
    if source.answers == "events" and {s.state for s in here} != {"COVERS"}:
        # What may have happened in any region is known only where all have been looked at.
        return [replace(s, state="INCOMPLETE") if s.state == "COVERS" else s for s in here]
    return here


def stand_of(
    check: Check,
    source: CheckSource,
    place: str,
    found: Yield,
    tally: Tally,
    judge: Judge,
    period: Period,
) -> Stand:
    """How ``source`` stands to ``check`` in ``place`` (a region)."""
    name = source.source
    at = f"{SOURCE_NAMES[name]} in {place}"
    standing = found.stands(name, place)
    if standing in HIDES:
        return Stand(name, place, "HIDES", f"{at} {_SAID[standing]}")
    if standing == "NOT_ENABLED":
        return Stand(name, place, "NOT_DEPLOYED", f"{at} is not enabled")
    if standing == "BEYOND_REACH":
        return Stand(name, place, "BEYOND_REACH", f"{at} {_SAID[standing]}")
    deployed = [
        deployment
        for keyword in source.all_keywords
        for deployment in found.deployments.get((name, place, keyword), [])
    ]
    fitting = [d for d in deployed if judge.compare(check, d) != "other"]
    if not fitting:
        why = f"{at} has other parameters than the check" if deployed else ""
        return Stand(name, place, "NOT_DEPLOYED", why)
    states = [(deployment, state_at_end(deployment, period)) for deployment in fitting]
    active = [deployment for deployment, state in states if state == "ACTIVE"]
    if not active:
        silent: list[Answer] = [state for _, state in states if state != "ACTIVE"]
        nearest = max(silent, key=ANSWER_ORDER.index)
        return Stand(name, place, nearest, f"{at}: {nearest.lower().replace('_', ' ')}")
    if all(deployment.narrowed for deployment in active):
        return Stand(name, place, "INCOMPLETE", f"{at} looks at part of the resources only")
    if (name, place) in tally.current:
        return Stand(name, place, "BEYOND_REACH", f"{at} speaks of the present only")
    proof = tuple(
        _proof(check, deployment, judge)
        for deployment in sorted(active, key=lambda d: (d.keyword, d.arn))
    )
    return Stand(name, place, "COVERS", proof=proof)


def _proof(check: Check, deployment: Deployment, judge: Judge) -> Proof:
    return Proof(
        source=deployment.source,
        region=deployment.region,
        deployment=deployment.arn,
        comparison=judge.compare(check, deployment),
        narrowed=deployment.narrowed,
        last_evaluated=deployment.last_evaluated,
    )


def state_at_end(deployment: Deployment, period: Period) -> Answer | Literal["ACTIVE"]:
    """The state, distrusting an ACTIVE one whose last evaluation lies before the period."""
    last = deployment.last_evaluated
    if deployment.state == "ACTIVE" and last and from_iso(last) < period.start:
        return "STALE"
    return deployment.state
