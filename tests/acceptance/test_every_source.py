"""What every source must do, whatever it collects. A new source only adds its kit to kits.py."""

from __future__ import annotations

import pytest

from include.sources import SOURCES
from tests.acceptance.kits import KITS
from tests.acceptance.world import World

every_source = pytest.mark.parametrize("source", list(SOURCES))


def test_every_source_takes_part() -> None:
    assert set(KITS) == set(SOURCES)


@every_source
def test_several_full_pages_come_whole(world: World, source: str) -> None:
    got = world.collect(source, world.much)
    assert got.problem == ""
    assert got.ref.status == "COMPLETE"
    with world.connect() as connection:
        kit = KITS[source]
        expected = kit.seen(connection, world.much)
    assert len(expected) >= kit.many
    assert expected <= {kit.identity(i) for i in got.snapshot.iter_evidence() if kit.counts(i)}


@every_source
def test_one_thing_is_one_item(world: World, source: str) -> None:
    got = world.collect(source, world.one)
    assert got.problem == ""
    with world.connect() as connection:
        expected = KITS[source].seen(connection, world.one)
    found = [i for i in got.snapshot.iter_evidence() if KITS[source].counts(i)]
    assert len(expected) == 1
    assert {KITS[source].identity(item) for item in found} == expected


@every_source
def test_nothing_is_said_to_be_nothing_and_proved(world: World, source: str) -> None:
    got = world.collect(source, world.nothing)
    assert got.problem == ""
    assert [i for i in got.snapshot.iter_evidence() if KITS[source].counts(i)] == []
    receipt = got.snapshot.receipt
    assert receipt.pages, "that nothing came is shown by the requests that were answered"
    assert receipt.cursor_exhausted


@every_source
def test_the_receipt_tells_who_asked_what_when_and_how_it_ended(world: World, source: str) -> None:
    got = world.collect(source, world.much)
    receipt = got.snapshot.receipt
    assert receipt.status == "COMPLETE"
    assert receipt.caller_arn.startswith("arn:aws:")
    assert receipt.endpoint == world.aws.endpoint
    assert receipt.client.startswith("botocore/")
    assert receipt.started and receipt.ended
    assert receipt.items == got.ref.items
    assert [page.number for page in receipt.pages] == list(range(1, len(receipt.pages) + 1))
    for page in receipt.pages:
        assert page.operation.partition(":")[2]
        assert page.request_id
        assert len(page.sha256) == 64
    archived = dict(got.snapshot.iter_pages())
    assert len(archived) == len(receipt.pages)


@every_source
def test_every_item_points_to_the_page_it_came_from(world: World, source: str) -> None:
    snapshot = world.collect(source, world.much).snapshot
    archived = {name for name, _ in snapshot.iter_pages()}
    for item in snapshot.iter_evidence():
        assert item.page in archived or item.page == "", item
        assert item.page or not KITS[source].counts(item)


@every_source
def test_collecting_the_same_past_again_gives_the_same_content(world: World, source: str) -> None:
    first = world.collect(source, world.much)
    assert world.collect(source, world.much).digest == first.digest


@every_source
def test_a_closed_period_is_collected_once(world: World, source: str) -> None:
    first = world.collect(source, world.plain)
    again = world.collect(source, world.plain, store=first.store)
    assert again.digest == first.digest
    if SOURCES[source].settled:
        assert again.ref.as_of == first.ref.as_of


@every_source
def test_no_call_is_made_that_the_source_does_not_declare(world: World, source: str) -> None:
    selection = SOURCES[source].selection(list(_checks()))
    declared = {action.lower() for action in SOURCES[source].actions(selection)}
    for account in (world.plain, world.much):
        for page in world.collect(source, account).snapshot.receipt.pages:
            operation = page.operation.partition(":")[2].lower()
            assert any(
                operation in action or action.endswith(operation) for action in declared
            ) or (page.operation.startswith("s3:")), page.operation


def _checks():  # type: ignore[no-untyped-def]
    from include.checks.catalogue import load_catalogue

    return load_catalogue().values()
