"""Resource assessments as Audit Manager meters them, their price, and API calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from include.assessment.result import Assessment
from include.metrics.compute import compute_metrics
from include.metrics.evidence import aggregate
from include.metrics.metering import Prices
from include.metrics.model import Row
from tests.include.assessment.estate import ACCOUNT, AWAY, HOME, control, row
from tests.include.metrics.months import HUB, RULE, fails, hub_says, month, passes
from tests.include.reports.sample import table_of

CATALOGUE = {"rule": RULE, "hub": HUB}
CONTROLS = [control("1", "rule"), control("2", "rule", "hub"), control("3", manual="A plan.")]
ITEMS = [
    fails("i-1"),
    passes("i-2"),
    passes("i-2", region=AWAY),
    hub_says("PASS", "i-1"),
    # Not mapped by any control, about no resource, handed in by people: not metered.
    row("PASS", "aws_config", "ANOTHER_RULE"),
    row("NONE", "aws_config", "RULE", resource="", resource_type=""),
    row("NONE", "manual", "3", resource="ME-1", resource_type="Manual::Evidence"),
]


def result(label: str = "2026-10") -> Assessment:
    return month(label, *ITEMS[:4], checks=[RULE, HUB], controls=CONTROLS, regions=[HOME, AWAY])


def metering(prices: Prices | None = None, label: str = "2026-10", times: int = 1) -> Row:
    tables: list[pa.Table] = [table_of(ITEMS)] * times
    return compute_metrics(
        result(label),
        evidence=aggregate(tables),
        catalogue=CATALOGUE,
        prices=prices or Prices(),
    ).metering


def test_an_item_is_metered_once_however_many_controls_it_serves() -> None:
    found = metering()["resource_assessments"]
    assert found == {
        "total": 4,
        "by_source": {"aws_config": 3, "security_hub": 1},
        "by_account_region": [
            {"account": ACCOUNT, "region": HOME, "n": 3},
            {"account": ACCOUNT, "region": AWAY, "n": 1},
        ],
    }


def test_the_price_is_per_thousand_and_rounded_to_cents() -> None:
    found = metering(times=1_001)
    assert found["resource_assessments"]["total"] == 4_004
    # 4,004 x 1.25 / 1,000 = 5.005
    assert (found["billable"], found["estimated_cost"]) == (4_004, 5.01)
    assert (found["price_per_thousand"], found["currency"]) == (1.25, "USD")


@pytest.mark.parametrize(
    ("free", "label", "billable"),
    [(0, "2026-10", 40), (15, "2026-10", 15), (5, "2026-10", 30), (30, "2026-10", 0)],
)
def test_the_free_amount_is_each_account_and_regions_own(
    free: int, label: str, billable: int
) -> None:
    # 30 in one region and 10 in the other.
    found = metering(Prices(2.0, "EUR", free), label, times=10)
    assert (found["billable"], found["estimated_cost"]) == (billable, billable * 0.002)


def test_the_free_amount_is_a_months() -> None:
    quarter = replace(
        result(),
        period="2026-Q4",
        period_start="2026-10-01T00:00:00Z",
        period_end="2027-01-01T00:00:00Z",
    )
    found = compute_metrics(
        quarter,
        evidence=aggregate([table_of(ITEMS)] * 10),
        catalogue=CATALOGUE,
        prices=Prices(free_per_account_region=5),
    ).metering
    # 30 less 15 in one region, none of the other's 10.
    assert found["billable"] == 15


def test_without_the_evidence_nothing_is_guessed() -> None:
    found = compute_metrics(result()).metering
    assert found["resource_assessments"]["total"] is None
    assert found["estimated_cost"] is None


def test_no_evidence_costs_nothing() -> None:
    found = compute_metrics(result(), evidence=aggregate([]), catalogue=CATALOGUE).metering
    assert found["resource_assessments"] == {"total": 0, "by_source": {}, "by_account_region": []}
    assert (found["billable"], found["estimated_cost"]) == (0, 0.0)


def test_api_calls_are_those_of_the_receipts() -> None:
    def with_calls(assessment: Assessment) -> Assessment:
        lines = [
            replace(line, calls=10, retries=2, throttles=1, pages=9, items=100)
            for line in assessment.receipts
        ]
        return replace(assessment, receipts=tuple(lines))

    # Two sources in two regions.
    each: dict[str, Any] = {
        "calls": 20,
        "retries": 4,
        "throttles": 2,
        "pages": 18,
        "items": 200,
    }
    assert compute_metrics(with_calls(result())).metering["api_calls"] == {
        "total": 40,
        "retries": 8,
        "throttles": 4,
        "by_source": {"aws_config": each, "security_hub": each},
    }


def test_evidence_by_control_is_counted_under_each_control_it_speaks_to() -> None:
    evidence = compute_metrics(
        result(), evidence=aggregate([table_of(ITEMS)]), catalogue=CATALOGUE
    ).evidence
    items = {one["control"]: one["items"] for one in evidence["by_control"]}
    assert items == {"1": 4, "2": 5, "3": 1}
    (only,) = evidence["by_control_set"]
    assert (only["items"], only["fail"], only["contemporaneous"]) == (6, 1, 6)
