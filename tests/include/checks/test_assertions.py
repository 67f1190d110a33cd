"""Assertions: what passes, what fails, and that nothing missing or malformed ever passes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.checks.assertions import ASSERTIONS
from include.checks.catalogue import load_catalogue

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
#: Each assertion's parameters, as the catalogue gives them.
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    source.assertion: check.parameter_values
    for check in load_catalogue().values()
    for source in check.sources
    if source.assertion
}
ROOT = "arn:aws:iam::111111111111:root"
TRAIL = {"TrailARN": "arn:aws:cloudtrail:eu-west-1:111111111111:trail/all", "Name": "all"}
ALL_V4 = [{"CidrIp": "0.0.0.0/0"}]
ALL_V6 = [{"CidrIpv6": "::/0"}]


def ask(name: str, item: Any, related: Any = None, parameters: Any = None) -> str:
    given_parameters = PARAMETERS[name] if parameters is None else parameters
    return ASSERTIONS[name](item, related or {}, given_parameters, AS_OF)


def rule(protocol: Any = "tcp", first: Any = 22, last: Any = 22, **more: Any) -> dict[str, Any]:
    return {
        "IpProtocol": protocol,
        "FromPort": first,
        "ToPort": last,
        "UserIdGroupPairs": [],
        **more,
    }


def group(*rules: Any, egress: tuple[Any, ...] = (), name: str = "web") -> dict[str, Any]:
    return {
        "GroupId": "sg-1",
        "GroupName": name,
        "IpPermissions": list(rules),
        "IpPermissionsEgress": list(egress),
    }


def user(**columns: str) -> dict[str, str]:
    return {
        "user": "ana",
        "password_enabled": "true",
        "mfa_active": "true",
        "access_key_1_active": "true",
        "access_key_2_active": "false",
        **columns,
    }


LICENCE = {"LicenseCountingType": "vCPU", "Name": "sql-server"}


def limited(**members: Any) -> dict[str, Any]:
    return {**LICENCE, "LicenseCount": 10, **members}


CASES: list[tuple[str, Any, str]] = [
    ("alternate_contact_present", {}, "FAIL"),
    (
        "alternate_contact_present",
        {"AlternateContactType": "SECURITY", "EmailAddress": "sec@example.com"},
        "PASS",
    ),
    # A billing contact says nothing of the security contact.
    (
        "alternate_contact_present",
        {"AlternateContactType": "BILLING", "EmailAddress": "bill@example.com"},
        "UNANSWERED",
    ),
    ("alternate_contact_present", {"EmailAddress": " "}, "UNANSWERED"),
    ("root_has_no_access_key", {"AccountAccessKeysPresent": 0}, "PASS"),
    ("root_has_no_access_key", {"AccountAccessKeysPresent": 1}, "FAIL"),
    ("root_has_no_access_key", {"AccountAccessKeysPresent": False}, "UNANSWERED"),
    ("root_has_no_access_key", {"AccountAccessKeysPresent": "0"}, "UNANSWERED"),
    ("root_mfa_enabled", {"AccountMFAEnabled": 1}, "PASS"),
    ("root_mfa_enabled", {"AccountMFAEnabled": 0}, "FAIL"),
    ("root_mfa_enabled", {"Users": 3}, "UNANSWERED"),
    ("password_policy_minimum_length", {"MinimumPasswordLength": 14}, "PASS"),
    ("password_policy_minimum_length", {"MinimumPasswordLength": 13}, "FAIL"),
    ("password_policy_minimum_length", {}, "FAIL"),
    ("password_policy_minimum_length", {"RequireSymbols": True}, "UNANSWERED"),
    ("password_policy_reuse_prevention", {"PasswordReusePrevention": 24}, "PASS"),
    ("password_policy_reuse_prevention", {"PasswordReusePrevention": 5}, "FAIL"),
    ("password_policy_reuse_prevention", {}, "FAIL"),
    # IAM leaves the member out of a policy that doesn't limit reuse.
    ("password_policy_reuse_prevention", {"MinimumPasswordLength": 14}, "FAIL"),
    ("password_policy_reuse_prevention", {"RequireSymbols": True}, "UNANSWERED"),
    ("console_user_has_mfa", user(), "PASS"),
    ("console_user_has_mfa", user(mfa_active="false"), "FAIL"),
    ("console_user_has_mfa", user(password_enabled="false", mfa_active="false"), "NOT_APPLICABLE"),
    ("console_user_has_mfa", user(password_enabled="no_information"), "UNANSWERED"),
    ("console_user_has_mfa", user(mfa_active=""), "UNANSWERED"),
    # The root row has a check of its own, and its password column is not_supported.
    (
        "console_user_has_mfa",
        user(user="<root_account>", password_enabled="not_supported", mfa_active="false"),
        "NOT_APPLICABLE",
    ),
    ("console_user_has_mfa", {"password_enabled": "true", "mfa_active": "true"}, "UNANSWERED"),
    ("at_most_one_active_key", user(), "PASS"),
    ("at_most_one_active_key", user(access_key_2_active="true"), "FAIL"),
    ("at_most_one_active_key", user(access_key_2_active="N/A"), "PASS"),
    ("at_most_one_active_key", user(access_key_1_active="?"), "UNANSWERED"),
    (
        "at_most_one_active_key",
        user(user="<root_account>", access_key_2_active="true"),
        "NOT_APPLICABLE",
    ),
    ("external_analyzer_active", {"analyzers": []}, "FAIL"),
    ("external_analyzer_active", {}, "UNANSWERED"),
    ("external_analyzer_active", {"analyzers": [{"type": "ACCOUNT", "status": "ACTIVE"}]}, "PASS"),
    (
        "external_analyzer_active",
        {"analyzers": [{"type": "ORGANIZATION", "status": "ACTIVE"}]},
        "PASS",
    ),
    (
        "external_analyzer_active",
        {"analyzers": [{"type": "ACCOUNT", "status": "DISABLED"}]},
        "FAIL",
    ),
    # An analyzer of unused access looks at something else.
    (
        "external_analyzer_active",
        {"analyzers": [{"type": "ACCOUNT_UNUSED_ACCESS", "status": "ACTIVE"}]},
        "FAIL",
    ),
    ("external_analyzer_active", {"analyzers": [{"type": "ACCOUNT"}]}, "UNANSWERED"),
    ("ebs_encrypted_by_default", {"EbsEncryptionByDefault": True}, "PASS"),
    ("ebs_encrypted_by_default", {"EbsEncryptionByDefault": False}, "FAIL"),
    ("ebs_encrypted_by_default", {"EbsEncryptionByDefault": "true"}, "UNANSWERED"),
    ("multi_region_trail_exists", {"trailList": [{**TRAIL, "IsMultiRegionTrail": True}]}, "PASS"),
    ("multi_region_trail_exists", {"trailList": [{**TRAIL, "IsMultiRegionTrail": False}]}, "FAIL"),
    ("multi_region_trail_exists", {"trailList": []}, "FAIL"),
    ("multi_region_trail_exists", {"trailList": [TRAIL]}, "UNANSWERED"),
    ("multi_region_trail_exists", {**TRAIL, "IsMultiRegionTrail": True}, "UNANSWERED"),
    ("trail_validates_log_files", {**TRAIL, "LogFileValidationEnabled": True}, "PASS"),
    ("trail_validates_log_files", {**TRAIL, "LogFileValidationEnabled": False}, "FAIL"),
    ("trail_validates_log_files", TRAIL, "UNANSWERED"),
    ("trail_is_kms_encrypted", {**TRAIL, "KmsKeyId": "arn:aws:kms:::key/1"}, "PASS"),
    # CloudTrail leaves the member out of a trail without a key.
    ("trail_is_kms_encrypted", TRAIL, "FAIL"),
    ("trail_is_kms_encrypted", {"KmsKeyId": "arn:aws:kms:::key/1"}, "UNANSWERED"),
    ("trail_is_kms_encrypted", {**TRAIL, "KmsKeyId": 7}, "UNANSWERED"),
    # Port 445, both versions of IP.
    ("no_port_open_to_world", group(), "PASS"),
    ("no_port_open_to_world", group(rule(first=445, last=445, IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world", group(rule(first=445, last=445, Ipv6Ranges=ALL_V6)), "FAIL"),
    ("no_port_open_to_world", group(rule(first=440, last=450, Ipv6Ranges=ALL_V6)), "FAIL"),
    ("no_port_open_to_world", group(rule(first=446, last=450, Ipv6Ranges=ALL_V6)), "PASS"),
    # Administration ports.
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule(first=3389, last=3389, IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule(first=0, last=65535, IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule(first=23, last=3388, IpRanges=ALL_V4)), "PASS"),
    ("no_port_open_to_world_ipv4", group(rule(first=443, last=443, IpRanges=ALL_V4)), "PASS"),
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=[{"CidrIp": "10.0.0.0/8"}])), "PASS"),
    ("no_port_open_to_world_ipv4", group(rule("17", IpRanges=ALL_V4)), "FAIL"),
    # EC2 leaves ports out when all protocols are meant.
    ("no_port_open_to_world_ipv4", group({"IpProtocol": "-1", "IpRanges": ALL_V4}), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule("tcp", -1, -1, IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule("icmp", -1, -1, IpRanges=ALL_V4)), "PASS"),
    ("no_port_open_to_world_ipv4", group(rule("icmp", 8, -1, IpRanges=ALL_V4)), "PASS"),
    ("no_port_open_to_world_ipv4", group(rule("50", IpRanges=ALL_V4)), "PASS"),
    # IPv6 belongs to the other check.
    ("no_port_open_to_world_ipv4", group(rule(Ipv6Ranges=ALL_V6)), "PASS"),
    ("no_port_open_to_world_ipv6", group(rule(IpRanges=ALL_V4)), "PASS"),
    ("no_port_open_to_world_ipv6", group(rule(Ipv6Ranges=ALL_V6)), "FAIL"),
    ("no_port_open_to_world_ipv6", group(rule(Ipv6Ranges=[{"CidrIpv6": "0:0::0/0"}])), "FAIL"),
    ("no_port_open_to_world_ipv6", group({"IpProtocol": "-1", "Ipv6Ranges": ALL_V6}), "FAIL"),
    ("no_port_open_to_world_ipv6", group(rule(Ipv6Ranges=[{"CidrIpv6": "fd00::/8"}])), "PASS"),
    # Two halves of the internet are the internet, in one rule or in two.
    (
        "no_port_open_to_world_ipv4",
        group(rule(IpRanges=[{"CidrIp": "0.0.0.0/1"}]), rule(IpRanges=[{"CidrIp": "128.0.0.0/1"}])),
        "FAIL",
    ),
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=[{"CidrIp": "0.0.0.0/1"}])), "PASS"),
    # A referenced group isn't the world; a prefix list might be.
    (
        "no_port_open_to_world_ipv4",
        group(rule(IpRanges=[], UserIdGroupPairs=[{"GroupId": "sg-2", "UserId": "222222222222"}])),
        "PASS",
    ),
    (
        "no_port_open_to_world_ipv4",
        group(rule(PrefixListIds=[{"PrefixListId": "pl-1"}])),
        "UNANSWERED",
    ),
    (
        "no_port_open_to_world_ipv4",
        group(rule(first=443, last=443, PrefixListIds=[{"PrefixListId": "pl-1"}])),
        "PASS",
    ),
    # What is certain outweighs what is unclear, in either order.
    ("no_port_open_to_world_ipv4", group(rule(None), rule(IpRanges=ALL_V4)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=ALL_V4), rule(None)), "FAIL"),
    ("no_port_open_to_world_ipv4", group(rule(None)), "UNANSWERED"),
    ("no_port_open_to_world_ipv4", group(rule(first=None, IpRanges=ALL_V4)), "UNANSWERED"),
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=[{"CidrIp": "world"}])), "UNANSWERED"),
    ("no_port_open_to_world_ipv4", group(rule(IpRanges=[{}])), "UNANSWERED"),
    ("no_port_open_to_world_ipv4", group("open"), "UNANSWERED"),
    ("no_port_open_to_world_ipv4", {"GroupId": "sg-1"}, "UNANSWERED"),
    ("default_group_is_closed", group(name="default"), "PASS"),
    ("default_group_is_closed", group(rule(), name="default"), "FAIL"),
    (
        "default_group_is_closed",
        group(egress=({"IpProtocol": "-1", "IpRanges": ALL_V4},), name="default"),
        "FAIL",
    ),
    (
        "default_group_is_closed",
        group({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-1"}]}, name="default"),
        "FAIL",
    ),
    ("default_group_is_closed", group(rule(IpRanges=ALL_V4)), "NOT_APPLICABLE"),
    (
        "default_group_is_closed",
        {"GroupId": "sg-1", "GroupName": "default", "IpPermissions": []},
        "UNANSWERED",
    ),
    ("instance_has_profile", {"InstanceId": "i-1", "IamInstanceProfile": {"Arn": "a"}}, "PASS"),
    ("instance_has_profile", {"InstanceId": "i-1"}, "FAIL"),
    ("instance_has_profile", {"InstanceId": "i-1", "IamInstanceProfile": None}, "FAIL"),
    ("instance_has_profile", {"InstanceId": "i-1", "IamInstanceProfile": {}}, "UNANSWERED"),
    ("instance_has_profile", {"InstanceId": "i-1", "State": {"Name": "stopped"}}, "FAIL"),
    (
        "instance_has_profile",
        {"InstanceId": "i-1", "State": {"Name": "terminated"}},
        "NOT_APPLICABLE",
    ),
    ("instance_has_profile", {}, "UNANSWERED"),
    (
        "imdsv2_required",
        {"InstanceId": "i-1", "MetadataOptions": {"HttpTokens": "required"}},
        "PASS",
    ),
    (
        "imdsv2_required",
        {"InstanceId": "i-1", "MetadataOptions": {"HttpTokens": "optional"}},
        "FAIL",
    ),
    ("imdsv2_required", {"InstanceId": "i-1", "MetadataOptions": {}}, "UNANSWERED"),
    ("imdsv2_required", {"InstanceId": "i-1"}, "UNANSWERED"),
    ("licence_limit_is_set", {**LICENCE, "LicenseCount": 0}, "PASS"),
    ("licence_limit_is_set", LICENCE, "FAIL"),
    ("licence_limit_is_set", {**LICENCE, "LicenseCount": "10"}, "UNANSWERED"),
    ("licence_limit_is_set", {"LicenseCount": 10}, "UNANSWERED"),
    ("licence_limit_is_enforced", limited(LicenseCountHardLimit=True), "PASS"),
    ("licence_limit_is_enforced", limited(LicenseCountHardLimit=False), "FAIL"),
    ("licence_limit_is_enforced", limited(), "UNANSWERED"),
    ("licence_limit_is_enforced", {**LICENCE, "LicenseCountHardLimit": False}, "NOT_APPLICABLE"),
    ("licences_within_limit", limited(ConsumedLicenses=10), "PASS"),
    ("licences_within_limit", limited(ConsumedLicenses=11), "FAIL"),
    ("licences_within_limit", limited(), "UNANSWERED"),
    ("licences_within_limit", {**LICENCE, "ConsumedLicenses": 11}, "NOT_APPLICABLE"),
    # What is seen only in part can be too much, never little enough.
    ("licences_within_limit", limited(ConsumedLicensesAtLeast=11), "FAIL"),
    ("licences_within_limit", limited(ConsumedLicensesAtLeast=0), "UNANSWERED"),
]


@pytest.mark.parametrize(("name", "item", "expected"), CASES)
def test_an_item(name: str, item: Any, expected: str) -> None:
    assert ask(name, item) == expected


def device(**members: Any) -> dict[str, Any]:
    return {"SerialNumber": "arn:aws:iam::111111111111:mfa/ana", **members}


@pytest.mark.parametrize(
    ("enabled", "devices", "expected"),
    [
        (0, [], "FAIL"),
        (1, [], "PASS"),
        (1, [device(User={"Arn": "arn:aws:iam::111111111111:user/ana"})], "PASS"),
        (1, [device()], "PASS"),  # made, never assigned
        (1, [device(User={"Arn": ROOT})], "FAIL"),
        (1, [device(SerialNumber="arn:aws:iam::111111111111:mfa/root-account-mfa-device")], "FAIL"),
        # In use, but by whom? It could be the root user's.
        (1, [device(EnableDate="2026-01-01T00:00:00Z")], "UNANSWERED"),
        (1, [device(User={})], "UNANSWERED"),
        (1, [device(User={}), device(User={"Arn": ROOT})], "FAIL"),
        (1, [{}], "UNANSWERED"),
        (1, ["device"], "UNANSWERED"),
        (None, [], "UNANSWERED"),
    ],
)
def test_root_hardware_mfa_is_mfa_without_a_virtual_device_of_root(
    enabled: Any, devices: list[Any], expected: str
) -> None:
    related = {"iam_ListVirtualMFADevices": devices}
    assert ask("root_mfa_is_hardware", {"AccountMFAEnabled": enabled}, related) == expected


def test_root_hardware_mfa_is_unanswered_without_the_list_of_devices() -> None:
    assert ask("root_mfa_is_hardware", {"AccountMFAEnabled": 1}) == "UNANSWERED"


def flow_log(vpc: str = "vpc-1", status: Any = "ACTIVE", traffic: Any = "ALL", **more: Any) -> Any:
    return {"ResourceId": vpc, "FlowLogStatus": status, "TrafficType": traffic, **more}


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([], "FAIL"),
        ([flow_log()], "PASS"),
        ([flow_log(traffic="REJECT")], "PASS"),
        ([flow_log(traffic="ACCEPT")], "FAIL"),
        ([flow_log(vpc="vpc-2")], "FAIL"),
        ([flow_log(status="INACTIVE")], "FAIL"),
        ([flow_log(DeliverLogsStatus="FAILED")], "FAIL"),
        ([flow_log(DeliverLogsStatus="FAILED"), flow_log(DeliverLogsStatus="SUCCESS")], "PASS"),
        ([flow_log(traffic=None)], "UNANSWERED"),
        ([{}], "UNANSWERED"),
    ],
)
def test_a_vpc_has_a_flow_log_that_shows_rejected_traffic(logs: list[Any], expected: str) -> None:
    related = {"ec2_DescribeFlowLogs": logs}
    assert ask("vpc_has_active_flow_log", {"VpcId": "vpc-1"}, related) == expected


def test_a_vpc_is_unanswered_without_the_list_of_flow_logs() -> None:
    assert ask("vpc_has_active_flow_log", {"VpcId": "vpc-1"}) == "UNANSWERED"


def test_every_assertion_can_pass_and_fail() -> None:
    seen = {(name, expected) for name, _, expected in CASES}
    apart = {"root_mfa_is_hardware", "vpc_has_active_flow_log"}
    for name in set(ASSERTIONS) - apart:
        assert (name, "PASS") in seen and (name, "FAIL") in seen, name


@pytest.mark.parametrize("ports", [None, "", "ssh", [], "22,", "70000", {"a": 1}])
def test_unreadable_ports_never_pass(ports: Any) -> None:
    assert ask("no_port_open_to_world", group(), parameters={"ports": ports}) == "UNANSWERED"


@pytest.mark.parametrize("name", sorted(ASSERTIONS))
@pytest.mark.parametrize("item", [None, [], "text", 1, {"unknown": 1}])
def test_a_malformed_item_never_passes(name: str, item: Any) -> None:
    assert ask(name, item) == "UNANSWERED"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
#: A good item for each assertion; below, one member of it is replaced by anything at all.
GOOD = {name: item for name, item, expected in CASES if expected == "PASS" and item}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 20), JSON)
def test_any_member_may_be_anything_and_it_still_answers(name: str, which: int, value: Any) -> None:
    member = sorted(GOOD[name])[which % len(GOOD[name])]
    answer = ask(name, {**GOOD[name], member: value})
    assert answer in ("PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED")


DECIDING = {
    "root_has_no_access_key": "AccountAccessKeysPresent",
    "root_mfa_enabled": "AccountMFAEnabled",
    "password_policy_minimum_length": "MinimumPasswordLength",
    "console_user_has_mfa": "mfa_active",
    "external_analyzer_active": "analyzers",
    "ebs_encrypted_by_default": "EbsEncryptionByDefault",
    "multi_region_trail_exists": "trailList",
    "trail_validates_log_files": "LogFileValidationEnabled",
    "no_port_open_to_world_ipv4": "IpPermissions",
    "default_group_is_closed": "IpPermissionsEgress",
    "imdsv2_required": "MetadataOptions",
    "licence_limit_is_set": "LicenseCount",
    "licence_limit_is_enforced": "LicenseCountHardLimit",
    "licences_within_limit": "ConsumedLicenses",
}


@pytest.mark.parametrize("name", sorted(DECIDING))
def test_without_the_member_that_decides_nothing_passes(name: str) -> None:
    item = dict(GOOD[name])
    del item[DECIDING[name]]
    assert ask(name, item) != "PASS"
