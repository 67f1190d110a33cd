"""The store keeps what was written, whole or not at all, and notices what was changed."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.digests import canonical_json
from include.errors import AuditError
from include.evidence.store import SnapshotStore
from tests.include.evidence.test_snapshot import CELL, finished, item

BUCKET = "evidence"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An S3 client of moto's with an empty bucket."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def store(s3: Any) -> SnapshotStore:
    """A store in that bucket."""
    return SnapshotStore(BUCKET, s3)


def _keys(s3: Any) -> list[str]:
    listed = s3.list_objects_v2(Bucket=BUCKET)
    return sorted(entry["Key"] for entry in listed.get("Contents", ()))


def test_what_is_saved_is_found_and_read_back(store: SnapshotStore, tmp_path: Path) -> None:
    assert store.find(CELL) is None
    ref = store.save(finished(tmp_path, [item(n) for n in range(4)]))
    assert store.find(CELL) == ref
    loaded = store.load(ref)
    assert {one.resource for one in loaded.iter_evidence()} == {item(n).resource for n in range(4)}
    assert [d.keyword for d in loaded.deployments] == ["RULE_0"]
    assert loaded.receipt.items == ref.items == 4
    assert dict(loaded.iter_pages()) == {"page-00001.json": b'{"EvaluationResults": []}'}
    (table,) = loaded.iter_columns(["keyword", "offset"])
    assert table.to_pydict() == {
        "keyword": [one.keyword for one in loaded.iter_evidence()],
        "offset": [one.offset for one in loaded.iter_evidence()],
    }
    assert loaded.page("page-00001.json") == b'{"EvaluationResults": []}'


def test_the_same_content_is_stored_once(store: SnapshotStore, s3: Any, tmp_path: Path) -> None:
    first = store.save(finished(tmp_path / "a", [item(1)]))
    before = _keys(s3)
    assert store.save(finished(tmp_path / "b", [item(1)])) == first
    assert _keys(s3) == before


def test_a_collection_killed_at_any_write_leaves_nothing_that_looks_whole(
    store: SnapshotStore, s3: Any, tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    class Dying:
        """Passes calls on, until the nth write."""

        def __init__(self, writes: int) -> None:
            self.left = writes

        def __getattr__(self, name: str) -> Any:
            return getattr(s3, name)

        def put_object(self, **request: Any) -> Any:
            if not self.left:
                raise Killed
            self.left -= 1
            return s3.put_object(**request)

    writes = 6  # four files, snapshot.json, current.json
    for n in range(writes):
        with pytest.raises(Killed):
            SnapshotStore(BUCKET, Dying(n)).save(finished(tmp_path / str(n), [item(1)]))
        assert store.find(CELL) is None
    ref = SnapshotStore(BUCKET, Dying(writes)).save(finished(tmp_path / "whole", [item(1)]))
    assert store.find(CELL) == ref
    assert len(list(store.load(ref).iter_evidence())) == 1


def test_a_partial_snapshot_is_kept_until_its_retry_is_complete(
    store: SnapshotStore, tmp_path: Path
) -> None:
    partial = store.save(finished(tmp_path / "a", [item(1)], status="PARTIAL"))
    assert store.find(CELL) == partial
    whole = store.save(finished(tmp_path / "b", [item(1), item(2)]))
    assert store.find(CELL) == whole
    store.save(finished(tmp_path / "c", [], status="DENIED"))
    assert store.find(CELL) == whole
    assert store.load(partial).receipt.status == "PARTIAL"


@pytest.mark.parametrize("name", ["snapshot", "evidence", "pages", "receipt", "deployments"])
@pytest.mark.parametrize("how", ["altered", "removed"])
def test_a_file_that_was_touched_is_noticed(
    store: SnapshotStore, s3: Any, tmp_path: Path, name: str, how: str
) -> None:
    ref = store.save(finished(tmp_path, [item(1)]))
    (key,) = [key for key in _keys(s3) if os.path.basename(key).startswith(name)]
    if how == "removed":
        s3.delete_object(Bucket=BUCKET, Key=key)
    else:
        body = bytearray(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        body[len(body) // 2] ^= 1
        s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(body))
    with pytest.raises(AuditError, match=name):
        loaded = store.load(ref)
        list(loaded.iter_evidence())
        list(loaded.iter_pages())


def test_a_page_that_was_touched_is_noticed_when_it_is_read_alone(
    store: SnapshotStore, s3: Any, tmp_path: Path
) -> None:
    loaded = store.load(store.save(finished(tmp_path, [item(1)])))
    (key,) = [key for key in _keys(s3) if "/pages-" in key]
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    other = body.replace(b"Eva", b"eva")
    assert other != body
    s3.put_object(Bucket=BUCKET, Key=key, Body=other)
    with pytest.raises(AuditError, match="Page 1 of"):
        loaded.page("page-00001.json")


def test_a_snapshot_of_another_format_is_not_in_force_and_says_so_when_read(
    store: SnapshotStore, s3: Any, tmp_path: Path
) -> None:
    snapshot = finished(tmp_path, [item(1)])
    older = json.loads(snapshot.manifest)
    older["format"] = 1
    ref = store.save(dataclasses.replace(snapshot, manifest=canonical_json(older)))
    with pytest.raises(AuditError, match=r"written in format 1.*Collect the cell again"):
        store.load(ref)
    (pointer,) = [key for key in _keys(s3) if key.endswith("current.json")]
    data = json.loads(s3.get_object(Bucket=BUCKET, Key=pointer)["Body"].read())
    del data["format"]  # as version 1 wrote it
    s3.put_object(Bucket=BUCKET, Key=pointer, Body=canonical_json(data))
    assert store.find(CELL) is None


def test_a_reference_to_another_bucket_is_refused(store: SnapshotStore, tmp_path: Path) -> None:
    ref = store.save(finished(tmp_path, [item(1)]))
    with pytest.raises(AuditError, match="not in the bucket other"):
        SnapshotStore("other", store.s3).load(ref)
