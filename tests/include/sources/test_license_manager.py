"""License Manager: the present is told as the present, the period's end only where it is proved."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.clock import from_iso
from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account
from include.sources.licence_events import Since
from include.sources.license_manager import (
    ASSOCIATIONS,
    CONFIGURATIONS,
    USAGE,
    LicenseManager,
    _Configuration,
    _configuration,
)
from tests.include.sources.conftest import World


@pytest.fixture
def collect(world: World, sessions: SessionFactory, store: SnapshotStore) -> Any:
    def run(account: str, region: str, period: str = "2026-10") -> LoadedSnapshot:
        try:
            (ref,) = collect_account(
                "license_manager",
                account,
                regions=[region],
                period=parse_period(period),
                checks=[],
                sessions=sessions,
                store=store,
            )
        except CellsIncomplete as error:
            (ref,) = error.refs
        return store.load(ref)

    return run


def rows(world: World, sql: str, *values: Any) -> list[Any]:
    database = world.state / "estate.sqlite"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute(sql, values).fetchall()


def of(loaded: LoadedSnapshot, keyword: str) -> list[Evidence]:
    return [item for item in loaded.iter_evidence() if item.keyword == keyword]


def at_end(world: World) -> int:
    return int(from_iso("2026-11-01T00:00:00Z").timestamp())


def test_each_configuration_use_and_association_of_the_periods_end_is_an_item(
    world: World, collect: Any
) -> None:
    account, region = world.accounts[0], "us-east-1"
    loaded = collect(account, region)
    assert loaded.ref.status == "COMPLETE"
    end = at_end(world)
    there = "account = ? AND region = ? AND from_t < ? AND (to_t IS NULL OR to_t >= ?)"
    licences = rows(
        world, f"SELECT arn, body FROM licenses WHERE {there}", account, region, end, end
    )
    configurations = of(loaded, CONFIGURATIONS)
    assert {item.resource for item in configurations} == {arn for arn, _ in licences}
    uses = rows(
        world,
        "SELECT configuration, resource, consumed FROM license_uses WHERE from_t < ?"
        " AND (to_t IS NULL OR to_t >= ?) AND configuration LIKE ?",
        end,
        end,
        f"%:{region}:{account}:%",
    )
    assert {(i.attributes["id"], i.resource, i.attributes["consumed"]) for i in of(loaded, USAGE)} \
        == {use for use in uses if use[2] is not None}  # fmt: skip
    assert len(of(loaded, ASSOCIATIONS)) == len(uses)
    assert {item.known for item in loaded.iter_evidence()} == {"CONTEMPORANEOUS"}
    for item in configurations:
        consumed = sum(u[2] or 0 for u in uses if u[0] == item.resource)
        assert item.attributes["consumption"] == {"licenses": consumed}
        assert item.attributes["configuration"]["ConsumedLicenses"] == consumed
    assert all(count.expected == count.found for count in loaded.receipt.counts)
    assert len(loaded.receipt.counts) == len(licences)


def test_where_it_is_not_set_up_it_is_not_enabled_rather_than_denied(
    world: World, collect: Any
) -> None:
    loaded = collect(world.accounts[1], "eu-west-1")
    assert loaded.ref.status == "NOT_ENABLED"
    assert "not set up" in loaded.receipt.message
    assert loaded.deployments == ()


def test_a_refused_call_names_the_permission(world: World, collect: Any) -> None:
    world.fault(service="license-manager", operation="ListLicenseConfigurations",
                kind="access_denied")  # fmt: skip
    loaded = collect(world.accounts[0], "us-east-1")
    assert loaded.ref.status == "DENIED"
    assert loaded.receipt.missing_permission == "license-manager:ListLicenseConfigurations"


def test_without_cloudtrail_only_what_carries_its_own_time_speaks_of_the_period(
    world: World, collect: Any
) -> None:
    world.fault(service="cloudtrail", operation="LookupEvents", kind="access_denied")
    loaded = collect(world.accounts[0], "us-east-1")
    assert {item.known for item in of(loaded, CONFIGURATIONS)} == {"CURRENT_ONLY"}
    assert {item.known for item in of(loaded, USAGE)} == {"CURRENT_ONLY"}
    assert {item.known for item in of(loaded, ASSOCIATIONS)} == {"CONTEMPORANEOUS"}
    assert {d.state for d in loaded.deployments} == {"BEYOND_REACH"}
    assert "cloudtrail:LookupEvents" in loaded.receipt.message


def test_long_past_is_beyond_reach_without_a_snapshot_of_ours(world: World, collect: Any) -> None:
    loaded = collect(world.accounts[0], "us-east-1", "2026-06")
    assert loaded.ref.status == "BEYOND_REACH"
    assert all(i.known == "CURRENT_ONLY" for i in of(loaded, CONFIGURATIONS))


@pytest.mark.parametrize(
    ("since", "known"),
    [
        (Since(True, consumption_known=True), "CONTEMPORANEOUS"),
        (Since(True, touched=frozenset({"arn:x"})), "CURRENT_ONLY"),
        (Since(True, created=frozenset({"arn:x"})), None),
        (Since(False), "CURRENT_ONLY"),
    ],
)
def test_a_configuration_that_was_changed_since_says_nothing_of_the_end(
    since: Since, known: str | None
) -> None:
    cell = Cell("license_manager", "1" * 12, "us-east-1", parse_period("2026-10"), "")
    answer = SimpleNamespace(at=from_iso("2026-11-01T06:00:00Z"))
    value = {"LicenseConfigurationArn": "arn:x", "Name": "x", "LicenseCount": 1}
    one = _Configuration(value, SimpleNamespace(answer=answer, page="p"), 0)  # type: ignore[arg-type]
    item = _configuration(cell, one, [], since)
    assert (item.known if item else None) == known
    if item:
        expected = "licenses" if since.consumption_known else "at_least"
        assert item.attributes["consumption"] == {expected: 0}
        assert ("ConsumedLicenses" in item.attributes["configuration"]) is since.consumption_known


def test_it_names_every_action_it_needs() -> None:
    assert LicenseManager().actions({}) == {
        "cloudtrail:LookupEvents",
        "license-manager:GetServiceSettings",
        "license-manager:ListAssociationsForLicenseConfiguration",
        "license-manager:ListLicenseConfigurations",
        "license-manager:ListUsageForLicenseConfiguration",
    }
