"""Answers that no one has seen yet: unknown words, text in any script, as long as it may be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.kits import KITS
from tests.acceptance.world import Collected, World

UNKNOWN = "BRAND_NEW_WORD"
#: 240 KB in UTF-8: the longest finding that Security Hub takes.
LONG = "証拠 دليل ✅ naïve " * 9_000

# What people hand in is read by its own schema, which refuses unknown words.
asked = [source for source, kit in KITS.items() if kit.word]


def disturbed(
    world: World, source: str, account: str, place: tuple[str, str], value: str
) -> Collected:
    service, _ = KITS[source].listing
    operation, member = place
    fault: dict[str, Any] = {"kind": "rewrite", "member": member, "value": value}
    world.aws.faults({"service": service, "operation": operation, **fault})
    try:
        return world.collect(source, account)
    finally:
        world.aws.faults()


def verdicts(got: Collected) -> list[tuple[str, str, str, str]]:
    items = got.snapshot.iter_evidence()
    return sorted((i.keyword, i.deployment, i.resource, i.result) for i in items)


def test_all_but_what_people_hand_in_is_asked() -> None:
    assert set(KITS) - set(asked) == {"manual"}


@pytest.mark.parametrize("source", asked)
def test_an_unknown_word_is_never_a_pass(world: World, source: str) -> None:
    place = KITS[source].word
    assert place is not None
    got = disturbed(world, source, world.much, place, UNKNOWN)
    assert got.ref.status in ("COMPLETE", "PARTIAL"), got.problem
    before = {i.evidence_id for i in world.undisturbed(source).snapshot.iter_evidence()}
    items = list(got.snapshot.iter_evidence())
    assert items
    for item in items:
        if UNKNOWN in item.raw_status:
            assert item.result != "PASS", item
    assert len({i.evidence_id for i in items}) >= len(before) - 1


@pytest.mark.parametrize("source", asked)
def test_a_text_as_long_as_may_be_changes_no_verdict(world: World, source: str) -> None:
    assert len(LONG.encode()) > 240_000
    place = KITS[source].text
    assert place is not None
    got = disturbed(world, source, world.one, place, LONG)
    assert got.problem == ""
    undisturbed = world.collect(source, world.one)
    assert got.ref.status == undisturbed.ref.status
    assert verdicts(got) == verdicts(undisturbed)
