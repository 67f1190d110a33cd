"""AWS Config as the estate answers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from include.local_aws.services.moments import DAY, daily_run, epoch, last_daily_run
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    INSTANCE,
    NOW,
    OTHER,
    SG,
    START,
    Ask,
    all_pages,
    t,
)

CHECK = "sg-no-open-admin-ipv4"
RULE = "sg-no-open-admin-ipv4-rule"
HISTORY = "AWS::Config::ResourceCompliance"


def sg(n: int) -> str:
    return f"sg-{n:017x}"


def details(ask: Ask, rule: str = RULE, **params: object) -> dict[str, str]:
    found = all_pages(
        ask,
        "config",
        "GetComplianceDetailsByConfigRule",
        "EvaluationResults",
        ConfigRuleName=rule,
        **params,
    )
    return {
        one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: one[
            "ComplianceType"
        ]
        for one in found
    }


def status_then(ask: Ask, type_: str, id_: str, at: datetime) -> dict[str, str]:
    """Each rule's result about a resource at ``at``, from the history alone."""
    found = ask(
        "config",
        "GetResourceConfigHistory",
        resourceType=HISTORY,
        resourceId=f"{type_}/{id_}",
        laterTime=at,
        limit=1,
    )["configurationItems"]
    if not found or "configuration" not in found[0]:
        return {}
    listed = json.loads(found[0]["configuration"])["configRuleList"]
    return {one["configRuleName"]: one["complianceType"] for one in listed}


def test_rules_of_the_place_with_parameters_as_text(ask: Ask) -> None:
    rules = {r["ConfigRuleName"]: r for r in ask("config", "DescribeConfigRules")["ConfigRules"]}
    assert set(rules) == {
        RULE,
        "imdsv2-required-rule",
        "root-mfa-rule",
        "ebs-default-encryption-rule",
        "efs-encrypted-rule",
    }
    assert json.loads(rules[RULE]["InputParameters"]) == {"restrictPorts": "22,3389"}
    assert rules[RULE]["Source"] == {
        "Owner": "AWS",
        "SourceIdentifier": "VPC_SG_PORT_RESTRICTION_CHECK",
    }
    assert rules["imdsv2-required-rule"]["Scope"] == {"ComplianceResourceTypes": [INSTANCE]}
    for place in ({"region": AWAY}, {"account": OTHER}):
        assert ask("config", "DescribeConfigRules", _at=place)["ConfigRules"] == []


def test_a_rule_counts_only_while_it_is_deployed(ask: Ask) -> None:
    early = {"now": datetime(2026, 10, 14, tzinfo=UTC)}
    assert details(ask, "rds-not-public-rule", _at=early) == {sg(5): "NON_COMPLIANT"}
    with pytest.raises(ServiceError) as error:
        details(ask, "rds-not-public-rule")
    assert error.value.code == "NoSuchConfigRuleException"


def test_details_page_by_ten_up_to_a_hundred_and_all_pages_make_the_whole(ask: Ask) -> None:
    operation = "GetComplianceDetailsByConfigRule"
    assert len(ask("config", operation, ConfigRuleName=RULE)["EvaluationResults"]) == 10
    assert len(ask("config", operation, ConfigRuleName=RULE, Limit=100)["EvaluationResults"]) == 100
    assert details(ask) == details(ask, Limit=100) == details(ask, Limit=7)
    assert len(details(ask)) == 129
    with pytest.raises(ServiceError) as error:
        ask("config", operation, ConfigRuleName=RULE, Limit=101)
    assert error.value.code == "InvalidParameterValueException"


def test_details_by_compliance_type(ask: Ask) -> None:
    failing = details(ask, ComplianceTypes=["NON_COMPLIANT"])
    assert failing == {sg(n): "NON_COMPLIANT" for n in range(10, 130, 10)}
    passing = details(ask, ComplianceTypes=["COMPLIANT"])
    assert {**failing, **passing} == details(ask)


def test_a_token_of_another_request_is_refused(ask: Ask) -> None:
    operation = "GetComplianceDetailsByConfigRule"
    token = ask("config", operation, ConfigRuleName=RULE)["NextToken"]
    for params in (
        {"ConfigRuleName": "imdsv2-required-rule", "NextToken": token},
        {"ConfigRuleName": RULE, "ComplianceTypes": ["COMPLIANT"], "NextToken": token},
        {"ConfigRuleName": RULE, "NextToken": "abc"},
        {"ConfigRuleName": RULE, "NextToken": token[:-3]},
    ):
        with pytest.raises(ServiceError) as error:
            ask("config", operation, **params)
        assert error.value.code == "InvalidNextTokenException"


def test_a_listing_stays_as_of_its_first_page(ask: Ask) -> None:
    operation = "GetComplianceDetailsByConfigRule"
    asked = {"ConfigRuleName": RULE, "ComplianceTypes": ["NON_COMPLIANT"], "Limit": 5}
    token = ask("config", operation, **asked)["NextToken"]
    later = {"now": NOW + timedelta(seconds=2)}  # by now group 2 is open
    second = ask("config", operation, **asked, NextToken=token, _at=later)["EvaluationResults"]
    ids = [
        one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]
        for one in second
    ]
    assert ids == [sg(n) for n in range(60, 110, 10)]
    assert sg(2) in details(ask, ComplianceTypes=["NON_COMPLIANT"], _at=later)


def test_periodic_rules_record_daily_and_change_triggered_ones_when_something_changed(
    ask: Ask,
) -> None:
    operation = "GetComplianceDetailsByConfigRule"
    ran = last_daily_run(epoch(NOW), 0, daily_run("aws_config", CHECK, ACCOUNT, HOME))
    assert epoch(NOW) - DAY < ran <= epoch(NOW)
    periodic = ask("config", operation, ConfigRuleName=RULE, Limit=100)["EvaluationResults"]
    recorded = [epoch(one["ResultRecordedTime"]) for one in periodic]
    # Group 1 changed in the last hour, group 0 a second before the month's end.
    assert recorded[1] == max(ran, t("2026-11-01T05:00:00"))
    assert set(recorded[2:]) == {ran}
    changed = ask("config", operation, ConfigRuleName="imdsv2-required-rule")["EvaluationResults"]
    assert {epoch(one["ResultRecordedTime"]) for one in changed} == {START}


def test_compliance_by_rule_counts_at_most_25_contributors(ask: Ask) -> None:
    found = ask("config", "DescribeComplianceByConfigRule")["ComplianceByConfigRules"]
    kinds = {one["ConfigRuleName"]: one["Compliance"] for one in found}
    assert kinds[RULE] == {
        "ComplianceType": "NON_COMPLIANT",
        "ComplianceContributorCount": {"CappedCount": 12, "CapExceeded": False},
    }
    assert kinds["efs-encrypted-rule"] == {"ComplianceType": "INSUFFICIENT_DATA"}
    only = ask("config", "DescribeComplianceByConfigRule", ComplianceTypes=["COMPLIANT"])
    assert {one["ConfigRuleName"] for one in only["ComplianceByConfigRules"]} == {
        "imdsv2-required-rule",
        "root-mfa-rule",
    }
    summary = ask("config", "GetComplianceSummaryByConfigRule")["ComplianceSummary"]
    assert summary["CompliantResourceCount"]["CappedCount"] == 2
    assert summary["NonCompliantResourceCount"]["CappedCount"] == 2


def test_compliance_by_resource_joins_the_accounts_settings(ask: Ask) -> None:
    found = ask(
        "config",
        "GetComplianceDetailsByResource",
        ResourceType="AWS::::Account",
        ResourceId=ACCOUNT,
    )["EvaluationResults"]
    assert sorted(one["ComplianceType"] for one in found) == ["COMPLIANT", "NON_COMPLIANT"]
    by_resource = all_pages(
        ask, "config", "DescribeComplianceByResource", "ComplianceByResources", Limit=50
    )
    assert len(by_resource) == 129 + 3 + 1
    with pytest.raises(ServiceError):
        ask("config", "DescribeComplianceByResource", ResourceId="sg-1")


def test_history_and_current_answers_agree(ask: Ask) -> None:
    for n in (0, 1, 2, 10, 11, 128):
        assert status_then(ask, SG, sg(n), NOW)[RULE] == details(ask)[sg(n)]


@pytest.mark.parametrize(
    ("n", "at", "result"),
    [
        (0, "2026-10-31T23:59:58", "NON_COMPLIANT"),
        (0, "2026-10-31T23:59:59", "COMPLIANT"),
        (1, "2026-10-31T23:59:59", "COMPLIANT"),
        (1, "2026-11-01T00:00:00", "NON_COMPLIANT"),
        (1, "2026-11-01T05:00:00", "COMPLIANT"),
        (129, "2026-10-20T11:59:59", "NON_COMPLIANT"),
        (129, "2026-10-20T12:00:00", None),
    ],
)
def test_history_tells_each_second(ask: Ask, n: int, at: str, result: str | None) -> None:
    then = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert status_then(ask, SG, sg(n), then).get(RULE) == result


def test_history_orders_limits_and_pages(ask: Ask) -> None:
    asked = {"resourceType": HISTORY, "resourceId": f"{SG}/{sg(129)}"}
    newest_first = ask("config", "GetResourceConfigHistory", **asked)["configurationItems"]
    assert [one["configurationItemStatus"] for one in newest_first] == [
        "ResourceDeleted",
        "OK",
        "ResourceDiscovered",
    ]
    paged = all_pages(
        ask,
        "config",
        "GetResourceConfigHistory",
        "configurationItems",
        token="nextToken",
        **asked,
        limit=1,
        chronologicalOrder="Forward",
    )
    assert paged == newest_first[::-1]
    later = ask(
        "config",
        "GetResourceConfigHistory",
        **asked,
        earlierTime=datetime(2026, 10, 11, tzinfo=UTC),
        laterTime=datetime(2026, 10, 31, tzinfo=UTC),
    )["configurationItems"]
    assert [one["configurationItemStatus"] for one in later] == ["ResourceDeleted"]


def test_nothing_after_now(ask: Ask) -> None:
    items = ask(
        "config",
        "GetResourceConfigHistory",
        resourceType=HISTORY,
        resourceId=f"{SG}/{sg(2)}",
        laterTime=NOW + timedelta(days=9),
    )["configurationItems"]
    assert len(items) == 1
    early = {"now": datetime(2026, 10, 31, 12, tzinfo=UTC)}
    assert details(ask, _at=early)[sg(0)] == "NON_COMPLIANT"


def test_a_deleted_rule_leaves_the_history_when_it_was_deleted(ask: Ask) -> None:
    before = datetime(2026, 10, 14, tzinfo=UTC)
    assert status_then(ask, SG, sg(5), before)["rds-not-public-rule"] == "NON_COMPLIANT"
    assert status_then(ask, SG, sg(5), before + timedelta(days=1)) == {RULE: "COMPLIANT"}


def test_the_accounts_history_holds_account_wide_and_regional_rules(ask: Ask) -> None:
    found = status_then(ask, "AWS::::Account", ACCOUNT, NOW)
    assert found == {"root-mfa-rule": "COMPLIANT", "ebs-default-encryption-rule": "NON_COMPLIANT"}


@pytest.mark.parametrize(
    "asked",
    [
        {"resourceType": HISTORY, "resourceId": f"{SG}/sg-unknown"},
        {"resourceType": SG, "resourceId": "sg-unknown"},
        {"resourceType": HISTORY, "resourceId": f"AWS::::Account/{OTHER}"},
    ],
)
def test_a_stranger_is_not_discovered(ask: Ask, asked: dict[str, str]) -> None:
    with pytest.raises(ServiceError) as error:
        ask("config", "GetResourceConfigHistory", **asked)
    assert error.value.code == "ResourceNotDiscoveredException"


def test_configuration_items_are_lower_camel_and_change_with_the_facts(ask: Ask) -> None:
    keys = [{"resourceType": SG, "resourceId": sg(0)}, {"resourceType": SG, "resourceId": "sg-x"}]
    answer = ask("config", "BatchGetResourceConfig", resourceKeys=keys)
    assert answer["unprocessedResourceKeys"] == [keys[1]]
    now = answer["baseConfigurationItems"][0]
    assert json.loads(now["configuration"]) == {
        "groupName": "group-0",
        "ipPermissions": [],
        "vpcId": "vpc-2",
    }
    assert epoch(now["configurationItemCaptureTime"]) == t("2026-10-31T23:59:59")
    items = ask("config", "GetResourceConfigHistory", resourceType=SG, resourceId=sg(0))[
        "configurationItems"
    ]
    assert [json.loads(one["configuration"])["ipPermissions"] for one in items] == [
        [],
        [{"ipProtocol": "tcp", "fromPort": 22}],
    ]
    assert items[0]["configuration"] == now["configuration"]


def test_discovered_resources_with_and_without_the_deleted(ask: Ask) -> None:
    asked = {"service": "config", "operation": "ListDiscoveredResources"}
    listed = all_pages(
        ask,
        *asked.values(),
        "resourceIdentifiers",
        token="nextToken",
        resourceType=SG,
        limit=40,
    )
    assert len(listed) == 129
    everything = all_pages(
        ask,
        *asked.values(),
        "resourceIdentifiers",
        token="nextToken",
        resourceType=SG,
        includeDeletedResources=True,
    )
    assert [one["resourceId"] for one in everything if "resourceDeletionTime" in one] == [sg(129)]
    counts = ask("config", "GetDiscoveredResourceCounts", resourceTypes=[SG, INSTANCE])
    assert counts["resourceCounts"] == [
        {"resourceType": SG, "count": 129},
        {"resourceType": INSTANCE, "count": 3},
    ]
    assert counts["totalDiscoveredResources"] == 132


def test_global_resources_are_recorded_at_home_only(ask: Ask) -> None:
    users = {"resourceType": "AWS::IAM::User"}
    listed = ask("config", "ListDiscoveredResources", **users)["resourceIdentifiers"]
    assert [one["resourceName"] for one in listed] == ["alice", "bob", "svc-export"]
    away = ask("config", "ListDiscoveredResources", **users, _at={"region": AWAY})
    assert away["resourceIdentifiers"] == []


def test_evaluation_status_tells_when_rules_ran(ask: Ask) -> None:
    found = all_pages(
        ask,
        "config",
        "DescribeConfigRuleEvaluationStatus",
        "ConfigRulesEvaluationStatus",
        Limit=2,
    )
    ran = {one["ConfigRuleName"]: epoch(one["LastSuccessfulEvaluationTime"]) for one in found}
    assert ran[RULE] == last_daily_run(epoch(NOW), 0, daily_run("aws_config", CHECK, ACCOUNT, HOME))
    assert ran["efs-encrypted-rule"] == t("2026-08-01T00:00:00")


def test_recorder_and_what_is_not_set_up(ask: Ask) -> None:
    status = ask("config", "DescribeConfigurationRecorderStatus")["ConfigurationRecordersStatus"]
    assert [one["recording"] for one in status] == [True]
    assert len(ask("config", "DescribeConfigurationRecorders")["ConfigurationRecorders"]) == 1
    assert len(ask("config", "DescribeDeliveryChannels")["DeliveryChannels"]) == 1
    assert ask("config", "DescribeConformancePacks") == {"ConformancePackDetails": []}
    away = {"region": AWAY}
    there = ask("config", "DescribeConfigurationAggregators", _at=away)
    assert there == {"ConfigurationAggregators": []}
    nowhere = {"region": "ap-south-1"}
    assert ask("config", "DescribeConfigurationRecorders", _at=nowhere) == {
        "ConfigurationRecorders": []
    }
    with pytest.raises(ServiceError) as error:
        ask("config", "ListDiscoveredResources", resourceType=SG, _at=nowhere)
    assert error.value.code == "NoAvailableConfigurationRecorderException"
