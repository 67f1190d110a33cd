"""Which events are asked for: names, names with their service, and CIS's metric filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.sources.trail_patterns import PATTERNS, ROOT_USAGE, UNAUTHORIZED, Wanted
from include.sources.trail_record import Record, read_record


def record(name: str, source: str = "iam", **members: Any) -> Record:
    told = {"eventName": name, "eventSource": f"{source}.amazonaws.com", "readOnly": False}
    return read_record(json.dumps({**told, **members}))


def root(**members: Any) -> dict[str, Any]:
    return {"userIdentity": {"type": "Root"}, **members}


@pytest.mark.parametrize(
    ("keyword", "event"),
    [
        ("@unauthorized-api-call", record("RunInstances", "ec2", errorCode="AccessDenied")),
        (
            "@unauthorized-api-call",
            record("RunInstances", "ec2", errorCode="Client.UnauthorizedOperation"),
        ),
        (
            "@console-sign-in-without-mfa",
            record("ConsoleLogin", "signin", additionalEventData={"MFAUsed": "No"}),
        ),
        ("@console-sign-in-without-mfa", record("ConsoleLogin", "signin")),
        ("@root-usage", record("ListUsers", **root(readOnly=True))),
        ("@iam-policy-changes", record("CreatePolicy")),
        ("@cloudtrail-configuration-changes", record("StopLogging", "cloudtrail")),
        (
            "@console-authentication-failures",
            record("ConsoleLogin", "signin", errorMessage="Failed authentication"),
        ),
        ("@cmk-disable-or-deletion", record("ScheduleKeyDeletion", "kms")),
        ("@s3-bucket-policy-changes", record("PutBucketAcl", "s3")),
        ("@aws-config-changes", record("PutDeliveryChannel", "config")),
        ("@security-group-changes", record("AuthorizeSecurityGroupIngress", "ec2")),
        ("@network-acl-changes", record("ReplaceNetworkAclEntry", "ec2")),
        ("@network-gateway-changes", record("AttachInternetGateway", "ec2")),
        ("@route-table-changes", record("ReplaceRoute", "ec2")),
        ("@vpc-changes", record("DeleteVpc", "ec2")),
        ("@organizations-changes", record("CreatePolicy", "organizations")),
    ],
)
def test_each_pattern_finds_its_events(keyword: str, event: Record) -> None:
    assert keyword in Wanted(PATTERNS).of(event)


@pytest.mark.parametrize(
    "event",
    [
        record("CreateUser"),
        record("GetBucketPolicy", "s3", readOnly=True, errorCode="AccessDenied"),
        record("CreatePolicy", "iot"),
        record("DeleteVpc", "ec2", eventCategory="Data"),
        record("RunInstances", "ec2", errorCode="InvalidParameter"),
        record("PutKeyPolicy", "kms", userIdentity={"type": "Root", "invokedBy": "s3"}),
        record("CreateUser", **root(eventType="AwsServiceEvent")),
        record("DeleteVpc", "ec2", readOnly="true"),
    ],
)
def test_other_events_are_nobodys(event: Record) -> None:
    assert Wanted(PATTERNS).of(event) == []


def test_a_sign_in_with_mfa_is_no_sign_in_without() -> None:
    event = record("ConsoleLogin", "signin", additionalEventData={"MFAUsed": "Yes"})
    assert Wanted([*PATTERNS, "ConsoleLogin"]).of(event) == ["ConsoleLogin"]


def test_a_name_may_say_its_service_as_audit_manager_writes_it() -> None:
    wanted = Wanted(["CreatePolicy", "iam_CreatePolicy", "organizations_CreatePolicy"])
    assert wanted.of(record("CreatePolicy")) == ["CreatePolicy", "iam_CreatePolicy"]
    assert wanted.of(record("CreatePolicy", "organizations")) == [
        "CreatePolicy",
        "organizations_CreatePolicy",
    ]


@pytest.mark.parametrize(
    ("name", "source"),
    [("Decrypt", "kms"), ("GenerateDataKey", "kms"), ("AssumeRole", "sts"), ("X", "kinesisvideo")],
)
def test_read_only_and_noisy_events_are_left_out_unless_root_did_it(name: str, source: str) -> None:
    wanted = Wanted([name, f"{source}_{name}", UNAUTHORIZED])
    assert wanted.of(record(name, source)) == []
    assert wanted.of(record(name, source, errorCode="AccessDenied")) == []
    assert wanted.of(record("GetUser", "iam", readOnly=True)) == []
    assert Wanted([name, ROOT_USAGE]).of(record(name, source, **root())) == [ROOT_USAGE]


def test_only_root_usage_needs_calls_that_read() -> None:
    assert Wanted([ROOT_USAGE]).reads
    assert not Wanted([keyword for keyword in PATTERNS if keyword != ROOT_USAGE]).reads
    assert Wanted(["@unknown"]).of(record("DeleteVpc", "ec2", **root())) == []
