"""Things change in a month's last second and first hours, and end up on the right side."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from include.clock import from_epoch, from_iso, iso
from include.local_aws.estate.checks import deployable_checks
from tests.include.local_aws.estate.made_estates import BOUNDARIES, Made

BY_API_ONLY = {c.id for c in deployable_checks() if not c.judged_by_aws}
OFFSETS = [timedelta(seconds=-1), timedelta(), timedelta(hours=3)]


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
@pytest.mark.parametrize("offset", OFFSETS, ids=["last second", "first second", "03:00"])
def test_each_edge_sees_several_checks_break_and_several_fixed(
    default: Made, boundary: datetime, offset: timedelta
) -> None:
    at = iso(boundary + offset)
    for turn in ("from", "to"):
        checks = {v["check"] for v in default.truth["violations"] if v[turn] == at}
        assert len(checks - BY_API_ONLY) >= 2


def test_some_resources_appear_exactly_at_the_edges(default: Made) -> None:
    created = {r["created"] for r in default.truth["resources"]}
    deleted = {r["deleted"] for r in default.truth["resources"]}
    for boundary in BOUNDARIES:
        assert {iso(boundary + offset) for offset in OFFSETS} <= created
        assert iso(boundary + OFFSETS[0]) in deleted


@pytest.mark.parametrize("seed", [1, 7, 11])
def test_what_an_api_call_judges_is_not_deleted_in_a_months_first_hours(
    made: Callable[..., Made], seed: int
) -> None:
    judged = {c.resource_type for c in deployable_checks() if not c.judged_by_aws}
    elsewhere = 0
    for resource in made(seed=seed).truth["resources"]:
        if resource["deleted"] is not None:
            at = from_iso(resource["deleted"])
            early = (at.day, at.hour < 6) == (1, True)
            assert not (early and resource["type"] in judged)
            elsewhere += early
    assert elsewhere > 3


def test_resources_of_several_kinds_go_in_every_month(default: Made) -> None:
    gone = defaultdict(set)
    for resource in default.truth["resources"]:
        if resource["deleted"]:
            gone[resource["deleted"][:7]].add(resource["type"])
    assert {month: len(types) > 4 for month, types in gone.items() if month < "2026-11"} == {
        f"2026-{month:02}": True for month in (7, 8, 9, 10)
    }


@pytest.mark.parametrize("seed", [1, 7, 11])
def test_what_only_an_api_call_can_tell_stands_still_in_a_months_first_hours(
    made: Callable[..., Made], seed: int
) -> None:
    it = made(seed=seed)
    still = {"IpPermissions", "IpPermissionsEgress", "PasswordPolicy"}
    for fact in it.truth["facts"]:
        at = from_iso(fact["from"])
        if fact["property"] in still:
            assert not (at.day == 1 and at.hour < 6)
    for violation in it.truth["violations"]:
        if violation["check"] in BY_API_ONLY:
            for turn in ("from", "to"):
                at = violation[turn] and from_iso(violation[turn])
                assert not (at and at.day == 1 and at.hour < 6)


def test_users_and_groups_are_not_touched_in_a_months_first_hours(default: Made) -> None:
    # Otherwise an API call's present answer could not stand for the period that just ended.
    for row in default.estate.rows("SELECT * FROM events WHERE read_only = 0"):
        at = from_epoch(row["at_t"])
        if at.day == 1 and at.hour < 6:
            for resource in json.loads(row["resources"]):
                assert resource["ResourceType"] not in ("AWS::IAM::User", "AWS::EC2::SecurityGroup")


@pytest.mark.parametrize("seed", [7, 11])
def test_a_recording_may_lag_but_stays_in_the_month_of_the_change(
    made: Callable[..., Made], seed: int
) -> None:
    it = made(seed=seed)
    start = it.estate.meta("history_start")
    changes = defaultdict(set)
    for violation in it.truth["violations"]:
        for turn in ("from", "to"):
            if violation[turn]:
                changes[violation["check"], violation["arn"]].add(from_iso(violation[turn]))
    for resource in it.truth["resources"]:
        changes["", resource["arn"]] |= {
            from_iso(resource[turn]) for turn in ("created", "deleted") if resource[turn]
        }
    deployed = defaultdict(set)
    for row in it.estate.rows("SELECT * FROM deployments"):
        place = row["check_id"], row["source"], row["account"], row["region"]
        deployed[place].add(from_epoch(row["from_t"]))
    resumed = {
        (row["account"], row["region"], row["to_t"])
        for row in it.estate.rows("SELECT * FROM recorder_outages")
    }
    silences = {
        (s["source"], s["check"], s["arn"], s[turn])
        for s in it.truth["silences"]
        for turn in ("from", "to")
    }
    lagging = 0
    for row in it.estate.rows("SELECT * FROM recordings WHERE check_id NOT LIKE '%~%'"):
        at = from_epoch(row["at_t"])
        if (row["account"], row["region"], row["at_t"]) in resumed or (
            row["source"], row["check_id"], row["arn"], iso(at)
        ) in silences:  # fmt: skip
            continue
        possible = changes[row["check_id"], row["arn"]] | changes["", row["arn"]]
        possible |= deployed[row["check_id"], row["source"], row["account"], row["region"]]
        cause = max(moment for moment in possible if moment <= at)
        assert (cause.year, cause.month) == (at.year, at.month)
        lagging += cause < at
        assert row["at_t"] >= start
    assert lagging > 100


def test_recorded_at_is_what_the_recordings_say(default: Made) -> None:
    said = 0
    for violation in default.truth["violations"]:
        for source, at in violation["recorded_at"].items():
            rows = default.estate.rows(
                "SELECT status FROM recordings WHERE arn = ? AND check_id = ? AND source = ?"
                " AND at_t = ?",
                (violation["arn"], violation["check"], source, int(from_iso(at).timestamp())),
            )
            assert [row["status"] for row in rows] == ["FAIL"]
            said += 1
    assert said > 100


def test_each_periods_truth_is_the_same_by_either_clock(default: Made) -> None:
    """What Config and Security Hub last recorded before a month's end is what was true then.

    Unless the source had no verdict then, was switched off, or its recorder stood still.
    """
    failing = defaultdict(list)
    for v in default.truth["violations"]:
        failing[v["check"], v["arn"]].append((v["from"], v["to"]))
    for boundary in BOUNDARIES:
        end, text = int(boundary.timestamp()), iso(boundary)
        stopped = {
            (o["account"], o["region"])
            for o in default.truth["outages"]
            if o["from"] < text <= o["to"]
        }
        deployed = {
            (row["check_id"], row["source"], row["account"], row["region"])
            for row in default.estate.rows(
                "SELECT * FROM deployments WHERE from_t < ? AND (to_t IS NULL OR to_t >= ?)",
                (end, end),
            )
        }
        compared = 0
        for row in default.estate.rows(
            "SELECT check_id, source, arn, account, region, status, MAX(at_t) AS at_t"
            " FROM recordings WHERE at_t < ? AND check_id NOT LIKE '%~%'"
            " GROUP BY check_id, source, arn",
            (end,),
        ):
            place = row["account"], row["region"]
            if (row["check_id"], row["source"], *place) not in deployed:
                continue
            if row["source"] == "aws_config" and place in stopped:
                continue
            fails = any(
                start < text and (stop is None or stop >= text)
                for start, stop in failing[row["check_id"], row["arn"]]
            )
            if row["status"] in ("PASS", "FAIL"):
                assert (row["status"] == "FAIL") == fails, dict(row)
                compared += 1
        assert compared > 1000
