"""The roll-up: how the controls stand, and how answers and failures divide.

Answers are counted per check and cell first; what isn't additive (distinct resources) is grouped
once for each division.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from include.assessment.result import Assessment
from include.metrics.failures import Failure, counting_checks
from include.metrics.model import SEVERITIES, Row, percent


def tallied(statuses: Iterable[str]) -> Row:
    """Controls by status, and the score: compliant of all that are applicable."""
    counts = Counter(statuses)
    total = sum(counts.values()) - counts["NOT_APPLICABLE"]
    return {
        "total_controls": total,
        "compliant_controls": counts["COMPLIANT"],
        "non_compliant_controls": counts["NON_COMPLIANT"],
        "inconclusive_controls": counts["INCONCLUSIVE"],
        "not_applicable_controls": counts["NOT_APPLICABLE"],
        "compliance_score": percent(counts["COMPLIANT"], total),
    }


def compliance_of(assessment: Assessment) -> Row:
    """The controls by status, and the score."""
    return tallied(control.status for control in assessment.controls)


def controls_judged(assessment: Assessment) -> tuple[int, int]:
    """How many controls were decided either way, and of how many applicable ones."""
    counts = Counter(control.status for control in assessment.controls)
    judged = counts["COMPLIANT"] + counts["NON_COMPLIANT"]
    return judged, judged + counts["INCONCLUSIVE"]


class RollUp:
    """An assessment's answers and failures as frames, and the divisions counted from them."""

    def __init__(self, assessment: Assessment, failures: Sequence[Failure]) -> None:
        self._assessment = assessment
        self._cells = _cell_frame(assessment)
        self._failing = _failing_frame(assessment)
        self._failures = failures

    def coverage(self) -> Row:
        """How much could be judged: of the controls, and of the required checks' cells."""
        judged, total = controls_judged(self._assessment)
        asked = self._cells[self._cells["asked"]]
        answered = int(asked["settled"].sum())
        return {
            "controls_judged": judged,
            "controls_total": total,
            "controls_percent": percent(judged, total),
            "controls_awaiting_manual_evidence": sum(
                c.status == "INCONCLUSIVE" and c.manual is not None and not c.manual.settled
                for c in self._assessment.controls
            ),
            "cells_answered": answered,
            "cells_total": len(asked),
            "cells_percent": percent(answered, len(asked)),
        }

    def by_control_set(self) -> tuple[Row, ...]:
        """Per control set, in the framework's order."""
        statuses: dict[str, list[str]] = {}
        sets: set[tuple[str, str]] = set()
        for control in self._assessment.controls:
            statuses.setdefault(control.set, []).append(control.status)
            sets |= {(control.set, m.id) for m in control.checks if m.role != "shown"}
        mapping = pd.DataFrame(sorted(sets), columns=["set", "check"])
        pairs = self._failing[["check", "resource"]].drop_duplicates()
        failing = _counts(pairs.merge(mapping, on="check").groupby("set")["resource"].nunique())
        return tuple(
            {
                "id": one.id,
                "title": one.title,
                **tallied(statuses.get(one.id, ())),
                "failing_resources": failing.get(one.id, 0),
            }
            for one in self._assessment.sets
        )

    def by_account(self) -> tuple[Row, ...]:
        """Per account of the scope, in its order; each has a roll-up of its own."""
        figures, failing = self._figures("account"), self._distinct("account")
        return tuple(
            {
                "account": account,
                **tallied(c.by_account[account] for c in self._assessment.controls),
                **figures.get(account, _NOTHING),
                "failing_resources": failing.get(account, 0),
            }
            for account in self._assessment.accounts
        )

    def by_region(self) -> tuple[Row, ...]:
        """Per region that a check is answered in; None, first, is what holds for accounts."""
        figures, failing = self._figures("region"), self._distinct("region")
        places = ("", *self._assessment.regions)
        # Of a fixed region outside the scope nobody knows anything, which is counted too.
        beyond = sorted(set(figures) - set(places))
        return tuple(
            {
                "region": region or None,
                **figures.get(region, _NOTHING),
                "failing_resources": failing.get(region, 0),
            }
            for region in (*places, *beyond)
        )

    def by_severity(self) -> tuple[Row, ...]:
        """Per severity of the check, the worst first."""
        figures, failing = self._figures("severity"), self._distinct("severity")
        checks = self._distinct("severity", "check")
        return tuple(
            {
                "severity": severity,
                **figures.get(severity, _NOTHING),
                "failing_checks": checks.get(severity, 0),
                "failing_resources": failing.get(severity, 0),
            }
            for severity in SEVERITIES
        )

    def by_resource_type(self) -> tuple[Row, ...]:
        """Per type of resource that judging checks are about, the most failing first."""
        figures, failing = self._figures("resource_type"), self._distinct("resource_type")
        failing_checks = self._distinct("resource_type", "check")
        judging = self._cells[self._cells["judges"]]
        checks = _counts(judging.groupby("resource_type")["check"].nunique())
        rows = [
            {
                "resource_type": kind,
                "checks": n,
                **figures[kind],
                "failing_checks": failing_checks.get(kind, 0),
                "failing_resources": failing.get(kind, 0),
            }
            for kind, n in sorted(checks.items())
        ]
        return tuple(
            sorted(
                rows,
                key=lambda row: (
                    -row["failing_resources"],
                    -row["failing_results"],
                    row["resource_type"],
                ),
            )
        )

    def resources(self) -> Row:
        """Resources by what became of them; one that fails several checks is one."""
        failing: dict[str, bool] = {}
        for one in self._failures:
            if one.state == "failing":
                failing[one.resource] = failing.get(one.resource, True) and one.excused
        states = Counter(one.state for one in self._failures)
        return {
            "failing": len(failing),
            "excused": len(
                {e.resource for c in self._assessment.controls for m in c.checks for e in m.excused}
            ),
            "failing_unexcused": sum(not excused for excused in failing.values()),
            "failed_and_fixed": states["fixed"],
            "failed_and_gone": states["gone"],
            "disagreements": len(
                {
                    (check.id, d.resource)
                    for check in self._assessment.checks
                    for cell in check.cells
                    for d in cell.disagreements
                }
            ),
        }

    def _figures(self, by: str) -> Mapping[str, Row]:
        """Answers and results by a column of the cells."""
        frame = self._cells
        cells = frame[frame["asked"]].groupby(by)["settled"].agg(["sum", "size"])
        results = frame[frame["judges"]].groupby(by)[["passing", "failing", "unanswered"]].sum()
        out: dict[str, Row] = {}
        for key in frame[by].unique():
            answered, total = cells.loc[key] if key in cells.index else (0, 0)
            passing, failing, open_ = results.loc[key] if key in results.index else (0, 0, 0)
            out[key] = _cell_figures(*map(int, (answered, total, passing, failing, open_)))
        return out

    def _distinct(self, by: str, what: str = "resource") -> Mapping[str, int]:
        """How many different ones of ``what`` fail, by a column of the failing frame."""
        return _counts(self._failing.groupby(by)[what].nunique())


def _counts(series: pd.Series[Any]) -> dict[str, int]:
    return {str(key): int(n) for key, n in series.items()}


def _cell_figures(
    answered: int, total: int, passing: int, failing: int, unanswered: int
) -> dict[str, Any]:
    return {
        "cells_answered": answered,
        "cells_total": total,
        "cells_percent": percent(answered, total),
        "passing_results": passing,
        "failing_results": failing,
        "unanswered_results": unanswered,
    }


_NOTHING: Row = _cell_figures(0, 0, 0, 0, 0)


def _cell_frame(assessment: Assessment) -> pd.DataFrame:
    """One row per check and cell: the aggregate that everything else is counted from.

    ``asked`` marks the cells that coverage counts: those of checks some control requires.
    """
    required = {m.id for c in assessment.controls for m in c.checks if m.role == "required"}
    frame = pd.DataFrame(
        [
            (
                check.id,
                check.severity,
                check.resource_type,
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
            "resource_type",
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
    flags = dict.fromkeys(("judges", "asked", "settled"), "bool")
    return frame.astype({**flags, **dict.fromkeys(("passing", "failing", "unanswered"), "int64")})


def _failing_frame(assessment: Assessment) -> pd.DataFrame:
    """What fails a check that counts for a control: one row per check, cell and resource."""
    counting = counting_checks(assessment)
    return pd.DataFrame(
        [
            (
                check.id,
                check.severity,
                check.resource_type,
                cell.account,
                cell.region,
                failing.resource,
            )
            for check in assessment.checks
            if check.id in counting
            for cell in check.cells
            for failing in cell.failing
        ],
        columns=["check", "severity", "resource_type", "account", "region", "resource"],
    )
