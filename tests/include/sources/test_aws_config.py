"""AWS Config tells what its rules said at a period's end, and says what it can't know."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.evidence.store import SnapshotStore
from include.sources import config_past
from include.sources.collect import collect_account
from include.sources.config_identities import last_known_arn
from include.sources.config_recorder import Recording
from include.sources.config_rules import keyword_of
from tests.include.sources.canned_config import (
    COMPLIANCE,
    SG,
    Answer,
    CannedConfig,
    Kept,
    Refused,
    collected,
    history_item,
    managed,
    seconds,
    serving,
)
from tests.include.sources.conftest import BUCKET

FAIL, PASS = "NON_COMPLIANT", "COMPLIANT"
OCTOBER = parse_period("2026-10")


def canned(count: int = 3, **more: Any) -> CannedConfig:
    """Some security groups under one rule; the first fails, all since long ago."""
    usual = {
        "resources": [(SG, f"sg-{number}") for number in range(count)],
        "rules": [managed("restricted", "INCOMING_SSH_DISABLED")],
        "standing": lambda number, rule: PASS if number else FAIL,
    }
    return CannedConfig(**{**usual, **more})


def denied(asked: Answer) -> Answer:
    raise Refused("AccessDeniedException")


def results(out: Kept) -> dict[str, str]:
    return {name: item.result for name, item in out.by_resource.items()}


def test_what_held_before_the_period_holds_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned()
    with collected(config, monkeypatch) as out:
        assert results(out) == {"sg-0": "FAIL", "sg-1": "PASS", "sg-2": "PASS"}
        failing = out.by_resource["sg-0"]
        assert failing.failed == (("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),)
        assert failing.source_time == OCTOBER.start
        # The proof of a failure is its evaluation result, of a pass the compliance item.
        assert failing.page != out.by_resource["sg-1"].page
    assert config.calls["GetResourceConfigHistory"] == 0


def test_only_what_moved_is_asked_for_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(
        captured=lambda number: "2026-11-02T00:00:00Z" if number == 1 else "2026-08-01T00:00:00Z",
        histories={
            "sg-1": [
                history_item("2026-11-02T00:00:00Z", {"restricted": PASS}),
                history_item("2026-10-20T00:00:00Z", {"restricted": FAIL}),
                history_item("2026-05-20T00:00:00Z", {"restricted": PASS}, "ResourceDiscovered"),
            ]
        },
    )
    with collected(config, monkeypatch) as out:
        moved = out.by_resource["sg-1"]
        assert (moved.result, moved.known) == ("FAIL", "RECONSTRUCTED")
        assert moved.failed == (("2026-10-20T00:00:00Z", "2026-11-01T00:00:00Z"),)
    assert config.calls["GetResourceConfigHistory"] == 1


def test_a_resource_made_after_the_end_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(
        captured=lambda number: "2026-11-02T00:00:00Z" if number == 2 else "2026-08-01T00:00:00Z",
        histories={
            "sg-2": [
                history_item("2026-11-02T00:00:00Z", {"restricted": PASS}, "ResourceDiscovered")
            ]
        },
    )
    with collected(config, monkeypatch) as out:
        assert set(results(out)) == {"sg-0", "sg-1"}


def test_deleted_resources_are_shown_with_their_days_or_reconstructed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(at: str) -> list[Answer]:
        return [
            history_item(at, {}, "ResourceDeleted"),
            history_item("2026-10-05T00:00:00Z", {"restricted": FAIL}, "ResourceDiscovered"),
        ]

    config = canned(
        deleted=[(SG, "sg-within"), (SG, "sg-after")],
        histories={
            "sg-within": gone("2026-10-20T00:00:00Z"),
            "sg-after": gone("2026-11-02T00:00:00Z"),
        },
    )
    with collected(config, monkeypatch) as out:
        within, after = out.by_resource["sg-within"], out.by_resource["sg-after"]
        assert not within.in_population
        assert within.failed == (("2026-10-05T00:00:00Z", "2026-10-20T00:00:00Z"),)
        assert after.in_population
        assert (after.result, after.known) == ("FAIL", "RECONSTRUCTED")


def test_a_deleted_resources_arn_may_come_behind_an_empty_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = "arn:aws:kms:us-east-1:111111111111:key/k-1"

    def history(asked: Answer) -> Answer:
        if not asked.get("nextToken"):
            return {"configurationItems": [], "nextToken": "more"}
        return {"configurationItems": [{"arn": arn}]}

    with collected(canned(), monkeypatch) as out:
        config = canned(instead={"GetResourceConfigHistory": history})
        with serving(config) as endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
            client = SessionFactory().base().client("config", "us-east-1")
            assert last_known_arn(out, client, ("AWS::KMS::Key", "k-1")) == arn


def test_a_rule_deleted_since_is_named_by_its_name_and_completes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its failures count; what it let pass may have been asked with other parameters."""
    known, strange = "s3-bucket-ssl-requests-only", "acme-rule-7"
    before = {known: FAIL, strange: PASS, "restricted": PASS}
    linked = "arn:aws:config:us-east-1:111111111111:config-rule/aws-service-rule/"
    item = history_item("2026-09-01T00:00:00Z", before)
    item["configuration"] = item["configuration"].replace(
        '"configRuleList": [',
        '"configRuleList": [{"configRuleName": "securityhub-x-1234", "configRuleArn": "'
        f'{linked}securityhub.amazonaws.com/config-rule-x", "complianceType": "{FAIL}"' + "}, ",
    )
    config = canned(
        captured=lambda number: "2026-11-02T00:00:00Z" if number == 1 else "2026-08-01T00:00:00Z",
        histories={"sg-1": [history_item("2026-11-02T00:00:00Z", {"restricted": PASS}), item]},
    )
    with collected(config, monkeypatch) as out:
        found = {i.keyword: i for i in out.given if i.resource.endswith("sg-1")}
        assert {keyword: i.result for keyword, i in found.items()} == {
            "INCOMING_SSH_DISABLED": "PASS",
            "S3_BUCKET_SSL_REQUESTS_ONLY": "FAIL",
            "Custom_acme-rule-7": "PASS",
        }
        assert found["S3_BUCKET_SSL_REQUESTS_ONLY"].known == "RECONSTRUCTED"
        assert out.deployments["S3_BUCKET_SSL_REQUESTS_ONLY"].narrowed
        assert not out.deployments["INCOMING_SSH_DISABLED"].narrowed
        assert "2 rule(s) have been deleted" in out.said
        assert strange in out.said


def test_a_rule_deleted_within_the_period_was_not_there_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = canned(
        captured=lambda number: "2026-10-20T00:00:00Z" if number == 1 else "2026-08-01T00:00:00Z",
        histories={
            "sg-1": [
                history_item("2026-10-20T00:00:00Z", {"restricted": PASS}),
                history_item("2026-09-01T00:00:00Z", {"restricted": PASS, "former": FAIL}),
            ]
        },
    )
    with collected(config, monkeypatch) as out:
        assert set(out.deployments) == {"INCOMING_SSH_DISABLED"}
        assert {item.keyword for item in out.given} == {"INCOMING_SSH_DISABLED"}
        assert "deleted" not in out.said


def test_without_the_query_rules_are_read_one_by_one_with_equal_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quiet = {
        f"sg-{n}": [history_item("2026-08-01T00:00:00Z", {"restricted": PASS if n else FAIL})]
        for n in range(3)
    }
    digests = []
    for instead in ({}, {"SelectResourceConfig": denied}):
        config = canned(histories=quiet, instead=instead)
        with collected(config, monkeypatch) as out:
            digests.append(sorted(item.content_digest for item in out.given))
            assert ("rule by rule" in out.said) is bool(instead)
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("captured", "known"),
    [("2026-10-20T00:00:00Z", "CONTEMPORANEOUS"), ("2026-11-02T00:00:00Z", "CURRENT_ONLY")],
)
def test_without_compliance_history_what_was_recorded_later_decides_nothing(
    captured: str, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = {
        "recordingGroup": {
            "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
            "exclusionByResourceTypes": {"resourceTypes": [COMPLIANCE]},
        }
    }
    config = canned(recorder=left_out, captured=lambda number: captured)
    with collected(config, monkeypatch) as out:
        assert {item.known for item in out.given} == {known}
        assert f"leaves out {COMPLIANCE}" in out.said
    assert config.calls["SelectResourceConfig"] == 0


def test_beyond_its_retention_config_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(
        retention=30,
        captured=lambda number: "2026-10-20T00:00:00Z" if number else "2026-05-01T00:00:00Z",
        histories={
            f"sg-{n}": [history_item("2026-10-20T00:00:00Z", {"restricted": PASS})] for n in (1, 2)
        },
    )
    with collected(config, monkeypatch, "2026-08") as out:
        assert out.ending == "BEYOND_REACH"
        # What has not moved since before the end still held then.
        assert {n: i.known for n, i in out.by_resource.items()} == {
            "sg-0": "RECONSTRUCTED",
            "sg-1": "CURRENT_ONLY",
            "sg-2": "CURRENT_ONLY",
        }
        assert {one.state for one in out.deployments.values()} == {"BEYOND_REACH"}


def test_types_that_are_not_recorded_are_never_no_resources(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = {
        "recordingGroup": {
            "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
            "resourceTypes": ["AWS::S3::Bucket", COMPLIANCE],
        }
    }
    with collected(canned(0, recorder=only), monkeypatch) as out:
        assert out.deployments["INCOMING_SSH_DISABLED"].state == "NOT_RECORDED"


STOPPED = [
    # recording, started, stopped -> ran at October's end?
    (True, "2026-01-01", None, True),
    (True, "2026-10-20", "2026-10-10", True),
    (True, "2026-11-02", "2026-10-10", False),
    (True, "2026-11-02", "2026-11-01", True),
    (True, "2026-11-02", None, False),
    (False, "2026-01-01", "2026-10-10", False),
    (False, "2026-01-01", "2026-11-02", True),
]


@pytest.mark.parametrize(("running", "started", "stopped", "ran"), STOPPED)
def test_whether_the_recorder_ran_at_the_end(
    running: bool, started: str, stopped: str | None, ran: bool
) -> None:
    def at(text: str | None) -> datetime | None:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    assert Recording(running, at(started), at(stopped)).ran_at_end(OCTOBER) is ran


def test_a_stopped_recorder_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(status={"recording": False, "lastStopTime": seconds("2026-10-10")})
    with collected(config, monkeypatch) as out:
        assert {one.state for one in out.deployments.values()} == {"NOT_RECORDED"}
        assert {item.known for item in out.given} == {"CURRENT_ONLY"}
        assert "recorder was stopped" in out.said


@pytest.mark.parametrize(
    ("evaluated", "state"),
    [
        ({}, "ACTIVE"),
        ({"LastSuccessfulEvaluationTime": None}, "NEVER_EVALUATED"),
        ({"FirstActivatedTime": seconds("2026-11-02")}, "NEVER_EVALUATED"),
        ({"LastSuccessfulEvaluationTime": seconds("2026-09-02")}, "STALE"),
    ],
)
def test_states_of_a_periodic_rule(
    evaluated: Answer, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = managed("daily", "IAM_PASSWORD_POLICY", MaximumExecutionFrequency="One_Hour")
    del daily["Scope"]
    config = canned(0, rules=[daily], evaluated={"daily": evaluated})
    with collected(config, monkeypatch) as out:
        assert out.deployments["IAM_PASSWORD_POLICY"].state == state


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ("2026-10-31T09:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T09:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-10-20T09:00:00Z", "2026-10-20T09:00:00Z"),
    ],
)
def test_a_daily_run_tells_the_same_before_and_after_the_next_one(
    last: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily = managed("daily", "X", MaximumExecutionFrequency="TwentyFour_Hours")
    evaluated = {"daily": {"LastSuccessfulEvaluationTime": seconds(last)}}
    with collected(canned(0, rules=[daily], evaluated=evaluated), monkeypatch) as out:
        assert out.deployments["X"].last_evaluated == told


def test_a_rule_that_fails_to_run_is_stale_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {
        "LastSuccessfulEvaluationTime": seconds("2026-09-02"),
        "LastFailedEvaluationTime": seconds("2026-11-02"),
        "LastErrorCode": "AccessDenied",
        "LastErrorMessage": "The function may not be invoked.",
    }
    with collected(canned(evaluated={"restricted": broken}), monkeypatch) as out:
        assert out.deployments["INCOMING_SSH_DISABLED"].state == "STALE"
        assert "could not be evaluated last: AccessDenied" in out.said


@pytest.mark.parametrize(
    ("rule", "keyword"),
    [
        (managed("restricted-ssh", "INCOMING_SSH_DISABLED"), "INCOMING_SSH_DISABLED"),
        (managed("mine", Source={"Owner": "CUSTOM_LAMBDA"}), "Custom_mine"),
        (managed("a-longname", Source={"Owner": "CUSTOM_POLICY"}), "Custom_a-longname"),
        (
            managed(
                "CustomRuleForAccount-conformance-pack-szsm1uv0w",
                Source={"Owner": "CUSTOM_LAMBDA"},
                CreatedBy="config-conforms.amazonaws.com",
            ),
            "Custom_CustomRuleForAccount-conformance-pack",
        ),
        (
            managed(
                "OrgConfigRule-guard-dlz3vdwn",
                Source={"Owner": "CUSTOM_LAMBDA"},
                CreatedBy="config-multiaccountsetup.amazonaws.com",
            ),
            "Custom_OrgConfigRule-guard",
        ),
    ],
)
def test_rules_are_named_as_audit_manager_names_them(rule: Answer, keyword: str) -> None:
    assert keyword_of(rule) == keyword


def test_rules_of_other_services_and_of_what_is_yet_to_come_are_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = canned(
        rules=[
            managed("restricted", "INCOMING_SSH_DISABLED"),
            managed("securityhub-x", "X", CreatedBy="securityhub.amazonaws.com"),
            managed("securityhub-enabled", "SECURITYHUB_ENABLED"),
            managed("planned", "Y", EvaluationModes=[{"Mode": "PROACTIVE"}]),
        ],
        standing=lambda number, rule: None if rule == "planned" else PASS,
    )
    with collected(config, monkeypatch) as out:
        wanted = {"INCOMING_SSH_DISABLED", "SECURITYHUB_ENABLED"}
        assert {item.keyword for item in out.given} == wanted == set(out.deployments)


def test_proactive_results_are_no_evidence_of_what_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(instead={"SelectResourceConfig": denied})
    usual = config._GetComplianceDetailsByConfigRule

    def planned(asked: Answer) -> Answer:
        answer = usual(asked)
        first = answer["EvaluationResults"][0]["EvaluationResultIdentifier"]
        first["EvaluationResultQualifier"]["EvaluationMode"] = "PROACTIVE"
        return answer

    config.instead["GetComplianceDetailsByConfigRule"] = planned
    with collected(config, monkeypatch) as out:
        assert set(results(out)) == {"sg-1", "sg-2"}


def test_insufficient_data_is_unanswered_and_a_silent_rule_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = ["INSUFFICIENT_DATA", None, PASS]
    with collected(canned(standing=lambda number, rule: said[number]), monkeypatch) as out:
        assert results(out) == {"sg-0": "UNANSWERED", "sg-2": "PASS"}


def test_a_page_lost_on_the_way_is_noticed_by_configs_own_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = canned(150)
    usual = config._SelectResourceConfig

    def cut(asked: Answer) -> Answer:
        answer = usual(asked)
        answer.pop("NextToken", None)
        return answer

    config.instead["SelectResourceConfig"] = cut
    with collected(config, monkeypatch) as out:
        assert out.cut_short
        assert "COMPLIANT resources" in out.said
        assert out.finish("COMPLETE").status == "PARTIAL"


def test_a_lost_page_of_rules_is_noticed_by_the_rules_last_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = [managed(f"rule-{number}", "INCOMING_SSH_DISABLED") for number in range(30)]
    with collected(canned(rules=rules), monkeypatch) as out:
        assert out.finish("COMPLETE").status == "COMPLETE"
    config = canned(rules=rules)
    usual = config._DescribeConfigRules
    config.instead["DescribeConfigRules"] = lambda asked: {
        "ConfigRules": usual(asked)["ConfigRules"]
    }
    with collected(config, monkeypatch) as out:
        assert "30 expected, 25 collected" in out.said
        assert out.finish("COMPLETE").status == "PARTIAL"


def test_resources_that_come_twice_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(120)
    usual = config._SelectResourceConfig

    def shifted(asked: Answer) -> Answer:
        answer = usual(asked)
        if asked.get("NextToken"):
            answer["Results"] += usual({"Expression": asked["Expression"], "Limit": 5})["Results"]
        return answer

    config.instead["SelectResourceConfig"] = shifted
    with collected(config, monkeypatch) as out:
        assert len(out.given) == 120
        assert out.duplicates == 5
        assert not out.cut_short


def test_long_rule_names_are_no_obstacle_to_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    """GetComplianceDetailsByConfigRule takes 64 characters; packs make longer names."""
    name = "x" * 70
    config = canned(rules=[managed(name, "X")])
    with collected(config, monkeypatch) as out:
        assert results(out)["sg-0"] == "FAIL"
        assert not out.cut_short
    config.instead["SelectResourceConfig"] = denied
    with collected(config, monkeypatch) as out:
        assert out.cut_short
        assert "can't be read by itself" in out.said


AGGREGATOR = {
    "ConfigurationAggregators": [
        {
            "ConfigurationAggregatorName": "all",
            "OrganizationAggregationSource": {"RoleArn": "arn:x", "AllAwsRegions": True},
        }
    ]
}


def with_aggregator(config: CannedConfig, failing: int, status: Answer | None) -> CannedConfig:
    source = {"SourceId": "111111111111", "AwsRegion": "us-east-1", **(status or {})}
    config.instead |= {
        "DescribeConfigurationAggregators": lambda asked: AGGREGATOR,
        "SelectAggregateResourceConfig": lambda asked: (
            {"Results": [json.dumps({"COUNT(*)": failing})]}
            if "COUNT" in asked["Expression"]
            else config._SelectResourceConfig(asked)
        ),
        "DescribeConfigurationAggregatorSourcesStatus": lambda asked: {
            "AggregatedSourceStatusList": [source] if status else []
        },
    }
    return config


@pytest.mark.parametrize(
    ("failing", "status", "explained"),
    [
        (1, None, True),
        (0, None, True),
        (0, {"LastUpdateStatus": "FAILED", "LastErrorMessage": "Not authorized."}, True),
        (4, {"LastUpdateStatus": "SUCCEEDED", "LastUpdateTime": seconds("2026-11-01")}, True),
        (4, {"LastUpdateStatus": "SUCCEEDED", "LastUpdateTime": seconds("2027-01-01")}, False),
    ],
)
def test_an_aggregators_count_is_compared_and_differences_need_a_reason(
    failing: int, status: Answer | None, explained: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_aggregator(canned(), failing, status)
    with collected(config, monkeypatch) as out:
        (count,) = [one for one in out._counts if "aggregator" in one.what]
        assert (count.expected, count.found) == (failing, 1)
        assert out.cut_short is not explained


def test_an_empty_page_with_a_token_is_not_an_aggregators_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = with_aggregator(canned(), 1, None)
    usual = config.instead["SelectAggregateResourceConfig"]
    config.instead["SelectAggregateResourceConfig"] = lambda asked: (
        usual(asked) if asked.get("NextToken") else {"Results": [], "NextToken": "more"}
    )
    with collected(config, monkeypatch) as out:
        (count,) = [one for one in out._counts if "aggregator" in one.what]
        assert (count.expected, count.found) == (1, 1)


def test_where_config_is_denied_an_aggregator_shows_what_it_has_and_the_cell_stays_denied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = with_aggregator(canned(), 1, {"LastUpdateStatus": "SUCCEEDED"})
    config.instead["DescribeConfigRules"] = denied
    shown: list[Any] = []
    monkeypatch.setattr(Kept, "add", lambda self, item: shown.append(item))
    with pytest.raises(ClientError, match="DescribeConfigRules"), collected(config, monkeypatch):
        pass
    assert {item.attributes["through"] for item in shown} == {"AWS Config aggregator all"}
    assert {item.result for item in shown} == {"PASS", "FAIL"}


def test_not_being_allowed_to_ask_an_aggregator_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = canned(instead={"DescribeConfigurationAggregators": denied})
    with collected(config, monkeypatch) as out:
        assert len(out.given) == 3
        assert "config:DescribeConfigurationAggregators is missing" in out.said


def test_no_recorder_is_not_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    config = canned(
        instead={"DescribeConfigurationRecorders": lambda asked: {"ConfigurationRecorders": []}}
    )
    with collected(config, monkeypatch) as out:
        assert out.ending == "NOT_ENABLED"


@pytest.mark.parametrize("label", ["2026-10", "2026-09"])
def test_history_files_and_calls_tell_the_same(
    label: str, world: Any, sessions: Any, store: SnapshotStore, checks: Any, monkeypatch: Any
) -> None:
    """Of the estate, whatever way is the cheaper one."""
    told = []
    for cost in (0.0, 1e9):
        monkeypatch.setattr(config_past, "READ_COST", cost)
        # Stores of their own: equal content is not stored twice.
        apart = SnapshotStore(BUCKET, sessions.base().client("s3"), prefix=f"{label}-{cost}")
        refs = collect_account(
            "aws_config",
            world.accounts[0],
            regions=world.regions,
            period=parse_period(label),
            checks=checks,
            sessions=sessions,
            store=apart,
        )
        reads = [
            page.operation
            for ref in refs
            for page in apart.load(ref).receipt.pages
            if page.operation == "s3:GetObject"
        ]
        assert bool(reads) is (cost == 0.0)
        told.append([ref.content_digest for ref in refs])
    assert told[0] == told[1]
