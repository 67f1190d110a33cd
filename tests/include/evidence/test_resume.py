"""Sealed answers: replayed byte for byte, whole or not at all, and gone when they are of no use."""

from __future__ import annotations

import pytest

from include.assessment.period import parse_period
from include.aws.exchange import Attempt
from include.evidence.cell import Cell
from include.evidence.resume import AnswerJournal, Sealing
from tests.include.evidence.canned_s3 import CannedS3

CELL = Cell("security_hub", "111111111111", "us-east-1", parse_period("2026-10"), "ab" * 32)
AT_ONCE = Sealing(seconds=0.0)


def journal(s3: CannedS3, cell: Cell = CELL, sealing: Sealing = AT_ONCE) -> AnswerJournal:
    return AnswerJournal(s3, "bucket", "snapshots/cell/resume/key", cell, sealing)


def answer(text: str) -> Attempt:
    return Attempt(200, "", text.encode(), {"Date": "Sun, 01 Nov 2026 06:00:05 GMT"})


@pytest.fixture
def s3() -> CannedS3:
    return CannedS3()


def test_what_was_sealed_is_replayed_once_and_in_order(s3: CannedS3) -> None:
    before = journal(s3)
    before.seal("poll", answer("STARTED"))
    before.seal("page", answer("[1]"))
    before.seal("poll", answer("COMPLETE"))
    after = journal(s3)
    assert after.replay("poll") == answer("STARTED")
    assert after.replay("page") == answer("[1]")
    assert after.replay("poll") == answer("COMPLETE")
    assert after.replay("poll") is None
    assert after.replay("another") is None
    assert after.replayed == 3


def test_a_third_attempt_has_what_both_before_it_sealed(s3: CannedS3) -> None:
    journal(s3).seal("a", answer("1"))
    second = journal(s3)
    assert second.replay("a")
    second.seal("b", answer("2"))
    third = journal(s3)
    assert (third.replay("a"), third.replay("b")) == (answer("1"), answer("2"))


def test_a_cell_that_ends_soon_writes_nothing(s3: CannedS3) -> None:
    quick = journal(s3, sealing=Sealing())
    for number in range(100):
        quick.seal(str(number), answer("x"))
    quick.drop()
    assert s3.calls == ["list snapshots/cell/resume/key/part-"]


def test_a_part_is_written_after_a_time_or_so_many_bytes(s3: CannedS3) -> None:
    now = [0.0]
    kept = AnswerJournal(
        s3, "bucket", "f", CELL, Sealing(seconds=5, bytes=100), clock=lambda: now[0]
    )
    kept.seal("a", answer("x"))
    assert not s3.objects
    now[0] = 5.0
    kept.seal("b", answer("x"))
    assert list(s3.objects) == ["f/part-0001"]
    kept.seal("c", answer("x" * 100))
    assert list(s3.objects) == ["f/part-0001", "f/part-0002"]


@pytest.mark.parametrize("at", [0, 20, 60, -1])
def test_a_damaged_part_and_those_after_it_are_left_out(s3: CannedS3, at: int) -> None:
    writing = journal(s3)
    for name in "abc":
        writing.seal(name, answer(name))
    key = "snapshots/cell/resume/key/part-0002"
    body = bytearray(s3.objects[key][0])
    body[at] ^= 1
    s3.objects[key] = (bytes(body), *s3.objects[key][1:])
    after = journal(s3)
    assert after.replay("a") == answer("a")
    assert after.replay("b") is None
    assert after.replay("c") is None


def test_what_is_older_than_an_hour_is_dropped(s3: CannedS3) -> None:
    journal(s3).seal("a", answer("1"))
    s3.later(minutes=59)
    assert journal(s3).replay("a")
    s3.later(minutes=2)
    assert journal(s3).replay("a") is None
    assert not s3.objects


def test_another_cells_answers_are_not_taken(s3: CannedS3) -> None:
    journal(s3).seal("a", answer("1"))
    other = Cell("security_hub", "111111111111", "us-east-1", CELL.period, "ab" * 31 + "cd")
    assert journal(s3, other).replay("a") is None


def test_two_attempts_at_once_do_not_overwrite_each_other(s3: CannedS3) -> None:
    first, second = journal(s3), journal(s3)
    first.seal("a", answer("1"))
    second.seal("b", answer("2"))
    after = journal(s3)
    assert (after.replay("a"), after.replay("b")) == (answer("1"), answer("2"))


def test_a_store_that_refuses_does_not_end_the_collection(s3: CannedS3) -> None:
    s3.failing = True
    kept = journal(s3)
    kept.seal("a", answer("1"))
    kept.seal("b", answer("2"))
    kept.flush()
    assert len(s3.calls) == 2  # a listing and one try


def test_dropped_means_gone(s3: CannedS3) -> None:
    kept = journal(s3)
    kept.seal("a", answer("1"))
    kept.drop()
    assert not s3.objects
    assert kept.replay("a") is None
