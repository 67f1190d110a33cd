"""All frameworks of a period held side by side, for one executive report.

Each framework's figures are its own metrics', taken over as they are. What is counted here is only
what no single framework can count: resources, checks and gaps that several of them share, each
once. Scores of different frameworks are never averaged: their controls are different questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from include.assessment.period import Period
from include.assessment.result import Assessment
from include.clock import iso
from include.frameworks.header import full_name
from include.metrics.failures import counting_checks
from include.metrics.model import SEVERITIES, Metrics, Row
from include.metrics.portfolio_open import awaiting_of, exceptions_of, gaps_of


@dataclass(frozen=True)
class Result:
    """A framework's newest final result of the period; ``package`` is where its reports lie.

    ``passed_over`` are final results of the same framework and period in other scopes:
    ``{scope, accounts, regions, content_digest}``, scope being the digest in a folder's name.
    """

    assessment: Assessment
    metrics: Metrics
    package: str = ""
    passed_over: Sequence[Row] = ()


@dataclass(frozen=True)
class NotAssessed:
    """A framework that is enabled and has no final result for the period, and why.

    ``title`` is its name with the version: several editions of one may be enabled.
    """

    framework: str
    title: str
    why: str


@dataclass(frozen=True)
class Portfolio:
    """Every figure of a portfolio report, as plain JSON values.

    ``frameworks`` in order of their ids, each ``title`` with the version; ``missing`` are those
    without a result. In ``by_account`` and ``by_region`` each row has ``frameworks``:
    ``{id: figures or None}``, None where the framework's scope does not have the place.
    ``failing_resources`` and ``failing_checks`` are all of them, each once, those first that break
    most controls over all frameworks; ``controls`` there is ``{framework: [ids]}``. ``gaps`` are
    places where evidence is missing, with the number of controls each framework lacks it for;
    ``awaiting`` the controls that wait for evidence from people.
    """

    environment: str
    period: Row
    as_of: str
    totals: Row
    frameworks: Sequence[Row]
    missing: Sequence[Row]
    by_account: Sequence[Row]
    by_region: Sequence[Row]
    by_severity: Sequence[Row]
    failing_resources: Sequence[Row]
    failing_checks: Sequence[Row]
    exceptions: Row
    gaps: Sequence[Row]
    awaiting: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names that portfolio.json has for them."""
        out: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Mapping):
                out[one.name] = dict(value)
            else:
                out[one.name] = value if isinstance(value, str) else [dict(row) for row in value]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Portfolio:
        """The inverse of :meth:`to_json`."""
        return cls(**{one.name: data[one.name] for one in fields(cls)})


def portfolio_of(
    environment: str,
    period: Period,
    results: Sequence[Result],
    not_assessed: Sequence[NotAssessed] = (),
) -> Portfolio:
    """Put the results of one period together; pure, whatever the order of its arguments.

    Raises ValueError for a result of another period or two of one framework.
    """
    results = sorted(results, key=lambda one: one.assessment.framework)
    ids = [one.assessment.framework for one in results]
    if len({*ids}) < len(ids):
        raise ValueError(f"two results of one framework: {ids}")
    for one in results:
        a = one.assessment
        if (a.period_start, a.period_end) != (iso(period.start), iso(period.end)):
            raise ValueError(f"{a.framework} is a result of {a.period}, not of {period}")
    frameworks = [_framework(one) for one in results]
    missing = [
        {"framework": one.framework, "title": one.title, "why": one.why}
        for one in sorted(not_assessed, key=lambda one: one.framework)
    ]
    resources = _resources(results)
    checks = _checks(results)
    gaps = gaps_of(results)
    awaiting = awaiting_of(results)
    return Portfolio(
        environment=environment,
        period={"label": period.label, "start": iso(period.start), "end": iso(period.end)},
        as_of=max((one.assessment.as_of for one in results), default=""),
        totals=_totals(frameworks, missing, resources, checks, gaps, awaiting),
        frameworks=frameworks,
        missing=missing,
        by_account=_by_account(results),
        by_region=_by_region(results),
        by_severity=[
            {
                "severity": severity,
                "failing_resources": sum(row["severity"] == severity for row in resources),
                "failing_checks": sum(row["severity"] == severity for row in checks),
            }
            for severity in SEVERITIES
        ],
        failing_resources=resources,
        failing_checks=checks,
        exceptions=exceptions_of(results),
        gaps=gaps,
        awaiting=awaiting,
    )


_CONTROLS = (
    "total_controls",
    "compliant_controls",
    "non_compliant_controls",
    "inconclusive_controls",
    "not_applicable_controls",
)


def _framework(one: Result) -> Row:
    a, metrics = one.assessment, one.metrics
    change = metrics.change
    return {
        "framework": a.framework,
        "title": full_name(a.framework_title, a.framework_version),
        "version": a.framework_version,
        "status": a.status,
        "score": metrics.compliance["compliance_score"],
        "coverage": metrics.coverage["controls_percent"],
        "controls_judged": metrics.coverage["controls_judged"],
        "cells_percent": metrics.coverage["cells_percent"],
        "awaiting": metrics.coverage["controls_awaiting_manual_evidence"],
        **{name: metrics.compliance[name] for name in _CONTROLS},
        "failing_resources": metrics.resources["failing"],
        "evidence_items": metrics.evidence["total_evidence_items"],
        "gaps": len(a.gaps),
        "gaps_blocking": sum(gap.blocking for gap in a.gaps),
        "previous_period": (change.get("previous") or {}).get("period"),
        "score_before": (change.get("score") or {}).get("before"),
        "score_difference": (change.get("score") or {}).get("difference"),
        "coverage_difference": (change.get("coverage") or {}).get("difference"),
        "change": dict(change.get("counts") or {}) if change.get("previous") else None,
        "trend": [
            {key: point[key] for key in ("period", "score", "coverage", "failing_resources")}
            for point in metrics.trend
        ],
        "accounts": list(a.accounts),
        "regions": list(a.regions),
        "as_of": a.as_of,
        "content_digest": a.content_digest,
        "package": one.package,
        "passed_over": [dict(row) for row in one.passed_over],
    }


def _totals(
    frameworks: Sequence[Row],
    missing: Sequence[Row],
    resources: Sequence[Row],
    checks: Sequence[Row],
    gaps: Sequence[Row],
    awaiting: Sequence[Row],
) -> Row:
    return {
        "frameworks": len(frameworks) + len(missing),
        "frameworks_assessed": len(frameworks),
        "frameworks_missing": len(missing),
        "frameworks_incomplete": sum(row["status"] != "COMPLETE" for row in frameworks),
        # Sums of counts: a control of one framework is another question than one of the next.
        **{name: sum(row[name] for row in frameworks) for name in _CONTROLS},
        "failing_resources": len(resources),
        "failing_resources_excused": sum(row["excused"] for row in resources),
        "failing_checks": len(checks),
        "gaps": len(gaps),
        "gaps_blocking": sum(row["blocking"] for row in gaps),
        "awaiting": len(awaiting),
        "accounts": len({account for row in frameworks for account in row["accounts"]}),
        "regions": len({region for row in frameworks for region in row["regions"]}),
    }


def _by_account(results: Sequence[Result]) -> list[Row]:
    keys = ("compliance_score", "failing_resources", "cells_percent", "non_compliant_controls")
    rows = {one.assessment.framework: one.metrics.by_account for one in results}
    return _matrix("account", keys, rows, _failing_in(results, "account"))


def _by_region(results: Sequence[Result]) -> list[Row]:
    keys = ("cells_percent", "failing_results", "failing_resources")
    rows = {one.assessment.framework: one.metrics.by_region for one in results}
    return _matrix("region", keys, rows, _failing_in(results, "region"))


def _failing_in(results: Sequence[Result], where: str) -> dict[str | None, set[str]]:
    """What fails a counting check in each place, by the cells that found it, in any framework."""
    found: dict[str | None, set[str]] = {}
    for one in results:
        counting = counting_checks(one.assessment)
        for check in one.assessment.checks:
            for cell in check.cells if check.id in counting else ():
                place = getattr(cell, where) or None
                found.setdefault(place, set()).update(failing.resource for failing in cell.failing)
    return found


def _matrix(
    what: str,
    keys: Sequence[str],
    rows: Mapping[str, Sequence[Row]],
    failing: Mapping[str | None, set[str]],
) -> list[Row]:
    """Places down, frameworks across; the region None holds the account-wide checks."""
    found = {
        framework: {row[what]: {key: row[key] for key in keys} for row in of}
        for framework, of in rows.items()
    }
    places = {place for of in found.values() for place in of}
    return [
        {
            what: place,
            "frameworks": {framework: of.get(place) for framework, of in found.items()},
            "failing_resources": len(failing.get(place, ())),
        }
        for place in sorted(places, key=lambda one: (one is not None, one or ""))
    ]


def _worst(severities: Iterable[str]) -> str:
    return min(severities, key=SEVERITIES.index)


def _resources(results: Sequence[Result]) -> list[Row]:
    """Each failing resource once, with the controls it breaks in every framework."""
    found: dict[str, list[tuple[str, Row]]] = {}
    for one in results:
        for row in one.metrics.failing_resources:
            found.setdefault(row["resource"], []).append((one.assessment.framework, row))
    rows = []
    for resource, seen in found.items():
        first = min((row for _, row in seen), key=lambda row: row["since"] or "~")
        days = [row["days"] for _, row in seen if row["days"] is not None]
        controls = {framework: list(row["controls"]) for framework, row in seen}
        rows.append(
            {
                "resource": resource,
                "resource_type": seen[0][1]["resource_type"],
                "account": seen[0][1]["account"],
                "region": seen[0][1]["region"] or None,
                "severity": _worst(row["severity"] for _, row in seen),
                "controls": controls,
                "controls_total": sum(map(len, controls.values())),
                "checks": sorted({check for _, row in seen for check in row["checks"]}),
                "since": first["since"],
                "since_known": first["since_known"],
                "since_exact": first["since_exact"],
                "days": max(days, default=None),
                "excused": all(row["excused"] for _, row in seen),
            }
        )
    return _ranked(rows, lambda row: (-len(row["checks"]), row["resource"]))


def _checks(results: Sequence[Result]) -> list[Row]:
    """Each failing check once: how many resources fail it, and which controls break by it."""
    resources: dict[str, set[str]] = {}
    controls: dict[str, dict[str, list[str]]] = {}
    told: dict[str, tuple[str, str]] = {}
    for one in results:
        a = one.assessment
        for row in one.metrics.failing_resources:
            for check in row["checks"]:
                resources.setdefault(check, set()).add(row["resource"])
        for control in a.controls:
            for mapped in control.checks:
                excused = {e.resource for e in mapped.excused}
                if mapped.role != "shown" and set(mapped.failing) - excused:
                    controls.setdefault(mapped.id, {}).setdefault(a.framework, []).append(
                        control.id
                    )
        told |= {check.id: (check.question, check.severity) for check in a.checks}
    rows = [
        {
            "check": check,
            "question": told[check][0],
            "severity": told[check][1],
            "resources": len(failing),
            "controls": controls.get(check, {}),
            "controls_total": sum(map(len, controls.get(check, {}).values())),
        }
        for check, failing in resources.items()
    ]
    return _ranked(rows, lambda row: (-row["resources"], row["check"]))


def _ranked(rows: Iterable[Row], then: Any) -> list[Row]:
    """Most controls first, then the worst severity, then ``then``; each with its rank."""
    ordered = sorted(
        rows,
        key=lambda row: (-row["controls_total"], SEVERITIES.index(row["severity"]), *then(row)),
    )
    return [{"rank": n, **row} for n, row in enumerate(ordered, 1)]
