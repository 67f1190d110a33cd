"""Today's configuration stands for the period's end only if nothing touched it since."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.sources.api_table import CALLS
from include.sources.api_watch import Watch
from include.sources.trail_events import TrailEvent

NOW = datetime(2026, 11, 1, 6, tzinfo=UTC)
NONE: frozenset[str] = frozenset()
GROUPS = CALLS["ec2_DescribeSecurityGroups"]


def event(name: str, *, hours: int = 3, root: bool = False, **record: Any) -> TrailEvent:
    """An event some hours after the period's end."""
    who = {"type": "Root"} if root else {"type": "AssumedRole"}
    entry = {
        "EventId": f"{name}-{hours}",
        "EventName": name,
        "EventTime": datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours),
        "CloudTrailEvent": json.dumps({"userIdentity": who, **record}),
    }
    return TrailEvent(entry, "page-00001.json", 0, NOW)


def test_an_event_that_names_the_item_makes_it_speak_of_the_present_only() -> None:
    seen = Watch((event("AuthorizeSecurityGroupIngress", requestParameters={"groupId": "sg-1"}),))
    known = frozenset({"sg-1", "sg-2"})
    touched = seen.touch(GROUPS, {"sg-1"}, known)
    assert touched.since == "changed"
    assert touched.at == datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert seen.touch(GROUPS, {"sg-2"}, known).since == "same"


def test_a_name_is_matched_whole_and_at_any_depth() -> None:
    request = {"items": [{"instancesSet": {"instanceId": "i-12"}}]}
    seen = Watch((event("ModifyInstanceMetadataOptions", requestParameters=request),))
    call = CALLS["ec2_DescribeInstances"]
    assert seen.touch(call, {"i-12"}, NONE).since == "changed"
    assert seen.touch(call, {"i-1"}, NONE).since == "same"


def test_calls_that_failed_or_that_are_about_something_else_change_nothing() -> None:
    asked = {"requestParameters": {"groupId": "sg-1"}}
    seen = Watch(
        (
            event("AuthorizeSecurityGroupIngress", errorCode="AccessDenied", **asked),
            event("CreateTags", **asked),
        )
    )
    assert seen.touch(GROUPS, {"sg-1"}, NONE).since == "same"


def test_what_was_created_since_was_not_there() -> None:
    seen = Watch((event("CreateSecurityGroup", responseElements={"groupId": "sg-9"}),))
    assert seen.touch(GROUPS, {"sg-9"}, NONE).since == "new"
    assert seen.touch(GROUPS, {"sg-1"}, frozenset({"sg-1", "sg-9"})).since == "same"


def test_what_was_deleted_since_is_missed_unless_it_was_also_made_since() -> None:
    seen = Watch(
        (
            event("DeleteSecurityGroup", requestParameters={"groupId": "sg-1"}),
            event("CreateSecurityGroup", responseElements={"groupId": "sg-2"}),
            event("DeleteSecurityGroup", hours=4, requestParameters={"groupId": "sg-2"}),
        )
    )
    assert list(seen.deleted(GROUPS, NONE)) == ["sg-1"]


def test_an_event_that_cannot_be_matched_may_have_meant_any_item() -> None:
    call = CALLS["ec2_DescribeVpcs"]
    request = {"DeleteFlowLogsRequest": {"FlowLogId": "fl-1"}}
    seen = Watch((event("DeleteFlowLogs", requestParameters=request),))
    assert seen.touch(call, {"vpc-1"}, frozenset({"vpc-1"})).since == "changed"
    named = Watch((event("DeleteFlowLogs", requestParameters={"resourceIds": ["vpc-2"]}),))
    assert named.touch(call, {"vpc-1"}, frozenset({"vpc-1", "vpc-2"})).since == "same"


@pytest.mark.parametrize(("root", "expected"), [(True, "changed"), (False, "same")])
def test_only_the_root_users_own_acts_change_its_credentials(root: bool, expected: str) -> None:
    seen = Watch((event("CreateAccessKey", root=root, requestParameters={"userName": "ada"}),))
    call = CALLS["iam_GetAccountSummary"]
    assert seen.touch(call, (), NONE).since == expected


def test_without_cloudtrails_word_nothing_is_claimed() -> None:
    assert Watch(None).touch(GROUPS, {"sg-1"}, NONE).since == "unknown"


def test_an_event_of_another_service_by_the_same_name_changes_nothing() -> None:
    asked = {"requestParameters": {"cluster": "web"}, "eventSource": "eks.amazonaws.com"}
    seen = Watch((event("DeleteCluster", **asked),))
    call = CALLS["ecs_DescribeClusters"]
    assert seen.touch(call, {"web"}, NONE).since == "same"
    assert not seen.deleted(call, NONE)
    own = Watch((event("DeleteCluster", **{**asked, "eventSource": "ecs.amazonaws.com"}),))
    assert list(own.deleted(call, NONE)) == ["web"]


def test_which_items_there_were_is_not_known_when_an_unnamed_one_was_removed() -> None:
    call = CALLS["ec2_DescribeFlowLogs"]
    assert Watch(()).knows(call)
    named = event("DeleteFlowLogs", requestParameters={"FlowLogId": "fl-1"})
    assert Watch((named,)).knows(call)
    assert list(Watch((named,)).deleted(call, NONE)) == ["fl-1"]
    unnamed = event("DeleteFlowLogs", requestParameters={"resourceIds": ["vpc-1"]})
    assert not Watch((unnamed,)).knows(call)


def test_nothing_is_claimed_of_calls_whose_changes_nobody_knows() -> None:
    call = CALLS["rds_DescribeDBInstances"]
    assert Watch(()).touch(call, {"db"}, NONE).since == "unknown"
    assert not Watch(()).knows(call)
    assert Watch((), running=True).touch(call, {"db"}, NONE).since == "same"


def test_every_call_that_a_check_judges_is_watched() -> None:
    from include.checks.catalogue import load_catalogue

    used = {
        keyword
        for check in load_catalogue().values()
        for source in check.sources
        if source.source == "api_calls" and source.judges
        for keyword in (*source.all_keywords, *source.uses)
    }
    assert used
    assert all(CALLS[keyword].touches is not None for keyword in used)
