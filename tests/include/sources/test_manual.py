"""Manual evidence collected: what lies in the bucket, checked against its hashes; nothing else."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.assessment.period import Period, named, parse_period
from include.aws.sessions import SessionFactory
from include.errors import InputError
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.sources import accounts_of
from include.sources.collect import CellsIncomplete, collect_account
from include.sources.manual_intake import TakenIn, digest_of_file, take_in
from include.sources.manual_records import HandIn
from tests.include.sources.conftest import BUCKET, World


@pytest.fixture
def prefix(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    prefix = f"manual/{request.node.name[:60]}/"
    monkeypatch.setenv("AUDIT_EVIDENCE_BUCKET", BUCKET)
    monkeypatch.setenv("AUDIT_MANUAL_EVIDENCE_PREFIX", prefix)
    return prefix


@pytest.fixture
def collect(sessions: SessionFactory, store: SnapshotStore, prefix: str) -> Any:
    def run(period: Period | str = "2026-10") -> LoadedSnapshot:
        [account] = accounts_of("manual", ["111111111111"])
        try:
            (ref,) = collect_account(
                "manual",
                account,
                regions=["us-east-1", "eu-west-1"],
                period=parse_period(period) if isinstance(period, str) else period,
                checks=[],
                sessions=sessions,
                store=store,
            )
        except CellsIncomplete as error:
            (ref,) = error.refs
        return store.load(ref)

    return run


@pytest.fixture
def hand_in(store: SnapshotStore, prefix: str, tmp_path: Path) -> Any:
    def run(name: str = "policy.pdf", body: bytes = b"%PDF", **changed: Any) -> TakenIn:
        path = tmp_path / name
        path.write_bytes(body)
        digest, _ = digest_of_file(path)
        values: dict[str, Any] = {
            "control": "1.2",
            "title": "Policy",
            "description": "Signed.",
            "effective": date(2026, 10, 14),
            "provided_by": "alice@example.org",
            "provided_at": datetime.now(UTC),
            **changed,
        }
        record = HandIn(file=name, sha256=digest, **values)
        return take_in(store.s3, BUCKET, prefix, path, record)

    return run


def items(loaded: LoadedSnapshot) -> dict[str, Evidence]:
    return {item.resource: item for item in loaded.iter_evidence()}


def test_what_was_handed_in_is_evidence_of_its_period_in_one_cell(
    collect: Any, hand_in: Any, store: SnapshotStore
) -> None:
    taken = hand_in(expires=date(2027, 10, 14))
    assert taken.new and not hand_in(expires=date(2027, 10, 14)).new
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    assert (loaded.cell.account, loaded.cell.region) == ("organization", "us-east-1")
    [item] = loaded.iter_evidence()
    assert (item.keyword, item.result, item.in_population) == ("1.2", "NONE", True)
    assert item.resource == taken.piece.id
    assert item.source_time == datetime(2026, 10, 14, tzinfo=UTC)
    assert item.attributes["sha256"] == taken.piece.sha256
    assert item.attributes["provided_by"] == "alice@example.org"
    # S3 computed the hash when the file came: it isn't read again.
    asked = [page.operation for page in loaded.receipt.pages]
    assert asked == ["s3:ListObjectsV2", "s3:GetObject"]
    assert json.loads(dict(loaded.iter_pages())[item.page])["title"] == "Policy"
    assert loaded.receipt.calls == 3
    assert collect("2026-09").ref.status == "COMPLETE_EMPTY"
    assert set(items(collect("2027-03"))) == {taken.piece.id}


def test_late_evidence_is_found_by_the_next_run_and_else_the_content_is_the_same(
    collect: Any, hand_in: Any
) -> None:
    first = hand_in()
    before = collect()
    assert collect().ref.content_digest == before.ref.content_digest
    second = hand_in(body=b"%PDF-2")
    found = items(collect())
    assert set(found) == {first.piece.id, second.piece.id}
    old, new = found[first.piece.id], found[second.piece.id]
    assert (old.in_population, old.attributes["replaced_by"]) == (False, second.piece.id)
    assert (new.in_population, new.attributes["revision"]) == (True, 2)


def test_evidence_handed_in_long_after_the_period_is_reconstructed_whatever_it_claims(
    collect: Any, hand_in: Any
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    effective = (now - timedelta(days=40)).date()
    hand_in(effective=effective, provided_at=now - timedelta(days=39))
    for days, known in ((1, "CONTEMPORANEOUS"), (20, "RECONSTRUCTED")):
        end = now - timedelta(days=days)
        [item] = collect(named(end - timedelta(days=60), end)).iter_evidence()
        assert item.known == known


def test_files_put_by_hand_need_a_record_and_what_does_not_fit_is_told(
    collect: Any, hand_in: Any, store: SnapshotStore, prefix: str
) -> None:
    def put(key: str, body: bytes) -> None:
        store.s3.put_object(Bucket=BUCKET, Key=prefix + key, Body=body)

    record = {"control": "1.2", "title": "By hand", "description": "d",
              "effective": "2026-10-20", "provided_by": "bob", "file": "a.txt"}  # fmt: skip
    put("x/a.txt", b"hello")
    put("x/a.evidence.json", json.dumps(record).encode())
    put("y/b.evidence.json", json.dumps({**record, "file": "b.txt"}).encode())
    put("y/c.evidence.json", b"{")
    put("y/lost.txt", b"x")
    put("z/d.txt", b"other than it was")
    put("z/d.evidence.json", json.dumps({**record, "file": "d.txt", "sha256": "0" * 64}).encode())
    put("z/e.txt", b"")
    put("z/e.evidence.json", json.dumps({**record, "file": "e.txt"}).encode())
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    [item] = loaded.iter_evidence()
    assert item.attributes["title"] == "By hand" and len(item.attributes["sha256"]) == 64
    [count] = loaded.receipt.counts
    assert (count.expected, count.found) == (5, 1)
    for said in ("b.txt is not in the same folder", "c.evidence.json: Input", "d.txt was changed",
                 "e.evidence.json: file: it is empty"):  # fmt: skip
        assert said in count.explanation
    assert "lost.txt" in loaded.receipt.message and "a.txt" not in loaded.receipt.message


def test_a_file_that_was_altered_in_the_bucket_is_evidence_no_more(
    collect: Any, hand_in: Any, store: SnapshotStore
) -> None:
    taken = hand_in()
    key = taken.piece.uri.removeprefix(f"s3://{BUCKET}/")
    store.s3.put_object(Bucket=BUCKET, Key=key, Body=b"forged")
    loaded = collect()
    assert not items(loaded)
    assert "was changed since it was handed in" in loaded.receipt.counts[0].explanation


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [("a.exe", b"x", "no files of the type .exe"), ("a.pdf", b"", "it is empty"),
     ("none/a.pdf", None, "can't be read")],
)  # fmt: skip
def test_a_file_that_audit_manager_would_not_take_is_refused(
    tmp_path: Path, name: str, body: bytes | None, said: str
) -> None:
    path = tmp_path / name
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(InputError, match=said):
        digest_of_file(path)


def test_a_denied_bucket_is_told_as_denied(world: World, collect: Any) -> None:
    world.fault(service="s3", operation="ListObjectsV2", kind="access_denied")
    loaded = collect()
    assert loaded.ref.status == "DENIED"
