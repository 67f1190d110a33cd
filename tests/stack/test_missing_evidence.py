"""Security Hub refuses one account: the gap is stated, never hidden, and clearing closes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.lab import Lab, RunSeen

TASK = "collect.security_hub"
IMPORT = "upload_to_audit_manager.import_evidence"


@dataclass
class Seen:
    """What a run looked like at one moment; clearing changes it afterwards."""

    state: str
    states: dict[tuple[str, int], tuple[str, int]]
    report: dict[str, Any]
    imported: int
    digests: dict[str, list[str]]


def look(run: RunSeen) -> Seen:
    run.end()
    tasks = run.tasks
    outcomes = [run.value(task, index) for task, index in tasks if task == IMPORT]
    return Seen(
        run.state,
        {key: (one["state"], one["try_number"]) for key, one in tasks.items()},
        run.report,
        sum(outcome["imported"] for outcome in outcomes),
        {control: d for outcome in outcomes for control, d in outcome["digests"].items()},
    )


@dataclass
class Story:
    """One period, assessed with Security Hub denied, then mended, then all over again."""

    lab: Lab
    run: RunSeen
    period: str
    log: str
    denied: Seen
    mended: Seen
    again: Seen
    evidence: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def story(lab: Lab) -> Story:
    # A period that no other test collects.
    period = f"{lab.month(2)}-10T00:00:00Z/{lab.month(1)}-10T00:00:00Z"
    account, region = lab.aws.accounts[1], lab.aws.regions[0]
    fault = {"service": "securityhub", "account": account, "region": region}
    with lab.faults({**fault, "kind": "access_denied"}):
        run = lab.trigger(period=period)
        denied = look(run)
        log = json.dumps(run.log(TASK, 1))
    run.clear_with_downstream(TASK, 1)
    mended = look(run)
    again = look(lab.trigger(period=period, refresh=True))
    evidence = evidence_of(lab, mended.report["assessment_id"], again.digests)
    return Story(lab, run, period, log, denied, mended, again, evidence)


def evidence_of(
    lab: Lab, assessment: str, digests: dict[str, list[str]]
) -> dict[str, dict[str, int]]:
    """Per control, how many evidence items of Audit Manager hold each bundle, and are selected."""
    manager = lab.aws_client("auditmanager")
    found: dict[str, dict[str, int]] = {}
    sets = manager.get_assessment(assessmentId=assessment)["assessment"]["framework"]
    for control_set in sets["controlSets"]:
        for control in control_set["controls"]:
            if control["evidenceCount"] == 0:
                continue
            control_id = next(name for name in digests if control["name"].startswith(f"{name} "))
            counts = found.setdefault(control_id, {})
            where = {"assessmentId": assessment, "controlSetId": control_set["id"]}
            folders = manager.get_evidence_folders_by_assessment_control(
                **where, controlId=control["id"]
            )["evidenceFolders"]
            for folder in folders:
                for item in manager.get_evidence_by_evidence_folder(
                    **where, evidenceFolderId=folder["id"], maxResults=100
                )["evidence"]:
                    selected = item["assessmentReportSelection"] == "Yes"
                    mentions = str(item["resourcesIncluded"])
                    digest = next(
                        (d for known in digests.values() for d in known if d in mentions), "older"
                    )
                    key = digest if selected else f"not selected: {digest}"
                    counts[key] = counts.get(key, 0) + 1
    return found


def test_the_refused_task_is_red_at_once_and_names_the_permission(story: Story) -> None:
    # Waiting does not grant a permission, so there is no second attempt.
    assert story.denied.states[TASK, 1] == ("failed", 1)
    assert "securityhub:" in story.log
    assert story.lab.aws.accounts[1] in story.log
    assert "is missing" in story.log


def test_everything_else_ran(story: Story) -> None:
    red = {key for key, (state, _) in story.denied.states.items() if state != "success"}
    assert red == {(TASK, 1), ("completeness", -1)}
    assert story.denied.state == "failed"


def test_the_report_names_the_gap(story: Story) -> None:
    gaps = [
        (gap["source"], gap["account"], gap["region"], gap["status"])
        for gap in story.denied.report["gaps"]
    ]
    account, region = story.lab.aws.accounts[1], story.lab.aws.regions[0]
    assert gaps == [("security_hub", account, region, "DENIED")]
    assert story.mended.report["gaps"] == []


def test_missing_evidence_never_makes_a_control_compliant(story: Story) -> None:
    missing = statuses(story.denied)
    whole = statuses(story.mended)
    concerned = [
        control["id"]
        for control in story.denied.report["controls"]
        if any(check["answer"] == "INCOMPLETE" for check in control["checks"])
    ]
    assert concerned
    assert {missing[control] for control in concerned} <= {"INCONCLUSIVE", "NON_COMPLIANT"}
    compliant = {control for control, status in missing.items() if status == "COMPLIANT"}
    assert compliant < {control for control, status in whole.items() if status == "COMPLIANT"}
    assert score(story.denied) < score(story.mended)


def test_people_are_told_what_is_missing(story: Story) -> None:
    first, second = story.lab.message_about(story.run)
    assert first["subject"].startswith("Incomplete")
    assert [gap["status"] for gap in first["gaps"]] == ["DENIED"]
    assert first["gaps_total"] == 1
    assert second["subject"].startswith("Assessed")
    assert second["gaps"] == []


def test_clearing_the_task_collects_only_what_was_missing(story: Story) -> None:
    assert story.mended.state == "success"
    repeated = {task for (task, _), (_, tries) in story.mended.states.items() if tries > 1}
    once = {key for key, (_, tries) in story.mended.states.items() if tries == 1}
    assert {key for key in once if key[0].startswith("collect.")} == {
        key for key in story.mended.states if key[0].startswith("collect.") and key != (TASK, 1)
    }
    assert {"map_to_controls", "generate_reports", "completeness"} <= repeated


def test_the_mended_result_equals_one_without_fault(story: Story) -> None:
    assert story.again.state == "success"
    assert story.again.report["content_digest"] == story.mended.report["content_digest"]
    assert story.denied.report["content_digest"] != story.mended.report["content_digest"]
    assert story.again.report == story.mended.report


def test_nothing_is_imported_twice(story: Story) -> None:
    assert story.mended.imported > 0, "bundles that changed are imported as a new revision"
    assert story.again.imported == 0
    assert story.again.digests == story.mended.digests
    assert set(story.evidence) == set(story.again.digests)
    for control, digests in story.again.digests.items():
        counts = story.evidence[control]
        selected = {key: n for key, n in counts.items() if not key.startswith("not selected")}
        assert selected == dict.fromkeys(digests, 1), f"control {control}: {counts}"


def statuses(seen: Seen) -> dict[str, str]:
    return {control["id"]: control["status"] for control in seen.report["controls"]}


def score(seen: Seen) -> float:
    return float(seen.report["compliance_metrics"]["compliance_score"])
