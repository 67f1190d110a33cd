"""Config and Security Hub tell of each month what was true at its end, as the truth has it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from include.assessment.period import Period, parse_period
from include.aws.sessions import SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.clock import iso
from include.evidence.store import SnapshotStore
from include.sources.collect import collect_account
from tests.include.sources.conftest import World


def _exists(resource: dict[str, Any], end: str) -> bool:
    return resource["created"] < end and (resource["deleted"] is None or resource["deleted"] >= end)


def _stopped(world: World, account: str, region: str, at: str) -> bool:
    """Whether the recorder of one place stood still at a moment."""
    return any(
        (outage["account"], outage["region"]) == (account, region)
        and outage["from"] < at < outage["to"]
        for outage in world.truth["outages"]
    )


def _expected(
    world: World, source: str, account: str, region: str, end: str
) -> dict[str, set[str]]:
    """Failing resources by check, for the rules that were on in one place."""
    resources = {r["arn"]: r for r in world.truth["resources"]}
    on = {
        rule["check"]
        for rule in world.truth["rules"]
        if (rule["source"], rule["account"], rule["region"]) == (source, account, region)
        and rule["deployed_from"] < end
        and (rule["deployed_to"] is None or rule["deployed_to"] >= end)
    }
    failing: dict[str, set[str]] = {check: set() for check in on}
    for violation in world.truth["violations"]:
        resource = resources[violation["arn"]]
        if (
            violation["check"] in on
            and resource["account"] == account
            and resource["region"] in (None, region)
            and _exists(resource, end)
            and violation["recorded_at"].get(source, "9999") < end
            and violation["from"] < end
            and (violation["to"] is None or violation["to"] >= end)
        ):
            failing[violation["check"]].add(violation["arn"])
    return failing


@pytest.mark.parametrize("label", ["2026-10", pytest.param("2026-09", marks=pytest.mark.slow)])
@pytest.mark.parametrize("source", ["aws_config", "security_hub"])
def test_failing_resources_are_those_of_the_periods_end(
    source: str,
    label: str,
    world: World,
    sessions: SessionFactory,
    store: SnapshotStore,
    checks: list[Check],
) -> None:
    period: Period = parse_period(label)
    end = iso(period.end)
    catalogue = load_catalogue()
    there = {r["arn"] for r in world.truth["resources"] if _exists(r, end)}
    compared = 0
    for account in world.accounts:
        refs = collect_account(
            source,
            account,
            regions=world.regions,
            period=period,
            checks=checks,
            sessions=sessions,
            store=store,
        )
        for ref in refs:
            loaded = store.load(ref)
            if source == "aws_config" and _stopped(world, account, ref.cell.region, end):
                # Nothing of that end is recorded, so nothing is claimed of it.
                assert {d.state for d in loaded.deployments} <= {"NOT_RECORDED", "NEVER_EVALUATED"}
                assert {item.known for item in loaded.iter_evidence()} <= {"CURRENT_ONLY"}
                continue
            given = {d.arn: d.parameters for d in loaded.deployments}
            active = {d.keyword for d in loaded.deployments if d.state == "ACTIVE"}
            found: dict[str, set[str]] = defaultdict(set)
            # Of some resources a source has no verdict at a month's end, and says so.
            silent: dict[str, set[str]] = defaultdict(set)
            for item in loaded.iter_evidence():
                if not item.in_population:
                    continue
                assert item.resource in there
                if item.result == "UNANSWERED":
                    for check in catalogue.answered_by(source, item.keyword):
                        silent[check.id].add(item.resource)
                if item.result == "FAIL":
                    for check in catalogue.answered_by(source, item.keyword):
                        own = check.by_source[source].parameters
                        if all(
                            str(given[item.deployment].get(name)) == str(value)
                            for name, value in own.items()
                        ):
                            found[check.id].add(item.resource)
            expected = _expected(world, source, account, ref.cell.region, end)
            for check_id, failing in expected.items():
                where = (account, ref.cell.region, check_id)
                assert found[check_id] == failing - silent[check_id], where
                assert catalogue[check_id].by_source[source].keyword in active
                compared += len(failing)
    assert compared > 0


def test_failures_fixed_within_the_period_are_shown_with_their_times(
    world: World, sessions: SessionFactory, store: SnapshotStore, checks: list[Check]
) -> None:
    end, start = iso(world.period.end), iso(world.period.start)
    fixed = {
        (violation["check"], violation["arn"])
        for violation in world.truth["violations"]
        if violation["to"] is not None
        and start < violation["to"] < end
        and "aws_config" in violation["recorded_at"]
    }
    shown = set()
    for account in world.accounts:
        for ref in collect_account(
            "aws_config",
            account,
            regions=world.regions,
            period=world.period,
            checks=checks,
            sessions=sessions,
            store=store,
        ):
            for item in store.load(ref).iter_evidence():
                for since, until in item.failed:
                    assert start <= since < until <= end
                if item.failed and item.result == "PASS":
                    assert item.failed[-1][1] <= end
                    shown |= {
                        (check.id, item.resource)
                        for check in load_catalogue().answered_by("aws_config", item.keyword)
                    }
    assert shown
    assert {pair for pair in shown if pair in fixed}
