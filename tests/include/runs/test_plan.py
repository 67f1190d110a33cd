"""The plan: which period and scope a run has, decided once."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from include.errors import InputError
from include.runs.plan import Asked, Plan, make_plan

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
ACCOUNTS = ["111111111111", "222222222222"]
REGIONS = ["us-east-1", "eu-west-1"]
SOURCES = ["aws_config", "security_hub"]

NOTHING = Asked()


def plan(asked: Asked = NOTHING, **changes: Any) -> Plan:
    return make_plan(
        asked,
        **{
            "framework": "cis_aws_5.0",
            "framework_digest": "ab" * 32,
            "accounts": ACCOUNTS,
            "regions": REGIONS,
            "sources": SOURCES,
            "interval": None,
            "partition_key": None,
            "run_after": NOW,
            "now": NOW,
            **changes,
        },
    )


def month(number: int) -> datetime:
    return datetime(2026, number, 1, tzinfo=UTC)


def test_the_asked_period_comes_before_partition_key_and_interval() -> None:
    interval = (month(7), month(8))
    assert plan(Asked(period="2026-Q2"), partition_key="2026-08", interval=interval).label == (
        "2026-Q2"
    )
    assert plan(partition_key="2026-08", interval=interval).label == "2026-08"
    assert plan(interval=interval).label == "2026-07"
    assert plan().label == "2026-10"


def test_an_empty_interval_does_not_name_a_period() -> None:
    assert plan(interval=(month(8), month(8))).label == "2026-10"


def test_a_period_that_has_not_ended_is_refused() -> None:
    with pytest.raises(InputError, match="2026-11"):
        plan(Asked(period="2026-11"))


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (Asked(accounts=["999999999999"]), "999999999999"),
        (Asked(regions=["mars-1"]), "mars-1"),
        (Asked(sources=["rumours"]), "rumours"),
        (Asked(assessment_name="no spaces"), "no spaces"),
    ],
)
def test_what_is_outside_the_scope_is_refused_by_name(asked: Asked, named: str) -> None:
    with pytest.raises(InputError, match=named):
        plan(asked)


def test_a_reduced_scope_is_interim_and_says_why() -> None:
    assert plan().interim == ()
    assert plan(Asked(accounts=ACCOUNTS[:1])).interim == ("1 of 2 accounts",)
    assert plan(Asked(sources=["aws_config"])).interim == ("1 of 2 sources",)


def test_the_key_is_framework_period_and_scope_and_nothing_else() -> None:
    one = plan()
    assert one.key == plan(Asked(accounts=ACCOUNTS[::-1])).key
    assert one.key == plan(Asked(refresh=True, upload=False, notify=False)).key
    assert one.key != plan(Asked(accounts=ACCOUNTS[:1])).key
    assert one.key != plan(Asked(period="2026-09")).key
    assert one.key.startswith("cis_aws_5.0_2026-10_")


def test_it_survives_json() -> None:
    one = plan(Asked(period="2026-10-01T00:00:00Z/2026-10-02T00:00:00Z"))
    assert Plan.from_json(one.to_json()) == one
    assert "/" not in one.slug
    assert replace(one, refresh=True) != one
