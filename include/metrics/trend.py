"""The trend: one point per period that has a final result."""

from __future__ import annotations

from collections.abc import Sequence

from include.assessment.result import Assessment
from include.metrics.failures import counting_checks
from include.metrics.model import Row, percent
from include.metrics.rollup import compliance_of, controls_judged


def point_of(assessment: Assessment) -> Row:
    """One result as a point; names the result by its content digest."""
    compliance = compliance_of(assessment)
    counting = counting_checks(assessment)
    failing: set[str] = set()
    for check in assessment.checks:
        if check.id in counting:
            failing.update(one.resource for cell in check.cells for one in cell.failing)
    return {
        "period": assessment.period,
        "start": assessment.period_start,
        "end": assessment.period_end,
        "status": assessment.status,
        "score": compliance["compliance_score"],
        "coverage": percent(*controls_judged(assessment)),
        "compliant": compliance["compliant_controls"],
        "non_compliant": compliance["non_compliant_controls"],
        "inconclusive": compliance["inconclusive_controls"],
        "not_applicable": compliance["not_applicable_controls"],
        "failing_resources": len(failing),
        "content_digest": assessment.content_digest,
    }


def trend_of(earlier: Sequence[Row], assessment: Assessment) -> tuple[Row, ...]:
    """The points of earlier results and this one, which has none while it is INTERIM."""
    if assessment.status == "INTERIM":
        return tuple(earlier)
    return (*earlier, point_of(assessment))
