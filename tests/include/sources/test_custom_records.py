"""Dropped records: each bad one is rejected with its line and reason, the rest is kept."""

from __future__ import annotations

import gzip
import io
import json

import pytest

from include.sources.custom_records import (
    SCHEMA_FILE,
    Record,
    Rejected,
    Unreadable,
    read_records,
    schema,
)

GOOD = {
    "keyword": "backup-tested",
    "resource": "db-1",
    "resource_type": "Custom::Database",
    "result": "PASS",
    "observed_at": "2026-10-14T12:00:00Z",
}


def line(**changed: object) -> bytes:
    return json.dumps({**GOOD, **changed}).encode() + b"\n"


def read(body: bytes, name: str = "x.jsonl") -> list[tuple[int, str]]:
    return [
        (number, "ok" if isinstance(record, Record) else record.reason)
        for number, record in read_records(io.BytesIO(body), name)
    ]


def test_the_published_schema_is_the_one_that_is_enforced() -> None:
    published = json.loads(SCHEMA_FILE.read_text())
    assert published == schema()
    assert set(published["required"]) == set(GOOD)
    assert published["additionalProperties"] is False


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"{not json}\n", "JSON"),
        (b"\xff\xfe\n", "JSON"),
        (b"[1]\n", "Expected `object`"),
        (line(result="GOOD"), "result: Invalid enum value 'GOOD'"),
        (line(observed_at="2026-10-14T12:00:00"), "observed_at: Expected `datetime` with a timez"),
        (line(observed_at="yesterday"), "observed_at: Invalid RFC3339"),
        (line(keyword="ssm_Patch"), "keyword: "),
        (line(keyword=""), "keyword: "),
        (line(resource=7), "resource: Expected `str`, got `int`"),
        (line(colour="red"), "unknown field `colour`"),
        (line(attributes=[1]), "attributes: Expected `object`"),
        (line(effective_from="2026-10-15T00:00:00Z"), "effective_from: after observed_at"),
        (line(effective_until="2026-10-01T00:00:00Z"), "effective_until: before observed_at"),
        (b'{"keyword": "x"}\n', "missing required field `resource`"),
        (b"x" * 1_500_000 + b"\n", "longer than"),
    ],
)
def test_a_bad_line_is_rejected_with_its_number_and_reason(bad: bytes, said: str) -> None:
    found = read(line() + b"\n" + bad + line(resource="db-2"))
    assert [number for number, _ in found] == [1, 3, 4]
    assert [text for _, text in found][::2] == ["ok", "ok"]
    assert said in found[1][1]


def test_what_a_rejected_record_claims_of_its_time_is_remembered() -> None:
    bodies = (line(result="x"), line(observed_at="x"))
    [(_, a)], [(_, b)] = (list(read_records(io.BytesIO(body), "x.ndjson")) for body in bodies)
    assert isinstance(a, Rejected) and a.observed_at is not None and a.observed_at.day == 14
    assert isinstance(b, Rejected) and b.observed_at is None


def test_csv_says_the_same_with_empty_cells_left_out_and_attributes_by_column() -> None:
    rows = (
        b"\xef\xbb\xbfkeyword,resource,resource_type,result,observed_at,attributes,attributes.n",
        b'k,a,T,FAIL,2026-10-14T12:00:00+02:00,"{""x"": 1}",two',
        b"",
        b"k,b,T,PASS,2026-10-14T12:00:00Z,,",
        b'k,"mul\nti",T,PASS,2026-10-14T12:00:00Z,,',
        b"k,c,T,PASS",
        b"k,d,T,PASS,2026-10-14T12:00:00Z,{broken,",
        b"k,\xff,T,PASS,2026-10-14T12:00:00Z,,",
    )
    found = list(read_records(io.BytesIO(b"\n".join(rows)), "x.csv"))
    first = found[0][1]
    assert isinstance(first, Record)
    assert (first.attributes, first.severity) == ({"x": 1, "n": "two"}, "")
    assert [type(record).__name__ for _, record in found] == ["Record"] * 3 + ["Rejected"] * 3
    assert [number for number, _ in found] == [2, 4, 6, 7, 8, 9]
    assert [r.reason for _, r in found if isinstance(r, Rejected)][::2] == [
        "4 values for 7 columns", "no UTF-8",
    ]  # fmt: skip


def test_gzip_is_read_and_a_torn_file_is_not_taken_for_its_end() -> None:
    packed = gzip.compress(b"".join(line(resource=f"db-{n}") for n in range(5000)))
    assert len(read(packed, "x.jsonl.gz")) == 5000
    with pytest.raises(Unreadable, match="no whole gzip file"):
        read(packed[: len(packed) // 2], "x.JSONL.GZ")
    with pytest.raises(Unreadable, match="jsonl"):
        read(line(), "readme.txt")
    with pytest.raises(Unreadable, match="no CSV"):
        read(b'a,b\n"x,y\n', "x.csv")
    assert read(b"", "x.csv") == read(b"", "x.jsonl") == []
