"""A hundred thousand things: whole, with and without throttling. Takes minutes; ``-m soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.kits import KITS, kits
from tests.acceptance.world import open_world

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(3600)]

MANY = 100_000


# Nobody hands in a hundred thousand papers.
@pytest.mark.parametrize("source", [source for source in KITS if source != "manual"])
def test_a_hundred_thousand_items_come_whole_also_while_throttled(
    tmp_path: Path, source: str
) -> None:
    kit = kits(MANY)[source]
    with open_world(tmp_path, kits={source: kit}) as world:
        calm = world.collect(source, world.much)
        assert calm.problem == ""
        with world.connect() as connection:
            expected = kit.seen(connection, world.much)
        assert len(expected) >= MANY
        found = {kit.identity(i) for i in calm.snapshot.iter_evidence() if kit.counts(i)}
        assert expected <= found
        service, _ = kit.listing
        world.aws.faults({"service": service, "kind": "throttle", "probability": 0.2, "seed": 3})
        throttled = world.collect(source, world.much)
    assert throttled.problem == ""
    assert throttled.digest == calm.digest
