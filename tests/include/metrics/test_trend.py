"""The trend over all earlier final results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from include.metrics.compute import compute_metrics
from tests.include.assessment.estate import ACCOUNT, HOME
from tests.include.metrics.months import fails, month, passes


def test_one_point_per_final_result_the_oldest_first_and_this_one_last() -> None:
    august = month("2026-08", fails("i-1"), fails("i-2"))
    september = month("2026-09", silent=[("aws_config", ACCOUNT, HOME)])
    october = month("2026-10", passes("i-1"))
    trend = compute_metrics(october, earlier=iter([august, september])).trend
    assert [
        (p["period"], p["status"], p["score"], p["coverage"], p["failing_resources"]) for p in trend
    ] == [
        ("2026-08", "COMPLETE", 0.0, 100.0, 2),
        ("2026-09", "INCOMPLETE", 0.0, 0.0, 0),
        ("2026-10", "COMPLETE", 100.0, 100.0, 0),
    ]
    assert dict(trend[0]) == {
        "period": "2026-08",
        "start": "2026-08-01T00:00:00Z",
        "end": "2026-09-01T00:00:00Z",
        "status": "COMPLETE",
        "score": 0.0,
        "coverage": 100.0,
        "compliant": 0,
        "non_compliant": 1,
        "inconclusive": 0,
        "not_applicable": 0,
        "failing_resources": 2,
        "content_digest": august.content_digest,
    }


def test_a_point_is_the_same_whether_it_is_the_last_or_an_earlier_one() -> None:
    august, september = month("2026-08", fails("i-1")), month("2026-09", passes("i-1"))
    assert compute_metrics(september, earlier=[august]).trend[0] == compute_metrics(august).trend[0]


def test_an_interim_result_is_no_point() -> None:
    august, october = month("2026-08", fails("i-1")), month("2026-10", interim=["1 of 2 accounts"])
    assert [p["period"] for p in compute_metrics(october, earlier=[august]).trend] == ["2026-08"]
    interim = replace(august, status="INTERIM")
    later = compute_metrics(month("2026-09"), earlier=[interim])
    assert [p["period"] for p in later.trend] == ["2026-09"]
    assert later.change["previous"] is None


def test_earlier_results_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="does not come after"):
        compute_metrics(month("2026-10"), earlier=[month("2026-09"), month("2026-08")])
