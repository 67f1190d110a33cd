"""What the plan knows of accounts: the states each part of an account's settings can be in."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.aspects import (
    Aspect,
    ec2_call,
    iam_call,
    state,
    switch,
)
from include.local_aws.estate.plan import Act, State

_POLICY = {
    "MinimumPasswordLength": 14,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "ExpirePasswords": False,
    "PasswordReusePrevention": 24,
}


def _password_policy(violates: str = "", **changes: Any) -> State:
    policy = {**_POLICY, **changes}
    policy = {name: value for name, value in policy.items() if value is not None}
    request = {name[0].lower() + name[1:]: value for name, value in policy.items()}
    return state(
        {"PasswordPolicy": policy}, violates, iam_call("UpdateAccountPasswordPolicy", **request)
    )


#: Slugs of the alarms on activity; each decides the check ``alarm-<slug>``.
ALARMS = [
    "unauthorized-calls",
    "sign-in-without-mfa",
    "root-usage",
    "iam-policy-changes",
    "trail-changes",
    "sign-in-failures",
    "key-removal",
    "bucket-policy-changes",
    "config-changes",
    "security-group-changes",
    "nacl-changes",
    "gateway-changes",
    "route-changes",
    "vpc-changes",
]


def _alarm(slug: str) -> Aspect:
    # "Alarms/<slug>" is merged into the list "Alarms" when the facts are written.
    return switch(
        f"alarm-{slug}",
        f"Alarms/{slug}",
        Act("PutMetricAlarm", "monitoring.amazonaws.com", {"alarmName": slug}),
        Act("DeleteAlarms", "monitoring.amazonaws.com", {"alarmNames": [slug]}),
        rate=0.2,
    )


#: Name of the trail in the home region that is to record all regions.
MAIN_TRAIL = "organization-audit"

#: Settings of the whole account.
ACCOUNT = (
    switch(
        "security-contact-provided",
        "SecurityContact",
        Act(
            "PutAlternateContact",
            "account.amazonaws.com",
            {"alternateContactType": "SECURITY", "name": "Security Operations"},
        ),
        Act(
            "DeleteAlternateContact", "account.amazonaws.com", {"alternateContactType": "SECURITY"}
        ),
        good={
            "AlternateContactType": "SECURITY",
            "Name": "Security Operations",
            "Title": "Head of Security",
            "EmailAddress": "security@example.com",
            "PhoneNumber": "+1 555 0100",
        },
        bad=None,
        rate=0.3,
    ),
    switch(
        "root-no-access-key",
        "RootAccessKey",
        iam_call("DeleteAccessKey", by_root=True),
        iam_call("CreateAccessKey", by_root=True),
        good=False,
        bad=True,
        rate=0.3,
    ),
    Aspect(
        "root-mfa",
        (state({"RootMfa": "hardware"}, "", iam_call("EnableMFADevice", by_root=True)),),
        (
            state(
                {"RootMfa": "virtual"},
                "root-hardware-mfa",
                iam_call("EnableMFADevice", by_root=True),
            ),
            state(
                {"RootMfa": "none"},
                "root-mfa root-hardware-mfa",
                iam_call("DeactivateMFADevice", by_root=True),
            ),
        ),
        0.4,
    ),
    # The password policy and one-check-by-API users stay still in a month's first hours.
    Aspect(
        "password-policy",
        (_password_policy(), _password_policy(MinimumPasswordLength=16)),
        (
            _password_policy("password-policy-length", MinimumPasswordLength=8),
            _password_policy("password-policy-reuse", PasswordReusePrevention=5),
            _password_policy(
                "password-policy-length password-policy-reuse",
                MinimumPasswordLength=10,
                PasswordReusePrevention=None,
            ),
            state(
                {"PasswordPolicy": None},
                "password-policy-length password-policy-reuse",
                iam_call("DeleteAccountPasswordPolicy"),
            ),
        ),
        0.4,
        edges=False,
    ),
    switch("support-role", "SupportRole", rate=0.3),
    switch("trail-multi-region", "MultiRegionTrail", rate=0.3),
    switch(
        "s3-write-data-events",
        "S3WriteDataEvents",
        Act(
            "PutEventSelectors",
            "cloudtrail.amazonaws.com",
            {"trailName": MAIN_TRAIL, "readWriteType": "All"},
        ),
        Act(
            "PutEventSelectors",
            "cloudtrail.amazonaws.com",
            {"trailName": MAIN_TRAIL, "readWriteType": "ReadOnly"},
        ),
        rate=0.3,
    ),
    switch(
        "s3-read-data-events",
        "S3ReadDataEvents",
        Act(
            "PutEventSelectors",
            "cloudtrail.amazonaws.com",
            {"trailName": MAIN_TRAIL, "readWriteType": "All"},
        ),
        Act(
            "PutEventSelectors",
            "cloudtrail.amazonaws.com",
            {"trailName": MAIN_TRAIL, "readWriteType": "WriteOnly"},
        ),
        rate=0.3,
    ),
    switch(
        "s3-account-public-access-blocked",
        "S3PublicAccessBlock",
        Act("PutAccountPublicAccessBlock", "s3.amazonaws.com"),
        Act("DeleteAccountPublicAccessBlock", "s3.amazonaws.com"),
        rate=0.3,
    ),
    *(_alarm(slug) for slug in ALARMS),
)

#: The check, and the part of an account's settings, whether Config records in a region.
RECORDER = "config-recording"

#: Settings of the account in one region.
ACCOUNT_REGION = (
    switch(
        "access-analyzer-enabled",
        "AccessAnalyzer",
        Act("CreateAnalyzer", "access-analyzer.amazonaws.com", {"type": "ACCOUNT"}),
        Act("DeleteAnalyzer", "access-analyzer.amazonaws.com", {"analyzerName": "external-access"}),
        rate=0.2,
    ),
    switch(
        "macie-enabled",
        "Macie",
        Act("EnableMacie", "macie2.amazonaws.com", {"status": "ENABLED"}),
        Act("DisableMacie", "macie2.amazonaws.com"),
        rate=0.25,
    ),
    # When the recorder stands still is not drawn here: recordings depend on it, see outages.py.
    switch(
        RECORDER,
        "ConfigRecorder",
        Act("StartConfigurationRecorder", "config.amazonaws.com"),
        Act("StopConfigurationRecorder", "config.amazonaws.com"),
        edges=False,
    ),
    # What judges is off for a day or two at most, and never at a month's end: otherwise nothing
    # could be known of all the rest.
    switch(
        "security-hub-enabled",
        "SecurityHub",
        Act("EnableSecurityHub", "securityhub.amazonaws.com"),
        Act("DisableSecurityHub", "securityhub.amazonaws.com"),
        rate=0.2,
        edges=False,
    ),
    switch(
        "ebs-default-encryption",
        "EbsEncryptionByDefault",
        ec2_call("EnableEbsEncryptionByDefault"),
        ec2_call("DisableEbsEncryptionByDefault"),
        rate=0.2,
    ),
)
#: Aspects whose bad times are short and never touch the end of a month.
BRIEF = frozenset({"security-hub-enabled"})
