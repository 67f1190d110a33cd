"""What coverage says is deployed is what the estate holds, and it is asked for sparingly."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from math import ceil
from typing import Any

import pytest

from include.assessment.registers import Exclusion
from include.assessment.scope import Scope
from include.aws.sessions import SessionFactory
from include.checks.catalogue import load_catalogue
from include.clock import from_iso
from include.coverage.asking import ask_scope
from include.coverage.coverage import Coverage, coverage_of
from include.coverage.rows import Row, rows
from include.frameworks.schema import Framework
from include.sources import base
from tests.include.coverage.conftest import checks_of
from tests.local_stack import LocalAws


def deployed(aws: LocalAws, at: float) -> list[Mapping[str, Any]]:
    """The estate's own table of what is switched on, read without any of the product's code."""
    with sqlite3.connect(f"file:{aws.directory / 'estate.sqlite'}?mode=ro", uri=True) as table:
        table.row_factory = sqlite3.Row
        found = table.execute(
            "SELECT * FROM deployments WHERE from_t <= ? AND (to_t IS NULL OR to_t > ?)", (at, at)
        ).fetchall()
    return [dict(row) for row in found]


def test_every_rule_and_control_stands_as_the_estate_has_it(aws: LocalAws, whole: Coverage) -> None:
    at = from_iso(whole.found.as_of).timestamp()
    plain, otherwise = Counter[tuple[str, ...]](), {}
    keywords = set()
    for row in deployed(aws, at):
        place = (row["source"], row["account"], row["region"])
        keywords.add((*place, row["keyword"]))
        check, _, way = row["check_id"].partition("~")
        if way:
            otherwise[(*place, check)] = way
        else:
            plain[(*place, check)] += 1
    wrong, seen = [], Counter[str]()
    for row_ in rows(whole):
        if row_.source not in ("aws_config", "security_hub"):
            continue
        key = (row_.source, row_.account, row_.region, row_.check)
        expected = expected_states(
            row_, plain[key], otherwise.get(key, ""), (*key[:3], row_.keyword) in keywords
        )
        seen[f"{row_.source} {row_.state}"] += 1
        if row_.state not in expected:
            wrong.append((key, row_.state, expected))
    assert wrong == []
    # Both sources, and what is there as well as what isn't, were looked at.
    assert seen["aws_config ready"] > 50 and seen["security_hub ready"] > 50
    assert seen["aws_config absent"] > 300 and seen["security_hub disabled"] >= 2
    assert seen["aws_config weaker"] + seen["aws_config stricter"] >= 1


def expected_states(row: Row, plain: int, way: str, known: bool) -> set[str]:
    if plain:
        return {"ready"}
    if way in ("weaker", "stricter"):
        return {way}
    if way == "narrow":
        return {"narrowed"}
    if row.source == "security_hub":
        return {"disabled", "absent"} if not known else {"weaker", "stricter", "other"}
    # Another check may have the same rule deployed with what it asks.
    return {"weaker", "stricter", "other"} if known else {"absent"}


def test_each_place_is_told_with_its_recorder_and_standards(whole: Coverage) -> None:
    scope = whole.found.scope
    for account in scope.accounts:
        for region in scope.regions:
            config = whole.found.place("aws_config", account, region)
            hub = whole.found.place("security_hub", account, region)
            assert config and config.recorder and config.recorder.running
            assert hub and hub.hub and len(hub.hub.standards) == 4
    assert {one.path.partition("/")[0] for one in whole.found.standards} == {
        "aws-foundational-security-best-practices",
        "cis-aws-foundations-benchmark",
    }
    assert whole.unknown == ()


def test_a_cell_costs_few_calls_and_none_of_them_writes(
    aws: LocalAws,
    sessions: SessionFactory,
    frameworks: list[Framework],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[str, str]] = []
    real = base.exchanged

    def counted(client: Any, operation: str, *rest: Any) -> Any:
        calls.append((client.meta.region_name, operation))
        return real(client, operation, *rest)

    monkeypatch.setattr(base, "exchanged", counted)
    found = ask_scope(sessions, Scope(aws.accounts, aws.regions), checks_of(frameworks))
    assert all(op.startswith(("Describe", "List", "Get", "BatchGet")) for _, op in calls)
    assert not any("Finding" in operation for _, operation in calls)
    for region in aws.regions:
        rules = len(found.place("aws_config", aws.accounts[0], region).deployments)  # type: ignore[union-attr]
        by_operation = Counter(operation for where, operation in calls if where == region)
        assert by_operation["DescribeConfigRules"] == ceil(rules / 25)
        assert by_operation["DescribeConfigRuleEvaluationStatus"] == ceil(rules / 50)
        assert by_operation["DescribeConfigurationRecorders"] == 1
        assert by_operation["DescribeHub"] == by_operation["GetEnabledStandards"] == 1
        # One listing for the hub, one for each of the four standards that are on.
        assert by_operation["BatchGetStandardsControlAssociations"] == 4
    listed = Counter(operation for _, operation in calls)
    assert listed["DescribeStandards"] == 1  # the same everywhere


def test_what_is_denied_is_named_and_never_counts_as_covered(
    aws: LocalAws, sessions: SessionFactory, frameworks: list[Framework], whole: Coverage
) -> None:
    account, region = aws.accounts[0], aws.regions[1]
    aws.faults({"service": "securityhub", "region": region, "kind": "access_denied"})
    try:
        found = ask_scope(sessions, Scope(aws.accounts, aws.regions), checks_of(frameworks))
    finally:
        aws.faults()
    coverage = coverage_of(frameworks, load_catalogue(), found)
    [place] = coverage.unknown
    assert (place.source, place.account, place.region) == ("security_hub", account, region)
    assert place.standing == "DENIED" and place.missing_permission == "securityhub:DescribeHub"
    assert not any(
        row.decided
        for row in rows(coverage)
        if row.source == "security_hub" and row.region == region
    )
    before = {f.id: f.count("now") for f in whole.frameworks}
    after = {f.id: f.count("now") for f in coverage.frameworks}
    assert all(after[name] <= before[name] for name in before)
    assert after["cis_aws_5.0"] < before["cis_aws_5.0"]


def test_a_role_that_can_t_be_assumed_leaves_nothing_known(
    aws: LocalAws, sessions: SessionFactory, frameworks: list[Framework]
) -> None:
    sessions.role_name = "NobodyMadeIt"
    found = ask_scope(sessions, Scope(aws.accounts, aws.regions), checks_of(frameworks))
    assert {place.standing for place in found.places} == {"DENIED"}
    assert {place.missing_permission for place in found.places} == {"sts:AssumeRole"}
    coverage = coverage_of(frameworks, load_catalogue(), found)
    assert all(f.count("now") == f.count("partly") == 0 for f in coverage.frameworks)


def test_what_is_excluded_by_decision_is_not_asked_and_not_covered(
    aws: LocalAws, sessions: SessionFactory, frameworks: list[Framework]
) -> None:
    entry = exclusion(aws.regions[1])
    scope = Scope(aws.accounts, aws.regions)
    found = ask_scope(sessions, scope, checks_of(frameworks), exclusions=[entry])
    excluded = {(p.region, p.standing, p.said) for p in found.places if p.standing != "COMPLETE"}
    assert (aws.regions[1], "EXCLUDED", "EX-1: It is being closed.") in excluded
    coverage = coverage_of(frameworks, load_catalogue(), found)
    # Whatever is enabled, what is excluded stays open.
    cis = next(f for f in coverage.frameworks if f.id == "cis_aws_5.0")
    assert cis.after < cis.count("now") + cis.count("partly") + cis.count("not")


def exclusion(region: str) -> Exclusion:
    return Exclusion.model_validate(
        {
            "id": "EX-1",
            "reason": "It is being closed.",
            "owner": "a@example.com",
            "approver": "b@example.com",
            "from": "2026-01-01",
            "until": "2026-12-31",
            "region": region,
        }
    )


def test_deployments_can_be_told_as_json(whole: Coverage) -> None:
    from include.coverage.rows import to_json

    said = json.loads(json.dumps(to_json(whole)))
    assert said["accounts"] == list(whole.found.scope.accounts)
    assert len(said["deployments"]) == sum(1 for _ in rows(whole))
    assert {one["id"] for one in said["frameworks"]} == {f.id for f in whole.frameworks}
