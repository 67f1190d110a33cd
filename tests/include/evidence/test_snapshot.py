"""Snapshots: the same content has the same digest, whatever the order and time of collection."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from include.assessment.period import parse_period
from include.aws.exchange import Answer
from include.digests import sha256
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.receipt import ReceiptStatus
from include.evidence.snapshot import FinishedSnapshot, SnapshotRef, SnapshotWriter
from include.evidence.sorting import EvidenceSorter
from include.evidence.table import SCHEMA, read_evidence, write_evidence

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
CELL = Cell("aws_config", "111111111111", "us-east-1", parse_period("2026-10"), "ab" * 32)


def item(number: int, **changes: object) -> Evidence:
    """One piece of evidence, told apart by a number."""
    made = Evidence(
        source="aws_config",
        keyword=f"RULE_{number % 3}",
        account="111111111111",
        region="us-east-1",
        event_source="config.amazonaws.com",
        event_name="GetComplianceDetailsByConfigRule",
        resource=f"arn:aws:s3:::bucket-{number:04d}",
        resource_type="AWS::S3::Bucket",
        result="FAIL",
        raw_status="NON_COMPLIANT",
        known="CONTEMPORANEOUS",
        source_time=NOW - timedelta(days=2, microseconds=number),
        collected_at=NOW,
        deployment="arn:aws:config:us-east-1:111111111111:config-rule/config-rule-1",
        parameters={"ports": "22,3389"},
        failed=(("2026-10-30T00:00:00Z", "2026-11-01T00:00:00Z"),),
        attributes={"name": "bücket ✓", "nested": {"list": [1, None, True]}},
        page="page-00001.json",
        offset=number,
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def deployment(keyword: str) -> Deployment:
    """One active rule."""
    return Deployment(
        "aws_config", keyword, "111111111111", "us-east-1", "ACTIVE", f"arn:{keyword}"
    )


def answer(body: bytes = b'{"EvaluationResults": []}') -> Answer:
    """What a service answered."""
    return Answer("config", "DescribeConfigRules", {"since": NOW}, {}, body, "request-1", NOW)


def finished(
    folder: Path,
    items: Iterable[Evidence],
    status: ReceiptStatus = "COMPLETE",
    rules: Iterable[str] = ("RULE_0",),
) -> FinishedSnapshot:
    """A snapshot of these items."""
    folder.mkdir(exist_ok=True)
    out = SnapshotWriter(CELL, folder=folder)
    out.page(answer(), 0)
    for one in items:
        out.add(one)
    for rule in rules:
        out.deploy(deployment(rule))
    return out.finish(status)


def test_evidence_survives_the_table_unchanged() -> None:
    items = [item(n) for n in range(5)] + [item(5, failed=(), attributes={}, parameters={})]
    file = io.BytesIO()
    assert write_evidence(file, ((one, one.content_digest) for one in items)) == 6
    assert list(read_evidence(file)) == items
    table = pq.read_table(file)
    assert table.schema.equals(SCHEMA)
    assert table["evidence_id"].to_pylist() == [one.evidence_id for one in items]


def test_no_evidence_is_a_table_too() -> None:
    file = io.BytesIO()
    assert write_evidence(file, ()) == 0
    assert list(read_evidence(file)) == []


def test_the_order_never_depends_on_what_fitted_into_memory() -> None:
    def order(items: Iterable[Evidence], run_length: int) -> list[Evidence]:
        sorter = EvidenceSorter(run_length)
        for one in items:
            sorter.add(one)
        out = [one for one, _ in sorter.sorted()]
        sorter.close()
        return out

    items = [item(n) for n in range(100)]
    in_memory = order(items, 1000)
    assert order(reversed([*items, *items[:7]]), 9) == in_memory
    assert len(in_memory) == 100


def test_content_is_what_was_found_not_how_it_was_collected(tmp_path: Path) -> None:
    items = [item(n) for n in range(10)]
    later = [
        dataclasses.replace(i, collected_at=NOW + timedelta(hours=1), page="page-00009.json")
        for i in reversed(items)
    ]
    one = finished(tmp_path / "a", items, rules=("RULE_0", "RULE_1"))
    two = finished(tmp_path / "b", later, rules=("RULE_1", "RULE_0"))
    assert one.content_digest == two.content_digest


def test_other_content_has_another_digest(tmp_path: Path) -> None:
    items = [item(n) for n in range(3)]
    snapshots = [
        finished(tmp_path / "a", items),
        finished(tmp_path / "b", items[:2]),
        finished(tmp_path / "c", [*items[:2], dataclasses.replace(items[2], result="PASS")]),
        finished(tmp_path / "d", items, status="PARTIAL"),
        finished(tmp_path / "e", items, rules=("RULE_9",)),
    ]
    assert len({snapshot.content_digest for snapshot in snapshots}) == 5


def test_equal_collections_give_equal_bytes(tmp_path: Path) -> None:
    one = finished(tmp_path / "a", [item(1), item(2)])
    two = finished(tmp_path / "b", [item(2), item(1)])
    for name in ("evidence.parquet", "pages.zip", "deployments.json"):
        assert sha256(one.files[name].read_bytes()) == sha256(two.files[name].read_bytes())


def test_a_complete_cell_without_items_says_that_it_is_empty(tmp_path: Path) -> None:
    assert finished(tmp_path / "a", []).status == "COMPLETE_EMPTY"
    assert finished(tmp_path / "b", [], status="DENIED").status == "DENIED"


def test_references_travel_as_json() -> None:
    ref = SnapshotRef("s3://b/k", "d" * 64, "c" * 64, "COMPLETE", 3, "2026-11-01T06:00:00Z", CELL)
    assert SnapshotRef.from_json(ref.to_json()) == ref
    custom = parse_period("2026-10-05T00:00:00Z/2026-10-09T00:00:00Z")
    cell = dataclasses.replace(CELL, period=custom)
    assert Cell.from_json(cell.to_json()) == cell
    assert cell.key.count("/") == 4
