"""What is switched on, who did what, and that accounts and regions stay apart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable

from include.clock import from_iso
from include.local_aws.estate.checks import deployable_checks
from include.local_aws.estate.deployments import BLIND_CANDIDATES
from include.local_aws.estate.events import GLOBAL_SOURCES
from tests.include.local_aws.estate.made_estates import Made


def _places(made: Made) -> dict[tuple[str, str, str], set[str]]:
    """(check, account, region) -> sources, as far as the check's locality goes."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for rule in made.truth["rules"]:
        found[rule["check"], rule["account"], rule["region"]].add(rule["source"])
    return found


def test_exactly_one_check_is_out_of_sight_in_one_place(made: Callable[..., Made]) -> None:
    chosen = set()
    for seed in range(7, 13):
        it = made(seed=seed, accounts=2, regions=2, resources=30, months=1)
        places = _places(it)
        home = it.truth["regions"][0]
        blind = [
            (check.id, account, region)
            for check in deployable_checks()
            for account in it.truth["accounts"]
            for region in ([home] if check.account_wide else it.truth["regions"])
            if not places[check.id, account, region]
        ]
        assert len(blind) == 1
        chosen.add(blind[0][0])
    assert chosen <= set(BLIND_CANDIDATES)
    assert len(chosen) > 1


def test_where_one_source_is_missing_another_answers(default: Made) -> None:
    places = _places(default)
    expected = {check.id: set(check.keywords) for check in deployable_checks()}
    missing = {"aws_config": 0, "security_hub": 0}
    for (check, _, _), sources in places.items():
        for source in expected[check] - sources:
            missing[source] += 1
            assert sources & {"aws_config", "security_hub"}
    assert min(missing.values()) >= 6


def test_some_rule_is_deployed_in_the_middle_of_the_history(default: Made) -> None:
    late = {r["check"] for r in default.truth["rules"] if r["deployed_from"] > "2026-07-02"}
    assert late


def test_rules_and_controls_are_switched_off_and_on_in_earlier_months_only(default: Made) -> None:
    ended = [rule for rule in default.truth["rules"] if rule["deployed_to"]]
    assert {rule["source"] for rule in ended} == {"aws_config", "security_hub"}
    assert all(rule["deployed_to"] < "2026-10-01" for rule in ended)
    places = [(r["check"], r["source"], r["account"], r["region"]) for r in default.truth["rules"]]
    again = [place for place in places if places.count(place) > 1]
    assert {source for _, source, _, _ in again} == {"aws_config", "security_hub"}


def test_every_deviating_way_of_asking_is_there(made: Callable[..., Made]) -> None:
    rules = [rule for seed in (7, 8) for rule in made(seed=seed).truth["rules"]]
    assert {rule["variant"] for rule in rules} == {"", "weaker", "stricter", "narrow", "custom"}
    assert {rule["owner"] for rule in rules} == {
        "managed", "custom", "conformance-pack", "organization"
    }  # fmt: skip
    for rule in rules:
        assert (rule["scope"] is not None) == (rule["variant"] == "narrow")


def test_a_weaker_rule_fails_less_and_a_stricter_one_more(made: Callable[..., Made]) -> None:
    """What a rule records follows from its own parameters."""
    compared = {"weaker": 0, "stricter": 0}
    for seed in (7, 8, 9):
        truth = made(seed=seed).truth
        spans = defaultdict(list)
        for v in truth["violations"]:
            spans[v["check"], v["arn"]].append((v["from"], v["to"] or "9999"))
        for said in truth["variant_failures"]:
            if said["variant"] == "weaker":
                lag = said["from"][:7] + "-31T23:59:59Z"
                assert any(
                    a <= lag and said["from"] < b for a, b in spans[said["check"], said["arn"]]
                )
            if said["variant"] in compared:
                compared[said["variant"]] += 1
    assert all(compared.values()), compared


def test_a_recorder_stands_still_in_earlier_months_once_over_a_months_end(default: Made) -> None:
    outages = default.truth["outages"]
    assert all(outage["to"] < "2026-10-15" for outage in outages)
    assert sum(outage["from"] < "2026-10-01T00:00:00Z" <= outage["to"] for outage in outages) == 1
    for outage in outages:
        # The same is told by the account's settings, and by who stopped it.
        identity = f"AWS::::Account:{outage['account']}:{outage['region']}"
        assert any(
            (v["check"], v["arn"], v["from"], v["to"])
            == ("config-recording", identity, outage["from"], outage["to"])
            for v in default.truth["violations"]
        )
        during = default.estate.rows(
            "SELECT COUNT(*) AS n FROM recordings WHERE source = 'aws_config' AND account = ?"
            " AND region = ? AND at_t >= ? AND at_t < ?",
            (
                outage["account"], outage["region"],
                from_iso(outage["from"]).timestamp(), from_iso(outage["to"]).timestamp(),
            ),
        )  # fmt: skip
        assert during[0]["n"] == 0


def test_sources_are_silent_of_some_resources_at_earlier_ends(default: Made) -> None:
    words = {(s["source"], s["status"]) for s in default.truth["silences"]}
    assert words == {
        ("aws_config", "INSUFFICIENT_DATA"),
        ("security_hub", "WARNING"),
        ("security_hub", "NOT_AVAILABLE"),
    }
    assert all(s["to"] and s["to"] < "2026-10-15" for s in default.truth["silences"])


def test_security_hub_is_used_as_people_use_it(default: Made) -> None:
    truth = default.truth
    assert {one["consolidated"] for one in truth["hub_settings"]} == {0, 1}
    assert any(one["to"] for one in truth["standards"])
    assert {one["status"] for one in truth["switches"]} == {"ENABLED", "DISABLED"}
    assert truth["suppressions"]
    failing = {(v["arn"]) for v in truth["violations"]}
    assert {one["arn"] for one in truth["suppressions"]} <= failing
    assert truth["unscanned"]


def test_the_organisation_is_a_tree_with_every_account_in_it(default: Made) -> None:
    units = {unit["id"]: unit["parent"] for unit in default.truth["organization"]["units"]}
    assert [one for one, parent in units.items() if parent is None] == ["r-demo"]
    assert {parent for parent in units.values() if parent} <= set(units)
    places = default.truth["organization"]["unit_of"]
    assert list(places) == default.truth["accounts"]
    assert set(places.values()) <= set(units)
    assert len(set(places.values())) > 1


def test_rules_of_one_identifier_have_names_and_arns_of_their_own(default: Made) -> None:
    rows = default.estate.rows("SELECT * FROM deployments WHERE source = 'aws_config'")
    keys = [(row["account"], row["region"], row["name"]) for row in rows if row["to_t"] is None]
    assert len(set(keys)) == len(keys)
    assert len(rows) == len({row["arn"] for row in rows})
    names = {
        row["name"]
        for row in rows
        if row["keyword"] == "IAM_PASSWORD_POLICY" and "~" not in row["check_id"]
    }
    assert names == {"iam-password-policy-length", "iam-password-policy-reuse"}


def test_account_wide_checks_live_in_the_home_region_only(default: Made) -> None:
    wide = {check.id for check in deployable_checks() if check.account_wide}
    home = default.truth["regions"][0]
    for table in ("deployments", "recordings"):
        rows = default.estate.rows(f"SELECT DISTINCT check_id, region FROM {table}")
        assert {row["region"] for row in rows if row["check_id"].partition("~")[0] in wide} == {
            home
        }


def test_some_place_has_no_database_and_some_no_file_system(default: Made) -> None:
    for kind in ("AWS::RDS::DBInstance", "AWS::EFS::FileSystem"):
        places = {
            (r["account"], r["region"]) for r in default.truth["resources"] if r["type"] == kind
        }
        assert 0 < len(places) < 6


def test_reads_stay_within_account_and_region(default: Made) -> None:
    now = default.estate.meta("clock")
    for account in default.estate.accounts:
        for region in default.estate.regions:
            found = default.estate.resources(account, ["AWS::S3::Bucket"], region=region, at=now)
            assert found
            assert {(r.account, r.region) for r in found} == {(account, region)}


def test_only_default_groups_are_asked_whether_they_are_closed(default: Made) -> None:
    rows = default.estate.rows(
        "SELECT DISTINCT r.resource_name FROM recordings c JOIN resources r ON r.arn = c.arn"
        " WHERE c.check_id = 'default-sg-closed'"
    )
    assert [row["resource_name"] for row in rows] == ["default"]


def test_every_change_of_a_setting_has_an_event(default: Made) -> None:
    """People did what changed: the facts and CloudTrail tell the same story."""
    start = default.estate.meta("history_start")
    events = defaultdict(set)
    for row in default.estate.rows("SELECT at_t, resources, name FROM events WHERE read_only = 0"):
        for resource in json.loads(row["resources"]):
            events[row["at_t"]].add(resource["ResourceName"])
    resources = {row["arn"]: row for row in default.estate.rows("SELECT * FROM resources")}
    told_elsewhere = {"MultiRegionTrail", "SupportRole", "PasswordLastUsed"}
    checked = 0
    for row in default.estate.rows("SELECT * FROM facts WHERE from_t >= ?", (start,)):
        if row["property"] in told_elsewhere:
            continue
        if row["property"] == "AccessKeys" and any(
            key["LastUsed"] == row["from_t"] for key in json.loads(row["value"])
        ):
            continue
        resource = resources[row["arn"]]
        if resource["resource_name"] == "default" and resource["created"] == row["from_t"]:
            continue  # it came with its VPC
        assert resource["resource_id"] in events[row["from_t"]], dict(row)
        checked += 1
    assert checked > 150


def test_events_look_like_cloudtrails(default: Made) -> None:
    home = default.truth["regions"][0]
    per_month: dict[tuple[str, str], int] = defaultdict(int)
    names = set()
    for row in default.estate.rows("SELECT * FROM events"):
        record = json.loads(row["payload"])
        assert record["eventID"] == row["event_id"]
        assert record["recipientAccountId"] == row["account"]
        assert record["awsRegion"] == row["region"]
        assert record["readOnly"] == bool(row["read_only"])
        if row["event_source"] in GLOBAL_SOURCES:
            assert row["region"] == home
        per_month[row["account"], row["region"]] += 1
        names.add(row["name"])
        if row["name"] == "ConsoleLogin":
            names.add(("MFAUsed", record["additionalEventData"]["MFAUsed"]))
            names.add(record["responseElements"]["ConsoleLogin"])
        names.add(record["userIdentity"]["type"])
        names.add(record.get("errorCode"))
    assert all(100 < count / 4 < 1000 for count in per_month.values())
    assert names >= {
        ("MFAUsed", "No"), "Failure", "Root", "AccessDenied", "Client.UnauthorizedOperation",
        "CreateRoute", "CreateInternetGateway", "DisableKey", "CreateAccessKey", "RunInstances",
        "DescribeInstances", "PutRolePolicy", "MoveAccount",
    }  # fmt: skip


def test_findings_open_and_close(default: Made) -> None:
    rows = default.estate.rows("SELECT * FROM vulnerabilities")
    assert any(row["closed_t"] is None for row in rows)
    assert any(row["closed_t"] is not None for row in rows)
    for row in rows:
        assert row["first_t"] <= row["last_t"]
        assert row["closed_t"] is None or row["first_t"] < row["closed_t"]


def test_removals_name_what_they_remove_as_aws_does(default: Made) -> None:
    members = {
        "DeleteSecurityGroup": "groupId",
        "TerminateInstances": "instanceId",
        "DeleteUser": "userName",
        "DeleteVpc": "vpcId",
        "DeleteBucket": "bucketName",
    }
    seen = set()
    for row in default.estate.rows("SELECT * FROM events WHERE name LIKE 'De%' OR name LIKE 'Te%'"):
        if row["name"] in members:
            request = json.loads(row["payload"])["requestParameters"]
            named = {resource["ResourceName"] for resource in json.loads(row["resources"])}
            assert request[members[row["name"]]] in named
            seen.add(row["name"])
    assert len(seen) >= 3


def test_an_event_about_one_group_names_no_other(default: Made) -> None:
    for row in default.estate.rows("SELECT * FROM events WHERE name LIKE '%SecurityGroup%'"):
        assert "default" not in {r["ResourceName"] for r in json.loads(row["resources"])}
