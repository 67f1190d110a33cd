"""AWS Config costs few calls, counted at the server, and tells of each evaluation all the same."""

from __future__ import annotations

from typing import Any

import pytest

from include.sources import config_past
from tests.include.sources.canned_config import (
    ACCOUNT,
    COMPLIANCE,
    REGION,
    SG,
    CannedConfig,
    collected,
    managed,
    packed,
)


def estate(resources: int, rules: int, failing_in: int) -> CannedConfig:
    """Resources under rules, of which each ``failing_in``-th evaluation fails; all of it quiet."""
    return CannedConfig(
        resources=[(SG, f"sg-{number:05d}") for number in range(resources)],
        rules=[managed(f"rule-{number:03d}") for number in range(rules)],
        standing=lambda number, rule: (
            "NON_COMPLIANT" if (number + int(rule[5:])) % failing_in == 0 else "COMPLIANT"
        ),
    )


def delivered(config: CannedConfig) -> dict[str, bytes]:
    """A snapshot from before the period, and a last delivery from after it."""
    folder = f"AWSLogs/{ACCOUNT}/Config/{REGION}"
    items = []
    for number in range(len(config.resources)):
        row = config.row(number)
        row |= {"configurationItemStatus": "OK", "resourceType": COMPLIANCE}
        items.append(row)
    snapshot = f"{ACCOUNT}_Config_{REGION}_ConfigSnapshot_20260930T020000Z_1234.json.gz"
    late = f"{ACCOUNT}_Config_{REGION}_ConfigHistory_AWS::EC2::VPC"
    return {
        f"{folder}/2026/9/30/ConfigSnapshot/{snapshot}": packed(items),
        f"{folder}/2026/11/2/ConfigHistory/{late}_20261102T000000Z_20261102T060000Z_1.json.gz": (
            packed([])
        ),
    }


def spend(config: CannedConfig, monkeypatch: Any) -> tuple[int, float]:
    """Calls of Config that a collection takes, and the most it may."""
    evaluations = len(config.resources) * len(config.rules)
    with collected(config, monkeypatch) as out:
        assert len(out.given) == evaluations
        assert not out.cut_short, out.said
        failing = sum(item.result == "FAIL" for item in out.given)
        assert {item.known for item in out.given} == {"CONTEMPORANEOUS"}
    spent = sum(n for name, n in config.calls.items() if not name.startswith("s3:"))
    budget = len(config.resources) / 100 + failing / 100 + len(config.rules) / 25 + 10
    return spent, budget


@pytest.mark.parametrize(
    ("resources", "rules", "failing_in"),
    [(300, 5, 20), (40, 120, 15), (1, 1, 2), (300, 4, 10_000)],
)
def test_calls_stay_within_the_budget(
    resources: int, rules: int, failing_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = estate(resources, rules, failing_in)
    config.objects = delivered(config)
    # As if there were many: what was deleted is read from the delivery bucket.
    monkeypatch.setattr(config_past, "READ_COST", 0.0)
    spent, budget = spend(config, monkeypatch)
    # Below ten thousand evaluations two calls prove failures in any case.
    assert spent <= budget + 2, config.calls
    assert config.calls["GetResourceConfigHistory"] == 0
    assert config.calls["ListDiscoveredResources"] == 0


def test_few_resources_are_listed_for_deletions_a_hundred_per_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = estate(300, 5, 20)
    spent, budget = spend(config, monkeypatch)
    assert config.calls["ListDiscoveredResources"] == 3
    assert config.calls["s3:GetObject"] == 0
    assert spent <= budget + 2 + 3, config.calls


def test_the_default_page_of_ten_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    config = estate(120, 2, 2)
    limits: list[int] = []
    usual = config._GetComplianceDetailsByConfigRule
    config.instead["GetComplianceDetailsByConfigRule"] = lambda asked: (
        limits.append(asked["Limit"]) or usual(asked)
    )
    spend(config, monkeypatch)
    assert limits
    assert set(limits) == {100}


@pytest.mark.soak
@pytest.mark.parametrize(("resources", "rules"), [(10_000, 10), (1_000, 100)])
def test_a_hundred_thousand_evaluations_stay_within_the_budget(
    resources: int, rules: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = estate(resources, rules, 20)
    config.objects = delivered(config)
    spent, budget = spend(config, monkeypatch)
    assert spent <= budget, config.calls
