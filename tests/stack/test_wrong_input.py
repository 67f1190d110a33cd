"""Wrong input ends where it is noticed: in the form, else in ``plan``, before anything is asked."""

from __future__ import annotations

from typing import Any

import pytest

from include.stack.airflow_api import ApiError
from tests.stack.lab import Lab, RunSeen


@pytest.mark.parametrize(
    "conf",
    [
        {"period": "2026-13"},
        {"period": "last month"},
        {"accounts": ["999999999999"]},
        {"accounts": "111111111111"},
        {"regions": ["mars-north-1"]},
        {"sources": ["horoscope"]},
        {"refresh": "often"},
        {"assessment_name": "a b"},
    ],
    ids=str,
)
def test_the_form_refuses_what_a_schema_can_tell(lab: Lab, conf: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        lab.dag.trigger(conf)
    assert refused.value.status == 400
    (name,) = conf
    assert name in str(refused.value)


@pytest.fixture(scope="module")
def refused(lab: Lab) -> dict[str, RunSeen]:
    """Runs whose input only ``plan`` can judge."""
    future = f"{int(lab.month(0)[:4]) + 1}-01"
    backwards = f"{lab.month(1)}-20T00:00:00Z/{lab.month(1)}-10T00:00:00Z"
    runs = {
        "after the present": lab.trigger(period=future),
        "ends before it begins": lab.trigger(period=backwards),
    }
    for run in runs.values():
        assert run.end() == "failed"
    return runs


def test_a_refused_plan_fails_at_once_and_the_run_with_it(refused: dict[str, RunSeen]) -> None:
    for run in refused.values():
        plan = run.tasks["plan", -1]
        assert (plan["state"], plan["try_number"]) == ("failed", 1)
        assert run.states()["completeness"] == {"failed"}


def test_no_collection_begins(refused: dict[str, RunSeen]) -> None:
    for run in refused.values():
        collecting = {
            task: one for (task, _), one in run.tasks.items() if task.startswith("collect.")
        }
        assert len(collecting) == 5
        for one in collecting.values():
            # Airflow writes a start date also for tasks that never started; it counts no try.
            assert (one["state"], one["try_number"]) == ("upstream_failed", 0)


def test_the_log_says_in_one_sentence_what_is_wrong(refused: dict[str, RunSeen]) -> None:
    for words, run in refused.items():
        errors = [line["event"] for line in run.log("plan") if line.get("level") == "error"]
        assert words in errors[0]
        assert run.facts["conf"]["period"] in errors[0]
        assert "\n" not in errors[0]


def test_the_failure_is_announced_with_its_task(lab: Lab, refused: dict[str, RunSeen]) -> None:
    for run in refused.values():
        (message,) = lab.message_about(run)
        assert message["event"] == "assessment.failed"
        assert message["subject"].startswith("Failed")
        assert message["failed_tasks"] == ["generate_reports", "map_to_controls", "plan"]
        assert message["period"] == run.facts["conf"]["period"]
