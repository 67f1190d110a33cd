"""Custom evidence: nodes and dropped records as of the period's end; silence is a gap."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from include.assessment.period import Period, named, parse_period
from include.aws.sessions import SessionFactory
from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot, SnapshotWriter
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account
from include.sources.custom import Custom
from include.sources.custom_files import _items, _read, _table, _Tally
from tests.include.sources.conftest import BUCKET, World

ACCOUNT = "111111111111"


@pytest.fixture
def collect(
    world: World, sessions: SessionFactory, store: SnapshotStore, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Any:  # fmt: skip
    monkeypatch.setenv("AUDIT_EVIDENCE_BUCKET", BUCKET)
    monkeypatch.setenv("AUDIT_CUSTOM_EVIDENCE_PREFIX", f"custom/{request.node.name[:40]}/"
                       .replace("[", "-").replace("]", "-"))  # fmt: skip

    def run(
        period: Period | str = "2026-10", only: str = "records", region: str = "us-east-1"
    ) -> LoadedSnapshot:
        keyword = {"records": "k", "nodes": "ssm_Patch", "both": ""}[only]
        checks = [SimpleNamespace(sources=[SimpleNamespace(source="custom", all_keywords=[k])])
                  for k in ([keyword] if keyword else [])]  # fmt: skip
        try:
            (ref,) = collect_account(
                "custom", ACCOUNT, regions=[region],
                period=parse_period(period) if isinstance(period, str) else period,
                checks=checks, sessions=sessions, store=store,  # type: ignore[arg-type]
            )  # fmt: skip
        except CellsIncomplete as error:
            (ref,) = error.refs
        return store.load(ref)

    return run


@pytest.fixture
def drop(sessions: SessionFactory, collect: Any) -> Any:
    """Put a file where scripts put them."""
    import os

    s3 = sessions.base().client("s3")
    s3.create_bucket(Bucket=BUCKET)

    def put(name: str, body: bytes, region: str = "us-east-1/") -> None:
        prefix = os.environ["AUDIT_CUSTOM_EVIDENCE_PREFIX"]
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}{ACCOUNT}/{region}{name}", Body=body)

    return put


def record(resource: str, result: str, at: str, **more: Any) -> bytes:
    return json.dumps({"keyword": "k", "resource": resource, "resource_type": "T",
                       "result": result, "observed_at": at, **more}).encode() + b"\n"  # fmt: skip


def by_resource(loaded: LoadedSnapshot) -> dict[str, Evidence]:
    return {item.resource: item for item in loaded.iter_evidence()}


def test_the_last_record_before_the_periods_end_decides(collect: Any, drop: Any) -> None:
    drop("b.jsonl", record("fixed", "PASS", "2026-10-20T00:00:00Z")
         + record("late", "PASS", "2026-11-02T00:00:00Z")
         + record("old", "PASS", "2026-09-30T23:59:59Z")
         + record("lasting", "PASS", "2026-09-01T00:00:00Z",
                  effective_until="2027-01-01T00:00:00Z"))  # fmt: skip
    drop("a/deeper.jsonl.gz", gzip.compress(
         record("fixed", "FAIL", "2026-10-10T00:00:00Z", severity="HIGH",
                effective_from="2026-09-10T00:00:00Z")
         + record("late", "FAIL", "2026-10-31T23:59:59.999Z")
         + record("twice", "FAIL", "2026-10-05T00:00:00Z")
         + record("twice", "PASS", "2026-10-05T00:00:00Z")
         + record("gone", "GONE", "2026-10-05T00:00:00Z")
         + record("stands", "FAIL", "2026-08-05T00:00:00Z")))  # fmt: skip
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    items = by_resource(loaded)
    assert {name: item.result for name, item in items.items()} == {
        "fixed": "PASS", "late": "FAIL", "old": "UNANSWERED", "lasting": "PASS",
        "twice": "FAIL", "gone": "NONE", "stands": "FAIL",
    }  # fmt: skip
    assert items["fixed"].failed == (("2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z"),)
    assert not items["gone"].in_population
    assert items["old"].attributes["outdated"]
    [deployment] = loaded.deployments
    assert (deployment.state, deployment.narrowed) == ("ACTIVE", False)
    assert deployment.last_evaluated.startswith("2026-10-31T23:59:59.999")
    assert "1 dropped records are of a time after the period" in loaded.receipt.message
    september = by_resource(collect("2026-09"))
    assert (september["fixed"].result if "fixed" in september else "") == ""
    assert september["old"].result == "PASS"


def test_bad_records_are_counted_and_make_the_check_incomplete(collect: Any, drop: Any) -> None:
    drop("x.jsonl", record("a", "PASS", "2026-10-20T00:00:00Z") + b"oops\n")
    drop("y.csv", b"keyword,resource\nk,a\n")
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    assert [d.narrowed for d in loaded.deployments] == [True]
    counts = {count.what.rpartition("/")[2]: count for count in loaded.receipt.counts}
    assert (counts["x.jsonl"].expected, counts["x.jsonl"].found) == (2, 1)
    assert "line 2: JSON" in counts["x.jsonl"].explanation
    assert "line 2: " in counts["y.csv"].explanation and "required" in counts["y.csv"].explanation
    assert counts["dropped records"].found == 1
    pages = dict(loaded.iter_pages())
    described = [json.loads(body) for body in pages.values() if body[:1] == b"{"]
    assert [(d["records"], d["rejected"]) for d in described] == [(1, 1), (0, 1)]
    assert all(len(d["sha256"]) == 64 and d["etag"] for d in described)


def test_a_rejected_record_of_another_time_hides_nothing(collect: Any, drop: Any) -> None:
    drop("x.jsonl", record("a", "PASS", "2026-10-20T00:00:00Z")
         + record("a", "?", "2026-03-20T00:00:00Z"))  # fmt: skip
    assert [d.narrowed for d in collect().deployments] == [False]


def test_a_file_that_cannot_be_read_to_its_end_leaves_the_cell_partial(
    collect: Any, drop: Any
) -> None:
    body = gzip.compress(record("a", "PASS", "2026-10-20T00:00:00Z") * 4000)
    drop("torn.jsonl.gz", body[:-20])
    drop("notes.txt", b"hello")
    loaded = collect()
    assert loaded.ref.status == "PARTIAL"
    assert "torn.jsonl.gz can't be read: it is no whole gzip" in loaded.receipt.message
    assert "notes.txt can't be read" in loaded.receipt.message


def test_nothing_dropped_and_no_bucket_is_nothing_but_a_named_bucket_has_to_be_there(
    collect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collect().ref.status == "COMPLETE_EMPTY"
    monkeypatch.setenv("AUDIT_EVIDENCE_BUCKET", "not-there-yet")
    assert collect().ref.status == "COMPLETE_EMPTY"
    monkeypatch.setenv("AUDIT_CUSTOM_EVIDENCE_BUCKET", "not-there-at-all")
    loaded = collect()
    assert "not-there-at-all" in loaded.receipt.message


def test_a_file_outside_of_the_regions_folders_is_told(collect: Any, drop: Any) -> None:
    drop("stray.jsonl", record("b", "FAIL", "2026-10-20T00:00:00Z"), region="")
    drop("a.jsonl", record("a", "PASS", "2026-10-20T00:00:00Z"))
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    assert "stray.jsonl" in loaded.receipt.message and "a.jsonl" not in loaded.receipt.message


def test_late_records_are_found_by_the_next_run_and_else_the_content_is_the_same(
    collect: Any, drop: Any
) -> None:
    drop("a.jsonl", record("a", "PASS", "2026-10-20T00:00:00Z"))
    first, again = collect(), collect()
    assert first.ref.content_digest == again.ref.content_digest
    drop("b.jsonl", record("a", "FAIL", "2026-10-21T00:00:00Z"))
    assert by_resource(collect())["a"].result == "FAIL"


def test_records_put_in_time_are_contemporaneous_and_later_ones_reconstructed(
    collect: Any, drop: Any
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    drop("a.jsonl", record("a", "PASS", (now - timedelta(days=30)).isoformat()))
    for days, known in ((1, "CONTEMPORANEOUS"), (20, "RECONSTRUCTED")):
        end = now - timedelta(days=days)
        loaded = collect(named(end - timedelta(days=60), end))
        assert by_resource(loaded)["a"].known == known


def test_memory_does_not_grow_with_the_number_of_records(tmp_path: Any) -> None:
    period = parse_period("2026-10")
    cell = Cell("custom", ACCOUNT, "us-east-1", period, "")

    def peak(number: int) -> int:
        path = tmp_path / f"{number}.jsonl"
        with path.open("wb") as file:
            for n in range(number):
                file.write(record(f"r-{n}", "PASS", "2026-10-20T00:00:00Z"))
        stored = SimpleNamespace(key=path.name, modified=period.end)
        with SnapshotWriter(cell) as out, path.open("rb") as file, _table() as table:
            found = SimpleNamespace(
                stored=stored, file=file, answer=SimpleNamespace(at=period.end),
                page=lambda *_, **__: "page-00001.json",
            )  # fmt: skip
            tally = _Tally()
            tracemalloc.start()
            _read(cell, out, "b", found, table, tally)  # type: ignore[arg-type]
            assert sum(1 for _ in _items(cell, table, tally.files)) == number
            found_peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return found_peak

    assert peak(30_000) < peak(3_000) + 1_000_000


# -- Systems Manager -------------------------------------------------------------------------


def rows(world: World, sql: str, *values: Any) -> list[Any]:
    import sqlite3

    with sqlite3.connect(f"file:{world.state / 'estate.sqlite'}?mode=ro", uri=True) as db:
        return db.execute(sql, values).fetchall()


@pytest.fixture
def fleet(world: World) -> Iterator[Any]:
    """Instances and nodes of the place, as the estate has them at its clock."""
    now = int(datetime(2026, 11, 1, 6, tzinfo=UTC).timestamp())
    alive = "(deleted IS NULL OR deleted > ?)"
    instances = rows(
        world,
        "SELECT arn, resource_id FROM resources WHERE type = 'AWS::EC2::Instance' AND account = ?"
        f" AND region = 'us-east-1' AND created < ? AND {alive}",
        ACCOUNT, now - 6 * 3600, now,
    )  # fmt: skip
    nodes = {r[0] for r in rows(world, "SELECT instance FROM nodes WHERE account = ?", ACCOUNT)}
    yield SimpleNamespace(instances=dict(instances), nodes=nodes)


def test_every_instance_has_an_answer_of_every_type_and_silence_is_no_pass(
    world: World, collect: Any, fleet: Any
) -> None:
    loaded = collect(only="nodes")
    assert loaded.ref.status == "COMPLETE"
    found = {(i.resource, i.keyword): i for i in loaded.iter_evidence()}
    kinds = ("ssm_Association", "ssm_Custom:AntiVirus", "ssm_Patch")
    assert set(found) == {(arn, kind) for arn in fleet.instances for kind in kinds}
    for arn, id_ in fleet.instances.items():
        patch = found[arn, "ssm_Patch"]
        if id_ not in fleet.nodes:
            assert (patch.result, patch.raw_status) == ("UNANSWERED", "UNMANAGED")
            assert patch.known == "CURRENT_ONLY"
            continue
        # The daily scan at 22:00 was the last before the end, and is still the last word.
        assert patch.known == "CONTEMPORANEOUS"
        end = int(datetime(2026, 10, 31, 22, tzinfo=UTC).timestamp())
        missing = rows(
            world,
            "SELECT 1 FROM node_compliance WHERE instance = ? AND type = 'Patch'"
            " AND status = 'NON_COMPLIANT' AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
            id_, end, end,
        )  # fmt: skip
        if patch.source_time.timestamp() == end:
            assert patch.result == ("FAIL" if missing else "PASS")
            assert len(patch.attributes["items"]) == len(missing)
    assert {c.what.rpartition(" ")[2] for c in loaded.receipt.counts} >= {"Patch", "Association"}
    assert all(c.expected == c.found for c in loaded.receipt.counts)


def test_only_nodes_that_do_not_comply_cost_a_call_of_their_own(
    collect: Any, fleet: Any, sessions: SessionFactory
) -> None:
    node = min(fleet.nodes & set(fleet.instances.values()))
    sessions.base().client("ssm").put_compliance_items(
        ResourceId=node,
        ResourceType="ManagedInstance",
        ComplianceType="Custom:AntiVirus",
        ExecutionSummary={"ExecutionTime": datetime(2026, 10, 31, 23, 30, tzinfo=UTC)},
        Items=[{"Id": "signatures", "Severity": "HIGH", "Status": "NON_COMPLIANT"}],
    )
    loaded = collect(only="nodes")
    bad = {i.resource for i in loaded.iter_evidence() if i.raw_status == "NON_COMPLIANT"}
    asked = [p for p in loaded.receipt.pages if p.operation == "ssm:ListComplianceItems"]
    assert len(asked) == len(bad) > 0
    told = {i.resource.rpartition("/")[2]: i for i in loaded.iter_evidence()
            if i.keyword == "ssm_Custom:AntiVirus"}[node]  # fmt: skip
    assert (told.result, told.severity, told.known) == ("FAIL", "HIGH", "CONTEMPORANEOUS")
    assert told.attributes["items"] == [{"id": "signatures", "title": "", "severity": "HIGH"}]
    assert all(len(page.request["ResourceIds"]) == 1 for page in asked)


def test_what_was_executed_after_the_end_says_nothing_of_the_period(collect: Any) -> None:
    items = [i for i in collect("2026-09", only="nodes").iter_evidence()]
    executed = [i for i in items if i.raw_status in ("COMPLIANT", "NON_COMPLIANT")]
    end = datetime(2026, 10, 1, tzinfo=UTC)
    assert executed
    assert all((i.known == "CURRENT_ONLY") == (i.source_time >= end) for i in executed)


def test_what_an_earlier_snapshot_knew_is_not_lost_when_nodes_are_scanned_again(
    collect: Any, fleet: Any, sessions: SessionFactory
) -> None:
    before = collect(only="nodes")
    node = max(fleet.nodes & set(fleet.instances.values()))
    sessions.base().client("ssm").put_compliance_items(
        ResourceId=node,
        ResourceType="ManagedInstance",
        ComplianceType="Custom:AntiVirus",
        ExecutionSummary={"ExecutionTime": datetime(2026, 11, 1, 5, tzinfo=UTC)},
        Items=[{"Id": "engine", "Severity": "HIGH", "Status": "NON_COMPLIANT"}],
    )
    after = collect(only="nodes")
    assert after.ref.content_digest == before.ref.content_digest
    assert {i.known for i in after.iter_evidence() if i.result == "PASS"} == {"CONTEMPORANEOUS"}


def test_a_refusal_keeps_the_records_that_were_dropped(
    world: World, collect: Any, drop: Any
) -> None:
    drop("a.jsonl", record("a", "PASS", "2026-10-20T00:00:00Z"))
    world.fault(service="ssm", operation="ListResourceComplianceSummaries", kind="access_denied")
    loaded = collect(only="both")
    assert loaded.ref.status == "DENIED"
    assert loaded.receipt.missing_permission == "ssm:ListResourceComplianceSummaries"
    assert set(by_resource(loaded)) == {"a"}


def test_a_page_of_summaries_that_is_lost_leaves_nodes_unanswered(
    world: World, collect: Any
) -> None:
    whole = {(i.resource, i.keyword) for i in collect(only="nodes").iter_evidence()}
    world.fault(service="ssm", operation="ListResourceComplianceSummaries", kind="drop_token")
    assert {(i.resource, i.keyword) for i in collect(only="nodes").iter_evidence()} == whole


def test_it_asks_for_the_half_that_checks_want() -> None:
    def wanting(*keywords: str) -> Any:
        return [SimpleNamespace(sources=[SimpleNamespace(source="custom", all_keywords=keywords)])]

    source = Custom()
    assert source.selection(wanting("ssm_Patch")) == {"only": "nodes"}
    assert source.selection(wanting("mine")) == {"only": "records"}
    assert source.selection(wanting("mine", "ssm_Patch")) == source.selection([]) == {}
    assert source.actions({"only": "records"}) == frozenset()
    assert "ssm:ListComplianceItems" in source.actions({})
