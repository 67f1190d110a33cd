"""Small portfolios: several frameworks over the same resources, a few lines each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from include.assessment.result import Assessment
from include.metrics.compute import compute_metrics
from include.metrics.portfolio import NotAssessed, Portfolio, Result, portfolio_of
from tests.include.reports.comparison.pairs import OCTOBER, october

HOSTILE = 'x<script>alert("1")</script>&\u202egnp'
UNKNOWN = NotAssessed("third_1.0", "The <third>", "No result for 2026-10. It is assessed yearly.")


def of(framework: str, *failing: str, **more: Any) -> Assessment:
    """October's result of a framework whose disks fail."""
    return replace(
        october(*failing, **more), framework=framework, framework_title=f"Title of {framework}"
    )


def published(found: Assessment, *earlier: Assessment) -> Result:
    package = f"s3://audit-reports/packages/{found.framework}_2026-10_0a1b2c3d/0123456789abcdef"
    return Result(found, compute_metrics(found, earlier=earlier), package)


def portfolio(
    *results: Assessment | Result, missing: Sequence[NotAssessed] = (UNKNOWN,)
) -> Portfolio:
    made = [one if isinstance(one, Result) else published(one) for one in results]
    return portfolio_of("test", OCTOBER, made, missing)
