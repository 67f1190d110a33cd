"""From what the sources yielded in one place to one answer per check.

A check is answered in a cell when at least one source covers it completely, no source that could
hide a failure ended incomplete, and every resource in the population has a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.assessment.coverage import Stand, Yield, stands_of
from include.assessment.judging import Judge
from include.assessment.period import Period
from include.assessment.result import (
    ANSWER_ORDER,
    Answer,
    Assessment,
    CellAnswer,
    FailingResource,
    Finding,
)
from include.assessment.tally import Tally
from include.checks.check import Check, CheckSource
from include.clock import iso
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import SOURCE_NAMES

#: Which sources answered a check in a cell before: (check, account, cell region, source).
Before = frozenset[tuple[str, str, str, str]]


#: How a source stands that is no longer there. One that has forgotten the period, or sees part of
#: the resources only, is there.
_GONE: frozenset[str] = frozenset(
    {"NOT_DEPLOYED", "DISABLED", "NOT_RECORDED", "NEVER_EVALUATED", "STALE"}
)


def before_of(earlier: Assessment) -> Before:
    """Which sources answered what in an earlier result."""
    return frozenset(
        (check.id, cell.account, cell.region, source)
        for check in earlier.checks
        for cell in check.cells
        for source in cell.sources
    )


def cell_regions(check: Check, regions: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """The cells of a check in one account: the cell's region ('' for all) and where to look.

    A check of a fixed region is looked for there, also when the scope leaves that region out:
    then nobody knows, which is said.
    """
    if check.locality == "account":
        return [("", tuple(regions))]
    if check.locality != "region":
        return [(check.locality, (check.locality,))]
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
    covering: list[Stand] = []
    nearest: list[Answer] = []
    activity: dict[str, bool] = {}
    for source in asked:
        here = stands_of(check, source, places, found, tally, judge, period)
        notes += [stand.note for stand in here if stand.note]
        blocked = blocked or any(stand.state == "HIDES" for stand in here)
        covers = [stand for stand in here if stand.state == "COVERS"]
        covering += covers
        nearest += [stand.answer for stand in here]
        if source.answers == "events":
            activity[source.source] = bool(covers)
        gone = all(stand.state in _GONE for stand in here)
        if gone and (check.id, account, region, source.source) in before:
            blocked = True
            notes.append(f"{SOURCE_NAMES[source.source]} answered last period and is gone now")
    passing, failing = tally.passing(), tally.failing(account)
    silent_activity = _of_activity(check, account, region, tally, activity, period)
    if silent_activity is not None:
        passing, failing = passing + (not silent_activity), (*failing, *silent_activity)
    unanswered = tally.unanswered()
    if unanswered:
        notes.append(f"no source has a verdict on {len(unanswered)} of the resources")
    known = bool(tally.words) or silent_activity is not None
    return CellAnswer(
        account=account,
        region=region,
        answer=_answer(check, blocked, bool(covering), nearest, unanswered, tally, known),
        sources=tuple(dict.fromkeys(stand.source for stand in covering)),
        answered_in=tuple(place for place in places if any(place == s.place for s in covering)),
        passing=passing,
        failing=failing,
        unanswered=unanswered,
        disagreements=tally.disagreements(),
        fixed=tally.shown_fixed(),
        gone=tally.shown_gone(),
        blocked=blocked,
        evidence=tally.rows,
        proof=tuple(proof for stand in covering for proof in stand.proof),
        notes=tuple(dict.fromkeys(notes)),
    )


def _answer(
    check: Check,
    blocked: bool,
    covered: bool,
    nearest: Sequence[Answer],
    unanswered: Sequence[str],
    tally: Tally,
    known: bool,
) -> Answer:
    if blocked:
        return "INCOMPLETE"
    if not covered:
        return max(nearest, key=ANSWER_ORDER.index, default="NOT_DEPLOYED")
    if unanswered:
        return "INCOMPLETE"
    if known or (not check.judges and tally.rows):
        return "ANSWERED"
    verdicts = any(s.answers in ("verdict", "assertion") for s in check.sources)
    if check.resource_type == ACCOUNT_TYPE and verdicts and not tally.not_applicable:
        # The account is always there: no word about it means that nobody looked.
        return "NEVER_EVALUATED"
    return "NO_RESOURCES"


def _of_activity(
    check: Check,
    account: str,
    region: str,
    tally: Tally,
    covered: dict[str, bool],
    period: Period,
) -> tuple[FailingResource, ...] | None:
    """What it means for the account that the whole period was looked at and nothing was seen.

    None where it means nothing: something was seen, or not everything was looked at. Otherwise
    the account passes (an empty tuple), or fails, where something had to happen.
    """
    source = next(
        (s for s in check.sources if s.answers == "events" and covered.get(s.source)), None
    )
    if source is None or source.source in tally.said_by():
        return None
    if source.expected == "absent":
        return ()
    identity = account_identity(account, region or None)
    finding = _nothing_seen(source, region, period)
    return (FailingResource(identity, ACCOUNT_TYPE, account, region, (finding,)),)


def _nothing_seen(source: CheckSource, region: str, period: Period) -> Finding:
    return Finding(
        source=source.source,
        region=region,
        deployment=",".join(source.all_keywords),
        raw_status="NOT_SEEN",
        known="RECONSTRUCTED",
        source_time=iso(period.end),
        evidence_id="",
        since=iso(period.start),
    )
