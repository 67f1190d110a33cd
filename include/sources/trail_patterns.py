"""Which events are asked for: by name, and by the patterns of CIS's metric filters.

A keyword is an event's name (``DeleteTrail``), a name with its service as Audit Manager writes it
(``cloudtrail_DeleteTrail``), or ``@`` and one of the patterns below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from include.sources.trail_record import Record

ROOT_USAGE = "@root-usage"
UNAUTHORIZED = "@unauthorized-api-call"
_SERVICE_AND_NAME = re.compile(r"([a-z0-9.-]+)_([A-Za-z0-9]+)")

#: Never evidence of anything: Audit Manager leaves out read-only events and these.
#: https://docs.aws.amazon.com/audit-manager/latest/userguide/control-data-sources-cloudtrail.html
NOISY = frozenset(
    {
        ("kms.amazonaws.com", "GenerateDataKey"),
        ("kms.amazonaws.com", "Decrypt"),
        ("sts.amazonaws.com", "AssumeRole"),
    }
)
_NOISY_SOURCES = frozenset({"kinesisvideo.amazonaws.com"})
_NOISY_NAMES = frozenset(name for _, name in NOISY)


@dataclass(frozen=True)
class Pattern:
    """Events of these names, or of any if there are none, that ``where`` holds for."""

    names: frozenset[str] = frozenset()
    source: str = ""
    where: Callable[[Record], bool] | None = None
    #: Whether calls that only read are meant, too.
    reads: bool = False

    def holds(self, record: Record) -> bool:
        """Whether the record is one of these, its name apart."""
        return (not self.source or record.source == self.source) and (
            self.where is None or self.where(record)
        )


def _of(source: str, names: str, where: Callable[[Record], bool] | None = None) -> Pattern:
    return Pattern(frozenset(names.split()), f"{source}.amazonaws.com", where)


#: keyword -> pattern. Numbers: CIS AWS Foundations Benchmark 5.0.0 (1.2.0 has the same under 3.x).
PATTERNS: dict[str, Pattern] = {
    # 4.1. Reads that were refused are left out: see NOISY.
    UNAUTHORIZED: Pattern(where=lambda record: record.is_refused),
    # 4.2
    "@console-sign-in-without-mfa": _of(
        "signin", "ConsoleLogin", lambda record: record.added("MFAUsed") != "Yes"
    ),
    # 4.3
    ROOT_USAGE: Pattern(where=lambda record: record.by_root, reads=True),
    # 4.4
    "@iam-policy-changes": _of(
        "iam",
        "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy"
        " PutUserPolicy CreatePolicy DeletePolicy CreatePolicyVersion DeletePolicyVersion"
        " AttachRolePolicy DetachRolePolicy AttachUserPolicy DetachUserPolicy AttachGroupPolicy"
        " DetachGroupPolicy",
    ),
    # 4.5
    "@cloudtrail-configuration-changes": _of(
        "cloudtrail", "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"
    ),
    # 4.6
    "@console-authentication-failures": _of(
        "signin",
        "ConsoleLogin",
        lambda record: record.error_message == "Failed authentication",
    ),
    # 4.7
    "@cmk-disable-or-deletion": _of("kms", "DisableKey ScheduleKeyDeletion"),
    # 4.8
    "@s3-bucket-policy-changes": _of(
        "s3",
        "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication"
        " DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
    ),
    # 4.9
    "@aws-config-changes": _of(
        "config",
        "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel"
        " PutConfigurationRecorder",
    ),
    # 4.10
    "@security-group-changes": _of(
        "ec2",
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress"
        " RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup",
    ),
    # 4.11
    "@network-acl-changes": _of(
        "ec2",
        "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry"
        " ReplaceNetworkAclEntry ReplaceNetworkAclAssociation",
    ),
    # 4.12
    "@network-gateway-changes": _of(
        "ec2",
        "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway"
        " DeleteInternetGateway DetachInternetGateway",
    ),
    # 4.13
    "@route-table-changes": _of(
        "ec2",
        "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable"
        " DeleteRoute DisassociateRouteTable",
    ),
    # 4.14
    "@vpc-changes": _of(
        "ec2",
        "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection"
        " CreateVpcPeeringConnection DeleteVpcPeeringConnection RejectVpcPeeringConnection"
        " AttachClassicLinkVpc DetachClassicLinkVpc DisableVpcClassicLink EnableVpcClassicLink",
    ),
    # 4.15
    "@organizations-changes": _of(
        "organizations",
        "AcceptHandshake AttachPolicy CancelHandshake CreateAccount CreateOrganization"
        " CreateOrganizationalUnit CreatePolicy DeclineHandshake DeleteOrganization"
        " DeleteOrganizationalUnit DeletePolicy DetachPolicy DisablePolicyType EnableAllFeatures"
        " EnablePolicyType InviteAccountToOrganization LeaveOrganization MoveAccount"
        " RemoveAccountFromOrganization UpdateOrganizationalUnit UpdatePolicy",
    ),
}


class Wanted:
    """The events that a set of keywords asks for. Unknown patterns ask for nothing."""

    def __init__(self, keywords: Iterable[str]) -> None:
        self.keywords = tuple(sorted(set(keywords)))
        self._by_name: dict[str, list[tuple[str, Pattern]]] = {}
        self._of_any: list[tuple[str, Pattern]] = []
        for keyword in self.keywords:
            pattern = pattern_of(keyword)
            if pattern is None:
                continue
            for name in pattern.names:
                self._by_name.setdefault(name, []).append((keyword, pattern))
            if not pattern.names:
                self._of_any.append((keyword, pattern))

    @property
    def reads(self) -> bool:
        """Whether calls that only read are asked for."""
        return any(pattern.reads for _, pattern in self._of_any)

    def of(self, record: Record) -> list[str]:
        """The keywords that a record answers."""
        named = self._by_name.get(record.name)
        # Only the root user and refusals are asked for whatever the call's name.
        anyhow = (
            self._of_any
            if record.error_code or (record.identity and record.identity.type == "Root")
            else None
        )
        if not named and not anyhow:
            return []
        return list(self._hits(record, [*(named or ()), *(anyhow or ())]))

    def _hits(self, record: Record, candidates: Iterable[tuple[str, Pattern]]) -> Iterator[str]:
        if not record.is_management:
            return
        quiet = record.is_read or is_noisy(record)
        for keyword, pattern in candidates:
            if (pattern.reads or not quiet) and pattern.holds(record):
                yield keyword


def is_noisy(record: Record) -> bool:
    """Whether Audit Manager would leave the event out for its mass."""
    return record.source in _NOISY_SOURCES or (
        record.name in _NOISY_NAMES and (record.source, record.name) in NOISY
    )


def pattern_of(keyword: str) -> Pattern | None:
    """What a keyword asks for; None for an ``@`` pattern that isn't known."""
    if keyword.startswith("@"):
        return PATTERNS.get(keyword)
    parts = _SERVICE_AND_NAME.fullmatch(keyword)
    if parts:
        return _of(parts[1], parts[2])
    return Pattern(frozenset({keyword}))
