"""Unpausing the DAG assesses the last finished month, once, and the result is true."""

from __future__ import annotations

from include.settings import ROOT
from tests.judge.judge import judge
from tests.stack.lab import FRAMEWORK, Lab

SOURCES = ("aws_config", "security_hub", "cloudtrail", "api_calls")


def test_unpausing_starts_one_run_of_the_last_finished_month(lab: Lab) -> None:
    runs = lab.runs("scheduled")
    assert len(runs) == 1
    assert runs[0].end() == "success", runs[0].states()
    assert runs[0].facts["data_interval_start"] == f"{lab.month(1)}-01T00:00:00Z"
    assert runs[0].facts["data_interval_end"] == f"{lab.month(0)}-01T00:00:00Z"
    assert runs[0].report["period"]["label"] == lab.month(1)
    # The schedule does not start another one meanwhile.
    assert len(lab.runs("scheduled")) == 1


def test_every_task_of_it_succeeded_and_says_what_it_is_about(lab: Lab) -> None:
    run = lab.runs("scheduled")[0]
    run.end()
    tasks = run.tasks
    assert {task: states for task, states in run.states().items() if states != {"success"}} == {}
    assert {one["try_number"] for one in tasks.values()} == {1}
    for source in SOURCES:
        named = [tasks[f"collect.{source}", i]["rendered_map_index"] for i in (0, 1)]
        assert named == list(lab.aws.accounts)
    sets = [
        one["rendered_map_index"]
        for (task, _), one in sorted(tasks.items())
        if task == "upload_to_audit_manager.import_evidence"
    ]
    assert sets == [f"control set {number}" for number in range(1, 6)]
    assert {task for task, _ in tasks} == {
        "plan",
        *(f"collect.{source}" for source in SOURCES),
        "collect.manual",
        "map_to_controls",
        "upload_to_audit_manager.prepare_assessment",
        "upload_to_audit_manager.import_evidence",
        "upload_to_audit_manager.assessment_report",
        "compute_metrics",
        "generate_reports",
        "seal",
        "notify",
        "completeness",
    }


def test_its_report_equals_the_truth(lab: Lab) -> None:
    run = lab.runs("scheduled")[0]
    run.end()
    report = run.report
    truth = judge(
        lab.folder / "aws" / "ground_truth.json",
        ROOT / "include" / "frameworks" / "library" / f"{FRAMEWORK}.yaml",
        ROOT / "include" / "checks" / "catalogue",
        start=report["period"]["start"],
        end=report["period"]["end"],
    )
    assert {control["id"]: control["status"] for control in report["controls"]} == truth.controls
    checks = {check["id"]: check for control in report["controls"] for check in control["checks"]}
    assert {name: check["failing"] for name, check in checks.items()} == {
        name: truth.failing[name] for name in checks
    }


def test_the_outcome_was_announced(lab: Lab) -> None:
    run = lab.runs("scheduled")[0]
    run.end()
    (message,) = lab.message_about(run)
    assert message["event"] == "assessment.finished"
    assert message["period"] == lab.month(1)
    assert message["compliance_score"] == run.report["compliance_metrics"]["compliance_score"]
    assert message["gaps"] == []
