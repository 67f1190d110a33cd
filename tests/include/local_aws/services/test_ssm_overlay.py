"""Systems Manager's nodes and compliance as the estate answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.estate.store import Estate
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    Ask,
    Builder,
    all_pages,
    asker,
    t,
)

GOOD, BAD, SILENT = (f"i-{n:017x}" for n in (1, 2, 3))
CONDITION = {"ExecutionTime": datetime(2026, 11, 1, 5, tzinfo=UTC)}


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    path: Path = tmp_path_factory.mktemp("fleet") / "estate.sqlite"
    build = Builder(path)
    build.insert("accounts", ACCOUNT, "one", "a@example.com", 0)
    for n, region in enumerate((HOME, AWAY)):
        build.insert("regions", region, n)
    born = t("2026-08-03T09:00:00")
    for node in (GOOD, BAD, SILENT):
        system = ("Linux", "Amazon Linux", "2023", "3.3", "10.0.0.4")
        build.insert("nodes", node, ACCOUNT, HOME, *system, born, None)
        row = (node, ACCOUNT, HOME, "Patch", "baseline", "Baseline", "UNSPECIFIED", "COMPLIANT")
        build.insert("node_compliance", *row, born, None)
    kernel = (BAD, ACCOUNT, HOME, "Patch", "kernel", "Kernel", "CRITICAL")
    found = t("2026-10-31T21:00:00")
    build.insert("node_compliance", *kernel, "NON_COMPLIANT", found, t("2026-11-01T01:00:00"))
    build.insert("node_compliance", *kernel, "COMPLIANT", t("2026-11-01T01:00:00"), None)
    quiet = t("2026-09-10T12:00:00")
    build.insert("node_compliance", SILENT, ACCOUNT, HOME, "silence", "agent", "", "", "", quiet)
    build.db.commit()
    build.db.close()
    yield asker(Estate(path))


def summaries(ask: Ask, **params: Any) -> dict[str, Any]:
    listed = all_pages(
        ask, "ssm", "ListResourceComplianceSummaries", "ResourceComplianceSummaryItems", **params
    )
    return {one["ResourceId"]: one for one in listed if one["ComplianceType"] == "Patch"}


def executed(summary: dict[str, Any]) -> str:
    return f"{summary['ExecutionSummary']['ExecutionTime']:%m-%d %H:%M}"


def test_what_changes_between_two_scans_is_told_at_the_next(ask: Ask) -> None:
    # The patch is in since 01:00, but the daily scan is at 22:00.
    now = summaries(ask, MaxResults=1)
    assert now[BAD]["Status"] == "NON_COMPLIANT" and now[BAD]["OverallSeverity"] == "CRITICAL"
    assert executed(now[BAD]) == executed(now[GOOD]) == "10-31 22:00"
    later = summaries(ask, _at={"now": datetime(2026, 11, 1, 22, 30, tzinfo=UTC)})
    assert later[BAD]["Status"] == "COMPLIANT" and executed(later[BAD]) == "11-01 22:00"
    before = summaries(ask, _at={"now": datetime(2026, 10, 31, 21, 30, tzinfo=UTC)})
    assert before[BAD]["Status"] == "COMPLIANT"
    types = ask("ssm", "ListComplianceSummaries")["ComplianceSummaryItems"]
    assert types[0]["NonCompliantSummary"]["NonCompliantCount"] == 1


def test_a_silent_agents_last_word_stays(ask: Ask) -> None:
    assert executed(summaries(ask)[SILENT]) == "09-09 22:00"
    ping = ask("ssm", "DescribeInstanceInformation", MaxResults=5)["InstanceInformationList"]
    assert {one["InstanceId"]: one["PingStatus"] for one in ping} == {
        GOOD: "Online", BAD: "Online", SILENT: "ConnectionLost",
    }  # fmt: skip


def test_what_scripts_put_replaces_what_they_put_before(ask: Ask) -> None:
    def put(*items: dict[str, Any], **more: Any) -> None:
        asked = {"ResourceId": GOOD, "ResourceType": "ManagedInstance", "Items": list(items)}
        ask("ssm", "PutComplianceItems", ComplianceType="Custom:Backup", **asked, **more,
            ExecutionSummary=CONDITION)  # fmt: skip

    one = {"Id": "a", "Severity": "HIGH", "Status": "NON_COMPLIANT", "Title": "A"}
    put(one, {**one, "Id": "b"})
    put({**one, "Status": "COMPLIANT"}, UploadType="PARTIAL")
    custom = {"Filters": [{"Key": "ComplianceType", "Values": ["Custom:Backup"]}]}
    items = all_pages(
        ask, "ssm", "ListComplianceItems", "ComplianceItems",
        ResourceIds=[GOOD], MaxResults=1, **custom,
    )  # fmt: skip
    assert [(i["Id"], i["Status"]) for i in items] == [("a", "COMPLIANT"), ("b", "NON_COMPLIANT")]
    put(one)
    items = ask("ssm", "ListComplianceItems", ResourceIds=[GOOD], **custom)["ComplianceItems"]
    assert [i["Id"] for i in items] == ["a"]


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("ListComplianceItems", {"ResourceIds": [GOOD, BAD]}, "InvalidResourceId"),
        ("ListComplianceItems", {}, "InvalidResourceId"),
        ("ListComplianceItems", {"ResourceIds": [GOOD], "NextToken": "x"}, "InvalidNextToken"),
        ("ListComplianceSummaries", {"Filters": [{"Key": "Colour"}]}, "InvalidFilter"),
        ("DescribeInstanceInformation", {"Filters": [{"Key": "tag", "Values": ["x"]}]},
         "InvalidFilterKey"),
        ("PutComplianceItems", {"ResourceId": "i-9", "ResourceType": "ManagedInstance",
         "ComplianceType": "Custom:X", "Items": [], "ExecutionSummary": CONDITION},
         "InvalidResourceId"),
        ("PutComplianceItems", {"ResourceId": GOOD, "ResourceType": "Server",
         "ComplianceType": "Custom:X", "Items": [], "ExecutionSummary": CONDITION},
         "InvalidResourceType"),
    ],
)  # fmt: skip
def test_refusals_are_the_services_own(
    ask: Ask, operation: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(ServiceError) as refused:
        ask("ssm", operation, **params)
    assert refused.value.code == code
