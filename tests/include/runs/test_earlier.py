"""Earlier results are found where they lie, and are inputs of this period's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.assessment.period import parse_period
from include.clock import iso
from include.errors import AuditError
from include.runs.earlier import earlier_result, earlier_results, key_before
from include.runs.plan import Plan
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


def written(runs: Workspace, label: str, **changes: Any) -> str:
    """A result of the plan's framework and scope for another period; its content digest."""
    plan = of_period(label, **{k: v for k, v in changes.items() if k in ("framework", "accounts")})
    result = replace(
        assessment(seed=1),
        framework=plan.framework,
        period=label,
        status=changes.get("status", "COMPLETE"),
        as_of=changes.get("as_of", "2026-11-01T06:05:00Z"),
    )
    return runs.below(plan.key).put_json("assessment", result.to_json()).uri


def of_period(label: str, **changes: Any) -> Plan:
    period = parse_period(label)
    plan = replace(PLAN, label=period.label, start=iso(period.start), end=iso(period.end))
    return replace(plan, **changes)


def periods(plan: Plan, runs: Workspace) -> list[str]:
    return [found.period for found, _ in earlier_results(plan, runs)]


def test_all_earlier_months_are_found_oldest_first_in_whatever_order_they_were_written(
    runs: Workspace,
) -> None:
    for label in ("2026-09", "2025-12", "2026-10", "2026-07", "2026-11"):
        written(runs, label)
    assert periods(PLAN, runs) == ["2025-12", "2026-07", "2026-09"]


def test_other_frameworks_scopes_and_kinds_of_period_are_other_histories(runs: Workspace) -> None:
    written(runs, "2026-08")
    written(runs, "2026-07", framework="cis_aws_5.0_extended")
    written(runs, "2026-06", framework="soc_2_2017")
    written(runs, "2026-05", accounts=("222222222222",))
    written(runs, "2026-Q2")
    written(runs, "2025")
    runs.put("cis_aws_5.0_notes/readme-0.txt", b"not a result")
    assert periods(PLAN, runs) == ["2026-08"]
    assert periods(of_period("2026-Q3"), runs) == ["2026-Q2"]
    assert periods(of_period("2026"), runs) == ["2025"]


def test_years_of_another_calendar_are_another_history(runs: Workspace) -> None:
    fiscal = [f"{year}-02-01T00:00:00Z/{year + 1}-02-01T00:00:00Z" for year in range(2023, 2026)]
    for label in (*fiscal, "2023", "2024"):
        written(runs, label)
    assert periods(of_period(fiscal[2]), runs) == fiscal[:2]
    assert periods(of_period("2025"), runs) == ["2023", "2024"]


def test_stretches_of_days_follow_each_other_without_overlapping(runs: Workspace) -> None:
    weeks = [f"2026-10-{day:02}T00:00:00Z/2026-10-{day + 7:02}T00:00:00Z" for day in (1, 4, 8)]
    for label in weeks:
        written(runs, label)
    assert periods(of_period(weeks[2]), runs) == [weeks[0]]


def test_a_period_without_a_final_result_is_left_out(runs: Workspace) -> None:
    written(runs, "2026-07", status="INTERIM")
    written(runs, "2026-08", status="INCOMPLETE")
    written(runs, "2026-09", as_of="2026-11-02T00:00:00Z", status="INTERIM")
    final = written(runs, "2026-09")
    found = list(earlier_results(PLAN, runs))
    assert [one.period for one, _ in found] == ["2026-08", "2026-09"]
    assert found[-1][1].uri == final
    assert earlier_result(PLAN, runs) == found[-1]


def test_a_result_that_was_moved_under_another_period_is_refused(runs: Workspace) -> None:
    of_august = replace(assessment(seed=1), period="2026-08", status="COMPLETE")
    runs.below(september()).put_json("assessment", of_august.to_json())
    with pytest.raises(AuditError, match="is a result of"):
        list(earlier_results(PLAN, runs))
