"""SelectResourceConfig, packs and the aggregator answer from the same estate as everything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    OTHER,
    SG,
    Ask,
    all_pages,
    sg_arn,
)

COMPLIANCE = "AWS::Config::ResourceCompliance"
JUDGED = (
    "SELECT resourceId, configurationItemCaptureTime, configuration.complianceType,"
    f" configuration.configRuleList WHERE resourceType = '{COMPLIANCE}'"
)


def selected(ask: Ask, expression: str, **params: Any) -> list[dict[str, Any]]:
    found = all_pages(
        ask, "config", "SelectResourceConfig", "Results", Expression=expression, **params
    )
    return [json.loads(row) for row in found]


def refusal(ask: Ask, operation: str, **params: Any) -> str:
    with pytest.raises(ServiceError) as error:
        ask("config", operation, **params)
    return error.value.code


def test_each_resource_has_one_row_with_all_its_rules(ask: Ask) -> None:
    rows = {row["resourceId"]: row for row in selected(ask, JUDGED, Limit=100)}
    # The deleted group has none.
    assert len(rows) == 129 + 3 + 1
    for number, status in ((10, "NON_COMPLIANT"), (11, "COMPLIANT")):
        row = rows[f"{SG}/sg-{number:017x}"]
        (rule,) = row["configuration"]["configRuleList"]
        assert (rule["complianceType"], row["configuration"]["complianceType"]) == (status, status)
    moved = rows[f"{SG}/sg-{0:017x}"]["configurationItemCaptureTime"]
    assert moved == "2026-10-31T23:59:59.000Z"


def test_pages_of_25_rows_or_500_groups_and_at_most_100(ask: Ask) -> None:
    assert len(ask("config", "SelectResourceConfig", Expression=JUDGED)["Results"]) == 25
    grouped = f"SELECT resourceId, COUNT(*) WHERE resourceType = '{SG}' GROUP BY resourceId"
    answer = ask("config", "SelectResourceConfig", Expression=grouped)
    assert len(answer["Results"]) == 129
    assert "NextToken" not in answer
    assert answer["QueryInfo"] == {"SelectFields": [{"Name": "resourceId"}, {"Name": "COUNT(*)"}]}
    assert len(ask("config", "SelectResourceConfig", Expression=grouped, Limit=7)["Results"]) == 7
    too_many = refusal(ask, "SelectResourceConfig", Expression=JUDGED, Limit=101)
    assert too_many == "InvalidLimitException"


def test_counts_are_those_of_the_rows(ask: Ask) -> None:
    counted = selected(
        ask,
        "SELECT configuration.complianceType, COUNT(*)"
        f" WHERE resourceType = '{COMPLIANCE}' GROUP BY configuration.complianceType",
    )
    rows = selected(ask, JUDGED, Limit=100)
    for group in counted:
        kind = group["configuration.complianceType"]
        same = [row for row in rows if row["configuration"]["complianceType"] == kind]
        assert len(same) == group["COUNT(*)"]


def test_resources_are_found_by_their_configuration(ask: Ask) -> None:
    expression = f"SELECT arn WHERE resourceType = '{SG}' AND configuration.vpcId = 'vpc-1'"
    assert len(selected(ask, expression, Limit=100)) == 64
    open_then = (
        f"SELECT arn WHERE resourceType = '{SG}' AND configuration.ipPermissions.fromPort = 22"
    )
    assert selected(ask, open_then) == []
    before = {"now": datetime(2026, 10, 31, tzinfo=UTC)}
    assert selected(ask, open_then, _at=before) == [{"arn": sg_arn(0)}]


def test_errors_are_configs_own(ask: Ask) -> None:
    wrong = refusal(ask, "SelectResourceConfig", Expression="SELECT x FROM y")
    assert wrong == "InvalidExpressionException"
    token = ask("config", "SelectResourceConfig", Expression=JUDGED)["NextToken"]
    other = JUDGED.replace("resourceId,", "resourceId, resourceType,")
    for params in ({"Expression": other, "NextToken": token},):
        assert refusal(ask, "SelectResourceConfig", **params) == "InvalidNextTokenException"


def test_the_aggregator_sees_other_accounts_and_regions_from_home_only(ask: Ask) -> None:
    name = ask("config", "DescribeConfigurationAggregators")["ConfigurationAggregators"][0][
        "ConfigurationAggregatorName"
    ]
    expression = (
        f"SELECT accountId, awsRegion, COUNT(*) WHERE resourceType = '{COMPLIANCE}'"
        " GROUP BY accountId, awsRegion"
    )
    found = ask(
        "config",
        "SelectAggregateResourceConfig",
        ConfigurationAggregatorName=name,
        Expression=expression,
    )["Results"]
    assert [json.loads(row)["COUNT(*)"] for row in found] == [133]
    for place in ({"region": AWAY}, {"account": OTHER}):
        code = refusal(
            ask,
            "SelectAggregateResourceConfig",
            ConfigurationAggregatorName=name,
            Expression=expression,
            _at=place,
        )
        assert code == "NoSuchConfigurationAggregatorException"
    rules = ask(
        "config",
        "DescribeAggregateComplianceByConfigRules",
        ConfigurationAggregatorName=name,
        Filters={"AccountId": ACCOUNT, "ComplianceType": "NON_COMPLIANT"},
    )["AggregateComplianceByConfigRules"]
    assert {rule["ConfigRuleName"] for rule in rules} == {
        "sg-no-open-admin-ipv4-rule",
        "ebs-default-encryption-rule",
    }
    details = ask(
        "config",
        "GetAggregateComplianceDetailsByConfigRule",
        ConfigurationAggregatorName=name,
        ConfigRuleName="sg-no-open-admin-ipv4-rule",
        AccountId=ACCOUNT,
        AwsRegion=HOME,
    )["AggregateEvaluationResults"]
    assert len(details) == 12
    sources = ask(
        "config",
        "DescribeConfigurationAggregatorSourcesStatus",
        ConfigurationAggregatorName=name,
    )["AggregatedSourceStatusList"]
    assert len(sources) == 4
    authorized = ask("config", "DescribeAggregationAuthorizations", _at={"account": OTHER})[
        "AggregationAuthorizations"
    ]
    assert authorized[0]["AuthorizedAccountId"] == ACCOUNT
