"""The last period's result is found where it lies, and is an input of this period's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.errors import AuditError
from include.runs.earlier import earlier_result, key_before
from include.runs.workspace import Workspace
from tests.include.reports.sample import assessment
from tests.include.runs.test_publishing import PLAN


@pytest.fixture
def runs() -> Iterator[Workspace]:
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_bucket(Bucket="reports")
        yield Workspace(client, "reports", "runs")


def september() -> str:
    key = key_before(PLAN)
    assert key is not None
    return key


def test_the_month_before_of_the_same_framework_and_scope_is_meant() -> None:
    assert september() == PLAN.key.replace("2026-10", "2026-09")
    quarter = replace(
        PLAN, label="2026-Q1", start="2026-01-01T00:00:00Z", end="2026-04-01T00:00:00Z"
    )
    assert str(key_before(quarter)).startswith("cis_aws_5.0_2025-Q4_")
    fiscal = replace(
        PLAN,
        label="2026-02-01T00:00:00Z/2027-02-01T00:00:00Z",
        start="2026-02-01T00:00:00Z",
        end="2027-02-01T00:00:00Z",
    )
    assert "2025-02-01" in str(key_before(fiscal))
    odd = replace(PLAN, label="x", start="2026-10-03T00:00:00Z")
    assert key_before(odd) is None


def test_a_first_run_has_none(runs: Workspace) -> None:
    assert earlier_result(PLAN, runs) is None


def test_the_final_result_written_last_counts(runs: Workspace) -> None:
    folder = runs.below(september())
    results = [replace(assessment(seed=n), status="COMPLETE") for n in (1, 2)]
    written = [folder.put_json("assessment", result.to_json()) for result in results]
    folder.put_json("assessment", replace(assessment(seed=3), status="INTERIM").to_json())
    folder.put_json("metrics", {"score": 1})
    found = earlier_result(PLAN, runs)
    assert found is not None
    # Both may have been written within S3's second; then the name decides, the same each time.
    assert found[1] in written
    assert found[0].to_json() == results[written.index(found[1])].to_json()
    assert earlier_result(PLAN, runs) == found


def test_a_changed_result_is_refused(runs: Workspace) -> None:
    folder = runs.below(september())
    reference = folder.put_json("assessment", assessment(seed=1).to_json())
    changed: dict[str, Any] = {"Bucket": "reports", "Key": reference.uri.split("/", 3)[3]}
    runs.s3.put_object(**changed, Body=b"{}")
    with pytest.raises(AuditError, match="is not what this run wrote"):
        earlier_result(PLAN, runs)
