"""Compliance metrics: the score, what it rests on, and how it divides.

Counts are aggregated per check and cell first and joined to controls afterwards: joining evidence
to controls before counting costs twelve times the rows for the same sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from include.assessment.result import STATUSES, Assessment, ControlResult
from include.metrics.model import Metrics, percent

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


def compute_metrics(assessment: Assessment) -> Metrics:
    """Every figure of an assessment's report. Pure: equal assessments give equal metrics."""
    cells = _cell_frame(assessment)
    failing = _failing_frame(assessment)
    controls = pd.DataFrame(
        [(c.id, c.set, c.status) for c in assessment.controls], columns=["control", "set", "status"]
    )
    by_set = controls.groupby(["set", "status"], sort=False).size()
    mapping = pd.DataFrame(
        [(c.set, m.id) for c in assessment.controls for m in c.checks if m.role != "shown"],
        columns=["set", "check"],
    )
    return Metrics(
        compliance=_compliance(assessment.controls),
        coverage=_coverage(assessment, cells),
        by_control_set=tuple(
            {
                "id": one.id,
                "title": one.title,
                **_tallied({s: int(by_set.get((one.id, s), 0)) for s in STATUSES}),
                "failing_resources": _failing_of_set(one.id, mapping, failing),
            }
            for one in assessment.sets
        ),
        by_account=tuple(
            {
                "account": account,
                **_tallied(_count([c.by_account[account] for c in assessment.controls])),
                **_cell_figures(cells[cells["account"] == account]),
                "failing_resources": _distinct(failing[failing["account"] == account]),
            }
            for account in assessment.accounts
        ),
        by_region=tuple(
            {
                "region": region or None,
                **_cell_figures(cells[cells["region"] == region]),
                "failing_resources": _distinct(failing[failing["region"] == region]),
            }
            for region in ("", *assessment.regions)
        ),
        by_severity=tuple(
            {
                "severity": severity,
                **_cell_figures(cells[cells["severity"] == severity]),
                "failing_checks": int(
                    failing.loc[failing["severity"] == severity, "check"].nunique()
                ),
                "failing_resources": _distinct(failing[failing["severity"] == severity]),
            }
            for severity in SEVERITIES
        ),
        resources={
            "failing": _distinct(failing),
            "excused": len(
                {e.resource for c in assessment.controls for m in c.checks for e in m.excused}
            ),
            "failed_and_fixed": _shown(assessment, "fixed"),
            "failed_and_gone": _shown(assessment, "gone"),
            "disagreements": len(
                {
                    (check.id, d.resource)
                    for check in assessment.checks
                    for cell in check.cells
                    for d in cell.disagreements
                }
            ),
        },
        evidence=_evidence(assessment),
    )


def _cell_frame(assessment: Assessment) -> pd.DataFrame:
    """One row per check and cell: the aggregate that everything else is counted from.

    ``asked`` marks the cells that coverage counts: those of checks some control requires.
    """
    required = {m.id for c in assessment.controls for m in c.checks if m.role == "required"}
    return pd.DataFrame(
        [
            (
                check.id,
                check.severity,
                check.judges,
                check.judges and check.id in required,
                cell.account,
                cell.region,
                cell.settled,
                cell.passing,
                len(cell.failing),
                len(cell.unanswered),
            )
            for check in assessment.checks
            for cell in check.cells
        ],
        columns=[
            "check",
            "severity",
            "judges",
            "asked",
            "account",
            "region",
            "settled",
            "passing",
            "failing",
            "unanswered",
        ],
    )


def _failing_frame(assessment: Assessment) -> pd.DataFrame:
    """What fails a check that counts for a control, one row per check and resource."""
    counting = {m.id for c in assessment.controls for m in c.checks if m.role != "shown"}
    return pd.DataFrame(
        [
            (check.id, check.severity, cell.account, cell.region, failing.resource)
            for check in assessment.checks
            if check.id in counting
            for cell in check.cells
            for failing in cell.failing
        ],
        columns=["check", "severity", "account", "region", "resource"],
    )


def _distinct(failing: pd.DataFrame) -> int:
    return int(failing["resource"].nunique())


def _failing_of_set(set_id: str, mapping: pd.DataFrame, failing: pd.DataFrame) -> int:
    checks = mapping.loc[mapping["set"] == set_id, "check"]
    return _distinct(failing[failing["check"].isin(checks)])


def _count(statuses: Sequence[str]) -> dict[str, int]:
    return {status: sum(s == status for s in statuses) for status in STATUSES}


def _tallied(counts: Mapping[str, int]) -> dict[str, Any]:
    total = sum(counts.values()) - counts["NOT_APPLICABLE"]
    return {
        "total_controls": total,
        "compliant_controls": counts["COMPLIANT"],
        "non_compliant_controls": counts["NON_COMPLIANT"],
        "inconclusive_controls": counts["INCONCLUSIVE"],
        "not_applicable_controls": counts["NOT_APPLICABLE"],
        "compliance_score": percent(counts["COMPLIANT"], total),
    }


def _compliance(controls: Sequence[ControlResult]) -> dict[str, Any]:
    return _tallied(_count([control.status for control in controls]))


def _coverage(assessment: Assessment, cells: pd.DataFrame) -> dict[str, Any]:
    """How much could be judged: of the controls, and of the required checks' cells."""
    counts = _count([control.status for control in assessment.controls])
    judged = counts["COMPLIANT"] + counts["NON_COMPLIANT"]
    total = judged + counts["INCONCLUSIVE"]
    wanted = cells[cells["asked"].astype(bool)]
    answered = int(wanted["settled"].sum())
    return {
        "controls_judged": judged,
        "controls_total": total,
        "controls_percent": percent(judged, total),
        "controls_awaiting_manual_evidence": sum(
            c.status == "INCONCLUSIVE" and c.manual is not None and not c.manual.settled
            for c in assessment.controls
        ),
        "cells_answered": answered,
        "cells_total": len(wanted),
        "cells_percent": percent(answered, len(wanted)),
    }


def _cell_figures(cells: pd.DataFrame) -> dict[str, Any]:
    judging = cells[cells["judges"].astype(bool)]
    wanted = cells[cells["asked"].astype(bool)]
    answered = int(wanted["settled"].sum())
    return {
        "cells_answered": answered,
        "cells_total": len(wanted),
        "cells_percent": percent(answered, len(wanted)),
        "passing_results": int(judging["passing"].sum()),
        "failing_results": int(judging["failing"].sum()),
        "unanswered_results": int(judging["unanswered"].sum()),
    }


def _shown(assessment: Assessment, kind: str) -> int:
    return len(
        {
            (check.id, shown.resource)
            for check in assessment.checks
            for cell in check.cells
            for shown in getattr(cell, kind)
        }
    )


def _evidence(assessment: Assessment) -> dict[str, Any]:
    counts = assessment.evidence
    return {
        "total_evidence_items": counts.total,
        "mapped_evidence_items": counts.mapped,
        "evidence_sources": sorted(counts.by_source),
        "by_source": dict(counts.by_source),
        "by_known": dict(counts.by_known),
        "by_source_and_known": {s: dict(k) for s, k in counts.by_source_and_known.items()},
        "by_result": dict(counts.by_result),
    }
