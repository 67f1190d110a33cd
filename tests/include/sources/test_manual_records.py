"""Manual evidence: ids bind claims to bytes, the effective date decides, revisions are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from include.assessment.period import parse_period
from include.audit_manager.service.manual_evidence import FILE_TYPES as THEIRS
from include.audit_manager.service.manual_evidence import LARGEST_FILE as THEIR_LARGEST
from include.sources.manual_records import (
    FILE_TYPES,
    LARGEST_FILE,
    SCHEMA_FILE,
    BadRecord,
    HandIn,
    Piece,
    of_period,
    read_record,
    refused_size,
    refused_type,
    revisions,
    schema,
)

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
GOOD = {
    "file": "policy.pdf",
    "control": "1.2",
    "title": "Access policy",
    "description": "Signed.",
    "effective": "2026-10-14",
    "provided_by": "alice@example.org",
}


def piece(hours: int = 0, sha256: str = "a" * 64, **changed: object) -> Piece:
    record = read_record(json.dumps({**GOOD, **changed}).encode())
    at = AT + timedelta(hours=hours)
    return Piece(record, f"s3://b/{sha256[:4]}", sha256, 10, at, at)


def test_the_published_schema_and_the_limits_are_those_that_are_enforced() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == schema()
    assert set(FILE_TYPES) == THEIRS and LARGEST_FILE == THEIR_LARGEST


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"effective": "14.10.2026"}, "effective: Invalid"),
        ({"expires": "2026-10-13"}, "expires: 2026-10-13 is before"),
        ({"control": "../x"}, "control: "),
        ({"file": "../x.pdf"}, "file: a name in the same folder"),
        ({"file": "x.exe"}, "no files of the type .exe"),
        ({"file": "x"}, r"no files of the type \(none\)"),
        ({"file": "x.evidence.json"}, "are records of evidence"),
        ({"account": "12"}, "account: "),
        ({"sha256": "x"}, "sha256: "),
        ({"title": ""}, "title: "),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_the_field_and_the_reason(
    changed: dict[str, str], said: str
) -> None:
    with pytest.raises(BadRecord, match=said):
        read_record(json.dumps({**GOOD, **changed}).encode())


def test_sizes_and_types_are_audit_managers() -> None:
    assert refused_size(0) and refused_size(LARGEST_FILE + 1) and not refused_size(LARGEST_FILE)
    assert not refused_type("Report.PDF")


@pytest.mark.parametrize(
    "changed",
    [
        {"description": "Signed twice."}, {"effective": "2026-10-15"}, {"sha256": "b" * 64},
        {"provided_by": "bob@example.org"}, {"framework": "x"}, {"expires": "2027-01-01"},
    ],
)  # fmt: skip
def test_an_id_changes_with_the_bytes_and_with_every_claim(changed: dict[str, str]) -> None:
    digest = changed.pop("sha256", "a" * 64)
    assert piece(sha256=digest, **changed).id != piece().id
    assert piece(hours=9).id == piece().id  # handed in once more


@pytest.mark.parametrize(
    ("changed", "periods"),
    [
        ({}, ["2026-10", "2026-Q4", "2026"]),
        ({"expires": "2026-11-30"}, ["2026-10", "2026-Q4", "2026", "2026-11"]),
        ({"expires": "2026-11-29"}, ["2026-10", "2026-Q4", "2026"]),
        ({"effective": "2026-11-01"}, ["2026-11", "2026-Q4", "2026"]),
        ({"effective": "2026-10-31"}, ["2026-10", "2026-Q4", "2026"]),
    ],
)
def test_the_effective_date_decides_the_period_and_an_expiry_date_carries_it_on(
    changed: dict[str, str], periods: list[str]
) -> None:
    every = ["2026-09", "2026-10", "2026-11", "2026-12", "2026-Q3", "2026-Q4", "2026", "2027"]
    one = piece(**changed)
    assert {p for p in every if one.concerns(parse_period(p))} == set(periods)


def test_the_newest_revision_that_concerns_a_period_replaces_the_older_there() -> None:
    first = piece()
    second = piece(1, "b" * 64)
    later = piece(2, "c" * 64, effective="2026-11-03")
    other = piece(3, "d" * 64, title="Another")
    found = revisions([later, other, second, first, replace(first, provided_at=AT)])
    assert [(s.revision, s.newer) for s in found if s.piece.record.title != "Another"] == [
        (1, second.id), (2, later.id), (3, ""),
    ]  # fmt: skip
    october = of_period([later, other, second, first], parse_period("2026-10"))
    assert {s.piece.id: s.newer for s in october} == {
        first.id: second.id,
        second.id: "",
        other.id: "",
    }


def test_what_expired_within_the_period_is_told_as_expired() -> None:
    one = piece(expires="2026-10-20")
    assert one.concerns(parse_period("2026-10")) and one.expired(parse_period("2026-10"))
    assert not one.concerns(parse_period("2026-11"))


def test_a_record_says_what_it_says_and_no_more() -> None:
    record = read_record(json.dumps(GOOD).encode())
    assert isinstance(record, HandIn) and record.effective == date(2026, 10, 14)
    assert set(json.loads(msgspec.json.encode(record))) == set(GOOD)
    shown = piece().attributes(2)
    assert shown["revision"] == 2 and "expires" not in shown and shown["sha256"] == "a" * 64
