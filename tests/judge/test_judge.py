"""What the product says of an estate is what its ground truth says, judged by other code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.judge.judge import Verdict, judge
from tests.local_stack import ROOT, LocalAws, assess, local_aws

FRAMEWORK = ROOT / "include/frameworks/library/cis_aws_5.0.yaml"
CATALOGUE = ROOT / "include/checks/catalogue"


def truth_of(aws: LocalAws, assessment: Any) -> Verdict:
    return judge(
        aws.ground_truth,
        FRAMEWORK,
        CATALOGUE,
        start=assessment.period_start,
        end=assessment.period_end,
    )


def differences(assessment: Any, truth: Verdict) -> list[str]:
    """Where the product is wrong, in words; empty if nowhere.

    What it settles is right to the resource; what it leaves open, it has to leave open; what it
    says to fail, fails; and what some source knows to fail is said.
    """
    wrong = []
    for control in assessment.controls:
        if control.status not in truth.allowed[control.id]:
            wrong.append(f"{control.id}: {control.status}, not {truth.controls[control.id]}")
    for check in assessment.checks:
        for cell in check.cells:
            place = truth.places[check.id][cell.account, cell.region]
            at = f"{check.id} {cell.account} {cell.region}"
            ours = {one.resource for one in cell.failing}
            if not check.judges:
                continue
            if place.settled is not None and cell.settled is not place.settled:
                wrong.append(f"{at}: {cell.answer}, settled {place.settled}: {cell.notes}")
            if cell.settled and ours != place.fails:
                wrong.append(f"{at}: settled with {ours}, not {set(place.fails)}")
            if not place.must_fail <= ours <= place.fails:
                wrong.append(f"{at}: {ours} fail, not {set(place.must_fail)} to {set(place.fails)}")
    return wrong


def assert_equal(assessment: Any, truth: Verdict) -> None:
    assert differences(assessment, truth) == []


def test_a_small_estate_is_judged_as_its_ground_truth_says(tmp_path: Path) -> None:
    with local_aws(tmp_path, seed=11, accounts=1, regions=1, resources=30, months=2) as aws:
        assessment = assess(aws)
        assert assessment.status == "COMPLETE"
        truth = truth_of(aws, assessment)
        assert_equal(assessment, truth)
    assert sum(map(len, truth.failing.values())) > 3


def test_a_run_without_the_home_region_judges_what_it_collected(tmp_path: Path) -> None:
    with local_aws(tmp_path, seed=11, accounts=1, regions=2, resources=30, months=2) as aws:
        assessment = assess(aws, regions=aws.regions[1:])
    assert assessment.status == "INTERIM"
    assert [gap for gap in assessment.gaps if gap.status == "NOT_COLLECTED"] == []
    assert len(assessment.receipts) == 4


def test_the_judge_can_disagree(tmp_path: Path) -> None:
    """Guards the guard: with one violation taken out of the truth, the comparison fails."""
    with local_aws(tmp_path, seed=12, accounts=1, regions=1, resources=30, months=2) as aws:
        assessment = assess(aws, sources=("aws_config", "security_hub", "api_calls", "cloudtrail"))
        truth = json.loads(aws.ground_truth.read_text())
    failing = {arn for check in assessment.checks for arn in check.failing}
    truth["violations"] = [v for v in truth["violations"] if v["arn"] not in failing]
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(truth))
    verdict = judge(
        changed,
        FRAMEWORK,
        CATALOGUE,
        start=assessment.period_start,
        end=assessment.period_end,
    )
    with pytest.raises(AssertionError):
        assert_equal(assessment, verdict)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "size"),
    [
        # The demo's own estate.
        (7, {"accounts": 3, "regions": 2, "resources": 100, "months": 4}),
        (1, {"accounts": 2, "regions": 1, "resources": 40, "months": 2}),
        (2, {"accounts": 2, "regions": 1, "resources": 40, "months": 2}),
        (3, {"accounts": 2, "regions": 1, "resources": 40, "months": 2}),
        (4, {"accounts": 2, "regions": 1, "resources": 40, "months": 2}),
        (5, {"accounts": 2, "regions": 1, "resources": 40, "months": 2}),
        (6, {"accounts": 1, "regions": 3, "resources": 30, "months": 1}),
        (8, {"accounts": 1, "regions": 1, "resources": 400, "months": 2}),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else None,
)
def test_every_estate_is_judged_as_its_ground_truth_says(
    tmp_path: Path, seed: int, size: dict[str, int]
) -> None:
    with local_aws(tmp_path, seed=seed, **size) as aws:
        assessment = assess(aws)
        assert assessment.status == "COMPLETE"
        assert_equal(assessment, truth_of(aws, assessment))


@pytest.mark.slow
def test_changes_at_the_edges_of_the_period_land_on_the_right_side(tmp_path: Path) -> None:
    with local_aws(tmp_path, seed=7, accounts=2, regions=2, resources=60, months=3) as aws:
        assessment = assess(aws)
        truth = json.loads(aws.ground_truth.read_text())
    end = assessment.period_end
    ours = {check.id: set(check.failing) for check in assessment.checks}
    gone = {r["arn"] for r in truth["resources"] if r["deleted"] and r["deleted"] < end}
    last_second = end.replace("-01T00:00:00Z", "-31T23:59:59Z").replace("2026-11-31", "2026-10-31")
    counted = {"broken just before": 0, "broken just after": 0, "fixed just after": 0}
    for violation in truth["violations"]:
        failing = ours.get(violation["check"])
        if failing is None or violation["arn"] in gone or not violation["recorded_at"]:
            continue
        if violation["from"] == last_second and (violation["to"] is None or violation["to"] >= end):
            assert violation["arn"] in failing, violation
            counted["broken just before"] += 1
        if violation["from"] >= end:
            earlier = [
                v
                for v in truth["violations"]
                if v["check"] == violation["check"]
                and v["arn"] == violation["arn"]
                and v["from"] < end
                and (v["to"] is None or v["to"] >= end)
            ]
            assert earlier or violation["arn"] not in failing, violation
            counted["broken just after"] += 1
        if violation["from"] < end and violation["to"] is not None and violation["to"] >= end:
            assert violation["arn"] in failing, violation
            counted["fixed just after"] += 1
    assert all(counted.values()), counted
