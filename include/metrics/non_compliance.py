"""How long things failed within the period, and how long it took to fix them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from include.assessment.result import Assessment
from include.clock import from_iso
from include.metrics import intervals
from include.metrics.failures import STATES, Failure, Key
from include.metrics.history import Since, since_of
from include.metrics.model import SEVERITIES, Row, two_decimals

_HOUR = 3_600


def starts_of(
    failures: Iterable[Failure], period_start: datetime, chain: Mapping[Key, Since]
) -> dict[Key, Since]:
    """Since when each failure lasts, or lasted."""
    return {one.key: since_of(one, period_start, chain.get(one.key)) for one in failures}


def non_compliance_of(
    assessment: Assessment, failures: Iterable[Failure], starts: Mapping[Key, Since]
) -> Row:
    """Every failure of the period with its intervals, and what they sum up to.

    Ordered by state (failing, fixed, gone), severity, check and resource.
    """
    start, end = from_iso(assessment.period_start), from_iso(assessment.period_end)
    ordered = sorted(failures, key=lambda one: (STATES.index(one.state), *one.order))
    rows: list[Row] = []
    seconds: Counter[str] = Counter()
    to_fix: dict[str, list[float]] = {severity: [] for severity in SEVERITIES}
    fixed: Counter[str] = Counter()
    for one in ordered:
        severity, since = one.check.severity, starts[one.key]
        failed = intervals.seconds_within(one.stretches, start)
        seconds[severity] += failed  # type: ignore[assignment]
        took = None
        if one.state != "gone" and one.over:
            # Where the whole period is judged, what was fixed counts as failing all the same.
            fixed[severity] += 1
            if one.last is not None and one.last.end < end and since.at and since.exact:
                took = (one.last.end - since.at).total_seconds()
                to_fix[severity].append(took)
        rows.append(
            {
                "check": one.check.id,
                "resource": one.resource,
                "resource_type": one.resource_type,
                "account": one.account,
                "region": one.region,
                "severity": severity,
                "state": one.state,
                "intervals": intervals.shown(one.stretches, start, end),
                "days": intervals.days(failed) if one.stretches else None,
                **since.to_json(),
                "hours_to_fix": None if took is None else two_decimals(took, _HOUR),
                "controls": list(one.controls),
                "sources": sorted(one.sources),
                "excused": one.excused,
            }
        )
    states = Counter(one.state for one in ordered)
    every = [took for severity in SEVERITIES for took in to_fix[severity]]
    return {
        "failures": rows,
        "totals": {
            "resource_days": intervals.days(sum(seconds[severity] for severity in SEVERITIES)),
            **{state: states[state] for state in STATES},
            "with_history": sum(bool(one.stretches) for one in ordered),
        },
        "mean_time_to_fix_hours": _mean(every),
        "fixed_count": fixed.total(),
        "fixed_with_known_start": len(every),
        "by_severity": [
            {
                "severity": severity,
                "fixed": fixed[severity],
                "mean_time_to_fix_hours": _mean(to_fix[severity]),
                "resource_days": intervals.days(seconds[severity]),
            }
            for severity in SEVERITIES
        ],
    }


def _mean(seconds: list[float]) -> Any:
    """In hours."""
    return two_decimals(sum(seconds), len(seconds) * _HOUR) if seconds else None
