"""What passes by itself leaves no trace in the evidence; what doesn't is told by the receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.aws.rates import Limiters
from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.check import Check
from include.clock import from_iso
from include.evidence.receipt import Receipt
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account
from tests.include.sources.conftest import ROLE, World

ACCOUNT = "222222222222"


@pytest.fixture
def source() -> str:
    """One that lists pages and asks for single things as well."""
    return "security_hub"


@pytest.fixture
def collect(world: World, store: SnapshotStore, checks: list[Check]) -> Any:
    """Collect Security Hub in one region: the reference and the receipt."""

    def run(attempts: int = 3, **changes: Any) -> tuple[SnapshotRef, Receipt]:
        given: dict[str, Any] = {
            "regions": ["eu-west-1"],
            "home_region": "us-east-1",
            "period": world.period,
            "checks": checks,
            # Limiters of its own: what one test has refused must not slow down the next.
            "sessions": SessionFactory(
                ROLE, retry=RetryPolicy(attempts=attempts), limiters=Limiters()
            ),
            "store": store,
        }
        try:
            (ref,) = collect_account("security_hub", ACCOUNT, **{**given, **changes})
        except CellsIncomplete as error:
            (ref,) = error.refs
        return ref, store.load(ref).receipt

    return run


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "expired_token", "calls": [1, 1]},
        {"kind": "malformed", "calls": [1, 1]},
        {"kind": "reset", "calls": [1, 1]},
        {"kind": "server_error", "calls": [1, 2]},
        {"kind": "throttle", "calls": [1, 2]},
        {"kind": "short_page"},
        {"kind": "reorder"},
        {"kind": "duplicate"},
        {"kind": "clock_skew", "seconds": 40},
    ],
    ids=lambda fault: fault["kind"],
)
def test_the_evidence_is_that_of_an_undisturbed_collection(
    fault: dict[str, Any], collect: Any, calm: Any, world: World
) -> None:
    world.fault(service="securityhub", operation="GetFindings", **fault)
    ref, receipt = collect()
    assert ref.content_digest == calm[1][1].content_digest
    assert receipt.status == "COMPLETE"
    if "calls" in fault:
        assert receipt.retries == fault["calls"][1]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "access_denied"}, "DENIED", "AccessDeniedException"),
        ({"kind": "expired_token"}, "EXPIRED", "ExpiredTokenException"),
        ({"kind": "server_error"}, "FAILED", "InternalServerException"),
        ({"kind": "reset"}, "FAILED", "ConnectionClosedError"),
        ({"kind": "not_enabled"}, "NOT_ENABLED", "InvalidAccessException"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)
def test_a_receipt_is_whole_also_when_nothing_came(
    fault: dict[str, Any], status: str, code: str, collect: Any, world: World
) -> None:
    world.fault(service="securityhub", **fault)
    _, receipt = collect()
    assert receipt.status == status
    assert receipt.items == 0
    assert not receipt.pages
    assert receipt.endpoint == world.endpoint
    assert receipt.caller_arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/")
    assert receipt.client.startswith("botocore/")
    assert from_iso(receipt.started) <= from_iso(receipt.ended)
    assert receipt.cursor_exhausted == (status == "NOT_ENABLED")
    assert receipt.failed_call is not None
    assert receipt.failed_call.operation.startswith("securityhub:")
    assert receipt.failed_call.code == code
    if fault["kind"] != "reset":
        assert receipt.failed_call.request_id
        assert receipt.failed_call.service_date.startswith("2026-11-01T06:")


def test_a_role_that_can_not_be_assumed_leaves_a_receipt_that_says_where(
    collect: Any, world: World
) -> None:
    _, receipt = collect(sessions=SessionFactory("NoSuchRole"))
    assert receipt.status == "DENIED"
    assert receipt.missing_permission == "sts:AssumeRole"
    assert receipt.endpoint == world.endpoint
    assert receipt.caller_arn == ""


def test_the_skew_between_the_services_clock_and_ours_is_told(
    collect: Any, world: World, store: SnapshotStore
) -> None:
    _, right = collect()
    world.fault(service="securityhub", kind="clock_skew", seconds=-3600)
    # Elsewhere: of equal evidence the first snapshot, with its receipt, stays.
    _, wrong = collect(store=SnapshotStore(store.bucket, store.s3, "skewed"))
    assert -3700 < wrong.clock_skew_seconds - right.clock_skew_seconds < -3500


def test_a_cell_whose_patience_is_over_ends_early_and_the_next_attempt_goes_on(
    collect: Any, calm: Any, world: World
) -> None:
    operation = "GetFindingHistory"
    world.fault(service="securityhub", operation=operation, kind="throttle", calls=[4, 10_000])
    ref, receipt = collect(resume_key="a run", attempts=1)
    assert ref.status in ("PARTIAL", "FAILED")
    assert receipt.throttles >= 1
    world.heal()
    ref, healed = collect(resume_key="a run")
    assert ref.content_digest == calm[1][1].content_digest
    assert healed.resumed >= receipt.calls - 1
    assert healed.calls > healed.resumed


def test_a_token_that_is_over_has_the_cell_collected_anew(
    collect: Any, calm: Any, world: World, store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Killed after the first page, which was short: its token is forgotten in the meantime.
    world.fault(service="securityhub", operation="GetFindings", kind="short_page", calls=[1, 1])
    world.fault(
        service="securityhub", operation="GetFindings", kind="server_error", calls=[2, 10_000]
    )
    first, receipt = collect(resume_key="a run", attempts=1)
    assert first.status in ("PARTIAL", "FAILED")
    world.heal()
    ref, healed = collect(resume_key="a run")
    assert ref.content_digest == calm[1][1].content_digest
    assert healed.resumed == 0
    assert receipt.calls > 1


def test_snapshots_are_found_by_when_they_were_taken(
    collect: Any, world: World, store: SnapshotStore
) -> None:
    ref, _ = collect()
    taken = from_iso(ref.as_of)
    place = ("security_hub", ACCOUNT, "eu-west-1")
    second = timedelta(seconds=1)
    assert store.taken_between(*place, taken, taken + second) == [ref]
    assert store.taken_between(*place, taken - second, taken) == []
    assert store.taken_between("inspector", *place[1:], taken, taken + second) == []
    assert store.taken_between(*place[:2], "us-east-1", taken, taken + second) == []
