"""The recorder's gaps, its types and its memory show in everything that Config answers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.estate.store import Estate
from include.local_aws.services.config.delivery import ConfigFiles
from include.local_aws.services.moments import epoch
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    HOME,
    INSTANCE,
    NOW,
    SG,
    Ask,
    Builder,
    all_pages,
    asker,
    fill,
    sg_arn,
    t,
)

COMPLIANCE = "AWS::Config::ResourceCompliance"
REGIONAL = f"AWS::::Account:{ACCOUNT}:{HOME}"
Made = Callable[[Callable[[Builder], None]], Estate]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """The small estate with something more in it."""

    def make(more: Callable[[Builder], None]) -> Estate:
        build = Builder(tmp_path / "estate.sqlite")
        fill(build)
        more(build)
        build.db.commit()
        build.db.close()
        return Estate(tmp_path / "estate.sqlite")

    return make


def history(ask: Ask, type_: str, id_: str) -> list[dict[str, Any]]:
    return all_pages(
        ask,
        "config",
        "GetResourceConfigHistory",
        "configurationItems",
        token="nextToken",
        resourceType=type_,
        resourceId=id_,
    )


def test_what_changes_in_an_outage_is_recorded_when_the_recorder_goes_on(made: Made) -> None:
    stop, go = t("2026-10-31T12:00:00"), t("2026-11-01T02:00:00")
    estate = made(lambda b: b.insert("recorder_outages", ACCOUNT, HOME, stop, go))
    ask = asker(estate)
    (status,) = ask("config", "DescribeConfigurationRecorderStatus")["ConfigurationRecordersStatus"]
    assert status["recording"]
    assert (epoch(status["lastStopTime"]), epoch(status["lastStartTime"])) == (stop, go)
    newest = history(ask, SG, f"sg-{0:017x}")[0]
    assert epoch(newest["configurationItemCaptureTime"]) == go
    during = asker(estate, now=datetime(2026, 10, 31, 23, tzinfo=UTC))
    (status,) = during("config", "DescribeConfigurationRecorderStatus")[
        "ConfigurationRecordersStatus"
    ]
    assert not status["recording"]
    assert epoch(status["lastStopTime"]) == stop


def test_a_recording_group_decides_what_there_is(made: Made) -> None:
    group = {
        "allSupported": False,
        "includeGlobalResourceTypes": False,
        "resourceTypes": [INSTANCE],
        "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"},
    }
    ask = asker(made(lambda b: b.fact(REGIONAL, "RecordingGroup", group)))
    (recorder,) = ask("config", "DescribeConfigurationRecorders")["ConfigurationRecorders"]
    assert recorder["recordingGroup"] == group
    counts = ask("config", "GetDiscoveredResourceCounts")["resourceCounts"]
    assert counts == [{"resourceType": INSTANCE, "count": 3}]
    found = ask(
        "config",
        "SelectResourceConfig",
        Expression=f"SELECT resourceId WHERE resourceType = '{COMPLIANCE}'",
    )
    assert found["Results"] == []
    with pytest.raises(ServiceError, match="unknown or has not been discovered"):
        history(ask, COMPLIANCE, f"{INSTANCE}/i-{0:017x}")


def test_items_beyond_the_retention_are_forgotten_but_the_present_one(made: Made) -> None:
    ask = asker(made(lambda b: b.fact(REGIONAL, "ConfigRetentionDays", 30)))
    kept = ask("config", "DescribeRetentionConfigurations")["RetentionConfigurations"]
    assert kept == [{"Name": "default", "RetentionPeriodInDays": 30}]
    # Group 0 was closed a day ago; what it was like in August is forgotten.
    assert len(history(ask, SG, f"sg-{0:017x}")) == 1
    assert len(history(ask, SG, f"sg-{5:017x}")) == 1
    (gone,) = history(ask, SG, f"sg-{129:017x}")
    assert gone["configurationItemStatus"] == "ResourceDeleted"


def test_delivered_files_hold_what_the_history_does(made: Made) -> None:
    estate = made(lambda b: None)
    ask, files = asker(estate), ConfigFiles(estate)
    (channel,) = ask("config", "DescribeDeliveryChannels")["DeliveryChannels"]
    assert files.bucket(ACCOUNT) == channel["s3BucketName"]
    root = f"AWSLogs/{ACCOUNT}/Config/{HOME}/"
    keys = [one.key for one in files.keys(ACCOUNT, f"{root}2026/10/", epoch(NOW))]
    assert keys == sorted(keys)
    assert f"{root}2026/10/9/ConfigSnapshot/" in "".join(keys)
    moved = f"_ConfigHistory_{COMPLIANCE}_20261031T180000Z_20261101T000000Z_1.json.gz"
    (key,) = [key for key in keys if key.endswith(moved)]
    (item,) = json.loads(gzip.decompress(files.body(key)[0]))["configurationItems"]
    assert item["resourceId"] == f"{SG}/sg-{0:017x}"
    (told,) = [
        one
        for one in history(ask, COMPLIANCE, item["resourceId"])
        if one["configurationStateId"] == item["configurationStateId"]
    ]
    assert json.loads(told["configuration"]) == item["configuration"]
    (listed,) = list(files.keys(ACCOUNT, key, epoch(NOW)))
    assert listed.size == len(files.body(key)[0])
    # A window's file comes when it is over.
    assert list(files.keys(ACCOUNT, key, t("2026-10-31T23:59:00"))) == []


def test_a_snapshot_holds_what_existed_then(made: Made) -> None:
    files = ConfigFiles(made(lambda b: None))
    for day, there in (("19", True), ("21", False)):
        folder = f"AWSLogs/{ACCOUNT}/Config/{HOME}/2026/10/{day}/ConfigSnapshot/"
        (key,) = [one.key for one in files.keys(ACCOUNT, folder, epoch(NOW))]
        items = json.loads(gzip.decompress(files.body(key)[0]))["configurationItems"]
        assert (sg_arn(129) in {item.get("ARN") for item in items}) is there


def test_packs_show_their_rules_and_their_results(made: Made) -> None:
    name = "imdsv2-required-rule-conformance-pack-abc123def"

    def packed(build: Builder) -> None:
        build.db.execute(
            "UPDATE deployments SET owner = 'conformance-pack', name = ?"
            " WHERE check_id = 'imdsv2-required' AND source = 'aws_config'",
            (name,),
        )
        build.db.execute(
            "UPDATE deployments SET owner = 'organization' WHERE check_id = 'root-mfa'"
        )

    ask = asker(made(packed))
    makers = {
        rule["ConfigRuleName"]: rule.get("CreatedBy")
        for rule in ask("config", "DescribeConfigRules")["ConfigRules"]
    }
    assert makers[name] == "config-conforms.amazonaws.com"
    assert makers["root-mfa-rule"] == "config-multiaccountsetup.amazonaws.com"
    (pack,) = ask("config", "DescribeConformancePacks")["ConformancePackDetails"]
    asked = {"ConformancePackName": pack["ConformancePackName"]}
    rules = ask("config", "DescribeConformancePackCompliance", **asked)
    assert rules["ConformancePackRuleComplianceList"] == [
        {"ConfigRuleName": name, "ComplianceType": "COMPLIANT", "Controls": []}
    ]
    details = ask("config", "GetConformancePackComplianceDetails", **asked, Limit=100)
    assert len(details["ConformancePackRuleEvaluationResults"]) == 3
    summary = ask(
        "config",
        "GetConformancePackComplianceSummary",
        ConformancePackNames=[pack["ConformancePackName"]],
    )["ConformancePackComplianceSummaryList"]
    assert summary[0]["ConformancePackComplianceStatus"] == "COMPLIANT"
    with pytest.raises(ServiceError) as error:
        ask("config", "DescribeConformancePackCompliance", ConformancePackName="none")
    assert error.value.code == "NoSuchConformancePackException"
