"""The last period's result of the same framework and scope: an input of this period's."""

from __future__ import annotations

from dataclasses import replace

from include.assessment.period import previous
from include.assessment.result import Assessment
from include.clock import iso
from include.runs.plan import Plan
from include.runs.workspace import Reference, Workspace


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
    if key is None:
        return None
    folder = runs.below(key)
    for name in folder.newest_first("assessment"):
        value, reference = folder.get_json(name)
        found = Assessment.from_json(value)
        if found.status != "INTERIM":
            return found, reference
    return None
