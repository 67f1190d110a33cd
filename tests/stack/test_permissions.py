"""The printed policies are enough: a run succeeds with everything else denied."""

from __future__ import annotations

import copy

from tests.stack.lab import COLLECTING, Lab


def own_period(lab: Lab) -> str:
    """A period that no other test collects."""
    return f"{lab.month(2)}-12T00:00:00Z/{lab.month(1)}-12T00:00:00Z"


def test_a_run_needs_no_more_than_the_printed_policies(lab: Lab) -> None:
    lab.wait_until_idle()
    account = lab.aws.accounts[0]
    lab.allow({f"arn:aws:iam::{account}:root": lab.policy("runner")})
    try:
        run = lab.trigger(period=own_period(lab), accounts=[account])
        state = run.end()
    finally:
        lab.allow({})
    failed = [key for key, one in run.tasks.items() if one["state"] == "failed"]
    assert state == "success", [(task, run.log(task, index)[-3:]) for task, index in failed]
    assert run.report["assessment_id"]


def test_without_one_printed_action_the_collection_is_denied(lab: Lab) -> None:
    lab.wait_until_idle()
    policy = copy.deepcopy(lab.policy("collector"))
    for statement in policy["Statement"]:
        statement["Action"] = [a for a in statement["Action"] if a != "securityhub:GetFindings"]
    lab.allow({COLLECTING: policy})
    try:
        run = lab.trigger(
            period=own_period(lab),
            accounts=[lab.aws.accounts[1]],
            sources=["security_hub"],
            upload=False,
        )
        assert run.end() == "failed"
    finally:
        lab.allow({})
    [gap] = [gap for gap in run.report["gaps"] if gap["status"] == "DENIED"]
    assert "securityhub:GetFindings" in gap["message"]
