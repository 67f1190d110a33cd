"""A lease per cell: one collects, others wait for it, and nobody waits for the dead."""

from __future__ import annotations

import pytest

from include.evidence.lease import Lease
from tests.include.evidence.canned_s3 import CannedS3


@pytest.fixture
def s3() -> CannedS3:
    return CannedS3()


def lease(s3: CannedS3) -> Lease:
    """A lease whose waiting makes S3's clock run."""
    return Lease(s3, "bucket", "cell/lease", "a cell", sleep=lambda s: s3.later(seconds=s))


def test_one_holds_it_until_it_is_given_back(s3: CannedS3) -> None:
    first, second = lease(s3), lease(s3)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert not s3.objects
    assert second.acquire()
    second.release()


def test_who_waits_takes_the_holders_result(s3: CannedS3) -> None:
    first, second = lease(s3), lease(s3)
    assert first.wait(lambda: "mine") is None  # it was free: nothing to look for
    looks = iter([None, None, "theirs"])
    assert second.wait(lambda: next(looks)) == "theirs"
    first.release()


def test_a_holder_that_died_is_waited_for_two_minutes(s3: CannedS3) -> None:
    dead = lease(s3)
    dead._put(IfNoneMatch="*")  # taken, and never renewed
    began = s3.now
    heir = lease(s3)
    assert heir.wait(lambda: None) is None
    assert 120 < (s3.now - began).total_seconds() < 130
    assert not lease(s3).acquire()
    heir.release()


def test_only_one_takes_over(s3: CannedS3) -> None:
    lease(s3)._put(IfNoneMatch="*")
    s3.later(minutes=3)
    heirs = [lease(s3) for _ in range(3)]
    assert [heir.acquire() for heir in heirs] == [True, False, False]
    heirs[0].release()


def test_a_holder_renews_it(s3: CannedS3) -> None:
    holder = Lease(s3, "bucket", "cell/lease", "a cell", seconds=0.04)
    assert holder.acquire()
    first = s3.objects["cell/lease"][1]
    holder._ended.wait(0.1)
    holder.release()
    assert sum(call == "put cell/lease" for call in s3.calls) >= 3
    assert first


def test_a_holder_that_lost_it_does_not_take_it_back(s3: CannedS3) -> None:
    slow = Lease(s3, "bucket", "cell/lease", "a cell", seconds=0.04)
    assert slow.acquire()
    s3.later(minutes=3)
    heir = lease(s3)
    body, _, _ = s3.objects["cell/lease"]
    s3.objects["cell/lease"] = (body, '"somebody else\'s"', s3.now)
    slow._ended.wait(0.1)
    assert s3.objects["cell/lease"][1] == '"somebody else\'s"'
    assert not heir.acquire()
    slow.release()
    assert "cell/lease" in s3.objects  # it is not ours to give back


def test_without_permission_the_cell_is_collected_all_the_same(s3: CannedS3) -> None:
    s3.failing = True
    assert lease(s3).acquire()


def test_the_same_runs_next_attempt_does_not_wait(s3: CannedS3) -> None:
    killed = Lease(s3, "bucket", "cell/lease", "a cell", holder="manual__2026-11-01")
    killed._put(IfNoneMatch="*")
    assert not Lease(s3, "bucket", "cell/lease", "a cell", holder="another run").acquire()
    retry = Lease(s3, "bucket", "cell/lease", "a cell", holder="manual__2026-11-01")
    assert retry.acquire()
    retry.release()
