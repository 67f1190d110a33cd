"""CloudTrail as the estate answers it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from include.local_aws.services.moments import epoch
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_account import LOCAL, MAIN
from tests.include.local_aws.services.small_estate import AWAY, NOW, OTHER, Ask, all_pages


def events(ask: Ask, key: str = "", value: str = "", **params: Any) -> list[dict[str, Any]]:
    if key:
        params["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    return all_pages(ask, "cloudtrail", "LookupEvents", "Events", **params)


def test_newest_first_over_pages_of_fifty(ask: Ask) -> None:
    found = events(ask)
    assert len(found) == 120
    assert len(ask("cloudtrail", "LookupEvents")["Events"]) == 50
    times = [one["EventTime"] for one in found]
    assert times == sorted(times, reverse=True)
    assert found == events(ask, MaxResults=7)


def test_nothing_after_now_nothing_beyond_90_days_nothing_of_others(ask: Ask) -> None:
    assert all(one["EventName"] != "StopLogging" for one in events(ask))
    assert max(epoch(one["EventTime"]) for one in events(ask)) <= epoch(NOW)
    august = {"now": datetime(2026, 8, 2, tzinfo=UTC)}
    assert [one["EventName"] for one in events(ask, _at=august)] == ["StopLogging"]
    assert len(events(ask, _at={"account": OTHER})) == 1
    assert events(ask, _at={"region": AWAY}) == []


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("EventName", "DeleteTrail", 40),
        ("EventName", "deletetrail", 0),
        ("EventSource", "ec2.amazonaws.com", 80),
        ("Username", "alice", 60),
        ("ReadOnly", "false", 40),
        ("ResourceName", "main", 40),
        ("ResourceType", "AWS::CloudTrail::Trail", 40),
        ("AccessKeyId", "AKIA7", 1),
        ("EventId", "00000003-0000-4000-8000-000000000000", 1),
    ],
)
def test_lookup_by_one_attribute(ask: Ask, key: str, value: str, count: int) -> None:
    assert len(events(ask, key, value)) == count


def test_start_and_end_are_both_inside(ask: Ask) -> None:
    start, end = (datetime(2026, 10, 31, 0, minute, tzinfo=UTC) for minute in (10, 30))
    assert len(events(ask, StartTime=start, EndTime=end)) == 3


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (
            {
                "LookupAttributes": [
                    {"AttributeKey": "EventName", "AttributeValue": "a"},
                    {"AttributeKey": "Username", "AttributeValue": "b"},
                ]
            },
            "InvalidLookupAttributesException",
        ),
        ({"NextToken": "abc"}, "InvalidNextTokenException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        (
            {"StartTime": NOW, "EndTime": datetime(2026, 10, 1, tzinfo=UTC)},
            "InvalidTimeRangeException",
        ),
        (
            {
                "StartTime": datetime(2026, 7, 1, tzinfo=UTC),
                "EndTime": datetime(2026, 7, 31, tzinfo=UTC),
            },
            "InvalidTimeRangeException",
        ),
    ],
)
def test_refusals(ask: Ask, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ServiceError) as error:
        ask("cloudtrail", "LookupEvents", **params)
    assert error.value.code == code


def test_an_event_carries_the_whole_record(ask: Ask) -> None:
    one = events(ask, "AccessKeyId", "AKIA9")[0]
    record = json.loads(one["CloudTrailEvent"])
    assert record["userIdentity"]["userName"] == one["Username"] == "alice"
    assert record["eventID"] == one["EventId"]
    assert one["Resources"] == [{"ResourceType": "AWS::CloudTrail::Trail", "ResourceName": "main"}]


def test_a_multi_region_trail_shows_in_every_region(ask: Ask) -> None:
    def trails(**params: Any) -> set[str]:
        answer = ask("cloudtrail", "DescribeTrails", **params)["trailList"]
        return {one["TrailARN"] for one in answer}

    away = {"region": AWAY}
    organization = f"{MAIN.rpartition('/')[0]}/organization-trail"
    assert trails() == {MAIN, organization}
    assert trails(_at={"account": OTHER}) == {organization}
    assert trails(_at={"account": OTHER}, includeShadowTrails=False) == set()
    assert trails(_at=away) == {MAIN, LOCAL}
    assert trails(_at=away, includeShadowTrails=False) == {LOCAL}
    assert trails(_at=away, trailNameList=["main"]) == set()
    assert trails(_at=away, trailNameList=[MAIN]) == {MAIN}
    main = ask("cloudtrail", "GetTrail", Name="main", _at=away)["Trail"]
    assert (main["HomeRegion"], main["LogFileValidationEnabled"]) == ("us-east-1", True)
    assert "KmsKeyId" not in ask("cloudtrail", "GetTrail", Name=LOCAL)["Trail"]
    assert len(ask("cloudtrail", "ListTrails")["Trails"]) == 3
    with pytest.raises(ServiceError) as error:
        ask("cloudtrail", "GetTrailStatus", Name="nobody")
    assert error.value.code == "TrailNotFoundException"


def test_status_and_tags(ask: Ask) -> None:
    status = ask("cloudtrail", "GetTrailStatus", Name="main")
    assert status["IsLogging"] and status["LatestDeliveryTime"] <= NOW
    assert "LatestDigestDeliveryTime" in status
    tags = ask("cloudtrail", "ListTags", ResourceIdList=[MAIN])["ResourceTagList"]
    assert tags == [{"ResourceId": MAIN, "TagsList": []}]


def test_selectors_show_the_data_events_of_the_day(ask: Ask) -> None:
    def s3(**place: Any) -> list[str]:
        answer = ask("cloudtrail", "GetEventSelectors", TrailName=MAIN, **place)
        return [one["ReadWriteType"] for one in answer["EventSelectors"] if one["DataResources"]]

    assert s3() == ["WriteOnly"]
    assert s3(_at={"now": datetime(2026, 9, 1, tzinfo=UTC)}) == []
