"""Results of several months of a small world, each a line: what fails, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.assessment.period import parse_period
from include.assessment.result import Assessment
from include.checks.check import Check
from include.evidence.item import Evidence
from tests.include.assessment.estate import (
    ACCOUNT,
    HOME,
    Snap,
    check,
    control,
    deployment,
    judged,
    row,
    snap,
    source,
)

#: One check by AWS Config, another by Security Hub, and one that both answer.
RULE = check("rule", source("aws_config", "RULE"), severity="HIGH")
HUB = check("hub", source("security_hub", "EC2.8"), severity="LOW")
BOTH = check("both", source("aws_config", "RULE"), source("security_hub", "EC2.8"))
KEYWORDS = {"aws_config": "RULE", "security_hub": "EC2.8"}


def fails(resource: str = "i-1", *failed: tuple[str, str], **more: Any) -> Evidence:
    """AWS Config says that it fails, in these intervals."""
    return row("FAIL", resource=resource, failed=failed, **more)


def passes(resource: str = "i-1", *failed: tuple[str, str], **more: Any) -> Evidence:
    """AWS Config says that it passes at the end, having failed in these intervals."""
    return row("PASS", resource=resource, failed=failed, **more)


def hub_says(result: str, resource: str = "i-1", *failed: tuple[str, str], **more: Any) -> Evidence:
    """Security Hub's word."""
    return row(result, "security_hub", "EC2.8", resource=resource, failed=failed, **more)


def month(
    label: str,
    *rows: Evidence,
    checks: Sequence[Check] = (RULE,),
    controls: Sequence[Mapping[str, Any]] | None = None,
    accounts: Sequence[str] = (ACCOUNT,),
    regions: Sequence[str] = (HOME,),
    silent: Sequence[tuple[str, str, str]] = (),
    **more: Any,
) -> Assessment:
    """A period's result. ``silent`` are (source, account, region) that were denied."""
    period = parse_period(label)
    names = sorted({one.source for of in checks for one in of.sources})
    snaps: list[Snap] = []
    for name in names:
        for account in accounts:
            for region in regions:
                here = [
                    one
                    for one in rows
                    if (one.source, one.account, one.region) == (name, account, region)
                ]
                denied = (name, account, region) in silent
                ready = deployment(
                    name, KEYWORDS[name], last_evaluated=f"{label}-20T00:00:00Z", region=region
                )
                snaps.append(
                    snap(
                        name,
                        status="DENIED" if denied else "COMPLETE",
                        account=account,
                        region=region,
                        deployments=[] if denied else [ready],
                        rows=[] if denied else here,
                        period=label,
                    )
                )
    if controls is None:
        controls = [control("1.1", *(one.id for one in checks))]
    return judged(
        *snaps,
        checks=checks,
        controls=controls,
        accounts=accounts,
        regions=regions,
        period=period,
        **more,
    )
