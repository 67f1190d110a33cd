"""From a resource's history under one rule to evidence of the period's end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.evidence.cell import Cell
from include.evidence.item import Evidence, Known, Result
from include.sources.base import known_as
from include.sources.config_rules import Rule
from include.sources.timeline import Change, at_end

RESULTS: Mapping[str, Result] = {
    "COMPLIANT": "PASS",
    "NON_COMPLIANT": "FAIL",
    "NOT_APPLICABLE": "NOT_APPLICABLE",
    "INSUFFICIENT_DATA": "UNANSWERED",
}
_FAILING = frozenset({"NON_COMPLIANT"})


@dataclass(frozen=True)
class Observed:
    """What is known of one resource under one rule.

    ``status`` is what Config says now (None: nothing any more), true since ``recorded`` at the
    latest. ``changes`` reach back to the period's start where ``whole``.
    """

    rule: Rule
    resource: str
    resource_type: str
    status: str | None
    recorded: datetime | None
    changes: list[Change]
    whole: bool
    seen: datetime
    page: str
    offset: int


def evidence_of(
    cell: Cell, observed: Observed, *, ran_at_end: bool, attributes: Mapping[str, Any]
) -> Evidence | None:
    """How the resource stood at the period's end, and how that is known.

    None when it came after the end, or was gone before the start. What can't be known of the
    end is CURRENT_ONLY: the history doesn't reach back that far, or the recorder stood still.
    """
    period = cell.period
    standing = at_end(observed.changes, period, _FAILING)
    known: Known = known_as(observed.seen, period)
    failed: tuple[tuple[str, str], ...] = ()
    gone = False
    if standing is not None:
        status, since, failed, gone = (
            standing.status,
            standing.since,
            standing.failed,
            standing.gone,
        )
        if standing.moved_since or (not gone and status != observed.status):
            known = "RECONSTRUCTED"
    elif observed.status is None or observed.recorded is None or _born_later(observed):
        return None
    else:
        # No history of the end. What was recorded before it and is still current held then;
        # what was recorded later may be a repetition or a change.
        status, since = observed.status, observed.recorded
        if since >= period.end:
            known = "CURRENT_ONLY"
    rule = observed.rule.deployment
    return Evidence(
        source="aws_config",
        keyword=rule.keyword,
        account=cell.account,
        region=cell.region,
        event_source="config.amazonaws.com",
        event_name="GetComplianceDetailsByConfigRule",
        resource=observed.resource,
        resource_type=observed.resource_type,
        result=RESULTS.get(status, "UNANSWERED"),
        raw_status=status,
        known=known if ran_at_end else "CURRENT_ONLY",
        source_time=since,
        collected_at=observed.seen,
        in_population=not gone,
        deployment=rule.arn,
        parameters=dict(rule.parameters),
        failed=failed,
        attributes=attributes,
        page=observed.page,
        offset=observed.offset,
    )


def _born_later(observed: Observed) -> bool:
    """Whether the history is whole and begins after the end."""
    return observed.whole and bool(observed.changes)
