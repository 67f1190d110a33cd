"""The plan's violations are those that the facts show; the ground truth says so in a known form."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import include.local_aws.estate.make as making
from include.clock import from_epoch, iso
from include.local_aws.estate.checks import deployable_checks
from include.local_aws.estate.evaluate import checks_of, failing, histories, verdicts
from include.local_aws.estate.predicates import PREDICATES
from tests.include.local_aws.estate.made_estates import Made

INSPECTOR = "no-old-critical-vulnerabilities"
SIZES: list[dict[str, Any]] = [
    {},
    {"seed": 1},
    {"seed": 2, "accounts": 1, "regions": 1, "resources": 30, "months": 12},
    {"seed": 3, "accounts": 3, "regions": 3, "resources": 60, "months": 1},
    {"seed": 4, "accounts": 2, "regions": 2, "resources": 250, "months": 2},
    {"seed": 5, "accounts": 6, "regions": 1, "resources": 50, "months": 1},
]


def _derived(made: Made) -> set[tuple[str, str, str, str | None]]:
    found = set()
    with closing(sqlite3.connect(made.estate.path)) as connection:
        for resource, history in histories(connection):
            for check in checks_of(resource):
                predicate = PREDICATES[check.id]
                if not predicate.concerns({name: rows[0][0] for name, rows in history.items()}):
                    continue
                turns = verdicts(predicate, resource, history, made.estate.meta("clock"))
                for start, end in failing(turns, resource):
                    found.add(
                        (
                            check.id,
                            resource.arn,
                            iso(from_epoch(start)),
                            None if end is None else iso(from_epoch(end)),
                        )
                    )
    return found


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_planned_violations_are_those_the_facts_show(
    made: Callable[..., Made], size: dict[str, Any]
) -> None:
    it = made(**size)
    planned = {
        (v["check"], v["arn"], v["from"], v["to"])
        for v in it.truth["violations"]
        if v["check"] != INSPECTOR
    }
    assert planned == _derived(it)


def test_every_check_that_can_be_answered_has_a_predicate() -> None:
    assert {check.id for check in deployable_checks()} == set(PREDICATES)


def test_old_critical_vulnerabilities_are_violations(default: Made) -> None:
    spans = defaultdict(list)
    for row in default.estate.rows(
        "SELECT * FROM vulnerabilities WHERE severity = 'CRITICAL' AND fix_available = 1"
    ):
        start, end = row["first_t"] + 30 * 86_400 + 1, row["closed_t"]
        if start <= default.estate.meta("clock") and (end is None or start < end):
            spans[row["resource"]].append((start, end))
    planned = [v for v in default.truth["violations"] if v["check"] == INSPECTOR]
    assert {v["arn"] for v in planned} == set(spans)
    for violation in planned:
        starts = [start for start, _ in spans[violation["arn"]]]
        assert violation["from"] in {iso(from_epoch(start)) for start in starts}


def test_the_ground_truth_has_its_form(default: Made, made: Callable[..., Made]) -> None:
    schema = json.loads((Path(making.__file__).parent / "ground_truth.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    small = made(seed=2, accounts=1, regions=1, resources=30, months=1)
    validator.validate(small.truth)
    validator.validate({**default.truth, "facts": default.truth["facts"][:300]})
    broken = {**small.truth, "clock": "yesterday"}
    assert not validator.is_valid(broken)


def test_violations_are_neither_rare_nor_everywhere(
    default: Made, made: Callable[..., Made]
) -> None:
    for it in (default, made(seed=1)):
        violations = [v for v in it.truth["violations"] if v["check"] != INSPECTOR]
        resources = len(it.truth["resources"])
        violating = {v["arn"] for v in violations}
        assert 0.08 < len(violating) / resources < 0.3
        checks = {v["check"] for v in violations}
        assert len(checks) > len(PREDICATES) * 0.6
        end = "2026-11-01T00:00:00Z"
        at_end = {
            v["check"]
            for v in violations
            if v["from"] < end and (v["to"] is None or v["to"] >= end)
        }
        assert 5 < len(at_end) < len(PREDICATES) * 0.7


def test_over_seeds_every_check_is_violated_somewhere(made: Callable[..., Made]) -> None:
    seen: Counter[str] = Counter()
    for seed in (20, 21):
        truth = made(seed=seed, accounts=12, regions=1, resources=80, months=1).truth
        seen.update({v["check"] for v in truth["violations"]})
    # A recorder stands still in earlier months only: another test's.
    assert (set(PREDICATES) | {INSPECTOR}) - set(seen) == {"config-recording"}


def test_one_fact_tells_the_same_in_two_places(default: Made) -> None:
    facts = defaultdict(list)
    for fact in default.truth["facts"]:
        facts[fact["arn"], fact["property"]].append((fact["from"], fact["value"]))
    for account in default.truth["accounts"]:
        identity = f"AWS::::Account:{account}"
        home = default.truth["regions"][0]
        trail = f"arn:aws:cloudtrail:{home}:{account}:trail/organization-audit"
        role = f"arn:aws:iam::{account}:role/IncidentSupport"
        said = [value for _, value in facts[identity, "MultiRegionTrail"]]
        assert said == [value for _, value in facts[trail, "IsMultiRegionTrail"]]
        said = [value for _, value in facts[identity, "SupportRole"]]
        assert said == [bool(value) for _, value in facts[role, "AttachedPolicies"]]


def test_facts_of_a_property_never_overlap_and_have_no_gap(default: Made) -> None:
    lives = {r["arn"]: (r["created"], r["deleted"]) for r in default.truth["resources"]}
    rows = defaultdict(list)
    for fact in default.truth["facts"]:
        rows[fact["arn"], fact["property"]].append(fact)
    for (arn, _), facts in rows.items():
        assert facts[0]["from"] == lives[arn][0]
        assert facts[-1]["to"] == lives[arn][1]
        for before, after in pairwise(facts):
            assert before["to"] == after["from"]
            assert before["value"] != after["value"]


def test_nothing_is_used_before_it_happens(default: Made) -> None:
    for fact in default.truth["facts"]:
        if fact["property"] == "AccessKeys":
            assert len(fact["value"]) <= 2
            for key in fact["value"]:
                assert iso(from_epoch(key["CreateDate"])) <= fact["from"]
                if key["LastUsed"] is not None:
                    assert key["CreateDate"] <= key["LastUsed"]
                    assert iso(from_epoch(key["LastUsed"])) <= fact["from"]
        elif fact["property"] == "PasswordLastUsed" and fact["value"] is not None:
            assert iso(from_epoch(fact["value"])) <= fact["from"]


def test_at_least_fifteen_types_in_every_account(default: Made) -> None:
    types = defaultdict(set)
    for resource in default.truth["resources"]:
        types[resource["account"]].add(resource["type"])
    assert all(len(found) >= 15 for found in types.values())
    assert len({r["arn"] for r in default.truth["resources"]}) == len(default.truth["resources"])
