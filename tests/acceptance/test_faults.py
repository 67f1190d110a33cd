"""What goes wrong must not be hidden, and must leave no trace once it is over."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest

from include.evidence.receipt import BLOCKING
from include.sources import SOURCES
from tests.acceptance.kits import KITS
from tests.acceptance.world import World

#: Every kind of fault once; ``{service}`` and ``{operation}`` are the source's own listing.
FAULTS: dict[str, dict[str, Any]] = {
    "throttled three times": {"kind": "throttle", "calls": [1, 3]},
    "throttled without end": {"kind": "throttle"},
    "one call in five throttled": {"kind": "throttle", "probability": 0.2, "seed": 11},
    "denied": {"kind": "access_denied"},
    "credentials expired once": {"kind": "expired_token", "calls": [2, 2]},
    "credentials expired for good": {"kind": "expired_token"},
    "internal error twice": {"kind": "server_error", "calls": [1, 2]},
    "internal error without end": {"kind": "server_error"},
    "unavailable once": {"kind": "server_error", "status": 503, "calls": [1, 1]},
    "page token dropped": {"kind": "drop_token", "calls": [1, 1]},
    "page token repeated": {"kind": "repeat_token", "calls": [2, 2]},
    "broken answer once": {"kind": "malformed", "calls": [1, 1]},
    "connection reset once": {"kind": "reset", "calls": [1, 1]},
    "items repeated on the next page": {"kind": "duplicate"},
    "short pages": {"kind": "short_page"},
    "items reordered": {"kind": "reorder"},
    "clock five minutes ahead": {"kind": "clock_skew", "seconds": 300},
}
#: After these the collection may not be told from an undisturbed one.
HARMLESS = frozenset(
    {
        "throttled three times",
        "one call in five throttled",
        "credentials expired once",
        "internal error twice",
        "unavailable once",
        "broken answer once",
        "connection reset once",
        "items repeated on the next page",
        "short pages",
        "items reordered",
    }
)
_PAIRS_IN_A_QUICK_RUN = 6

every_source = pytest.mark.parametrize("source", list(SOURCES))


def struck(source: str, name: str) -> dict[str, Any]:
    service, operation = KITS[source].listing
    return {"service": service, "operation": operation, **FAULTS[name]}


def disturb(world: World, source: str, *names: str) -> None:
    """Collect with faults, then without: an honest ending, then the undisturbed content."""
    undisturbed = world.undisturbed(source)
    store = world.empty_store()
    world.aws.faults(*(struck(source, name) for name in names))
    try:
        with_faults = world.collect(source, world.much, store=store)
    finally:
        world.aws.faults()
    if with_faults.ref.filled:
        assert with_faults.digest == undisturbed.digest, (names, "filled, but with other content")
    else:
        assert with_faults.ref.status in BLOCKING, names
        assert with_faults.problem
    if set(names) <= HARMLESS:
        assert with_faults.ref.filled, (names, with_faults.problem)
    after = world.collect(source, world.much, store=store)
    assert after.problem == ""
    assert after.digest == undisturbed.digest, names


@every_source
@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_is_told_or_overcome_and_leaves_no_trace(
    world: World, source: str, fault: str
) -> None:
    disturb(world, source, fault)


def pairs(source: str) -> list[tuple[str, str]]:
    return list(combinations(FAULTS, 2))


@every_source
def test_faults_in_pairs(world: World, source: str) -> None:
    """A sample, another one for each source; ``-m soak`` takes them all."""
    for one, other in random.Random(source).sample(pairs(source), _PAIRS_IN_A_QUICK_RUN):
        disturb(world, source, one, other)


@pytest.mark.soak
@every_source
def test_all_faults_in_pairs(world: World, source: str) -> None:
    for one, other in pairs(source):
        disturb(world, source, one, other)


@every_source
def test_twenty_percent_throttling_of_everything_changes_nothing(world: World, source: str) -> None:
    undisturbed = world.undisturbed(source)
    world.aws.faults({"service": "*", "kind": "throttle", "probability": 0.2, "seed": 5})
    try:
        got = world.collect(source, world.much)
    finally:
        world.aws.faults()
    assert got.problem == ""
    assert got.digest == undisturbed.digest
    assert got.snapshot.receipt.throttles >= 0
