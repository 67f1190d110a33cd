"""Inspector as the estate answers it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.estate.store import Estate
from include.local_aws.services.moments import epoch
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    NOW,
    OTHER,
    Ask,
    Builder,
    all_pages,
    asker,
    fill,
    instance_arn,
    t,
)


def found(ask: Ask, **params: Any) -> str:
    """The findings' letters, in the order given."""
    listed = all_pages(ask, "inspector2", "ListFindings", "findings", token="nextToken", **params)
    return "".join(one["findingArn"][-1] for one in listed)


def equals(value: str, comparison: str = "EQUALS") -> list[dict[str, str]]:
    return [{"value": value, "comparison": comparison}]


def test_open_and_recently_closed_findings_none_from_the_future(ask: Ask) -> None:
    assert found(ask) == found(ask, maxResults=1) == "abd"
    september = {"now": datetime(2026, 9, 25, tzinfo=UTC)}
    assert found(ask, _at=september) == "abc"
    assert found(ask, _at={"region": AWAY}) == found(ask, _at={"account": OTHER}) == ""


@pytest.mark.parametrize(
    ("criteria", "letters"),
    [
        ({"severity": equals("CRITICAL")}, "a"),
        ({"severity": [*equals("CRITICAL"), *equals("HIGH")]}, "ab"),
        ({"severity": equals("CRITICAL", "NOT_EQUALS")}, "bd"),
        ({"findingStatus": equals("CLOSED")}, "b"),
        ({"vulnerabilityId": equals("CVE-2026", "PREFIX"), "fixAvailable": equals("YES")}, "ad"),
        ({"resourceId": equals(f"i-{1:017x}")}, "d"),
        ({"ec2InstanceVpcId": equals("vpc-1")}, "abd"),
        ({"inspectorScore": [{"lowerInclusive": 7.5, "upperInclusive": 9.8}]}, "ab"),
        ({"firstObservedAt": [{"endInclusive": datetime(2026, 9, 1, 10, tzinfo=UTC)}]}, "a"),
        ({"updatedAt": [{"startInclusive": datetime(2026, 10, 31, tzinfo=UTC)}]}, "ad"),
        ({"resourceTags": [{"comparison": "EQUALS", "key": "team", "value": "x"}]}, ""),
        ({"lambdaFunctionName": equals("x")}, ""),
        ({"lambdaFunctionName": equals("x", "NOT_EQUALS")}, "abd"),
        ({"epssScore": [{"lowerInclusive": 0.0, "upperInclusive": 1.0}]}, ""),
    ],
)
def test_filters(ask: Ask, criteria: dict[str, Any], letters: str) -> None:
    assert found(ask, filterCriteria=criteria) == letters


def test_sorting(ask: Ask) -> None:
    for field, order, letters in (
        ("SEVERITY", "ASC", "dba"),
        ("SEVERITY", "DESC", "abd"),
        ("INSPECTOR_SCORE", "ASC", "dba"),
        ("FIRST_OBSERVED_AT", "DESC", "dba"),
    ):
        assert found(ask, sortCriteria={"field": field, "sortOrder": order}) == letters


def test_times_of_open_and_closed_findings(ask: Ask) -> None:
    listed = {f["findingArn"][-1]: f for f in ask("inspector2", "ListFindings")["findings"]}
    assert epoch(listed["b"]["updatedAt"]) == t("2026-10-20T10:00:00")
    assert listed["a"]["status"] == "ACTIVE"
    assert epoch(NOW) - 86_400 < epoch(listed["a"]["lastObservedAt"]) <= epoch(NOW)
    then = {"now": datetime(2026, 10, 1, tzinfo=UTC)}
    before = {
        f["findingArn"][-1]: f for f in ask("inspector2", "ListFindings", _at=then)["findings"]
    }
    assert before["b"]["status"] == "ACTIVE"
    assert before["b"]["lastObservedAt"] <= then["now"]


def test_foreign_tokens_and_sizes_are_refused(ask: Ask) -> None:
    token = ask("inspector2", "ListFindings", maxResults=1)["nextToken"]
    for params in (
        {"nextToken": "x"},
        {"nextToken": token, "filterCriteria": {}},
        {"maxResults": 101},
    ):
        with pytest.raises(ServiceError) as error:
            ask("inspector2", "ListFindings", **params)
        assert error.value.code == "ValidationException"


def test_details_of_known_and_unknown_findings(ask: Ask) -> None:
    arn = ask("inspector2", "ListFindings")["findings"][0]["findingArn"]
    answer = ask("inspector2", "BatchGetFindingDetails", findingArns=[arn, "arn:x"])
    assert [one["findingArn"] for one in answer["findingDetails"]] == [arn]
    assert [one["errorCode"] for one in answer["errors"]] == ["FINDING_DETAILS_NOT_FOUND"]


def test_status_and_coverage(ask: Ask) -> None:
    status = ask("inspector2", "BatchGetAccountStatus", accountIds=[ACCOUNT, OTHER])
    assert status["accounts"][0]["state"]["status"] == "ENABLED"
    assert status["failedAccounts"][0]["errorCode"] == "ACCESS_DENIED"
    listed = all_pages(
        ask, "inspector2", "ListCoverage", "coveredResources", token="nextToken", maxResults=2
    )
    assert len(listed) == 3
    off = ask(
        "inspector2",
        "ListCoverage",
        filterCriteria={"scanStatusCode": equals("ACTIVE", "NOT_EQUALS")},
    )
    assert off["coveredResources"] == []
    statistics = ask("inspector2", "ListCoverageStatistics", groupBy="RESOURCE_TYPE")
    assert statistics == {
        "totalCounts": 3,
        "countsByGroup": [{"count": 3, "groupKey": "RESOURCE_TYPE"}],
    }


def test_what_is_not_scanned_is_listed_with_its_reason(tmp_path: Path) -> None:
    build = Builder(tmp_path / "estate.sqlite")
    fill(build)
    since, until = t("2026-10-20T00:00:00"), t("2026-10-25T00:00:00")
    for n, to_t in ((0, None), (1, until)):
        build.insert("unscanned", ACCOUNT, HOME, instance_arn(n), "NO_INVENTORY", since, to_t)
    build.db.commit()
    ask = asker(Estate(tmp_path / "estate.sqlite"))
    listed = ask("inspector2", "ListCoverage")["coveredResources"]
    left_out = [one for one in listed if one["scanStatus"]["statusCode"] == "INACTIVE"]
    assert [one["resourceId"] for one in left_out] == [f"i-{0:017x}"]
    assert left_out[0]["scanStatus"]["reason"] == "NO_INVENTORY"
    assert epoch(left_out[0]["lastScannedAt"]) <= since
    reasons = ask("inspector2", "ListCoverageStatistics", groupBy="SCAN_STATUS_CODE")
    assert sorted(one["count"] for one in reasons["countsByGroup"]) == [1, 2]


def test_findings_are_counted_by_account_and_instance(ask: Ask) -> None:
    own = equals(ACCOUNT)
    (response,) = ask(
        "inspector2", "ListFindingAggregations", aggregationType="ACCOUNT", accountIds=own
    )["responses"]
    # The closed one is not counted.
    assert response["accountAggregation"]["severityCounts"] == {"all": 2, "critical": 1, "low": 1}
    instances = ask("inspector2", "ListFindingAggregations", aggregationType="AWS_EC2_INSTANCE")[
        "responses"
    ]
    assert len(instances) == 2
    with pytest.raises(ServiceError) as error:
        ask("inspector2", "ListFindingAggregations", aggregationType="AMI")
    assert error.value.status == 501


def test_the_administrator_of_the_organisation_is_inspectors_too(ask: Ask) -> None:
    admin = ask("inspector2", "GetDelegatedAdminAccount", _at={"account": OTHER})
    assert admin["delegatedAdmin"]["accountId"] == ACCOUNT
    assert [m["accountId"] for m in ask("inspector2", "ListMembers")["members"]] == [OTHER]
    assert ask("inspector2", "ListMembers", _at={"account": OTHER})["members"] == []
