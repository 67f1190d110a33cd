"""A deployed rule counts by its parameters: equal, only its PASS, only its FAIL, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from include.checks.catalogue import load_catalogue
from include.checks.check import Parameter
from include.checks.parameters import compare_parameters

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("check", "deployed", "expected"),
    [
        # Config gives numbers as strings.
        ("password-policy-length", {"MinimumPasswordLength": "14"}, "equal"),
        ("password-policy-length", {"MinimumPasswordLength": " 14 "}, "equal"),
        ("password-policy-length", {"MinimumPasswordLength": "16"}, "stricter"),
        ("password-policy-length", {"MinimumPasswordLength": "8"}, "weaker"),
        # As text, "9" would be more than "14".
        ("password-policy-length", {"MinimumPasswordLength": "9"}, "weaker"),
        ("password-policy-length", {"MinimumPasswordLength": "many"}, "other"),
        # AWS's defaults: 14 and 24 agree with the checks, 90 days don't with 45.
        ("password-policy-length", {}, "other"),
        ("password-policy-reuse", {}, "other"),
        ("access-keys-rotated", {}, "equal"),
        ("unused-credentials", {}, "weaker"),
        ("unused-credentials", {"maxCredentialUsageAge": "45"}, "equal"),
        ("unused-credentials", {"maxCredentialUsageAge": "30"}, "stricter"),
        ("access-keys-rotated", {"maxAccessKeyAge": "30"}, "stricter"),
        ("access-keys-rotated", {"maxAccessKeyAge": "180"}, "weaker"),
        # One rule that asks two things: its FAIL may be about the other one.
        (
            "password-policy-length",
            {"MinimumPasswordLength": "14", "PasswordReusePrevention": "24"},
            "stricter",
        ),
        ("password-policy-length", {"RequireSymbols": "true"}, "other"),
        ("password-policy-length", {"RequireSymbols": "false"}, "other"),
        (
            "password-policy-length",
            {"MinimumPasswordLength": "8", "RequireSymbols": "true"},
            "other",
        ),
        # Lists are sets, however they are written.
        ("sg-no-open-admin-ipv4", {"restrictPorts": "22,3389", "ipType": "IPv4"}, "equal"),
        ("sg-no-open-admin-ipv4", {"restrictPorts": "3389, 22", "ipType": "ipv4"}, "equal"),
        ("sg-no-open-admin-ipv4", {"restrictPorts": "22,3389,80", "ipType": "IPv4"}, "stricter"),
        ("sg-no-open-admin-ipv4", {"restrictPorts": "22", "ipType": "IPv4"}, "weaker"),
        ("sg-no-open-admin-ipv4", {"restrictPorts": "22,80", "ipType": "IPv4"}, "other"),
        ("sg-no-open-admin-ipv4", {"restrictPorts": "22,3389", "ipType": "IPv6"}, "other"),
        ("sg-no-open-admin-ipv4", {}, "other"),
        ("sg-no-open-admin-ipv4", {"ipType": "IPv4", "protocolType": "ALL"}, "equal"),
        ("sg-no-open-admin-ipv4", {"ipType": "IPv4", "protocolType": "tcp"}, "weaker"),
        # One by one, as the rule took them first; what isn't named keeps AWS's own port.
        ("no-open-rdp-port", {"blockedPort1": "22"}, "stricter"),
        ("no-open-rdp-port", {"blockedPort3": "22"}, "other"),
        ("support-role", {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"}, "equal"),
        ("support-role", {"policyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "other"),
        (
            "support-role",
            {
                "policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess",
                "policyUsageType": "IAM_ROLE",
            },
            "stricter",
        ),
        ("efs-encrypted-with-key", {}, "equal"),
        ("efs-encrypted-with-key", {"KmsKeyId": "arn:aws:kms:::key/1"}, "stricter"),
        ("efs-encrypted-with-key", {"KmsKeyId": ""}, "equal"),
        ("s3-bucket-public-access-blocked", {"excludedPublicBuckets": "website"}, "weaker"),
        ("s3-account-public-access-blocked", {"BlockPublicAcls": "False"}, "weaker"),
        ("s3-account-public-access-blocked", {"BlockPublicAcls": "True"}, "equal"),
        ("root-mfa", {"somethingNew": "1"}, "other"),
    ],
)
def test_a_config_rule(check: str, deployed: dict[str, Any], expected: str) -> None:
    assert compare_parameters(CATALOGUE[check], deployed) == expected


@pytest.mark.parametrize(
    ("check", "deployed", "expected"),
    [
        ("unused-credentials", {}, "equal"),
        ("sg-no-open-admin-ipv6", {}, "equal"),
        ("password-policy-length", {"minimumPasswordLength": 8}, "weaker"),
        (
            "password-policy-length",
            {"minimumPasswordLength": {"ValueType": "CUSTOM", "Value": {"Integer": 20}}},
            "stricter",
        ),
        ("password-policy-length", {"minimumPasswordLength": {"ValueType": "DEFAULT"}}, "equal"),
    ],
)
def test_a_security_hub_control_is_equal_unless_customised(
    check: str, deployed: dict[str, Any], expected: str
) -> None:
    assert compare_parameters(CATALOGUE[check], deployed, "security_hub") == expected


def test_what_the_catalogue_itself_asks_of_a_rule_is_equal() -> None:
    for check in CATALOGUE.values():
        for source in ("aws_config", "security_hub"):
            if source in check.by_source:
                given = {name: _told(value) for name, value in check.parameter_values.items()}
                assert compare_parameters(check, given, source) == "equal", check.id


def _told(value: Any) -> str:
    """As Config tells it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(
    ("stricter", "deployed", "expected"),
    [
        ("any", "whatever the organisation chose", "equal"),
        ("subset", "443", "stricter"),
        ("subset", "80,443", "equal"),
        ("subset", "80,443,8080", "weaker"),
        ("superset", "443", "weaker"),
        ("superset", "80,443,8080", "stricter"),
    ],
)
def test_which_way_is_stricter(stricter: str, deployed: str, expected: str) -> None:
    own = (
        {"stricter": stricter} if stricter == "any" else {"value": (80, 443), "stricter": stricter}
    )
    check = CATALOGUE["root-mfa"].model_copy(
        update={"parameters": {"ports": Parameter.model_validate(own)}}
    )
    assert compare_parameters(check, {"ports": deployed}) == expected


def test_an_optional_parameter_that_is_not_given_asks_nothing() -> None:
    optional = Parameter(value="", stricter="subset", optional=True)
    check = CATALOGUE["root-mfa"].model_copy(update={"parameters": {"exempted": optional}})
    assert compare_parameters(check, {}) == "equal"
    assert compare_parameters(check, {"exempted": "arn:aws:iam::111111111111:user/a"}) == "weaker"


def test_what_the_rule_takes_makes_a_customised_control_stricter() -> None:
    given = {"MinimumPasswordLength": 14, "PasswordReusePrevention": 24}
    assert compare_parameters(CATALOGUE["password-policy-length"], given, "security_hub") == (
        "stricter"
    )
