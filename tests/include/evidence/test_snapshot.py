"""Snapshots: the same content has the same digest, whatever the order and time of collection."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.assessment.period import parse_period
from include.aws.exchange import Answer
from include.clock import iso
from include.digests import canonical_json, sha256
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence
from include.evidence.page_log import read_receipt
from include.evidence.receipt import Receipt, ReceiptStatus
from include.evidence.snapshot import FinishedSnapshot, SnapshotRef, SnapshotWriter
from include.evidence.sorting import EvidenceSorter
from include.evidence.table import BYTES_PER_GROUP, SCHEMA, read_evidence, write_tables

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
    return msgspec.structs.replace(made, **changes)


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


def merged(items: Iterable[Evidence], **sizes: int) -> tuple[list[Evidence], bytes, int]:
    """The items as a table gives them back, its bytes, and how many were dropped."""
    sorter = EvidenceSorter(**sizes)
    for one in items:
        sorter.add(one)
    file = io.BytesIO()
    digests: list[bytes] = []

    def tables() -> Iterator[pa.Table]:
        for table, some in sorter.merged():
            digests.extend(some)
            yield table

    assert write_tables(file, tables()) == len(digests)
    sorter.close()
    read = list(read_evidence(file))
    assert [one.content_digest for one in read] == [digest.hex() for digest in digests]
    return read, file.getvalue(), sorter.duplicates


def test_evidence_survives_the_table_unchanged() -> None:
    odd = item(5, failed=(), attributes={}, parameters={}, keyword="RULE_9", in_population=False)
    early = item(6, source_time=datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), keyword="RULE_9")
    items = sorted([item(n) for n in range(5)], key=lambda one: (one.keyword, one.resource))
    read, table, duplicates = merged([early, *items, odd])
    assert read == [*items, odd, early]
    assert duplicates == 0
    found = pq.read_table(io.BytesIO(table))
    assert found.schema.equals(SCHEMA)
    assert [i.hex() for i in found["evidence_id"].to_pylist()] == [i.evidence_id for i in read]


def test_no_evidence_is_a_table_too() -> None:
    read, _, _ = merged([])
    assert read == []


def test_the_digest_is_that_of_the_contents_canonical_json() -> None:
    for one in (item(1), item(2, attributes={"b": {"d": 1, "c": [0.5, "ü\u0000"]}, "a": None})):
        assert one.content_digest == sha256(canonical_json(one.content()))
        assert not {"page", "offset", "collected_at"} & one.content().keys()
        assert one.content()["source_time"] == iso(one.source_time)


def test_an_instant_is_the_same_in_every_zone() -> None:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    east = noon.astimezone(timezone(timedelta(hours=2)))
    one, two = item(1, source_time=noon), item(1, source_time=east)
    assert (one.evidence_id, one.content_digest) == (two.evidence_id, two.content_digest)


@pytest.mark.parametrize(
    "sizes",
    [{"batch_rows": 9, "run_bytes": 1}, {"batch_rows": 4, "run_bytes": 9_000, "fan_in": 3}],
    ids=["many runs", "runs of runs"],
)
def test_the_order_never_depends_on_what_fitted_into_memory(sizes: dict[str, int]) -> None:
    items = [item(n) for n in range(100)]
    repeated = [*items, *items[:7], *items[:7]]
    in_memory = merged(items)
    found = merged(reversed(repeated), **sizes)
    assert found[:2] == in_memory[:2]
    assert (found[2], in_memory[2]) == (14, 0)


def test_of_repeated_items_the_first_one_listed_is_kept() -> None:
    first, again = item(1), item(1, page="page-00002.json", offset=0)
    assert merged([again, first])[0] == merged([first, again])[0] == [first]


@given(
    st.lists(
        st.builds(
            item,
            st.integers(0, 6),
            keyword=st.text(max_size=3),
            resource=st.text(max_size=3),
            severity=st.text(max_size=2),
            source_time=st.datetimes(
                datetime(1600, 1, 1), datetime(2300, 1, 1), timezones=st.just(UTC)
            ),
            attributes=st.dictionaries(st.text(max_size=3), st.text(max_size=9), max_size=3),
            failed=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=2).map(
                tuple
            ),
        ),
        max_size=30,
    )
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_text_the_same_items_give_the_same_table(items: list[Evidence]) -> None:
    read, table, duplicates = merged(items)
    assert {one.content_digest for one in read} == {one.content_digest for one in items}
    assert len(read) + duplicates == len(items)
    assert merged(reversed(items), batch_rows=3, run_bytes=1, fan_in=2)[1] == table


def test_half_a_character_is_replaced() -> None:
    broken = item(1, attributes={"name": "half \ud800"}, resource="r\udfff", failed=())
    read, _, _ = merged([broken])
    assert (read[0].attributes, read[0].resource) == ({"name": "half ?"}, "r?")


def test_large_items_keep_blocks_and_row_groups_small() -> None:
    large = [item(n, attributes={"configuration": f"{n}" * 240_000}) for n in range(10, 99)]
    read, table, _ = merged([*large, *(item(n) for n in range(200))], run_bytes=4_000_000)
    assert len(read) == 289
    groups = pq.ParquetFile(io.BytesIO(table))
    assert groups.num_row_groups > 1
    most = max(groups.metadata.row_group(n).total_byte_size for n in range(groups.num_row_groups))
    assert most < BYTES_PER_GROUP + 1_000_000


def test_content_is_what_was_found_not_how_it_was_collected(tmp_path: Path) -> None:
    items = [item(n) for n in range(10)]
    later = [
        msgspec.structs.replace(i, collected_at=NOW + timedelta(hours=1), page="page-00009.json")
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
        finished(tmp_path / "c", [*items[:2], msgspec.structs.replace(items[2], result="PASS")]),
        finished(tmp_path / "d", items, status="PARTIAL"),
        finished(tmp_path / "e", items, rules=("RULE_9",)),
    ]
    assert len({snapshot.content_digest for snapshot in snapshots}) == 5


def test_equal_collections_give_equal_bytes(tmp_path: Path) -> None:
    one = finished(tmp_path / "a", [item(1), item(2)])
    two = finished(tmp_path / "b", [item(2), item(1)])
    for name in ("evidence.parquet", "pages.zst", "deployments.json"):
        assert sha256(one.files[name].read_bytes()) == sha256(two.files[name].read_bytes())


def test_a_receipt_is_read_as_it_was_written_and_holds_once_what_its_pages_share(
    tmp_path: Path,
) -> None:
    out = SnapshotWriter(CELL, folder=tmp_path)
    out.note('a note with "pages":[] in it')
    for number in range(3):
        request = {"Filters": {"Id": [{"Value": "ü"}]}, "NextToken": f"n{number}", "Limit": 100}
        one = Answer("config", "Describe", request, {}, b"{}", f"id-{number}", NOW)
        out.page(one, number, next_token="n" if number < 2 else "")
    written = out.finish("COMPLETE").files["receipt.json"].read_bytes()
    receipt = read_receipt(written)
    assert receipt == Receipt.from_json(json.loads(written))
    assert canonical_json(receipt.to_json()) == written
    assert [page.request["NextToken"] for page in receipt.pages] == ["n0", "n1", "n2"]
    assert receipt.pages[0].request["Filters"] is receipt.pages[2].request["Filters"]


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
