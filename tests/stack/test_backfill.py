"""A backfill over two months makes one run for each, and every file of a run is about its month."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack.lab import FRAMEWORK, Lab, RunSeen

BUCKET = "audit-reports"


@pytest.fixture(params=[3, 2], ids=["first month", "second month"])
def month(request: pytest.FixtureRequest) -> int:
    """How many months ago."""
    return int(request.param)


def run_of(lab: Lab, month: int) -> RunSeen:
    run = lab.runs("backfill")[3 - month]
    run.end()
    return run


def test_there_is_one_run_for_each_month_beside_the_scheduled_one(lab: Lab) -> None:
    intervals = [run.facts for run in (*lab.runs("backfill"), *lab.runs("scheduled"))]
    assert [(one["run_type"], one["data_interval_start"][:7]) for one in intervals] == [
        ("backfill", lab.month(3)),
        ("backfill", lab.month(2)),
        ("scheduled", lab.month(1)),
    ]


def test_it_succeeds_exactly_when_nothing_is_missing(lab: Lab, month: int) -> None:
    run = run_of(lab, month)
    missing = [gap for gap in run.report["gaps"] if gap["blocking"]]
    assert (run.state == "success") == (not missing), (run.states(), missing)
    # The histories of AWS reach back 90 days, so the nearer month is always complete.
    assert month == 3 or not missing


def test_every_file_it_writes_names_its_period(lab: Lab, month: int) -> None:
    run, label = run_of(lab, month), lab.month(month)
    start, end = f"{label}-01T00:00:00Z", f"{lab.month(month - 1)}-01T00:00:00Z"
    report = run.report
    assert report["period"] == {"label": label, "start": start, "end": end}
    assert report["assessment_name"].startswith(f"{FRAMEWORK}_{label}_")

    plan = lab.json_at(_plan(run))
    assert (plan["label"], plan["start"], plan["end"]) == (label, start, end)
    judged = lab.json_at(run.value("map_to_controls")["uri"])
    assert (judged["period"], judged["period_start"], judged["period_end"]) == (label, start, end)
    metrics = lab.json_at(run.value("compute_metrics")["uri"])
    assert metrics["compliance_metrics"] == report["compliance_metrics"]
    for reference in _references(run):
        assert f"_{label}_" in reference

    bundles = [
        key
        for key in lab.objects(BUCKET, f"bundles/{report['assessment_id']}/")
        if key.endswith(".json")
    ]
    assert bundles
    for key in bundles:
        head = lab.json_at(f"s3://{BUCKET}/{key}")
        assert head["period"] == {"label": label, "start": start, "end": end}
        # What only the present knows is shown as such, and decides nothing.
        # It has no time of its own where it says none.
        late = {
            item["known"]
            for item in head["evidence"]
            if item["source_time"] is None or item["source_time"] > end
        }
        assert late <= {"CURRENT_ONLY"}, f"{key} holds evidence from after the period"


def test_its_snapshots_are_its_months_own(lab: Lab, month: int) -> None:
    run, label = run_of(lab, month), lab.month(month)
    refs = [
        ref
        for (task, index), _ in run.tasks.items()
        if task.startswith("collect.")
        for ref in run.value(task, index)
    ]
    assert len(refs) == 9, "four sources in two accounts, and what people handed in"
    assert {ref["cell"]["period"] for ref in refs} == {label}


def _plan(run: RunSeen) -> str:
    """Where its plan lies."""
    answer = run.lab.api.call(
        "GET",
        f"{run.path}/taskInstances/plan/xcomEntries/plan",
        deserialize=False,
        stringify=False,
    )
    value: Any = answer["value"]
    return str(value["uri"])


def _references(run: RunSeen) -> list[str]:
    reports = [one["uri"] for one in run.value("generate_reports")["reports"]]
    return [
        *reports,
        _plan(run),
        run.value("map_to_controls")["uri"],
        run.value("compute_metrics")["uri"],
        run.value("seal")["uri"],
    ]
