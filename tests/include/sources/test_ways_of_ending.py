"""What lies beyond a source's memory, or can't be known, is said and never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account
from tests.include.sources.conftest import World


@pytest.fixture
def collect(
    world: World, sessions: SessionFactory, store: SnapshotStore, checks: list[Check]
) -> Any:
    """Collect one region of one account for a period, and read what was stored."""

    def run(source: str, period: str = "2026-10") -> LoadedSnapshot:
        try:
            (ref,) = collect_account(
                source,
                world.accounts[0],
                regions=["eu-west-1"],
                period=parse_period(period),
                checks=checks,
                sessions=sessions,
                store=store,
            )
        except CellsIncomplete as error:
            (ref,) = error.refs
        return store.load(ref)

    return run


@pytest.mark.parametrize("source", ["security_hub", "cloudtrail", "inspector"])
def test_a_period_that_is_forgotten_is_beyond_reach(source: str, collect: Any) -> None:
    loaded = collect(source, "2026-05")
    assert loaded.ref.status in ("BEYOND_REACH", "NOT_ENABLED")
    assert all(d.state != "ACTIVE" for d in loaded.deployments)
    assert all(
        item.known == "CURRENT_ONLY" or item.source == "security_hub"
        for item in loaded.iter_evidence()
    )


def test_api_calls_rest_on_config_alone_when_cloudtrail_is_denied(
    collect: Any, world: World
) -> None:
    world.fault(service="cloudtrail", operation="LookupEvents", kind="access_denied")
    loaded = collect("api_calls")
    assert loaded.ref.status == "DENIED"
    # Of the calls that a check judges; whoever only shows may list some that Config rebuilds.
    judged = {
        keyword
        for check in load_catalogue().values()
        for source in check.sources
        if source.source == "api_calls" and source.judges
        for keyword in source.all_keywords
    }
    known = {item.keyword: item.known for item in loaded.iter_evidence() if item.keyword in judged}
    assert set(known.values()) == {"CURRENT_ONLY", "RECONSTRUCTED"}
    states = {d.keyword: d.state for d in loaded.deployments}
    assert all((states[k] == "ACTIVE") == (known[k] == "RECONSTRUCTED") for k in known)
    assert "cloudtrail:LookupEvents" in loaded.receipt.message


def test_api_calls_are_collected_again_when_cloudtrail_was_merely_slow(
    collect: Any, world: World
) -> None:
    world.fault(service="cloudtrail", operation="LookupEvents", kind="server_error")
    assert collect("api_calls").ref.status == "PARTIAL"
    world.heal()
    loaded = collect("api_calls")
    assert loaded.ref.status == "COMPLETE"
    assert "CONTEMPORANEOUS" in {item.known for item in loaded.iter_evidence()}


def test_items_of_a_running_period_need_no_history(collect: Any) -> None:
    loaded = collect("api_calls", "2026-11")
    assert {item.known for item in loaded.iter_evidence()} == {"CONTEMPORANEOUS"}


def test_a_page_that_is_dropped_midway_keeps_what_had_come(collect: Any, world: World) -> None:
    world.fault(
        service="config",
        operation="GetResourceConfigHistory",
        kind="server_error",
        calls=[5, 1000],
    )
    loaded = collect("aws_config")
    assert loaded.ref.status == "PARTIAL"
    assert 0 < loaded.ref.items == len(list(loaded.iter_evidence()))
    assert not loaded.receipt.cursor_exhausted
