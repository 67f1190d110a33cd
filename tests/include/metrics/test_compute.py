"""The figures: score, coverage, and how they divide."""

from __future__ import annotations

import json

import pytest

from include.assessment.scope import Scope
from include.errors import InputError
from include.metrics.compute import compute_metrics
from include.metrics.model import percent
from tests.include.assessment.estate import (
    ACCOUNT,
    AWAY,
    HOME,
    check,
    config,
    control,
    hub,
    hub_row,
    judged,
    row,
    source,
)

CRITICAL = check("critical", source("aws_config", "RULE"), severity="CRITICAL")
WIDE = check("wide", source("security_hub", "EC2.8"), severity="LOW", locality="account")


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 3, 33.33), (2, 3, 66.67), (1, 800, 0.13), (0, 5, 0.0)]
)
def test_percentages_have_two_decimals_and_round_halves_up(
    part: int, whole: int, expected: float
) -> None:
    assert percent(part, whole) == expected


def test_nothing_to_count_is_no_percentage() -> None:
    assert percent(0, 0) is None


def world() -> object:
    return judged(
        config(row("FAIL"), row("PASS", resource="i-2")),
        config(row("FAIL", resource="i-3", region=AWAY), region=AWAY),
        hub(hub_row("PASS", known="RECONSTRUCTED")),
        hub(hub_row("FAIL", resource="i-3", region=AWAY), region=AWAY),
        checks=[CRITICAL, WIDE],
        controls=[control("1", "critical"), control("2", "wide"), control("3", manual="A plan.")],
        regions=[HOME, AWAY],
    )


def test_score_and_coverage_of_the_controls() -> None:
    metrics = compute_metrics(world())  # type: ignore[arg-type]
    assert metrics.compliance["compliance_score"] == 0.0
    assert metrics.compliance["non_compliant_controls"] == 2
    assert metrics.coverage["controls_percent"] == 66.67
    assert metrics.coverage["controls_awaiting_manual_evidence"] == 1
    assert (metrics.coverage["cells_answered"], metrics.coverage["cells_total"]) == (3, 3)


def test_a_resource_failing_two_checks_is_one_failing_resource() -> None:
    metrics = compute_metrics(world())  # type: ignore[arg-type]
    assert metrics.resources["failing"] == 2
    by_severity = {one["severity"]: one["failing_resources"] for one in metrics.by_severity}
    assert (by_severity["CRITICAL"], by_severity["LOW"]) == (2, 1)


def test_figures_divide_by_account_and_region() -> None:
    metrics = compute_metrics(world())  # type: ignore[arg-type]
    assert [one["account"] for one in metrics.by_account] == [ACCOUNT]
    regions = {one["region"]: one["failing_results"] for one in metrics.by_region}
    assert regions == {None: 1, HOME: 1, AWAY: 1}


def test_evidence_is_counted_by_source_and_by_how_it_is_known() -> None:
    evidence = compute_metrics(world()).evidence  # type: ignore[arg-type]
    assert evidence["total_evidence_items"] == 5
    assert evidence["by_source"] == {"aws_config": 3, "security_hub": 2}
    assert evidence["by_known"] == {"CONTEMPORANEOUS": 4, "RECONSTRUCTED": 1}


def test_metrics_are_plain_json_and_the_same_each_time() -> None:
    one = json.dumps(compute_metrics(world()).to_json())  # type: ignore[arg-type]
    assert one == json.dumps(compute_metrics(world()).to_json())  # type: ignore[arg-type]


def test_a_scope_refuses_what_it_cannot_mean() -> None:
    for accounts, regions in (((), (HOME,)), (("12",), (HOME,)), ((ACCOUNT,), (HOME, HOME))):
        with pytest.raises(InputError):
            Scope(accounts, regions)
