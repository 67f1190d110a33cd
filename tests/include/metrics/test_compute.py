"""The figures: score, coverage, and how they divide."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from include.assessment.result import Assessment, ControlSet
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


def world() -> Assessment:
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
    metrics = compute_metrics(world())
    assert metrics.compliance["compliance_score"] == 0.0
    assert metrics.compliance["non_compliant_controls"] == 2
    assert metrics.coverage["controls_percent"] == 66.67
    assert metrics.coverage["controls_awaiting_manual_evidence"] == 1
    assert (metrics.coverage["cells_answered"], metrics.coverage["cells_total"]) == (3, 3)


def test_a_resource_failing_two_checks_is_one_failing_resource() -> None:
    metrics = compute_metrics(world())
    assert metrics.resources["failing"] == 2
    by_severity = {one["severity"]: one["failing_resources"] for one in metrics.by_severity}
    assert (by_severity["CRITICAL"], by_severity["LOW"]) == (2, 1)


def test_figures_divide_by_account_and_region() -> None:
    metrics = compute_metrics(world())
    assert [one["account"] for one in metrics.by_account] == [ACCOUNT]
    regions = {one["region"]: one["failing_results"] for one in metrics.by_region}
    assert regions == {None: 1, HOME: 1, AWAY: 1}


def test_evidence_is_counted_by_source_and_by_how_it_is_known() -> None:
    evidence = compute_metrics(world()).evidence
    assert evidence["total_evidence_items"] == 5
    assert evidence["by_source"] == {"aws_config": 3, "security_hub": 2}
    assert evidence["by_known"] == {"CONTEMPORANEOUS": 4, "RECONSTRUCTED": 1}


def test_metrics_are_plain_json_and_the_same_each_time() -> None:
    one = json.dumps(compute_metrics(world()).to_json())
    assert one == json.dumps(compute_metrics(world()).to_json())


def test_a_scope_refuses_what_it_cannot_mean() -> None:
    for accounts, regions in (((), (HOME,)), (("12",), (HOME,)), ((ACCOUNT,), (HOME, HOME))):
        with pytest.raises(InputError):
            Scope(accounts, regions)


def test_a_set_counts_a_resource_once_and_a_resource_in_two_sets_in_both() -> None:
    found = judged(
        config(row("FAIL"), row("FAIL", resource="i-2")),
        hub(hub_row("FAIL")),
        checks=[CRITICAL, WIDE],
        controls=[control("1", "critical"), control("2", "critical", "wide"), control("3", "wide")],
    )
    sets = (ControlSet("A", "First"), ControlSet("B", "Second"), ControlSet("C", "Empty"))
    placed = tuple(replace(c, set="B" if c.id == "3" else "A") for c in found.controls)
    divided = replace(found, sets=sets, controls=placed)
    assert [
        (row["id"], row["failing_resources"], row["total_controls"], row["compliance_score"])
        for row in compute_metrics(divided).by_control_set
    ] == [("A", 2, 2, 0.0), ("B", 1, 1, 0.0), ("C", 0, 0, None)]


def test_types_of_resources_stand_with_the_most_failing_first() -> None:
    bucket = check(
        "bucket", source("aws_config", "RULE"), severity="LOW", resource_type="AWS::S3::Bucket"
    )
    quiet = check("quiet", source("security_hub", "EC2.8"), resource_type="AWS::A::Quiet")
    found = judged(
        config(row("FAIL"), row("PASS", resource="b"), row("UNANSWERED", resource="c")),
        hub(hub_row("PASS")),
        checks=[quiet, bucket],
    )
    assert [dict(row) for row in compute_metrics(found).by_resource_type] == [
        {
            "resource_type": "AWS::S3::Bucket",
            "checks": 1,
            "cells_answered": 0,
            "cells_total": 1,
            "cells_percent": 0.0,
            "passing_results": 1,
            "failing_results": 1,
            "unanswered_results": 1,
            "failing_checks": 1,
            "failing_resources": 1,
        },
        {
            "resource_type": "AWS::A::Quiet",
            "checks": 1,
            "cells_answered": 1,
            "cells_total": 1,
            "cells_percent": 100.0,
            "passing_results": 1,
            "failing_results": 0,
            "unanswered_results": 0,
            "failing_checks": 0,
            "failing_resources": 0,
        },
    ]


def test_a_check_of_a_region_outside_the_scope_is_counted_in_that_region() -> None:
    there = check("there", source("aws_config", "RULE"), locality="ap-south-1")
    metrics = compute_metrics(judged(config(row("PASS")), checks=[there]))
    assert {row["region"]: row["cells_total"] for row in metrics.by_region} == {
        None: 0,
        HOME: 0,
        "ap-south-1": 1,
    }
    assert metrics.coverage["cells_total"] == 1


def test_where_everything_is_not_applicable_there_is_no_score() -> None:
    found = judged(config(row("FAIL")), checks=[CRITICAL])
    nothing = replace(
        found, controls=tuple(replace(c, status="NOT_APPLICABLE") for c in found.controls)
    )
    metrics = compute_metrics(nothing)
    assert metrics.compliance == {
        "total_controls": 0,
        "compliant_controls": 0,
        "non_compliant_controls": 0,
        "inconclusive_controls": 0,
        "not_applicable_controls": 1,
        "compliance_score": None,
    }
    assert metrics.coverage["controls_percent"] is None
    # What fails is shown all the same; it breaks no control.
    assert [row["controls"] for row in metrics.failing_resources] == [[]]


def test_what_is_only_shown_is_in_no_figure_of_failures() -> None:
    found = judged(
        config(row("PASS", failed=(("2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z"),))),
        hub(hub_row("FAIL")),
        checks=[CRITICAL, WIDE],
        controls=[control("1", shown=["critical", "wide"], manual="A plan.")],
    )
    metrics = compute_metrics(found)
    assert (metrics.resources["failing"], metrics.resources["failed_and_fixed"]) == (0, 0)
    assert metrics.non_compliance["failures"] == []
    assert sum(row["failing_results"] for row in metrics.by_severity) == 1


def test_figures_depend_on_no_hash_seed_and_no_time_zone() -> None:
    script = (
        "import json, sys; from tests.include.reports.sample import streamed;"
        "sys.stdout.write(json.dumps(streamed().metrics.to_json()))"
    )
    one, other = (
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[3],
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    )
    assert one == other and json.loads(one)["change"]["items"]


def test_the_garbage_collector_is_left_as_it_was() -> None:
    compute_metrics(world())
    assert gc.isenabled()
    with pytest.raises(ValueError, match="does not come after"):
        compute_metrics(world(), earlier=[world(), world()])
    assert gc.isenabled()
