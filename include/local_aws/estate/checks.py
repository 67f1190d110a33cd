"""The catalogue of checks as the estate needs it: which sources can answer what, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_CATALOGUE = Path(__file__).parents[2] / "checks" / "catalogue"
#: The checks for which the estate has rules, controls and states that break them. Their order is
#: part of what a seed means.
CHECKS = (
    "security-contact-provided",
    "root-no-access-key",
    "root-mfa",
    "root-hardware-mfa",
    "password-policy-length",
    "password-policy-reuse",
    "console-users-mfa",
    "unused-credentials",
    "one-active-access-key",
    "access-keys-rotated",
    "users-no-direct-policies",
    "no-admin-policies",
    "support-role",
    "instance-profile-attached",
    "server-certificates-valid",
    "access-analyzer-enabled",
    "cloudshell-full-access-unused",
    "s3-tls-only",
    "s3-mfa-delete",
    "macie-enabled",
    "s3-account-public-access-blocked",
    "s3-bucket-public-access-blocked",
    "rds-storage-encrypted",
    "rds-minor-upgrades",
    "rds-not-public",
    "rds-cluster-multi-az",
    "rds-instance-multi-az",
    "efs-encrypted-with-key",
    "efs-encrypted",
    "trail-multi-region",
    "trail-log-validation",
    "config-recording",
    "trail-bucket-logging",
    "trail-encrypted",
    "kms-rotation",
    "vpc-flow-logs",
    "s3-write-data-events",
    "s3-read-data-events",
    "alarm-unauthorized-calls",
    "alarm-sign-in-without-mfa",
    "alarm-root-usage",
    "alarm-iam-policy-changes",
    "alarm-trail-changes",
    "alarm-sign-in-failures",
    "alarm-key-removal",
    "alarm-bucket-policy-changes",
    "alarm-config-changes",
    "alarm-security-group-changes",
    "alarm-nacl-changes",
    "alarm-gateway-changes",
    "alarm-route-changes",
    "alarm-vpc-changes",
    "activity-unauthorized-calls",
    "activity-sign-in-without-mfa",
    "activity-root-usage",
    "activity-iam-policy-changes",
    "activity-trail-changes",
    "activity-sign-in-failures",
    "activity-key-removal",
    "activity-bucket-policy-changes",
    "activity-config-changes",
    "activity-security-group-changes",
    "activity-nacl-changes",
    "activity-gateway-changes",
    "activity-route-changes",
    "activity-vpc-changes",
    "activity-organizations-changes",
    "security-hub-enabled",
    "ebs-default-encryption",
    "sg-no-open-cifs",
    "nacl-no-open-admin-ports",
    "sg-no-open-admin-ipv4",
    "sg-no-open-admin-ipv6",
    "default-sg-closed",
    "imdsv2-required",
    "no-old-critical-vulnerabilities",
)


@dataclass(frozen=True)
class Check:
    """One check; ``keywords`` and ``given`` (deployed parameters) are by source."""

    id: str
    resource_type: str
    account_wide: bool
    keywords: Mapping[str, str]
    given: Mapping[str, Mapping[str, Any]]

    @property
    def judged_by_aws(self) -> bool:
        """Whether a Config rule or a Security Hub control exists for it."""
        return "aws_config" in self.keywords or "security_hub" in self.keywords

    def parameters(self, source: str) -> str:
        """JSON of the parameters with which ``source`` is set up."""
        return json.dumps(self.given.get(source, {}), sort_keys=True)


#: Services of which an estate may have resources, be it only those that accounts are born with.
_USED = frozenset(
    {
        *("", "CloudTrail", "CloudWatch", "Config", "DynamoDB", "EC2", "EFS", "IAM", "KMS"),
        *("Lambda", "Logs", "RDS", "S3", "SecretsManager", "SNS", "SQS", "SSM"),
    }
)


@cache
def catalogue_entries() -> Mapping[str, Mapping[str, Any]]:
    """What the catalogue's files say of every check, by id; the estate's own ones first."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = {
        entry["id"]: entry
        for path in sorted(_CATALOGUE.glob("*.yaml"))
        for entry in yaml.load(path.read_bytes(), Loader=loader)["checks"]
    }
    return {check: entries[check] for check in (*CHECKS, *entries)}


@cache
def idle_checks() -> tuple[Check, ...]:
    """Checks of Config and Security Hub about services of which no estate has any resources."""
    found = [
        made
        for name, entry in catalogue_entries().items()
        if name not in CHECKS and entry["resource_type"].split("::")[1] not in _USED
        for made in [_check(entry, ("aws_config", "security_hub"))]
        if made is not None
    ]
    return tuple(found)


@cache
def deployable_checks() -> tuple[Check, ...]:
    """Every check that Config, Security Hub or an API call can answer, in the estate's order."""
    entries = catalogue_entries()
    made = (_check(entries[name], ("aws_config", "security_hub", "api_calls")) for name in CHECKS)
    return tuple(check for check in made if check is not None)


def _check(entry: Mapping[str, Any], names: Sequence[str]) -> Check | None:
    """The check as far as the sources ``names`` answer it; None if none of them does."""
    sources = {
        s["source"]: s
        for s in entry["sources"]
        if s["source"] in names and not s.get("retired", False)
    }
    if not sources:
        return None
    own = {
        name: given["value"]
        for name, given in entry.get("parameters", {}).items()
        if "value" in given
    }
    return Check(
        id=entry["id"],
        resource_type=entry["resource_type"],
        account_wide=entry["locality"] == "account",
        keywords={name: s["keyword"] for name, s in sources.items()},
        given={
            "aws_config": sources.get("aws_config", {}).get("parameters", {}),
            "security_hub": own,
        },
    )
