"""IAM, account, Access Analyzer and EC2 reads as the estate answers them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from include.local_aws.services.moments import epoch
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_account import CONTACT
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    OTHER,
    START,
    Ask,
    all_pages,
    t,
)

SEPTEMBER = {"now": datetime(2026, 9, 1, tzinfo=UTC)}


def refused(ask: Ask, service: str, operation: str, **params: Any) -> str:
    with pytest.raises(ServiceError) as error:
        ask(service, operation, **params)
    return error.value.code


def report(ask: Ask, **params: Any) -> dict[str, dict[str, str]]:
    assert ask("iam", "GenerateCredentialReport")["State"] == "COMPLETE"
    text = ask("iam", "GetCredentialReport", **params)["Content"].decode()
    return {row["user"]: row for row in csv.DictReader(io.StringIO(text))}


def test_credential_report_has_the_root_user_first_and_every_user(ask: Ask) -> None:
    rows = report(ask)
    assert list(rows) == ["<root_account>", "alice", "bob", "svc-export"]
    root = rows["<root_account>"]
    assert (root["password_enabled"], root["mfa_active"]) == ("not_supported", "true")
    assert root["access_key_1_active"] == "false"
    assert report(ask, _at=SEPTEMBER)["<root_account>"]["access_key_1_active"] == "true"
    alice, bob, service = rows["alice"], rows["bob"], rows["svc-export"]
    assert alice["user_creation_time"] == "2026-05-04T09:00:00+00:00"
    assert alice["password_last_used"] == "2026-10-30T08:00:00+00:00"
    assert (alice["mfa_active"], bob["mfa_active"]) == ("true", "false")
    assert bob["password_last_used"] == "no_information"
    assert (service["password_enabled"], service["password_last_used"]) == ("false", "N/A")
    assert (service["access_key_1_active"], service["access_key_2_active"]) == ("false", "true")
    assert service["access_key_1_last_used_date"] == "2026-05-04T09:00:30+00:00"
    assert service["access_key_2_last_used_date"] == "N/A"


def test_account_summary_and_password_policy_of_the_moment(ask: Ask) -> None:
    summary = ask("iam", "GetAccountSummary")["SummaryMap"]
    assert (summary["AccountMFAEnabled"], summary["AccountAccessKeysPresent"]) == (1, 0)
    assert (summary["Users"], summary["MFADevicesInUse"]) == (3, 2)
    before = ask("iam", "GetAccountSummary", _at=SEPTEMBER)["SummaryMap"]
    assert (before["AccountMFAEnabled"], before["AccountAccessKeysPresent"]) == (0, 1)
    policy = ask("iam", "GetAccountPasswordPolicy")["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] == 14
    assert refused(ask, "iam", "GetAccountPasswordPolicy", _at=SEPTEMBER) == "NoSuchEntity"


def test_virtual_mfa_devices_name_the_root_user(ask: Ask) -> None:
    devices = all_pages(
        ask, "iam", "ListVirtualMFADevices", "VirtualMFADevices", token="Marker", MaxItems=1
    )
    assert [one["SerialNumber"].rsplit("/", 1)[-1] for one in devices] == [
        "root-account-mfa-device",
        "alice",
    ]
    assert devices[0]["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert epoch(devices[0]["EnableDate"]) == t("2026-10-01T00:00:00")
    none = ask("iam", "ListVirtualMFADevices", AssignmentStatus="Unassigned")
    assert none == {"VirtualMFADevices": [], "IsTruncated": False}


def test_users_keys_devices_and_certificates(ask: Ask) -> None:
    users = all_pages(ask, "iam", "ListUsers", "Users", token="Marker", MaxItems=2)
    assert [one["UserName"] for one in users] == ["alice", "bob", "svc-export"]
    assert epoch(users[0]["CreateDate"]) == t("2026-05-04T09:00:00")
    assert ask("iam", "GetUser", UserName="bob")["User"]["UserId"] == "AIDA1"
    keys = ask("iam", "ListAccessKeys", UserName="svc-export")["AccessKeyMetadata"]
    assert [one["Status"] for one in keys] == ["Inactive", "Active"]
    used = ask("iam", "GetAccessKeyLastUsed", AccessKeyId="AKIA1")
    assert epoch(used["AccessKeyLastUsed"]["LastUsedDate"]) == t("2026-05-04T09:00:30")
    assert len(ask("iam", "ListMFADevices", UserName="alice")["MFADevices"]) == 1
    assert ask("iam", "ListMFADevices", UserName="bob")["MFADevices"] == []
    assert refused(ask, "iam", "ListAccessKeys", UserName="future") == "NoSuchEntity"
    listed = ask("iam", "ListServerCertificates")["ServerCertificateMetadataList"]
    assert [epoch(one["Expiration"]) for one in listed] == [t("2027-01-01T00:00:00")]
    assert refused(ask, "iam", "ListUsers", Marker="foreign") == "ValidationError"


def test_alternate_contacts(ask: Ask) -> None:
    asked = {"AlternateContactType": "SECURITY"}
    assert ask("account", "GetAlternateContact", **asked)["AlternateContact"] == CONTACT
    code = "ResourceNotFoundException"
    assert refused(ask, "account", "GetAlternateContact", **asked, _at=SEPTEMBER) == code
    assert refused(ask, "account", "GetAlternateContact", AlternateContactType="BILLING") == code
    # Only the management account may ask about another one.
    member = {"account": OTHER}
    denied = refused(ask, "account", "GetAlternateContact", **asked, AccountId=ACCOUNT, _at=member)
    assert denied == "AccessDeniedException"
    assert refused(ask, "account", "GetAlternateContact", **asked, AccountId=OTHER) == code


def test_contact_information_and_regions(ask: Ask) -> None:
    contact = ask("account", "GetContactInformation")["ContactInformation"]
    assert contact["CompanyName"] == "team-1"
    regions = all_pages(ask, "account", "ListRegions", "Regions", MaxResults=1)
    assert [one["RegionName"] for one in regions] == [AWAY, HOME]
    assert ask("account", "ListRegions", RegionOptStatusContains=["DISABLED"])["Regions"] == []


def test_analyzers(ask: Ask) -> None:
    found = ask("accessanalyzer", "ListAnalyzers", type="ACCOUNT")["analyzers"]
    assert [(one["status"], epoch(one["createdAt"])) for one in found] == [
        ("ACTIVE", t("2026-10-01T00:00:00"))
    ]
    assert ask("accessanalyzer", "ListAnalyzers", _at=SEPTEMBER)["analyzers"] == []
    assert ask("accessanalyzer", "ListAnalyzers", type="ORGANIZATION")["analyzers"] == []
    name = found[0]["name"]
    assert ask("accessanalyzer", "GetAnalyzer", analyzerName=name)["analyzer"] == found[0]
    gone = refused(ask, "accessanalyzer", "GetAnalyzer", analyzerName=name, _at={"region": AWAY})
    assert gone == "ResourceNotFoundException"


def by(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def groups(ask: Ask, **params: Any) -> list[str]:
    listed = all_pages(ask, "ec2", "DescribeSecurityGroups", "SecurityGroups", **params)
    return [one["GroupId"] for one in listed]


def test_security_groups_of_the_place_and_moment(ask: Ask) -> None:
    assert len(ask("ec2", "DescribeSecurityGroups")["SecurityGroups"]) == 129
    assert groups(ask, MaxResults=50) == groups(ask)
    assert groups(ask, _at={"region": AWAY}) == []
    early = {"now": datetime(2026, 10, 1, tzinfo=UTC)}
    assert len(groups(ask, _at=early)) == 130
    one = ask("ec2", "DescribeSecurityGroups", GroupIds=[f"sg-{0:017x}"], _at=early)
    assert one["SecurityGroups"][0]["IpPermissions"] == [{"IpProtocol": "tcp", "FromPort": 22}]
    assert (
        ask("ec2", "DescribeSecurityGroups", GroupIds=[f"sg-{0:017x}"])["SecurityGroups"][0][
            "IpPermissions"
        ]
        == []
    )


def test_ec2_filters_with_wildcards(ask: Ask) -> None:
    ones = by("group-name", "group-1*")  # group-1, 10 to 19, 100 to 128
    assert len(groups(ask, Filters=by("group-name", "group-1?"))) == 10
    assert len(groups(ask, Filters=ones)) == 40
    assert len(groups(ask, Filters=by("group-name", "group-1*", "group-2"))) == 41
    assert len(groups(ask, Filters=[*ones, *by("vpc-id", "vpc-2")])) == 20
    assert groups(ask, Filters=by("tag:team", "x")) == []
    open_ssh = by("ip-permission.from-port", "22")
    assert groups(ask, Filters=open_ssh, _at=SEPTEMBER) == [f"sg-{0:017x}"]


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("DescribeSecurityGroups", {"GroupIds": [f"sg-{129:017x}"]}, "InvalidGroup.NotFound"),
        ("DescribeSecurityGroups", {"GroupNames": ["none"]}, "InvalidGroup.NotFound"),
        ("DescribeSecurityGroups", {"Filters": by("colour", "red")}, "InvalidParameterValue"),
        ("DescribeSecurityGroups", {"MaxResults": 4}, "InvalidParameterValue"),
        ("DescribeSecurityGroups", {"NextToken": "x"}, "InvalidNextToken"),
        ("DescribeInstances", {"InstanceIds": ["i-1"]}, "InvalidInstanceID.NotFound"),
        (
            "DescribeInstances",
            {"InstanceIds": ["i-1"], "MaxResults": 5},
            "InvalidParameterCombination",
        ),
        ("DescribeVpcs", {"VpcIds": ["vpc-99"]}, "InvalidVpcID.NotFound"),
        ("DescribeVolumes", {"VolumeIds": ["vol-9"]}, "InvalidVolume.NotFound"),
        ("DescribeFlowLogs", {"FlowLogIds": ["fl-9"]}, "InvalidFlowLogId.NotFound"),
        ("DescribeRegions", {"RegionNames": ["mars-1"]}, "InvalidParameterValue"),
    ],
)
def test_ec2_refusals(ask: Ask, operation: str, params: dict[str, Any], code: str) -> None:
    assert refused(ask, "ec2", operation, **params) == code


def test_instances_vpcs_flow_logs_and_the_rest(ask: Ask) -> None:
    reservations = ask("ec2", "DescribeInstances")["Reservations"]
    first = reservations[0]["Instances"][0]
    assert len(reservations) == 3
    assert first["MetadataOptions"] == {"HttpTokens": "required"}
    assert epoch(first["LaunchTime"]) == START
    assert [("IamInstanceProfile" in r["Instances"][0]) for r in reservations] == [
        True,
        False,
        False,
    ]
    typed = ask("ec2", "DescribeInstances", Filters=by("instance-type", "m5.large"))
    assert typed["Reservations"] == []
    assert len(all_pages(ask, "ec2", "DescribeVpcs", "Vpcs", MaxResults=5)) == 7
    logs = ask("ec2", "DescribeFlowLogs")["FlowLogs"]
    assert [one["ResourceId"] for one in logs] == ["vpc-0", "vpc-1", "vpc-2"]
    one = ask("ec2", "DescribeFlowLogs", Filter=by("resource-id", "vpc-1"))["FlowLogs"]
    assert one == [logs[1]]
    acl = ask("ec2", "DescribeNetworkAcls", Filters=by("entry.rule-action", "allow"))
    assert acl["NetworkAcls"][0]["Entries"][0]["RuleNumber"] == 100
    encrypted = ask("ec2", "DescribeVolumes", Filters=by("encrypted", "true"))["Volumes"]
    assert [one["VolumeId"] for one in encrypted] == ["vol-1"]
    assert ask("ec2", "DescribeSubnets")["Subnets"][0]["VpcId"] == "vpc-1"
    assert ask("ec2", "GetEbsEncryptionByDefault")["EbsEncryptionByDefault"] is True
    away = {"region": AWAY}
    assert ask("ec2", "GetEbsEncryptionByDefault", _at=away)["EbsEncryptionByDefault"] is False
    assert [r["RegionName"] for r in ask("ec2", "DescribeRegions")["Regions"]] == [AWAY, HOME]
