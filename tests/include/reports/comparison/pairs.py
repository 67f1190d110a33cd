"""Pairs of results with one change of each kind between them, a few lines each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from include.assessment.period import Period, parse_period
from include.assessment.result import Assessment
from include.metrics.comparison import Comparison, Judged, compare
from include.metrics.compute import compute_metrics
from tests.include.assessment.estate import (
    ACCOUNT,
    HOME,
    control,
    deployment,
    judged,
    row,
    snap,
    source,
)
from tests.include.assessment.estate import check as make_check

SEPTEMBER, OCTOBER = parse_period("2026-09"), parse_period("2026-10")
CHECKS = (
    make_check("disks", source("aws_config", "DISKS"), question="Are disks encrypted?"),
    make_check(
        "keys",
        source("aws_config", "KEYS"),
        question="Are keys rotated?",
        severity="CRITICAL",
    ),
)
CONTROLS = (
    control("1.1", "disks"),
    control("1.2", "keys"),
    control("1.3", "disks", "keys"),
    control("1.4", manual="The policy."),
)


def disk(name: str) -> str:
    return f"arn:aws:ec2:{HOME}:{ACCOUNT}:volume/{name}"


def result(
    failing: tuple[str, ...] = (),
    passing: tuple[str, ...] = ("vol-ok",),
    *,
    period: Period = OCTOBER,
    rules: tuple[str, ...] = ("DISKS", "KEYS"),
    status: str = "COMPLETE",
    controls: Any = CONTROLS,
    accounts: tuple[str, ...] = (ACCOUNT,),
    **more: Any,
) -> Assessment:
    """What failed and passed the check of disks, with both rules deployed unless said."""
    rows = [
        row(said, keyword="DISKS", resource=disk(name), deployment="arn:aws_config:DISKS")
        for said, names in (("FAIL", failing), ("PASS", passing))
        for name in names
        if "DISKS" in rules
    ]
    snaps = [
        snap(
            "aws_config",
            account=account,
            status=status,
            deployments=[deployment("aws_config", rule) for rule in rules],
            rows=rows if account == ACCOUNT else [],
        )
        for account in accounts
    ]
    # The rows' times lie in October whatever the period: only the label and the ends are moved.
    found = judged(*snaps, checks=CHECKS, controls=controls, accounts=accounts, **more)
    return replace(
        found,
        period=period.label,
        period_start=f"{period.start:%Y-%m-%dT%H:%M:%SZ}",
        period_end=f"{period.end:%Y-%m-%dT%H:%M:%SZ}",
    )


def september(*failing: str, **more: Any) -> Assessment:
    return result(failing, period=SEPTEMBER, **more)


def october(*failing: str, **more: Any) -> Assessment:
    return result(failing, **more)


def side(found: Assessment) -> Judged:
    return Judged(f"{found.framework}@{found.period}", found, compute_metrics(found))


def compared(before: Assessment, now: Assessment, *earlier: Assessment) -> Comparison:
    return compare(side(before), side(now), earlier)
