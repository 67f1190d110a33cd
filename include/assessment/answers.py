"""From what the sources yielded in one place to one answer per check.

A check is answered in a cell when at least one source covers it completely, no source that could
hide a failure ended incomplete, and every resource in the population has a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from include.assessment.judging import Judge
from include.assessment.period import Period
from include.assessment.result import ANSWER_ORDER, SOURCE_NAMES, Answer, CellAnswer
from include.assessment.tally import Tally
from include.checks.catalogue import Check, CheckSource
from include.clock import from_iso
from include.evidence.deployment import Deployment
from include.evidence.identity import ACCOUNT_TYPE
from include.evidence.receipt import BLOCKING

#: States of a source in a place besides a receipt's: never collected, left out on purpose.
NOT_COLLECTED = "NOT_COLLECTED"
NOT_ASKED = "NOT_ASKED"
#: While a source stands like this, a failure may be hidden: nobody else's answer is enough.
HIDES: frozenset[str] = BLOCKING | {"EXCLUDED", NOT_COLLECTED, NOT_ASKED}

_SAID = {
    "PARTIAL": "was cut short",
    "DENIED": "was denied",
    "EXPIRED": "lost its credentials",
    "FAILED": "failed",
    "EXCLUDED": "is excluded by decision",
    NOT_COLLECTED: "was not collected",
    NOT_ASKED: "was left out of this run",
    "NOT_ENABLED": "is not enabled",
    "BEYOND_REACH": "no longer remembers the period",
}


@dataclass
class Yield:
    """What one account's snapshots say besides evidence, by source and region."""

    standing: dict[tuple[str, str], str] = field(default_factory=dict)
    deployments: dict[tuple[str, str, str], list[Deployment]] = field(default_factory=dict)

    def stands(self, source: str, region: str) -> str:
        """The receipt's status (of several: the worst), or NOT_COLLECTED."""
        return self.standing.get((source, region), NOT_COLLECTED)


#: Which sources answered a check in a cell before: (check, account, cell region, source).
Before = frozenset[tuple[str, str, str, str]]


def cell_regions(check: Check, regions: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The cells of a check in one account: the cell's region ('' for all) and where to look."""
    if check.locality == "account":
        return [("", tuple(regions))]
    return [(region, (region,)) for region in regions]


def answer_cell(
    check: Check,
    account: str,
    region: str,
    places: Sequence[str],
    found: Yield,
    tally: Tally,
    judge: Judge,
    period: Period,
    before: Before = frozenset(),
) -> CellAnswer:
    """The answer of ``check`` in one cell, looked for in ``places`` (regions)."""
    asked = [s for s in check.sources if s.judges or not check.judges]
    notes: list[str] = []
    blocked = False
    covering: list[tuple[str, str]] = []
    nearest: list[Answer] = []
    for source in asked:
        here: list[Answer] = []
        for place in places:
            state, note = _source_state(check, source, place, found, tally, judge, period)
            if note:
                notes.append(note)
            if state == "COVERS":
                covering.append((source.source, place))
                here.append("ANSWERED")
            elif state == "HIDES":
                blocked = True
                here.append("INCOMPLETE")
            else:
                here.append(state)
        nearest += here
        gone = "ANSWERED" not in here and "INCOMPLETE" not in here
        if gone and (check.id, account, region, source.source) in before:
            blocked = True
            notes.append(f"{SOURCE_NAMES[source.source]} answered last period and is gone now")
    unanswered = tally.unanswered()
    if unanswered:
        notes.append(f"no source has a verdict on {len(unanswered)} of the resources")
    return CellAnswer(
        account=account,
        region=region,
        answer=_answer(check, blocked, covering, nearest, unanswered, tally),
        sources=tuple(dict.fromkeys(source for source, _ in covering)),
        answered_in=tuple(place for place in places if any(place == p for _, p in covering)),
        passing=tally.passing(),
        failing=tally.failing(account),
        unanswered=unanswered,
        disagreements=tally.disagreements(),
        fixed=tally.shown_fixed(),
        gone=tally.shown_gone(),
        blocked=blocked,
        evidence=tally.rows,
        notes=tuple(dict.fromkeys(notes)),
    )


def _answer(
    check: Check,
    blocked: bool,
    covering: Sequence[tuple[str, str]],
    nearest: Sequence[Answer],
    unanswered: Sequence[str],
    tally: Tally,
) -> Answer:
    if blocked:
        return "INCOMPLETE"
    if not covering:
        return max(nearest, key=ANSWER_ORDER.index, default="NOT_DEPLOYED")
    if unanswered:
        return "INCOMPLETE"
    if tally.words or (not check.judges and tally.rows):
        return "ANSWERED"
    verdicts = any(s.answers in ("verdict", "assertion") for s in check.sources)
    if check.resource_type == ACCOUNT_TYPE and verdicts and not tally.not_applicable:
        # The account is always there: no word about it means that nobody looked.
        return "NEVER_EVALUATED"
    return "NO_RESOURCES"


#: A source in a place: it covers the check, it may hide a failure, or why it is silent.
_State = Answer | Literal["COVERS", "HIDES"]


def _source_state(
    check: Check,
    source: CheckSource,
    place: str,
    found: Yield,
    tally: Tally,
    judge: Judge,
    period: Period,
) -> tuple[_State, str]:
    """``COVERS``, ``HIDES`` (it may hide a failure), or the answer that says why it is silent."""
    name = source.source
    at = f"{SOURCE_NAMES[name]} in {place}"
    standing = found.stands(name, place)
    if standing in HIDES:
        return "HIDES", f"{at} {_SAID[standing]}"
    if standing == "NOT_ENABLED":
        return "NOT_DEPLOYED", f"{at} is not enabled"
    if standing == "BEYOND_REACH":
        return "BEYOND_REACH", f"{at} {_SAID[standing]}"
    deployed = [
        deployment
        for keyword in source.all_keywords
        for deployment in found.deployments.get((name, place, keyword), [])
    ]
    fitting = [d for d in deployed if judge.compare(check, d) != "other"]
    if not fitting:
        return "NOT_DEPLOYED", f"{at} has other parameters than the check" if deployed else ""
    states = [_deployment_state(d, period) for d in fitting]
    if "ACTIVE" not in states:
        state: Answer = max(
            (s for s in states if s != "ACTIVE"), key=ANSWER_ORDER.index, default="NOT_DEPLOYED"
        )
        return state, f"{at}: {state.lower().replace('_', ' ')}"
    if all(d.narrowed for d, state in zip(fitting, states, strict=True) if state == "ACTIVE"):
        return "INCOMPLETE", f"{at} looks at part of the resources only"
    if (name, place) in tally.current:
        return "BEYOND_REACH", f"{at} speaks of the present only"
    return "COVERS", ""


def _deployment_state(deployment: Deployment, period: Period) -> Answer | Literal["ACTIVE"]:
    """The state, distrusting an ACTIVE one whose last evaluation lies before the period."""
    last = deployment.last_evaluated
    if deployment.state == "ACTIVE" and last and from_iso(last) < period.start:
        return "STALE"
    return deployment.state


def before_from_report(report: Mapping[str, object]) -> Before:
    """Which sources answered what, read from an earlier ``report.json``."""
    out: set[tuple[str, str, str, str]] = set()
    controls = report.get("controls")
    for control in controls if isinstance(controls, list) else []:
        for check in control["checks"]:
            for cell in check["answers"]:
                for source in cell["sources"]:
                    out.add((check["id"], cell["account"], cell["region"] or "", source))
    return frozenset(out)
