"""Earlier results of the same framework and scope: inputs of this period's result and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from include.assessment.period import Period, parse_period, previous
from include.assessment.result import Assessment
from include.clock import iso
from include.errors import AuditError, InputError
from include.runs.plan import Plan
from include.runs.results import final_results
from include.runs.workspace import Reference, Workspace

#: A period that is no month, quarter or year, as a folder's name has it: colons and the slash
#: between start and end are underscores there.
_START_AND_END = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d\d)_(\d\d)_(\d\d)(?:_(\d+))?Z"
    r"_(\d{4}-\d\d-\d\dT)(\d\d)_(\d\d)_(\d\d)(?:_(\d+))?Z"
)


def key_before(plan: Plan) -> str | None:
    """The key of the last period's plan, by which its results lie; None if there is no such one."""
    period = previous(plan.period)
    if period is None:
        return None
    return replace(plan, label=period.label, start=iso(period.start), end=iso(period.end)).key


def earlier_result(plan: Plan, runs: Workspace) -> tuple[Assessment, Reference] | None:
    """The newest final result of the last period, or None if there is none.

    ``runs`` holds the working files of all runs, one folder per plan key. A result may have been
    computed several times; the one written last counts, and the result that stands on it names
    its content digest. An INTERIM one says nothing final and is passed over. Raises AuditError
    for one that is not what its name says.
    """
    key = key_before(plan)
    return None if key is None else next(final_results(runs.below(key)), None)


def earlier_results(plan: Plan, runs: Workspace) -> Iterator[tuple[Assessment, Reference]]:
    """The newest final result of every earlier period, oldest first, read one at a time.

    Periods of the plan's own kind that end by its start: months before a month, fiscal years of
    the same calendar before a fiscal year; of any other length, what lies a whole number of
    lengths before. Same framework, same scope. A period without a final result is left out.
    Raises AuditError for a result that is not what its name says.
    """
    scope = plan.key.rpartition("_")[2]
    found = []
    for key in runs.folders(f"{plan.framework}_"):
        slug, _, suffix = key.removeprefix(f"{plan.framework}_").rpartition("_")
        period = _period_of(slug)
        if suffix == scope and period is not None and _comes_before(period, plan.period):
            found.append((period, key))
    for period, key in sorted(found):
        result = next(final_results(runs.below(key)), None)
        if result is None:
            continue
        assessment, reference = result
        if (assessment.framework, assessment.period) != (plan.framework, period.label):
            raise AuditError(
                f"{reference.uri} is a result of {assessment.framework} for {assessment.period}, "
                f"not of {plan.framework} for {period}.",
                hint="Somebody moved it: look into the bucket's log.",
            )
        yield result


def _period_of(slug: str) -> Period | None:
    """The inverse of a plan's slug; None for what isn't one."""
    if times := _START_AND_END.fullmatch(slug):
        start, end = (_time(*times.groups()[n : n + 5]) for n in (0, 5))
        slug = f"{start}/{end}"
    try:
        return parse_period(slug)
    except InputError:
        return None


def _time(day: str, hours: str, minutes: str, seconds: str, fraction: str | None) -> str:
    return f"{day}{hours}:{minutes}:{seconds}" + (f".{fraction}" if fraction else "") + "Z"


def _comes_before(period: Period, now: Period) -> bool:
    """Whether one is an earlier period of the other's kind and calendar."""
    if period.end > now.start:
        return False
    months, other = _months(now), _months(period)
    if months or other:
        # Also a whole number of them before, or years of two calendars would overlap.
        apart = _month(now) - _month(period)
        return months == other and apart % months == 0
    length = now.end - now.start
    return period.end - period.start == length and not (now.start - period.start) % length


def _month(period: Period) -> int:
    return period.start.year * 12 + period.start.month


def _months(period: Period) -> int:
    """How many whole months it has; 0 where it isn't made of months."""
    for at in (period.start, period.end):
        if (at.day, at.hour, at.minute, at.second, at.microsecond) != (1, 0, 0, 0, 0):
            return 0
    return (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
