"""What passes and what fails, told by facts alone."""

from __future__ import annotations

import pytest

from include.local_aws.estate.evaluate import failing, recorded_at, verdicts
from include.local_aws.estate.predicates import PREDICATES
from include.local_aws.estate.store import Resource

DAY = 86_400
USER = Resource("arn:aws:iam::1:user/jdoe", "AWS::IAM::User", "1", None, "AIDA", "jdoe", 0, None)


def _passes(check: str, **facts) -> bool:
    return bool(PREDICATES[check].passes({"created": 0, **facts}, 0))


def _tcp(first: int, last: int, v4: str = "", v6: str = "") -> list[dict]:
    return [
        {
            "IpProtocol": "tcp",
            "FromPort": first,
            "ToPort": last,
            "IpRanges": [{"CidrIp": v4}] if v4 else [],
            "Ipv6Ranges": [{"CidrIpv6": v6}] if v6 else [],
        }
    ]


@pytest.mark.parametrize(
    ("device", "mfa", "hardware"),
    [("none", False, False), ("virtual", True, False), ("hardware", True, True)],
)
def test_one_device_decides_two_checks(device: str, mfa: bool, hardware: bool) -> None:
    assert _passes("root-mfa", RootMfa=device) is mfa
    assert _passes("root-hardware-mfa", RootMfa=device) is hardware


@pytest.mark.parametrize(
    ("policy", "length", "reuse"),
    [
        (None, False, False),
        ({"MinimumPasswordLength": 14, "PasswordReusePrevention": 24}, True, True),
        ({"MinimumPasswordLength": 13, "PasswordReusePrevention": 24}, False, True),
        ({"MinimumPasswordLength": 20}, True, False),
    ],
)
def test_one_password_policy_decides_two_checks(policy, length: bool, reuse: bool) -> None:
    assert _passes("password-policy-length", PasswordPolicy=policy) is length
    assert _passes("password-policy-reuse", PasswordPolicy=policy) is reuse


@pytest.mark.parametrize(
    ("permissions", "ipv4", "ipv6", "cifs"),
    [
        ([], True, True, True),
        (_tcp(22, 22, "10.0.0.0/8"), True, True, True),
        (_tcp(20, 25, "0.0.0.0/0"), False, True, True),
        (_tcp(3389, 3389, v6="::/0"), True, False, True),
        (_tcp(0, 65535, "0.0.0.0/0", "::/0"), False, False, False),
        (_tcp(443, 446, v6="::/0"), True, True, False),
        ([{**_tcp(0, 0, "0.0.0.0/0")[0], "IpProtocol": "-1"}], False, True, False),
    ],
)
def test_inbound_rules_decide_three_checks(permissions, ipv4, ipv6, cifs) -> None:
    assert _passes("sg-no-open-admin-ipv4", IpPermissions=permissions) is ipv4
    assert _passes("sg-no-open-admin-ipv6", IpPermissions=permissions) is ipv6
    assert _passes("sg-no-open-cifs", IpPermissions=permissions) is cifs


def _entry(number: int, action: str, first: int, last: int) -> dict:
    return {
        "RuleNumber": number,
        "RuleAction": action,
        "Egress": False,
        "Protocol": "6",
        "CidrBlock": "0.0.0.0/0",
        "PortRange": {"From": first, "To": last},
    }


@pytest.mark.parametrize(
    ("entries", "passes"),
    [
        ([_entry(100, "allow", 1024, 65535)], False),
        ([_entry(100, "allow", 1024, 65535), _entry(90, "deny", 3389, 3389)], True),
        ([_entry(100, "allow", 1024, 65535), _entry(110, "deny", 3389, 3389)], False),
        ([_entry(100, "allow", 443, 443)], True),
    ],
)
def test_the_lowest_matching_acl_entry_decides(entries, passes: bool) -> None:
    assert _passes("nacl-no-open-admin-ports", Entries=entries) is passes


def test_a_key_is_too_old_one_second_after_its_ninetieth_day() -> None:
    key = {"AccessKeyId": "A", "Status": "Active", "CreateDate": 100, "LastUsed": None}
    off = {**key, "Status": "Inactive"}
    history = {"AccessKeys": [([key], 0, 200 * DAY), ([off], 200 * DAY, None)]}
    turns = verdicts(PREDICATES["access-keys-rotated"], USER, history, 400 * DAY)
    assert failing(turns, USER) == [(100 + 90 * DAY + 1, 200 * DAY)]


def test_age_counts_to_the_clock_and_not_beyond() -> None:
    key = {"AccessKeyId": "A", "Status": "Active", "CreateDate": 0, "LastUsed": None}
    history = {"AccessKeys": [([key], 0, None)]}
    for until, fails in ((90 * DAY, []), (90 * DAY + 1, [(90 * DAY + 1, None)])):
        turns = verdicts(PREDICATES["access-keys-rotated"], USER, history, until)
        assert failing(turns, USER) == fails


def test_use_restarts_the_count_of_idle_days() -> None:
    history = {
        "AccessKeys": [([], 0, None)],
        "Console": [(True, 0, None)],
        "PasswordLastUsed": [(None, 0, 60 * DAY), (60 * DAY, 60 * DAY, None)],
    }
    turns = verdicts(PREDICATES["unused-credentials"], USER, history, 200 * DAY)
    assert failing(turns, USER) == [(45 * DAY + 1, 60 * DAY), (105 * DAY + 1, None)]


@pytest.mark.parametrize("periodic", [True, False])
def test_a_change_in_the_last_second_of_a_month_is_recorded_in_it(periodic: bool) -> None:
    last_second = 1_793_491_199  # 2026-10-31T23:59:59Z
    assert recorded_at(last_second, None, "each", "rule", periodic) == last_second
    before = last_second - 20 * DAY
    assert before < recorded_at(before, None, "each", "rule", periodic) <= before + DAY
    assert recorded_at(before, before + 5, "each", "rule", periodic) == before
