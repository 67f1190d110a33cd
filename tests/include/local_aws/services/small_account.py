"""The rest of the small estate: the account's settings, users, trails, events, instances' flaws."""

from __future__ import annotations

import json

from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    OTHER,
    START,
    Builder,
    instance_arn,
    t,
)

IDENTITY = f"AWS::::Account:{ACCOUNT}"
MAIN = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main"
LOCAL = f"arn:aws:cloudtrail:{AWAY}:{ACCOUNT}:trail/local"
CONTACT = {
    "AlternateContactType": "SECURITY",
    "Name": "Security",
    "Title": "Team",
    "EmailAddress": "security@example.com",
    "PhoneNumber": "+1 555 0100",
}


def fill_account(build: Builder) -> None:
    """Settings that change over time, so that answers depend on the moment asked about."""
    october = t("2026-10-01T00:00:00")
    for name, before, now in (
        ("SecurityContact", None, CONTACT),
        ("RootAccessKey", True, False),
        ("RootMfa", "none", "virtual"),
        ("PasswordPolicy", None, {"MinimumPasswordLength": 14, "PasswordReusePrevention": 24}),
        ("S3WriteDataEvents", False, True),
        ("S3ReadDataEvents", False, False),
    ):
        build.fact(IDENTITY, name, before, START, october)
        build.fact(IDENTITY, name, now, october)
    build.fact(f"{IDENTITY}:{HOME}", "AccessAnalyzer", False, START, october)
    build.fact(f"{IDENTITY}:{HOME}", "AccessAnalyzer", True, october)
    build.fact(f"{IDENTITY}:{HOME}", "EbsEncryptionByDefault", True)
    for arn, region, wide in ((MAIN, HOME, True), (LOCAL, AWAY, False)):
        name = arn.rsplit("/", 1)[-1]
        build.resource(arn, "AWS::CloudTrail::Trail", region, arn, name=name)
        build.fact(arn, "IsMultiRegionTrail", wide)
        build.fact(arn, "LogFileValidationEnabled", wide)
        build.fact(arn, "HomeRegion", region)
        build.fact(arn, "S3BucketName", f"{name}-logs")
        build.fact(arn, "KmsKeyId", "arn:aws:kms:us-east-1:111111111111:key/k" if wide else None)
    _users(build)
    _events(build)
    _network(build)
    for n in range(3):
        build.fact(instance_arn(n), "VpcId", "vpc-1")
        build.fact(
            instance_arn(n),
            "IamInstanceProfile",
            None if n else {"Arn": "arn:aws:iam::111111111111:instance-profile/app", "Id": "AIPA1"},
        )
    flaws = (
        ("a", 0, "CRITICAL", 9.8, 1, "2026-09-01", None),
        ("b", 0, "HIGH", 7.5, 0, "2026-09-02", "2026-10-20"),  # closed 12 days ago
        ("c", 1, "CRITICAL", 10.0, 1, "2026-08-15", "2026-09-20"),  # closed too long ago
        ("d", 1, "LOW", 3.3, 1, "2026-10-31", None),
        ("e", 2, "MEDIUM", 5.0, 1, "2026-11-02", None),  # after now
    )
    for name, n, severity, score, fix, first, closed in flaws:
        build.insert(
            "vulnerabilities",
            f"arn:aws:inspector2:{HOME}:{ACCOUNT}:finding/{name * 32}",
            ACCOUNT,
            HOME,
            instance_arn(n),
            "AWS_EC2_INSTANCE",
            f"CVE-2026-{name}",
            severity,
            score,
            f"CVE-2026-{name} - package",
            fix,
            t(f"{first}T10:00:00"),
            t(f"{closed or '2026-11-01'}T10:00:00"),
            t(f"{closed}T10:00:00") if closed else None,
        )


def _users(build: Builder) -> None:
    made = t("2026-05-04T09:00:00")
    for n, name in enumerate(("alice", "bob", "svc-export")):
        arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
        build.resource(arn, "AWS::IAM::User", None, f"AIDA{n}", created=made + n, name=name)
        person = name != "svc-export"
        build.fact(arn, "Console", person)
        build.fact(arn, "Mfa", name == "alice")
        build.fact(arn, "PasswordLastUsed", t("2026-10-30T08:00:00") if name == "alice" else None)
        keys = []
        if not person:
            first = {"AccessKeyId": "AKIA1", "Status": "Inactive", "CreateDate": made}
            second = {"AccessKeyId": "AKIA2", "Status": "Active", "CreateDate": made + 60}
            keys = [{**first, "LastUsed": made + 30}, {**second, "LastUsed": None}]
        build.fact(arn, "AccessKeys", keys)
    later = t("2026-11-01T06:00:05")
    build.resource(
        f"arn:aws:iam::{ACCOUNT}:user/future", "AWS::IAM::User", None, "AIDA9", later, name="future"
    )
    certificate = f"arn:aws:iam::{ACCOUNT}:server-certificate/shop"
    build.resource(certificate, "AWS::IAM::ServerCertificate", None, "ASCA1", name="shop")
    build.fact(certificate, "Expiration", t("2027-01-01T00:00:00"))


def _events(build: Builder) -> None:
    for n in range(120):
        name = "DeleteTrail" if n % 3 == 0 else "DescribeInstances"
        user = "alice" if n % 2 else "bob"
        payload = {"userIdentity": {"type": "IAMUser", "userName": user, "accessKeyId": f"AKIA{n}"}}
        resources = [{"ResourceType": "AWS::CloudTrail::Trail", "ResourceName": "main"}]
        build.insert(
            "events",
            f"{n:08d}-0000-4000-8000-000000000000",
            ACCOUNT,
            HOME,
            t("2026-10-31T00:00:00") + n * 600,
            name,
            "cloudtrail.amazonaws.com" if n % 3 == 0 else "ec2.amazonaws.com",
            user,
            int(n % 3 != 0),
            json.dumps(resources if n % 3 == 0 else []),
            json.dumps(payload),
        )
    for n, (account, at) in enumerate(
        (
            (OTHER, "2026-10-31T01:00:00"),
            (ACCOUNT, "2026-11-01T06:00:01"),
            (ACCOUNT, "2026-08-01T00:00:00"),
        )
    ):
        build.insert(
            "events", f"x{n}", account, HOME, t(at), "StopLogging", "cloudtrail.amazonaws.com",
            "carol", 0, "[]", "{}",
        )  # fmt: skip


def _network(build: Builder) -> None:
    for n in range(7):
        arn = f"arn:aws:ec2:{HOME}:{ACCOUNT}:vpc/vpc-{n}"
        build.resource(arn, "AWS::EC2::VPC", HOME, f"vpc-{n}")
        build.fact(arn, "FlowLog", n < 3)
        build.fact(arn, "CidrBlock", f"10.{n}.0.0/16")
    acl = f"arn:aws:ec2:{HOME}:{ACCOUNT}:network-acl/acl-1"
    build.resource(acl, "AWS::EC2::NetworkAcl", HOME, "acl-1")
    build.fact(
        acl,
        "Entries",
        [
            {
                "RuleNumber": 100,
                "Protocol": "-1",
                "RuleAction": "allow",
                "Egress": False,
                "CidrBlock": "0.0.0.0/0",
            }
        ],
    )
    build.fact(acl, "VpcId", "vpc-1")
    for kind, part, id_ in (("Volume", "volume", "vol-1"), ("Subnet", "subnet", "subnet-1")):
        arn = f"arn:aws:ec2:{HOME}:{ACCOUNT}:{part}/{id_}"
        build.resource(arn, f"AWS::EC2::{kind}", HOME, id_)
        build.fact(arn, "Encrypted" if kind == "Volume" else "VpcId", kind == "Volume" or "vpc-1")
