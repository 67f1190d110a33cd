"""The package: named after its content, never replaced, its sums checkable with standard tools."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include import reports
from include.assessment.result import Assessment
from include.checks.catalogue import load_catalogue
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.metrics.compute import compute_metrics
from include.reports.model import ReportContext
from include.runs import publishing
from include.runs.plan import Plan
from include.runs.populations import store_population
from include.runs.publishing import publish_reports, seal_package, summary_of
from include.runs.workspace import Workspace, fetch_json
from include.workpapers.population import SCHEMA, table_of, write_population
from include.workpapers.sampling import Sampling
from tests.include.reports.sample import assessment, snapshots

PLAN = Plan(
    framework="cis_aws_5.0",
    framework_digest="ab" * 32,
    label="2026-10",
    start="2026-10-01T00:00:00Z",
    end="2026-11-01T00:00:00Z",
    accounts=("111111111111",),
    regions=("us-east-1",),
    home_region="us-east-1",
    sources=("aws_config",),
    refresh=False,
    upload=True,
    notify=True,
    assessment_name="",
)


class Judged:
    """Has the snapshots of the sample, and none in force: whatever was collected since."""

    def __init__(self, seed: int = 1) -> None:
        self._receipts = {one.ref.uri: one.receipt for one in snapshots(seed)}

    def find(self, cell: Any) -> None:
        raise AssertionError("What is in force now is not what was judged.")

    def load(self, ref: SnapshotRef) -> LoadedSnapshot:
        return LoadedSnapshot(ref, self._receipts[ref.uri])


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_bucket(Bucket="reports")
        yield client


def publish(s3: Any, found: Assessment, **more: Any) -> dict[str, Any]:
    return publish_reports(
        PLAN,
        found,
        compute_metrics(found).to_json(),
        {"assessment_id": "a-1"},
        Judged(),  # type: ignore[arg-type]
        Workspace(s3, "reports", "packages"),
        "test",
        **more,
    )


def test_the_same_result_is_published_once_and_another_beside_it(s3: Any) -> None:
    first = publish(s3, assessment(seed=1))
    assert publish(s3, assessment(seed=1)) == first
    other = publish(s3, assessment(seed=2))
    assert other["package"] != first["package"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="reports")["Contents"]]
    files = [one["uri"] for found in (first, other) for one in fetch_json(s3, found["files"])]
    listings = [found["files"]["uri"] for found in (first, other)]
    assert sorted(f"s3://reports/{key}" for key in keys) == sorted(files + listings)
    assert {one["uri"] for one in first["reports"]} < set(files)


def test_what_goes_through_xcom_does_not_grow_with_the_receipts(s3: Any) -> None:
    published = publish(s3, assessment(seed=1))
    assert {one["name"] for one in published["reports"]} >= {"report.pdf", "report.html"}
    assert not any("/" in one["name"] for one in published["reports"])


def test_a_new_edition_of_the_reports_gets_a_package_of_its_own(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(s3, assessment(seed=1))
    monkeypatch.setattr(publishing, "renderer", lambda: "another edition")
    assert publish(s3, assessment(seed=1))["package"] != first["package"]


def test_the_sums_are_those_of_the_stored_files_and_do_not_change_with_the_run(s3: Any) -> None:
    published = publish(s3, assessment(seed=1))
    package = Workspace(s3, "reports", f"packages/{published['package']}")
    sums = [
        seal_package(
            package,
            fetch_json(s3, published["files"]),
            dag_id="assess",
            run_id=run,
            started=datetime(2026, 11, 1, 6, tzinfo=UTC),
        )
        for run in ("first", "second")
    ]
    assert sums[0] == sums[1]
    text = s3.get_object(Bucket="reports", Key=f"{package.prefix}/SHA256SUMS")["Body"].read()
    names = [line.split("  ")[1] for line in text.decode().splitlines()]
    assert names == sorted(names) and len(names) > 10
    for line in text.decode().splitlines():
        digest, name = line.split("  ")
        body = s3.get_object(Bucket="reports", Key=f"{package.prefix}/{name}")["Body"].read()
        assert hashlib.sha256(body).hexdigest() == digest
    listed = s3.list_objects_v2(Bucket="reports", Prefix=f"{package.prefix}/runs/")["Contents"]
    runs = [
        json.load(s3.get_object(Bucket="reports", Key=item["Key"])["Body"])["run_id"]
        for item in listed
    ]
    assert sorted(runs) == ["first", "second"]


def test_the_summary_counts_what_the_assessment_says() -> None:
    found = assessment(seed=1)
    summary = summary_of(found, compute_metrics(found).to_json())
    assert sum(summary["statuses"].values()) == len(found.controls)
    assert len(summary["gaps"]) == len(found.gaps) > 0
    assert summary["evidence_items"] == found.evidence.total
    counts = [control["failing"] for control in summary["top_failing"]]
    assert counts == sorted(counts, reverse=True) and len(counts) <= 5


def test_without_audit_manager_the_summary_says_why() -> None:
    found = replace(assessment(seed=1), gaps=())
    summary = summary_of(found, compute_metrics(found).to_json(), "closed to new customers")
    assert summary["audit_manager"] == "closed to new customers"


def test_the_reports_are_given_the_population_the_result_was_judged_with(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_population(tmp_path / "p", [table_of({name: [f"a {name}"] for name in SCHEMA.names})])
    kept = store_population(Workspace(s3, "reports", "runs/x"), tmp_path / "p").to_json()
    seen: list[list[str]] = []

    def look(found: Any, figures: Any, context: ReportContext, folder: Path) -> list[Path]:
        for _ in range(2):
            seen.append([str(v) for t in context.population() for v in t["resource"]])
        return []

    monkeypatch.setattr(publishing, "write_reports", look)
    with_it = publish(s3, assessment(seed=1), population=kept)
    assert seen == [["a resource"], ["a resource"]]
    assert publish(s3, assessment(seed=1))["package"] != with_it["package"]
    assert seen[2:] == [[], []]


def test_another_way_of_sampling_is_another_package(s3: Any) -> None:
    few = publish(s3, assessment(seed=1), sampling=Sampling(size=5))
    assert publish(s3, assessment(seed=1))["package"] != few["package"]


def test_the_reports_are_given_the_receipts_the_result_names(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = assessment(seed=1)
    line = replace(found.receipts[0], uri="", digest="", status="FAILED", message="Not collected.")
    seen: list[tuple[str, str, str, str]] = []

    def look(found: Any, figures: Any, context: ReportContext, folder: Path) -> list[Path]:
        seen.extend((r.source, r.account, r.region, r.message) for r in context.receipts())
        return []

    monkeypatch.setattr(publishing, "write_reports", look)
    found = replace(found, receipts=(line, *found.receipts[1:]))
    publish(s3, found)
    assert seen == [(r.source, r.account, r.region, r.message) for r in found.receipts]
    assert seen[0][3] == "Not collected."


def test_other_remedies_make_another_package(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish(s3, assessment(seed=1))
    changed = replace(load_catalogue(), digest="of other files")
    monkeypatch.setattr(publishing, "load_catalogue", lambda: changed)
    assert publish(s3, assessment(seed=1))["package"] != first["package"]


def test_every_library_that_the_reports_import_is_part_of_their_edition() -> None:
    ours = Path(reports.__file__).parents[1]
    imported = {
        name.partition(".")[0]
        for folder in ("reports", "workpapers", "metrics")
        for file in (ours / folder).rglob("*.py")
        if file.parent.name != "comparison"  # is no part of a package
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    there = packages_distributions()
    needed = {
        distribution.lower()
        for name in imported - set(sys.stdlib_module_names)
        for distribution in there.get(name, ())
    }
    assert needed <= set(publishing._LIBRARIES)
