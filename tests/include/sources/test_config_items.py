"""Configurations of the past, as Config recorded them, are those of the estate's truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.local_aws.services.config.items import lower_camel
from include.sources.config_items import configuration_at, configurations_at
from tests.include.sources.conftest import World

ACCOUNT, REGION = "222222222222", "us-east-1"
KINDS = ("AWS::EC2::SecurityGroup", "AWS::S3::Bucket", "AWS::IAM::User")
END = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def out() -> Iterator[SnapshotWriter]:
    cell = Cell("api_calls", ACCOUNT, REGION, parse_period("2026-09"), "0" * 64)
    with SnapshotWriter(cell) as writer:
        yield writer


def truth(world: World, kind: str, at: str) -> dict[str, dict[str, Any]]:
    """Configurations by ARN, of what existed just before ``at``."""
    there = {
        r["arn"]
        for r in world.truth["resources"]
        if (r["account"], r["type"]) == (ACCOUNT, kind)
        and r["region"] in (None, REGION)
        and r["created"] < at
        and (r["deleted"] is None or r["deleted"] >= at)
    }
    found: dict[str, dict[str, Any]] = {arn: {} for arn in there}
    for fact in world.truth["facts"]:
        if fact["arn"] in there and fact["from"] < at and (fact["to"] is None or fact["to"] >= at):
            found[fact["arn"]][fact["property"]] = fact["value"]
    return {arn: lower_camel(facts) for arn, facts in found.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("query", [True, False])
def test_every_resource_of_a_type_as_it_stood(
    kind: str, query: bool, world: World, sessions: SessionFactory, out: SnapshotWriter
) -> None:
    if not query:
        world.fault(service="config", operation="SelectResourceConfig", kind="access_denied")
    config = sessions.account(ACCOUNT).client("config", REGION)
    items = list(configurations_at(out, config, kind, END))
    assert {item["arn"]: item["configuration"] for item in items} == truth(world, kind, iso(END))
    assert items
    assert all(item["configurationItemCaptureTime"] < END and item["page"] for item in items)


def test_one_resource_before_and_after_a_change_and_one_that_was_not_there(
    world: World, sessions: SessionFactory, out: SnapshotWriter
) -> None:
    kind = "AWS::S3::Bucket"
    resources = {r["arn"]: r for r in world.truth["resources"] if r["account"] == ACCOUNT}
    fact = next(
        f
        for f in world.truth["facts"]
        if f["to"] is not None
        and f["arn"] in resources
        and resources[f["arn"]]["type"] == kind
        and resources[f["arn"]]["region"] == REGION
        and "2026-08-02" < f["to"] < "2026-11"
        and f["to"] != resources[f["arn"]]["deleted"]
    )
    config = sessions.account(ACCOUNT).client("config", REGION)
    name = fact["arn"].rpartition(":")[2]
    turn = datetime.fromisoformat(fact["to"])

    def at(when: datetime) -> Any:
        item = configuration_at(out, config, kind, name, when)
        assert item is not None
        return item["configuration"].get(fact["property"][:1].lower() + fact["property"][1:])

    # A change at the very end of a period comes after it.
    assert at(turn) == lower_camel(fact["value"])
    assert at(turn.replace(second=(turn.second + 1) % 60)) is not None
    assert configuration_at(out, config, kind, "no-such-bucket", END) is None
    assert configuration_at(out, config, kind, name, datetime(2019, 1, 1, tzinfo=UTC)) is None
