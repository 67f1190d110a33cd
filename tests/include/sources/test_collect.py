"""What holds for every source: complete or said not to be, equal when collected again."""

from __future__ import annotations

from typing import Any

import pytest

from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.check import Check
from include.digests import sha256
from include.errors import InputError
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account, plan_cells
from tests.include.sources.conftest import ROLE, World

ACCOUNT = "222222222222"
#: A call without which the source can't be complete: (service, operation).
CENTRAL = {
    "aws_config": ("config", "DescribeConfigRules"),
    "security_hub": ("securityhub", "GetFindings"),
    "inspector": ("inspector2", "ListFindings"),
    "cloudtrail": ("cloudtrail", "LookupEvents"),
    "api_calls": ("ec2", "DescribeSecurityGroups"),
}
every_source = pytest.mark.parametrize("source", list(CENTRAL))
Calm = tuple[SnapshotStore, list[SnapshotRef]]


@pytest.fixture
def collect(
    world: World, sessions: SessionFactory, store: SnapshotStore, checks: list[Check]
) -> Any:
    """Collect a source in one account of the estate, in its second region by default."""

    def run(source: str, **changes: Any) -> list[SnapshotRef]:
        given: dict[str, Any] = {
            "regions": ["eu-west-1"],
            "home_region": "us-east-1",
            "period": world.period,
            "checks": checks,
            "sessions": sessions,
            "store": store,
        }
        return collect_account(source, ACCOUNT, **{**given, **changes})

    return run


@every_source
def test_every_region_is_collected_with_a_receipt_that_matches_its_pages(
    source: str, calm: Calm, world: World
) -> None:
    store, refs = calm
    assert [ref.cell.region for ref in refs] == world.regions
    for ref in refs:
        loaded = store.load(ref)
        assert loaded.receipt.status == "COMPLETE"
        assert loaded.receipt.cursor_exhausted
        assert loaded.receipt.caller_arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/")
        assert loaded.receipt.endpoint == world.endpoint
        assert ref.items == loaded.receipt.items == len(list(loaded.iter_evidence())) > 0
        assert ref.as_of.startswith("2026-11-01T06:")  # the service's clock, not ours
        pages = dict(loaded.iter_pages())
        assert [sha256(body) for body in pages.values()] == [
            page.sha256 for page in loaded.receipt.pages
        ]
        assert all(page.request_id for page in loaded.receipt.pages)
        for item in loaded.iter_evidence():
            assert item.page in pages or not item.attributes.get("configuration", True)
            assert (item.account, item.region) == (ACCOUNT, ref.cell.region)
            assert world.period.start <= item.source_time <= item.collected_at


@every_source
def test_collecting_the_same_past_again_adds_nothing(source: str, calm: Calm, collect: Any) -> None:
    store, before = calm
    (again,) = collect(source, store=store, refresh=True)
    assert again == before[1]


@every_source
def test_what_is_filled_is_not_asked_for_again(
    source: str, calm: Calm, collect: Any, world: World
) -> None:
    store, before = calm
    world.fault(service=CENTRAL[source][0], kind="access_denied")
    assert collect(source, store=store, regions=world.regions) == before
    assert world.calls_seen() == 0


@every_source
def test_a_denied_region_fails_the_account_but_not_the_other_region(
    source: str, calm: Calm, collect: Any, store: SnapshotStore, world: World
) -> None:
    service, operation = CENTRAL[source]
    world.fault(service=service, operation=operation, region="eu-west-1", kind="access_denied")
    with pytest.raises(CellsIncomplete) as caught:
        collect(source, regions=["ap-south-1", "eu-west-1"])
    other, denied = caught.value.refs
    assert other.filled
    assert denied.status == "DENIED"
    assert not caught.value.retryable
    assert f"{service}:{operation}" in str(caught.value)
    assert f"account {ACCOUNT}, region eu-west-1" in str(caught.value)
    assert store.load(denied).receipt.missing_permission == f"{service}:{operation}"
    assert store.find(denied.cell) == denied

    world.heal()
    healed = collect(source, regions=["ap-south-1", "eu-west-1"])
    assert healed[0] == other
    assert healed[1].content_digest == calm[1][1].content_digest
    assert store.find(denied.cell) == healed[1]


@every_source
def test_throttled_calls_are_repeated_and_counted(
    source: str, calm: Calm, collect: Any, store: SnapshotStore, world: World
) -> None:
    service, operation = CENTRAL[source]
    world.fault(service=service, operation=operation, kind="throttle", calls=[1, 1])
    (ref,) = collect(source)
    assert ref.content_digest == calm[1][1].content_digest
    receipt = store.load(ref).receipt
    assert (receipt.throttles, receipt.retries) == (1, 1)


@every_source
def test_expired_credentials_end_the_cell_as_expired_and_are_worth_a_retry(
    source: str, collect: Any, world: World
) -> None:
    service, operation = CENTRAL[source]
    world.fault(service=service, operation=operation, kind="expired_token")
    with pytest.raises(CellsIncomplete) as caught:
        collect(source)
    assert [ref.status for ref in caught.value.refs] == ["EXPIRED"]
    assert caught.value.retryable


@every_source
def test_a_service_that_fails_to_the_end_fails_the_cell(
    source: str, collect: Any, world: World
) -> None:
    service, operation = CENTRAL[source]
    world.fault(service=service, operation=operation, kind="throttle")
    with pytest.raises(CellsIncomplete) as caught:
        collect(source, sessions=SessionFactory(ROLE, retry=RetryPolicy(attempts=1)))
    assert caught.value.refs[0].status in ("FAILED", "PARTIAL")
    assert not caught.value.refs[0].filled
    assert caught.value.retryable


def test_a_role_that_cannot_be_assumed_is_a_missing_permission(
    collect: Any, checks: list[Check]
) -> None:
    with pytest.raises(CellsIncomplete) as caught:
        collect("security_hub", sessions=SessionFactory("NoSuchRole"))
    assert {ref.status for ref in caught.value.refs} == {"DENIED"}
    assert "sts:AssumeRole" in str(caught.value)


def test_a_failed_refresh_leaves_what_was_complete_in_force(
    collect: Any, store: SnapshotStore, world: World
) -> None:
    (whole,) = collect("inspector")
    world.fault(service="inspector2", kind="access_denied")
    with pytest.raises(CellsIncomplete):
        collect("inspector", refresh=True)
    assert store.find(whole.cell) == whole


def test_a_service_that_is_switched_off_is_told_apart_from_a_failure(
    collect: Any, world: World, store: SnapshotStore
) -> None:
    (ref,) = collect("security_hub", regions=["ap-south-1"])
    assert ref.status == "NOT_ENABLED"
    assert ref.filled


def test_cells_of_all_sources_are_planned_without_asking_anybody(
    world: World, checks: list[Check]
) -> None:
    def plan(source: str, regions: list[str]) -> list[Any]:
        return plan_cells(source, ACCOUNT, regions=regions, period=world.period, checks=checks)

    home, other = plan("api_calls", world.regions)
    assert "iam_GetAccountSummary" in home[1]["calls"]
    assert "iam_GetAccountSummary" not in other[1]["calls"]
    assert "ec2_DescribeSecurityGroups" in other[1]["calls"]
    # The same region, asked as home region or not, is another selection.
    assert plan("api_calls", ["eu-west-1"])[0][0].selection != other[0].selection
    assert {cell.selection for cell, _ in plan("aws_config", world.regions)} == {
        cell.selection for cell, _ in plan("security_hub", world.regions)
    }


def test_an_unknown_source_is_named(world: World, collect: Any) -> None:
    with pytest.raises(InputError, match="'tarot'"):
        collect("tarot")
