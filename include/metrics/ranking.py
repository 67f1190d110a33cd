"""The failing resources, those that break most controls first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from include.assessment.result import Assessment
from include.clock import from_iso
from include.metrics import intervals
from include.metrics.failures import Failure, Key, severity_rank
from include.metrics.history import Since
from include.metrics.model import Row


def failing_resources_of(
    assessment: Assessment, failures: Iterable[Failure], starts: Mapping[Key, Since]
) -> tuple[Row, ...]:
    """Every resource that fails a check that counts, ranked.

    By the number of controls it breaks, then its worst severity, then the number of checks it
    fails, then its identity.
    """
    by_resource: dict[str, list[Failure]] = {}
    for one in failures:
        if one.state == "failing":
            by_resource.setdefault(one.resource, []).append(one)
    order = {control.id: n for n, control in enumerate(assessment.controls)}
    start = from_iso(assessment.period_start)
    rows = [
        _row(resource, sorted(of, key=lambda one: one.order), order, start, starts)
        for resource, of in by_resource.items()
    ]
    rows.sort(
        key=lambda row: (
            -len(row["controls"]),
            severity_rank(row["severity"]),
            -len(row["checks"]),
            row["resource"],
        )
    )
    return tuple({"rank": n, **row} for n, row in enumerate(rows, 1))


def _row(
    resource: str,
    failures: list[Failure],
    order: Mapping[str, int],
    start: datetime,
    starts: Mapping[Key, Since],
) -> Row:
    """One resource; ``failures`` are its own, the worst first."""
    worst = failures[0]
    controls = {control for one in failures for control in one.controls}
    known = [since for one in failures if (since := starts[one.key]).at is not None]
    since = min(known, key=lambda one: (one.at, not one.exact), default=starts[worst.key])
    stretches = intervals.joined(s for one in failures for s in one.stretches)
    seconds = intervals.seconds_within(stretches, start)
    return {
        "resource": resource,
        "resource_type": worst.resource_type,
        "account": worst.account,
        "region": worst.region,
        "severity": worst.check.severity,
        "controls": sorted(controls, key=order.__getitem__),
        "checks": sorted(one.check.id for one in failures),
        **since.to_json(),
        "days": intervals.days(seconds) if stretches else None,
        "excused": all(one.excused for one in failures),
    }
