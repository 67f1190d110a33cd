"""Every figure of an assessment, put together. What each one means stands in docs/metrics.md."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pandas as pd

from include.assessment.result import Assessment
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.clock import from_iso
from include.metrics.change import change_of
from include.metrics.evidence import by_control, by_control_set, links
from include.metrics.exceptions import exceptions_of
from include.metrics.failures import failing_of, failures_of
from include.metrics.history import History
from include.metrics.metering import Prices, metering_of
from include.metrics.model import SEVERITIES as SEVERITIES
from include.metrics.model import Metrics, Row
from include.metrics.non_compliance import non_compliance_of, starts_of
from include.metrics.ranking import failing_resources_of
from include.metrics.rollup import RollUp, compliance_of
from include.metrics.trend import trend_of

_LIST_PRICE = Prices()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: it walks a large result over and over, and finds no cycles.

    With 100,000 failures that takes half of the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_uncollected()
def compute_metrics(
    assessment: Assessment,
    *,
    earlier: Iterable[Assessment] = (),
    evidence: pd.DataFrame | None = None,
    prices: Prices = _LIST_PRICE,
    expiring_days: int = 30,
    catalogue: Mapping[str, Check] | None = None,
) -> Metrics:
    """Every figure of an assessment's report. Pure: equal arguments give equal metrics.

    ``earlier`` are the final results of earlier periods of the same framework and scope, oldest
    first; they are taken in one at a time. ``evidence`` is what
    :func:`include.metrics.evidence.aggregate` counted over the snapshots' tables; without it the
    evidence by control and the resource assessments are not known. An exception with at most
    ``expiring_days`` left at the period's last day expires soon. ``catalogue`` says which keywords
    answer which checks (the library's, unless given). Raises ValueError for earlier results that
    are not in order.
    """
    if catalogue is None:
        catalogue = load_catalogue() if evidence is not None else {}
    history = History(earlier)
    failures = failures_of(assessment)
    start = from_iso(assessment.period_start)
    starts = starts_of(failures.values(), start, history.chain_into(assessment.period_start))
    roll_up = RollUp(assessment, tuple(failures.values()))
    last: Row = history.points[-1] if history.points else {"score": None, "coverage": None}
    metrics = Metrics(
        compliance=compliance_of(assessment),
        coverage=roll_up.coverage(),
        by_control_set=roll_up.by_control_set(),
        by_account=roll_up.by_account(),
        by_region=roll_up.by_region(),
        by_severity=roll_up.by_severity(),
        resources=roll_up.resources(),
        evidence=_evidence(assessment, evidence, catalogue),
        by_resource_type=roll_up.by_resource_type(),
        failing_resources=failing_resources_of(assessment, failures.values(), starts),
        non_compliance=non_compliance_of(assessment, failures.values(), starts),
        trend=trend_of(history.points, assessment),
        exceptions=exceptions_of(assessment, expiring_days),
        metering=metering_of(assessment, evidence, catalogue, prices),
    )
    change = change_of(
        assessment,
        failing_of(failures),
        history.last,
        history.failing,
        history.failed,
        score=(last["score"], metrics.compliance["compliance_score"]),
        coverage=(last["coverage"], metrics.coverage["controls_percent"]),
    )
    return replace(metrics, change=change)


def _evidence(
    assessment: Assessment, evidence: pd.DataFrame | None, catalogue: Mapping[str, Check]
) -> Row:
    counts = assessment.evidence
    by: dict[str, Any] = {"by_control": [], "by_control_set": []}
    if evidence is not None:
        mapping = links(assessment, catalogue)
        by["by_control"] = by_control(evidence, mapping)
        by["by_control_set"] = by_control_set(evidence, mapping)
    return {
        "total_evidence_items": counts.total,
        "mapped_evidence_items": counts.mapped,
        "evidence_sources": sorted(counts.by_source),
        "by_source": dict(counts.by_source),
        "by_known": dict(counts.by_known),
        "by_source_and_known": {s: dict(k) for s, k in counts.by_source_and_known.items()},
        "by_result": dict(counts.by_result),
        **by,
    }
