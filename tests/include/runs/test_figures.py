"""A run's figures stand on the very snapshots it was judged by, and on all earlier results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.assessment.result import Assessment
from include.clock import iso
from include.errors import AuditError
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotRef, SnapshotWriter
from include.evidence.store import SnapshotStore
from include.metrics.metering import Prices
from include.metrics.model import Metrics
from include.runs.figures import figures_of
from include.runs.judging import judge_run
from include.runs.plan import Plan
from include.runs.snapshots import cells_of, evidence_of
from include.runs.workspace import Workspace
from tests.include.assessment.estate import row
from tests.include.runs.test_publishing import PLAN

KEYWORD = "IAM_PASSWORD_POLICY"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        for bucket in ("evidence", "reports"):
            client.create_bucket(Bucket=bucket)
        yield client


def collected(store: SnapshotStore, cell: Cell, resources: int) -> SnapshotRef:
    with SnapshotWriter(cell) as writer:
        for n in range(resources):
            writer.add(
                row(
                    "PASS",
                    keyword=KEYWORD,
                    region=cell.region,
                    resource=f"r-{n}",
                    resource_type="AWS::::Account",
                )
            )
        return store.save(writer.finish("COMPLETE"))


def figures(
    plan: Plan, assessment: Assessment, store: SnapshotStore, runs: Workspace
) -> tuple[Metrics, list[str]]:
    return figures_of(plan, assessment, store, runs, prices=Prices(), expiring_days=30)


def test_the_evidence_counted_is_that_which_was_judged(s3: Any) -> None:
    store, runs = SnapshotStore("evidence", s3), Workspace(s3, "reports", "runs")
    cells = [cell for cell, _ in cells_of(PLAN)]
    refs = [collected(store, cell, 3) for cell in cells]
    assessment = judge_run(PLAN, store)
    metrics, read = figures(PLAN, assessment, store, runs)
    assert sorted(read) == sorted(ref.uri for ref in refs)
    assert metrics.evidence["total_evidence_items"] == 3 * len(cells)
    assert metrics.metering["resource_assessments"]["total"] == 3 * len(cells)
    # What is collected later is for a later judgement.
    for cell in cells:
        collected(store, cell, 5)
    assert figures(PLAN, assessment, store, runs) == (metrics, read)
    wanted = {("aws_config", KEYWORD)}
    assert len(list(evidence_of(assessment, PLAN, store, wanted))) == 3 * len(cells)
    again, _ = figures(PLAN, judge_run(PLAN, store), store, runs)
    assert again.metering["resource_assessments"]["total"] == 5 * len(cells)


def test_earlier_results_are_read_and_named(s3: Any) -> None:
    store, runs = SnapshotStore("evidence", s3), Workspace(s3, "reports", "runs")
    for cell, _ in cells_of(PLAN):
        collected(store, cell, 1)
    assessment = judge_run(PLAN, store)
    written = []
    for month in (8, 9):
        label, start, end = f"2026-{month:02}", f"2026-{month:02}-01", f"2026-{month + 1:02}-01"
        plan = replace(PLAN, label=label, start=f"{start}T00:00:00Z", end=f"{end}T00:00:00Z")
        earlier = replace(
            assessment,
            period=label,
            period_start=iso(plan.period.start),
            period_end=iso(plan.period.end),
        )
        written.append(runs.below(plan.key).put_json("assessment", earlier.to_json()).uri)
    metrics, read = figures(PLAN, assessment, store, runs)
    assert set(written) <= set(read)
    assert [point["period"] for point in metrics.trend] == ["2026-08", "2026-09", "2026-10"]
    assert metrics.change["previous"]["period"] == "2026-09"


def test_a_snapshot_that_was_changed_since_is_refused(s3: Any) -> None:
    store, runs = SnapshotStore("evidence", s3), Workspace(s3, "reports", "runs")
    refs = [collected(store, cell, 1) for cell, _ in cells_of(PLAN)]
    assessment = judge_run(PLAN, store)
    key = f"{refs[0].uri.removeprefix('s3://evidence/')}/snapshot.json"
    s3.put_object(Bucket="evidence", Key=key, Body=b"{}")
    with pytest.raises(AuditError):
        figures(PLAN, assessment, store, runs)
