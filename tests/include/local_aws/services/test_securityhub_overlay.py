"""Security Hub as the estate answers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.local_aws.services.moments import DAY, daily_run, epoch, iso_millis, moment
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    NOW,
    OTHER,
    Ask,
    all_pages,
    sg_arn,
    t,
)


def found(ask: Ask, filters: dict[str, Any] | None = None, **params: Any) -> list[dict[str, Any]]:
    asked = {"Filters": filters} if filters else {}
    return all_pages(ask, "securityhub", "GetFindings", "Findings", **asked, **params)


def about(ask: Ask, n: int, **params: Any) -> dict[str, Any]:
    filters = {
        "ResourceId": [{"Value": sg_arn(n), "Comparison": "EQUALS"}],
        "ComplianceSecurityControlId": [{"Value": "EC2.53", "Comparison": "EQUALS"}],
    }
    return found(ask, filters, **params)[0]


def history(ask: Ask, finding: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    identifier = {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
    return all_pages(
        ask,
        "securityhub",
        "GetFindingHistory",
        "Records",
        FindingIdentifier=identifier,
        **params,
    )


def equals(*values: str, comparison: str = "EQUALS") -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": comparison} for value in values]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("DescribeHub", {}),
        ("GetFindings", {}),
        ("GetEnabledStandards", {}),
        ("BatchGetSecurityControls", {"SecurityControlIds": ["EC2.8"]}),
        ("GetFindingHistory", {"FindingIdentifier": {"Id": "x", "ProductArn": "y"}}),
    ],
)
def test_a_hub_that_is_off_refuses(ask: Ask, operation: str, params: dict[str, Any]) -> None:
    for place in ({"account": OTHER, "region": AWAY}, {"region": "ap-south-1"}):
        with pytest.raises(ServiceError) as error:
            ask("securityhub", operation, **params, _at=place)
        assert error.value.code == "InvalidAccessException"


def test_a_hub_that_is_on_and_empty_is_not_an_error(ask: Ask) -> None:
    assert ask("securityhub", "GetFindings", _at={"region": AWAY}) == {"Findings": []}
    assert ask("securityhub", "DescribeHub")["HubArn"].endswith(f"{HOME}:{ACCOUNT}:hub/default")


def test_findings_of_passed_and_failed_checks_page_to_the_end(ask: Ask) -> None:
    everything = found(ask)
    assert len(everything) == 130 + 3 + 1
    assert len({one["Id"] for one in everything}) == len(everything)
    assert found(ask, MaxResults=13) == everything == found(ask, MaxResults=100)
    one = about(ask, 10)
    assert one["GeneratorId"] == "security-control/EC2.53"
    assert one["Compliance"]["Status"] == "FAILED"
    assert one["Compliance"]["AssociatedStandards"] == [
        {"StandardsId": "standards/cis-aws-foundations-benchmark/v/5.0.0"}
    ]
    assert (one["Severity"]["Label"], one["Workflow"]["Status"]) == ("HIGH", "NEW")
    passed = about(ask, 11)
    assert (passed["Severity"]["Label"], passed["Workflow"]["Status"]) == (
        "INFORMATIONAL",
        "RESOLVED",
    )


def test_findings_of_gone_resources_are_archived_and_forgotten_after_30_days(ask: Ask) -> None:
    archived = found(ask, {"RecordState": equals("ARCHIVED")})
    assert [one["Resources"][0]["Id"] for one in archived] == [sg_arn(129)]
    assert archived[0]["Compliance"]["Status"] == "FAILED"
    assert archived[0]["UpdatedAt"] == "2026-10-20T12:00:00.000Z"
    later = {"now": datetime(2026, 11, 20, tzinfo=UTC)}
    assert found(ask, {"RecordState": equals("ARCHIVED")}, _at=later) == []


def test_regional_account_settings_go_by_the_account(ask: Ask) -> None:
    one = found(ask, {"ComplianceSecurityControlId": equals("EC2.7")})[0]
    assert one["Resources"] == [
        {
            "Type": "AwsAccount",
            "Id": f"AWS::::Account:{ACCOUNT}",
            "Partition": "aws",
            "Region": HOME,
        }
    ]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"ComplianceStatus": equals("FAILED"), "RecordState": equals("ACTIVE")}, 13),
        ({"ComplianceStatus": equals("FAILED", "PASSED")}, 134),
        ({"ComplianceSecurityControlId": equals("EC2.8", "EC2.7")}, 4),
        ({"ComplianceSecurityControlId": equals("EC2.5", comparison="PREFIX")}, 130),
        ({"ComplianceSecurityControlId": equals("EC2.53", comparison="NOT_EQUALS")}, 4),
        ({"GeneratorId": equals("EC2.7", comparison="CONTAINS")}, 1),
        ({"GeneratorId": equals("EC2.7", "EC2.8", comparison="NOT_CONTAINS")}, 130),
        (
            {
                "GeneratorId": [
                    {"Value": "security-control/EC2", "Comparison": "PREFIX"},
                    {"Value": "security-control/EC2.5", "Comparison": "PREFIX_NOT_EQUALS"},
                ]
            },
            4,
        ),
        ({"AwsAccountId": equals(OTHER)}, 0),
        ({"ResourceType": equals("AwsEc2Instance")}, 3),
        ({"SeverityLabel": equals("MEDIUM")}, 1),
        ({"SeverityNormalized": [{"Gte": 70, "Lte": 100}]}, 13),
        ({"SeverityNormalized": [{"Gt": 70}]}, 0),
        ({"SeverityNormalized": [{"Eq": 40}, {"Eq": 70}]}, 14),
        ({"MalwareName": equals("x")}, 0),
        ({"MalwareName": equals("x", comparison="NOT_EQUALS")}, 134),
        ({"ComplianceAssociatedStandardsId": equals("standards/aws", comparison="PREFIX")}, 4),
        (
            {
                "ComplianceAssociatedStandardsId": equals(
                    "standards/aws-f", comparison="PREFIX_NOT_EQUALS"
                )
            },
            130,
        ),
        ({"Sample": [{"Value": True}]}, 0),
        ({"Keyword": [{"Value": "ec2.8"}]}, 3),
        (
            {
                "ProductFields": [
                    {"Key": "Resources:0/Id", "Value": sg_arn(3), "Comparison": "EQUALS"}
                ]
            },
            1,
        ),
        ({"CreatedAt": [{"DateRange": {"Value": 30, "Unit": "DAYS"}}]}, 1),
        (
            {
                "CreatedAt": [
                    {"DateRange": {"Value": 30, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}
                ]
            },
            133,
        ),
        ({"UpdatedAt": [{"Start": "2026-11-01T05:00:00Z", "End": "2026-11-01T05:00:00.000Z"}]}, 1),
        ({"UpdatedAt": [{"End": "2026-10-31T00:00:00Z"}]}, 4),
        ({"UpdatedAt": [{"End": "2026-08-01T00:00:00Z"}]}, 3),
    ],
)
def test_filters(ask: Ask, filters: dict[str, Any], count: int) -> None:
    assert len(found(ask, filters)) == count


@pytest.mark.parametrize(
    "params",
    [
        {
            "Filters": {
                "Title": [
                    {"Value": "a", "Comparison": "EQUALS"},
                    {"Value": "b", "Comparison": "NOT_EQUALS"},
                ]
            }
        },
        {
            "Filters": {
                "Title": [
                    {"Value": "a", "Comparison": "CONTAINS"},
                    {"Value": "b", "Comparison": "PREFIX"},
                ]
            }
        },
        {"Filters": {"Title": equals(*map(str, range(21)))}},
        {"Filters": {"UpdatedAt": [{"Start": "yesterday"}]}},
        {"SortCriteria": [{"Field": "Nonsense", "SortOrder": "asc"}]},
        {"NextToken": "foreign"},
    ],
)
def test_wrong_questions_are_invalid_input(ask: Ask, params: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as error:
        ask("securityhub", "GetFindings", **params)
    assert error.value.code == "InvalidInputException"


def test_sorting_by_several_fields_over_pages(ask: Ask) -> None:
    criteria = [
        {"Field": "ComplianceSecurityControlId", "SortOrder": "desc"},
        {"Field": "ResourceId", "SortOrder": "asc"},
    ]
    listed = found(ask, SortCriteria=criteria, MaxResults=50)
    keys = [(one["Compliance"]["SecurityControlId"], one["Resources"][0]["Id"]) for one in listed]
    assert [key[0] for key in keys] == sorted((key[0] for key in keys), reverse=True)
    groups = [key[1] for key in keys if key[0] == "EC2.53"]
    assert groups == sorted(groups)
    newest = found(ask, SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "desc"}])
    assert newest[0]["Resources"][0]["Id"] == sg_arn(1)


def test_updated_at_of_periodic_controls_moves_daily(ask: Ask) -> None:
    run = daily_run("security_hub", "sg-no-open-admin-ipv4", ACCOUNT, HOME)
    day = t("2026-10-28T00:00:00")
    for now, ran in ((day + run - 1, day + run - DAY), (day + run, day + run)):
        shown = about(ask, 11, _at={"now": moment(now)})["UpdatedAt"]
        assert shown == iso_millis(ran)
    change = found(ask, {"ComplianceSecurityControlId": equals("EC2.8")})[0]
    assert change["UpdatedAt"] == "2026-08-01T00:00:00.000Z"


def test_nothing_after_now(ask: Ask) -> None:
    assert about(ask, 2)["Compliance"]["Status"] == "PASSED"
    later = {"now": NOW + timedelta(seconds=1)}
    assert about(ask, 2, _at=later)["Compliance"]["Status"] == "FAILED"
    then = {"now": datetime(2026, 10, 31, tzinfo=UTC)}
    moments = [
        one[name] for one in found(ask, _at=then) for name in ("UpdatedAt", "LastObservedAt")
    ]
    assert max(moments) <= "2026-10-31T00:00:00.000Z"


def status_at(ask: Ask, finding: dict[str, Any], at: int) -> str:
    """The finding's status at a moment: the current one, with later changes taken back."""
    status: str = finding["Compliance"]["Status"]
    for record in history(ask, finding):
        if epoch(record["UpdateTime"]) <= at:
            break
        for update in record["Updates"]:
            if update["UpdatedField"] == "Compliance.Status":
                status = update["OldValue"]
    return status


@pytest.mark.parametrize(
    ("n", "at", "status"),
    [
        (0, "2026-10-31T23:59:58", "FAILED"),
        (0, "2026-10-31T23:59:59", "PASSED"),
        (1, "2026-10-31T23:59:59", "PASSED"),
        (1, "2026-11-01T00:00:00", "FAILED"),
        (1, "2026-11-01T05:00:00", "PASSED"),
        (129, "2026-10-09T23:59:59", "PASSED"),
        (129, "2026-10-19T00:00:00", "FAILED"),
    ],
)
def test_history_leads_back_to_any_moment(ask: Ask, n: int, at: str, status: str) -> None:
    assert status_at(ask, about(ask, n), t(at)) == status


def test_history_of_a_deleted_resource_shows_when_it_was_archived(ask: Ask) -> None:
    newest = history(ask, about(ask, 129))[0]
    assert newest["Updates"] == [
        {"UpdatedField": "RecordState", "OldValue": "ACTIVE", "NewValue": "ARCHIVED"},
        {"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "RESOLVED"},
    ]


def test_history_reaches_90_days_and_marks_the_creation(ask: Ask) -> None:
    finding = about(ask, 1)
    early = {"now": datetime(2026, 10, 1, tzinfo=UTC)}
    first = history(ask, finding, _at=early)
    assert [(one["FindingCreated"], one["Updates"]) for one in first] == [(True, [])]
    assert [one["FindingCreated"] for one in history(ask, finding)] == [False, False]
    one_hour = history(
        ask,
        finding,
        StartTime=datetime(2026, 10, 31, 23, tzinfo=UTC),
        EndTime=datetime(2026, 11, 1, 0, tzinfo=UTC),
    )
    assert len(one_hour) == 1


def test_history_of_an_unknown_finding_is_empty(ask: Ask) -> None:
    finding = {
        **about(ask, 1),
        "Id": "arn:aws:securityhub:us-east-1:1:security-control/EC2.53/finding/x",
    }
    assert history(ask, finding) == []


def test_enabled_standards_and_their_controls(ask: Ask) -> None:
    subscriptions = all_pages(
        ask, "securityhub", "GetEnabledStandards", "StandardsSubscriptions", MaxResults=1
    )
    assert len(subscriptions) == 4
    cis = next(s for s in subscriptions if s["StandardsArn"].endswith("benchmark/v/5.0.0"))
    controls = all_pages(
        ask,
        "securityhub",
        "DescribeStandardsControls",
        "Controls",
        StandardsSubscriptionArn=cis["StandardsSubscriptionArn"],
        MaxResults=10,
    )
    on = {one["ControlId"] for one in controls if one["ControlStatus"] == "ENABLED"}
    assert on == {"CIS.5.3", "CIS.5.7", "CIS.5.1.1"}
    assert len(controls) > len(on)
    with pytest.raises(ServiceError) as error:
        ask("securityhub", "DescribeStandardsControls", StandardsSubscriptionArn="arn:x")
    assert error.value.code == "ResourceNotFoundException"


def test_controls_with_status_and_parameters(ask: Ask) -> None:
    answer = ask(
        "securityhub", "BatchGetSecurityControls", SecurityControlIds=["EC2.53", "RDS.2", "No.1"]
    )
    on, off = answer["SecurityControls"]
    assert on["SecurityControlStatus"] == "ENABLED"
    assert on["Parameters"] == {
        "restrictPorts": {"ValueType": "DEFAULT", "Value": {"String": "22,3389"}}
    }
    assert off["SecurityControlStatus"] == "DISABLED"
    assert [one["ErrorCode"] for one in answer["UnprocessedIds"]] == ["NOT_FOUND"]
    definitions = all_pages(
        ask,
        "securityhub",
        "ListSecurityControlDefinitions",
        "SecurityControlDefinitions",
        MaxResults=7,
    )
    assert "EC2.53" in {one["SecurityControlId"] for one in definitions}


def test_a_controls_place_in_each_standard(ask: Ask) -> None:
    listed = ask("securityhub", "ListStandardsControlAssociations", SecurityControlId="EC2.8")[
        "StandardsControlAssociationSummaries"
    ]
    status = {one["StandardsArn"].split(":")[-1]: one["AssociationStatus"] for one in listed}
    assert status == {
        "standards/cis-aws-foundations-benchmark/v/3.0.0": "DISABLED",
        "standards/cis-aws-foundations-benchmark/v/5.0.0": "ENABLED",
        "standards/aws-foundational-security-best-practices/v/1.0.0": "ENABLED",
    }
    pairs = [
        {"SecurityControlId": "EC2.8", "StandardsArn": listed[0]["StandardsArn"]},
        {"SecurityControlId": "EC2.8", "StandardsArn": "arn:x"},
    ]
    answer = ask(
        "securityhub",
        "BatchGetStandardsControlAssociations",
        StandardsControlAssociationIds=pairs,
    )
    assert len(answer["StandardsControlAssociationDetails"]) == 1
    assert len(answer["UnprocessedAssociations"]) == 1


def test_an_account_without_members_or_insights_of_its_own(ask: Ask) -> None:
    assert ask("securityhub", "GetInsights") == {"Insights": []}
    assert ask("securityhub", "ListMembers", _at={"account": OTHER}) == {"Members": []}
    assert ask("securityhub", "GetAdministratorAccount") == {}
