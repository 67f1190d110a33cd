"""The task that writes the reports: of which periods it says that they have a result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Asset

from include.runs import published, publishing, workspace
from include.runs.workspace import Workspace
from include.settings import Settings
from plugins.operators.base import AssessmentOperator
from plugins.operators.publish import GenerateReportsOperator
from tests.include.reports.sample import assessment
from tests.include.runs.test_publishing import PLAN


@pytest.mark.parametrize(
    ("status", "said"), [("COMPLETE", ["2026-10"]), ("INCOMPLETE", ["2026-10"]), ("INTERIM", [])]
)
def test_an_interim_result_is_no_result_of_its_period(
    status: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The plan's scope is whole: the result is interim, for its period has not ended.
    written = {"package": "p", "reports": [], "summary": {"assessment_status": status, "score": 1}}
    monkeypatch.setattr(publishing, "publish_reports", lambda *_, **__: written)
    monkeypatch.setattr(published, "record_published", lambda *_: None)
    monkeypatch.setattr(workspace, "fetch_json", lambda *_: assessment().to_json())
    for name, value in {
        "plan_of": PLAN,
        "client": None,
        "store": None,
        "workspace": Workspace(None, "reports", "runs"),
        "record_lineage": None,
    }.items():
        monkeypatch.setattr(AssessmentOperator, name, lambda *_, value=value, **__: value)
    monkeypatch.setattr(AssessmentOperator, "settings", Settings())
    partitions: list[str] = []
    outlet = Asset("report", "x-compliance://reports/cis_aws_5.0")
    event = SimpleNamespace(add_partitions=partitions.append)
    reference = {"uri": "s3://reports/runs/x.json", "digest": "0"}
    context: Any = {"outlet_events": {outlet: event}}
    GenerateReportsOperator(
        task_id="generate_reports",
        plan=reference,
        assessment=reference,
        metrics=reference,
        target={},
        outlets=[outlet],
    ).execute(context)
    assert partitions == said
