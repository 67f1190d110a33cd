"""A period means that period: whatever the day of collection, the calendar or the time zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from include.assessment.period import parse_period
from include.clock import from_iso
from include.evidence.receipt import FILLED
from include.sources import SOURCES
from tests.acceptance.kits import KITS
from tests.acceptance.world import World, open_world

every_source = pytest.mark.parametrize("source", list(SOURCES))

#: The clock stands at 2026-11-01: within every memory, at its edge, partly beyond, wholly beyond.
PAST = ("2026-09", "2026-08", "2026-Q3", "2026-07")


@every_source
@pytest.mark.parametrize("period", PAST)
def test_a_past_period_is_told_as_the_past_or_not_at_all(
    world: World, source: str, period: str
) -> None:
    got = world.collect(source, world.much, period)
    assert got.problem == ""
    assert got.ref.status in FILLED
    end = parse_period(period).end
    settled = from_iso(got.ref.as_of) - end > timedelta(days=7)
    for item in got.snapshot.iter_evidence():
        assert item.source_time <= end or item.known == "CURRENT_ONLY", item
        if settled and item.known == "CONTEMPORANEOUS":
            raise AssertionError(f"{item} was collected weeks after the period")
    if period == PAST[0]:
        # Collected anew beside what is there: the same past has the same content.
        again = world.collect(source, world.much, period, store=got.store, refresh=True)
        assert again.digest == got.digest


@every_source
def test_what_the_source_has_forgotten_is_said(world: World, source: str) -> None:
    got = world.collect(source, world.much, "2026-07")
    forgotten = got.ref.status == "BEYOND_REACH" or any(
        deployment.state == "BEYOND_REACH" for deployment in got.snapshot.deployments
    )
    if KITS[source].remembers is not None:
        assert forgotten
        assert got.snapshot.receipt.message


@pytest.fixture(scope="module")
def leap_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("leap")
    with open_world(folder, clock="2028-03-01T06:00:00Z", months=2) as made:
        yield made


@every_source
def test_the_leap_day_belongs_to_february(leap_world: World, source: str) -> None:
    got = leap_world.collect(source, leap_world.much, "2028-02")
    assert got.problem == ""
    assert got.ref.status == "COMPLETE"
    end = from_iso("2028-03-01T00:00:00Z")
    assert parse_period("2028-02").end == end
    whole = leap_world.collect(source, leap_world.much, "2028-02-01T00:00:00Z/2028-03-01T00:00:00Z")
    assert whole.digest == got.digest


@every_source
def test_a_change_of_summer_time_moves_nothing(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = world.undisturbed(source)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        got = world.collect(source, world.much)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert got.digest == undisturbed.digest
