"""What makes a resource pass a check: one readable predicate per check, over its facts alone.

This module knows nothing of the plan; what Config and Security Hub say is derived from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]
DAY = 86_400


def _nothing(facts: Facts) -> Iterable[int]:
    return ()


def _everything(facts: Facts) -> bool:
    return True


@dataclass(frozen=True)
class Predicate:
    """``passes(facts, now)``; ``turns(facts)``: seconds at which time alone may change the answer.

    ``reads`` are the properties it depends on; ``concerns`` says whether the resource is in the
    check's population at all (by properties that never change).
    """

    reads: tuple[str, ...]
    passes: Callable[[Facts, int], bool]
    turns: Callable[[Facts], Iterable[int]] = _nothing
    concerns: Callable[[Facts], bool] = _everything


def _is(prop: str, wanted: Any = True) -> Predicate:
    return Predicate((prop,), lambda facts, now: facts[prop] == wanted)


def _present(prop: str) -> Predicate:
    return Predicate((prop,), lambda facts, now: facts[prop] is not None)


def _without(prop: str, unwanted: str) -> Predicate:
    return Predicate((prop,), lambda facts, now: unwanted not in facts[prop])


def _policy(prop: str, least: int) -> Predicate:
    return Predicate(
        ("PasswordPolicy",),
        lambda facts, now: ((facts["PasswordPolicy"] or {}).get(prop) or 0) >= least,
    )


def _alarm(slug: str) -> Predicate:
    return Predicate(("Alarms",), lambda facts, now: slug in facts["Alarms"])


# -- IAM users ------------------------------------------------------------------------------


def _active(facts: Facts) -> list[Mapping[str, Any]]:
    return [key for key in facts["AccessKeys"] if key["Status"] == "Active"]


def _last_sign_of_life(facts: Facts) -> list[int]:
    """For each credential in force, when it was last used, or made if it never was."""
    signs = [
        key["CreateDate"] if key["LastUsed"] is None else key["LastUsed"] for key in _active(facts)
    ]
    if facts["Console"]:
        last = facts["PasswordLastUsed"]
        signs.append(facts["created"] if last is None else last)
    return signs


def _older(days: int, marks: Callable[[Facts], list[int]]) -> dict[str, Any]:
    """Passes while no mark is more than ``days`` days old."""
    return {
        "passes": lambda facts, now: all(now - mark <= days * DAY for mark in marks(facts)),
        "turns": lambda facts: [mark + days * DAY + 1 for mark in marks(facts)],
    }


# -- the network ----------------------------------------------------------------------------

_WORLD = {"CidrIp": "0.0.0.0/0", "CidrIpv6": "::/0"}


def _open_to_world(facts: Facts, ports: Iterable[int], families: Iterable[str]) -> bool:
    """Whether an inbound permission lets the whole internet reach one of the ports by TCP."""
    for permission in facts["IpPermissions"]:
        ranges = [*permission["IpRanges"], *permission["Ipv6Ranges"]]
        if not any(r.get(family) == _WORLD[family] for r in ranges for family in families):
            continue
        if permission["IpProtocol"] == "-1":
            return True
        if permission["IpProtocol"] == "tcp" and any(
            permission["FromPort"] <= port <= permission["ToPort"] for port in ports
        ):
            return True
    return False


def _closed_to_world(ports: Iterable[int], *families: str) -> Predicate:
    return Predicate(
        ("IpPermissions",), lambda facts, now: not _open_to_world(facts, ports, families)
    )


def _acl_lets_in(facts: Facts, port: int, family: str, world: str) -> bool:
    """The matching inbound entry with the lowest number decides."""
    for entry in sorted(facts["Entries"], key=lambda entry: entry["RuleNumber"]):
        if entry["Egress"] or entry.get(family) != world or entry["Protocol"] not in ("-1", "6"):
            continue
        ports = entry.get("PortRange")
        if ports is None or ports["From"] <= port <= ports["To"]:
            return bool(entry["RuleAction"] == "allow")
    return False


def _acl_closed(facts: Facts, now: int) -> bool:
    return not any(
        _acl_lets_in(facts, port, family, world)
        for port in (22, 3389)
        for family, world in (("CidrBlock", "0.0.0.0/0"), ("Ipv6CidrBlock", "::/0"))
    )


#: check id -> predicate. ``created`` is always among the facts.
PREDICATES: Mapping[str, Predicate] = {
    # the account
    "security-contact-provided": _present("SecurityContact"),
    "root-no-access-key": _is("RootAccessKey", False),
    "root-mfa": Predicate(("RootMfa",), lambda facts, now: facts["RootMfa"] != "none"),
    "root-hardware-mfa": _is("RootMfa", "hardware"),
    "password-policy-length": _policy("MinimumPasswordLength", 14),
    "password-policy-reuse": _policy("PasswordReusePrevention", 24),
    "support-role": _is("SupportRole"),
    "trail-multi-region": _is("MultiRegionTrail"),
    "s3-write-data-events": _is("S3WriteDataEvents"),
    "s3-read-data-events": _is("S3ReadDataEvents"),
    "s3-account-public-access-blocked": _is("S3PublicAccessBlock"),
    "alarm-unauthorized-calls": _alarm("unauthorized-calls"),
    "alarm-sign-in-without-mfa": _alarm("sign-in-without-mfa"),
    "alarm-root-usage": _alarm("root-usage"),
    "alarm-iam-policy-changes": _alarm("iam-policy-changes"),
    "alarm-trail-changes": _alarm("trail-changes"),
    "alarm-sign-in-failures": _alarm("sign-in-failures"),
    "alarm-key-removal": _alarm("key-removal"),
    "alarm-bucket-policy-changes": _alarm("bucket-policy-changes"),
    "alarm-config-changes": _alarm("config-changes"),
    "alarm-security-group-changes": _alarm("security-group-changes"),
    "alarm-nacl-changes": _alarm("nacl-changes"),
    "alarm-gateway-changes": _alarm("gateway-changes"),
    "alarm-route-changes": _alarm("route-changes"),
    "alarm-vpc-changes": _alarm("vpc-changes"),
    # the account in one region
    "access-analyzer-enabled": _is("AccessAnalyzer"),
    "macie-enabled": _is("Macie"),
    "config-recording": _is("ConfigRecorder"),
    "security-hub-enabled": _is("SecurityHub"),
    "ebs-default-encryption": _is("EbsEncryptionByDefault"),
    # IAM
    "console-users-mfa": Predicate(
        ("Console", "Mfa"), lambda facts, now: facts["Mfa"] or not facts["Console"]
    ),
    "access-keys-rotated": Predicate(
        ("AccessKeys",), **_older(90, lambda facts: [k["CreateDate"] for k in _active(facts)])
    ),
    "unused-credentials": Predicate(
        ("AccessKeys", "Console", "PasswordLastUsed"), **_older(45, _last_sign_of_life)
    ),
    "one-active-access-key": Predicate(
        ("AccessKeys",), lambda facts, now: len(_active(facts)) <= 1
    ),
    "users-no-direct-policies": _is("DirectPolicies", []),
    "no-admin-policies": _is("Admin", False),
    "cloudshell-full-access-unused": _without(
        "AttachedPolicies", "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"
    ),
    "server-certificates-valid": Predicate(
        ("Expiration",),
        lambda facts, now: now < facts["Expiration"],
        lambda facts: [facts["Expiration"]],
    ),
    # storage and databases
    "s3-tls-only": _is("TlsOnly"),
    "s3-mfa-delete": _is("MfaDelete"),
    "s3-bucket-public-access-blocked": _is("PublicAccessBlock"),
    "rds-storage-encrypted": _is("StorageEncrypted"),
    "rds-minor-upgrades": _is("AutoMinorVersionUpgrade"),
    "rds-not-public": _is("PubliclyAccessible", False),
    "rds-instance-multi-az": _is("MultiAZ"),
    "rds-cluster-multi-az": _is("MultiAZ"),
    "efs-encrypted": _is("Encrypted"),
    "efs-encrypted-with-key": Predicate(
        ("Encrypted", "KmsKeyId"),
        lambda facts, now: facts["Encrypted"] and facts["KmsKeyId"] is not None,
    ),
    # trails and keys
    "trail-log-validation": _is("LogFileValidationEnabled"),
    "trail-encrypted": _present("KmsKeyId"),
    "trail-bucket-logging": _is("BucketLogging"),
    "kms-rotation": _is("KeyRotationEnabled"),
    # EC2 and the network
    "instance-profile-attached": _present("IamInstanceProfile"),
    "imdsv2-required": Predicate(
        ("MetadataOptions",),
        lambda facts, now: facts["MetadataOptions"]["HttpTokens"] == "required",
    ),
    "vpc-flow-logs": _is("FlowLog"),
    "nacl-no-open-admin-ports": Predicate(("Entries",), _acl_closed),
    "sg-no-open-admin-ipv4": _closed_to_world((22, 3389), "CidrIp"),
    "sg-no-open-admin-ipv6": _closed_to_world((22, 3389), "CidrIpv6"),
    "sg-no-open-cifs": _closed_to_world((445,), "CidrIp", "CidrIpv6"),
    "default-sg-closed": Predicate(
        ("IpPermissions", "IpPermissionsEgress"),
        lambda facts, now: not facts["IpPermissions"] and not facts["IpPermissionsEgress"],
        concerns=lambda facts: facts["GroupName"] == "default",
    ),
}


def _ports(asked: Mapping[str, Any]) -> Predicate:
    family = "CidrIp" if asked["ipType"] == "IPv4" else "CidrIpv6"
    return _closed_to_world([int(port) for port in asked["restrictPorts"].split(",")], family)


def _key_age(days: int) -> Predicate:
    return Predicate(
        ("AccessKeys",), **_older(days, lambda facts: [k["CreateDate"] for k in _active(facts)])
    )


def _unused(days: int) -> Predicate:
    reads = ("AccessKeys", "Console", "PasswordLastUsed")
    return Predicate(reads, **_older(days, _last_sign_of_life))


#: What the rule behind a check looks at, given its parameters.
_BY_PARAMETERS: Mapping[str, Callable[[Mapping[str, Any]], Predicate]] = {
    "password-policy-length": lambda asked: _policy(
        "MinimumPasswordLength", asked["MinimumPasswordLength"]
    ),
    "password-policy-reuse": lambda asked: _policy(
        "PasswordReusePrevention", asked["PasswordReusePrevention"]
    ),
    "access-keys-rotated": lambda asked: _key_age(asked["maxAccessKeyAge"]),
    "unused-credentials": lambda asked: _unused(asked["maxCredentialUsageAge"]),
    "sg-no-open-admin-ipv4": _ports,
    "sg-no-open-admin-ipv6": _ports,
}


def predicate_of(check: str, variant: str, asked: Mapping[str, Any]) -> Predicate:
    """What a deployed rule lets pass: the check's own predicate, or that of its parameters.

    ``variant`` is '' where the rule asks what the check asks.
    """
    if variant and check in _BY_PARAMETERS:
        return _BY_PARAMETERS[check](asked)
    return PREDICATES[check]
