"""Other results of the same framework and scope as one: those it replaced, and the one before."""

from __future__ import annotations

from dataclasses import replace

from include.assessment.period import Period, previous
from include.assessment.result import Assessment
from include.clock import from_iso
from include.errors import InputError
from include.runs.published import folder_of
from include.runs.results import Result, final_results, find_results
from include.runs.workspace import Workspace


def revision(runs: Workspace, result: Result, back: int) -> Result:
    """The final result that stood ``back`` results before the one in force, of the same scope.

    A recomputed result stands beside the one before it; nothing is ever replaced. Raises
    InputError where there are not so many.
    """
    folder = runs.below(folder_of(result))
    there = 0
    for assessment, reference in final_results(folder):
        if there == back:
            return replace(result, assessment=assessment, reference=reference, population=None)
        there += 1
    raise InputError(
        f"{result.name} has {there} final result{'' if there == 1 else 's'} in this scope: there "
        f"is no ~{back}.",
        hint="~0 is the one in force." if there < 2 else f"The first one is ~{there - 1}.",
    )


def result_before(runs: Workspace, result: Result) -> Assessment | None:
    """The final result of the period before, of the same scope; None without one."""
    a = result.assessment
    last = previous(Period(from_iso(a.period_start), from_iso(a.period_end), a.period))
    if last is None:
        return None
    found = find_results(runs, a.framework, last.label)
    same = (one.assessment for one in found if one.final and one.scope == result.scope)
    return next(same, None)
