"""Evidence from a CloudTrail record: the same whether it was looked up or read from a log file.

LookupEvents adds resources and a user name that are not in log files; so both are taken from the
record here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.evidence.cell import Cell
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence
from include.sources.arns import arn_of
from include.sources.base import known_as
from include.sources.trail_events import TrailEvent

#: What a request or an answer calls the resource it is about, the most telling first.
#: source -> (member, resource type)
_MEMBERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "s3": (("bucketName", "AWS::S3::Bucket"),),
    "iam": (
        ("userName", "AWS::IAM::User"),
        ("roleName", "AWS::IAM::Role"),
        ("groupName", "AWS::IAM::Group"),
        ("policyArn", "AWS::IAM::Policy"),
    ),
    "kms": (("keyId", "AWS::KMS::Key"),),
    "cloudtrail": (("trailName", "AWS::CloudTrail::Trail"), ("name", "AWS::CloudTrail::Trail")),
    "config": (
        ("configurationRecorderName", "AWS::Config::ConfigurationRecorder"),
        ("deliveryChannelName", "AWS::Config::DeliveryChannel"),
    ),
    "ec2": (
        ("groupId", "AWS::EC2::SecurityGroup"),
        ("networkAclId", "AWS::EC2::NetworkAcl"),
        ("routeTableId", "AWS::EC2::RouteTable"),
        ("internetGatewayId", "AWS::EC2::InternetGateway"),
        ("customerGatewayId", "AWS::EC2::CustomerGateway"),
        ("vpcPeeringConnectionId", "AWS::EC2::VPCPeeringConnection"),
        ("instanceId", "AWS::EC2::Instance"),
        ("volumeId", "AWS::EC2::Volume"),
        ("subnetId", "AWS::EC2::Subnet"),
        ("vpcId", "AWS::EC2::VPC"),
    ),
    "organizations": (
        ("policyId", "AWS::Organizations::Policy"),
        ("organizationalUnitId", "AWS::Organizations::OrganizationalUnit"),
    ),
}


def evidence_of(cell: Cell, event: TrailEvent, keyword: str) -> Evidence:
    """One event as evidence for one keyword."""
    record = event.record
    resource, resource_type = _resource(cell, record)
    recorded_in = str(record.get("awsRegion") or cell.region)
    return Evidence(
        source="cloudtrail",
        keyword=keyword,
        account=cell.account,
        region=cell.region,
        event_source=str(record.get("eventSource", "")),
        event_name=event.name,
        resource=resource,
        resource_type=resource_type,
        result="NONE",
        raw_status=event.error,
        known=known_as(event.seen, cell.period),
        source_time=event.at,
        collected_at=event.seen,
        deployment=keyword,
        attributes={
            "id": event.id,
            "username": _user(record),
            "read_only": str(record.get("readOnly", "")).lower(),
            "source_ip": str(record.get("sourceIPAddress", "")),
            "by_root": event.by_root,
            # Global services are recorded in one region only, which may be out of scope.
            **({"recorded_in": recorded_in} if recorded_in != cell.region else {}),
            # A sign-in says how it went in its additional data, not by an error code.
            **_sign_in(record),
        },
        page=event.page,
        offset=event.offset,
    )


def _sign_in(record: Mapping[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    if mfa := (record.get("additionalEventData") or {}).get("MFAUsed"):
        said["mfa_used"] = str(mfa)
    if outcome := (record.get("responseElements") or {}).get("ConsoleLogin"):
        said["console_login"] = str(outcome)
    return said


def _user(record: Mapping[str, Any]) -> str:
    """Who acted, in a word: the user's name, the session's, ``root``, or the service."""
    who = record.get("userIdentity") or {}
    kind = who.get("type")
    if kind == "Root":
        return "root"
    if name := who.get("userName"):
        return str(name)
    if kind == "AWSService":
        return str(who.get("invokedBy", ""))
    principal = str(who.get("principalId") or "")
    return principal.partition(":")[2] or str(who.get("arn") or "").rpartition("/")[2] or principal


def _resource(cell: Cell, record: Mapping[str, Any]) -> tuple[str, str]:
    """The resource that the event is about (its identity and type); the account if none is told."""
    region = str(record.get("awsRegion") or cell.region)
    for told in record.get("resources") or ():
        if isinstance(told, dict) and (arn := told.get("ARN") or told.get("arn")):
            return str(arn), str(told.get("type") or "")
    source = str(record.get("eventSource", "")).removesuffix(".amazonaws.com")
    places = list(_places(record))
    for member, type_ in _MEMBERS.get(source, ()):
        for place in places:
            name = place.get(member)
            if isinstance(name, str) and name:
                name = name.rpartition("key/")[2] if member == "keyId" else name
                return arn_of(type_, name, cell.account, region), type_
    return account_identity(cell.account), ACCOUNT_TYPE


def _places(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Where members with names may be: the request, the answer, and one level below."""
    for part in ("requestParameters", "responseElements"):
        outer = record.get(part)
        if isinstance(outer, dict):
            yield outer
            yield from (inner for inner in outer.values() if isinstance(inner, dict))
