"""A task that fails for a passing reason succeeds when Airflow tries it again."""

from __future__ import annotations

import json

from include.settings import ROOT
from tests.judge.judge import judge
from tests.stack.lab import FRAMEWORK, Lab


def test_expired_credentials_cost_one_retry_and_change_nothing(lab: Lab) -> None:
    account = lab.aws.accounts[0]
    # Once they would be renewed by the task itself; renewed ones that are over as well end it.
    fault = {"service": "config", "account": account, "kind": "expired_token", "calls": [1, 2]}
    with lab.faults(fault):
        run = lab.trigger(
            period=lab.month(1), accounts=[account], refresh=True, upload=False, notify=False
        )
        state = run.end()
    assert state == "success", run.states()
    tries = {task: one["try_number"] for (task, _), one in run.tasks.items() if "collect." in task}
    assert tries == {
        "collect.aws_config": 2,
        "collect.security_hub": 1,
        "collect.cloudtrail": 1,
        "collect.api_calls": 1,
        "collect.manual": 1,
    }
    assert "EXPIRED" in json.dumps(run.log("collect.aws_config", 0, attempt=1))

    report = run.report
    truth = judge(
        lab.folder / "aws" / "ground_truth.json",
        ROOT / "include" / "frameworks" / "library" / f"{FRAMEWORK}.yaml",
        ROOT / "include" / "checks" / "catalogue",
        start=report["period"]["start"],
        end=report["period"]["end"],
        accounts=[account],
    )
    assert {control["id"]: control["status"] for control in report["controls"]} == truth.controls
    # Less than the whole scope is never the period's final result.
    assert report["assessment_status"] == "INTERIM"


def test_what_was_switched_off_for_a_run_did_not_happen(lab: Lab) -> None:
    """Of the run above: no import, no message."""
    run = next(
        one
        for one in lab.runs("manual")
        if one.facts["conf"].get("notify") is False and one.facts["conf"].get("accounts")
    )
    run.end()
    states = run.states()
    assert states["upload_to_audit_manager.import_evidence"] == {"skipped"}
    assert states["upload_to_audit_manager.assessment_report"] == {"skipped"}
    assert states["notify"] == {"skipped"}
    assert lab.message_about(run) == []
