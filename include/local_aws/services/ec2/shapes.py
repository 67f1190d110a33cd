"""What EC2 shows of each kind of resource, and by what each can be filtered."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.store import Resource
from include.local_aws.services.ec2.listing import Listing, Values
from include.local_aws.services.moments import moment

VPC = "AWS::EC2::VPC"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def security_group(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A security group in EC2's shape."""
    return {
        "GroupId": one.resource_id,
        "GroupName": facts.get("GroupName", one.resource_name),
        "Description": facts.get("Description", one.resource_name),
        "OwnerId": one.account,
        "VpcId": facts.get("VpcId", ""),
        "SecurityGroupArn": one.arn,
        "IpPermissions": facts.get("IpPermissions") or [],
        "IpPermissionsEgress": facts.get("IpPermissionsEgress") or [],
        "Tags": [],
    }


def _group_values(item: dict[str, Any]) -> Values:
    values: dict[str, list[str]] = {
        "group-id": [item["GroupId"]],
        "group-name": [item["GroupName"]],
        "description": [item["Description"]],
        "owner-id": [item["OwnerId"]],
        "vpc-id": [item["VpcId"]],
    }
    for prefix, member in (
        ("ip-permission", "IpPermissions"),
        ("egress.ip-permission", "IpPermissionsEgress"),
    ):
        rules = item[member]
        values |= {
            f"{prefix}.from-port": [str(r["FromPort"]) for r in rules if "FromPort" in r],
            f"{prefix}.to-port": [str(r["ToPort"]) for r in rules if "ToPort" in r],
            f"{prefix}.protocol": [str(r["IpProtocol"]) for r in rules],
            f"{prefix}.cidr": [x["CidrIp"] for r in rules for x in r.get("IpRanges", ())],
            f"{prefix}.ipv6-cidr": [x["CidrIpv6"] for r in rules for x in r.get("Ipv6Ranges", ())],
            f"{prefix}.group-id": [
                x["GroupId"] for r in rules for x in r.get("UserIdGroupPairs", ()) if "GroupId" in x
            ],
        }
    return values


def instance(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A running instance in EC2's shape."""
    answer = {
        "InstanceId": one.resource_id,
        "ImageId": "ami-00000000000000001",
        "InstanceType": facts.get("InstanceType", "t3.micro"),
        "LaunchTime": moment(one.created),
        "State": {"Code": 16, "Name": "running"},
        "Placement": {"AvailabilityZone": f"{one.region}a", "Tenancy": "default"},
        "Architecture": "x86_64",
        "RootDeviceType": "ebs",
        "MetadataOptions": facts.get("MetadataOptions") or {},
        "SecurityGroups": [],
        "Tags": [],
    }
    if facts.get("VpcId"):
        answer["VpcId"] = facts["VpcId"]
    if facts.get("IamInstanceProfile"):
        answer["IamInstanceProfile"] = facts["IamInstanceProfile"]
    return answer


def _instance_values(item: dict[str, Any]) -> Values:
    profile = item.get("IamInstanceProfile") or {}
    options = item["MetadataOptions"]
    return {
        "instance-id": [item["InstanceId"]],
        "instance-type": [item["InstanceType"]],
        "image-id": [item["ImageId"]],
        "instance-state-name": ["running"],
        "instance-state-code": ["16"],
        "vpc-id": [item["VpcId"]] if "VpcId" in item else [],
        "availability-zone": [item["Placement"]["AvailabilityZone"]],
        "architecture": [item["Architecture"]],
        "iam-instance-profile.arn": [profile["Arn"]] if "Arn" in profile else [],
        "iam-instance-profile.id": [profile["Id"]] if "Id" in profile else [],
        "metadata-options.http-tokens": [options["HttpTokens"]] if "HttpTokens" in options else [],
        "metadata-options.http-endpoint": [options["HttpEndpoint"]]
        if "HttpEndpoint" in options
        else [],
    }


def vpc(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A VPC in EC2's shape."""
    block = facts.get("CidrBlock", "10.0.0.0/16")
    return {
        "VpcId": one.resource_id,
        "OwnerId": one.account,
        "CidrBlock": block,
        "State": "available",
        "IsDefault": False,
        "InstanceTenancy": "default",
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{one.resource_id.removeprefix('vpc-')}",
                "CidrBlock": block,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "Tags": [],
    }


def _vpc_values(item: dict[str, Any]) -> Values:
    return {
        "vpc-id": [item["VpcId"]],
        "owner-id": [item["OwnerId"]],
        "state": [item["State"]],
        "cidr": [item["CidrBlock"]],
        "cidr-block-association.cidr-block": [item["CidrBlock"]],
        "is-default": [_text(item["IsDefault"])],
    }


def network_acl(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A network ACL in EC2's shape."""
    return {
        "NetworkAclId": one.resource_id,
        "OwnerId": one.account,
        "VpcId": facts.get("VpcId", ""),
        "IsDefault": bool(facts.get("IsDefault", False)),
        "Entries": facts.get("Entries") or [],
        "Associations": [],
        "Tags": [],
    }


def _acl_values(item: dict[str, Any]) -> Values:
    entries = item["Entries"]
    return {
        "network-acl-id": [item["NetworkAclId"]],
        "owner-id": [item["OwnerId"]],
        "vpc-id": [item["VpcId"]],
        "default": [_text(item["IsDefault"])],
        "entry.cidr": [e["CidrBlock"] for e in entries if "CidrBlock" in e],
        "entry.ipv6-cidr": [e["Ipv6CidrBlock"] for e in entries if "Ipv6CidrBlock" in e],
        "entry.egress": [_text(e["Egress"]) for e in entries if "Egress" in e],
        "entry.rule-action": [e["RuleAction"] for e in entries if "RuleAction" in e],
        "entry.rule-number": [str(e["RuleNumber"]) for e in entries if "RuleNumber" in e],
        "entry.protocol": [str(e["Protocol"]) for e in entries if "Protocol" in e],
        "entry.port-range.from": [str(e["PortRange"]["From"]) for e in entries if "PortRange" in e],
        "entry.port-range.to": [str(e["PortRange"]["To"]) for e in entries if "PortRange" in e],
    }


def volume(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A volume in EC2's shape."""
    answer = {
        "VolumeId": one.resource_id,
        "AvailabilityZone": f"{one.region}a",
        "CreateTime": moment(one.created),
        "Encrypted": bool(facts.get("Encrypted")),
        "Size": facts.get("Size", 20),
        "State": "available",
        "VolumeType": "gp3",
        "Attachments": [],
        "Tags": [],
    }
    if facts.get("KmsKeyId"):
        answer["KmsKeyId"] = facts["KmsKeyId"]
    return answer


def _volume_values(item: dict[str, Any]) -> Values:
    return {
        "volume-id": [item["VolumeId"]],
        "encrypted": [_text(item["Encrypted"])],
        "status": [item["State"]],
        "size": [str(item["Size"])],
        "volume-type": [item["VolumeType"]],
        "availability-zone": [item["AvailabilityZone"]],
    }


def subnet(one: Resource, facts: dict[str, Any]) -> dict[str, Any]:
    """A subnet in EC2's shape."""
    return {
        "SubnetId": one.resource_id,
        "SubnetArn": one.arn,
        "OwnerId": one.account,
        "VpcId": facts.get("VpcId", ""),
        "CidrBlock": facts.get("CidrBlock", "10.0.0.0/24"),
        "AvailabilityZone": f"{one.region}a",
        "State": "available",
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": bool(facts.get("MapPublicIpOnLaunch")),
        "Tags": [],
    }


def _subnet_values(item: dict[str, Any]) -> Values:
    return {
        "subnet-id": [item["SubnetId"]],
        "vpc-id": [item["VpcId"]],
        "cidr-block": [item["CidrBlock"]],
        "availability-zone": [item["AvailabilityZone"]],
        "state": [item["State"]],
        "owner-id": [item["OwnerId"]],
        "map-public-ip-on-launch": [_text(item["MapPublicIpOnLaunch"])],
        "default-for-az": [_text(item["DefaultForAz"])],
    }


LISTINGS = {
    "DescribeSecurityGroups": Listing(
        "SecurityGroups",
        "AWS::EC2::SecurityGroup",
        "GroupIds",
        "InvalidGroup.NotFound",
        security_group,
        _group_values,
    ),
    "DescribeVpcs": Listing("Vpcs", VPC, "VpcIds", "InvalidVpcID.NotFound", vpc, _vpc_values),
    "DescribeNetworkAcls": Listing(
        "NetworkAcls",
        "AWS::EC2::NetworkAcl",
        "NetworkAclIds",
        "InvalidNetworkAclID.NotFound",
        network_acl,
        _acl_values,
    ),
    "DescribeVolumes": Listing(
        "Volumes", "AWS::EC2::Volume", "VolumeIds", "InvalidVolume.NotFound", volume, _volume_values
    ),
    "DescribeSubnets": Listing(
        "Subnets",
        "AWS::EC2::Subnet",
        "SubnetIds",
        "InvalidSubnetID.NotFound",
        subnet,
        _subnet_values,
    ),
}
INSTANCES = Listing(
    "Reservations",
    "AWS::EC2::Instance",
    "InstanceIds",
    "InvalidInstanceID.NotFound",
    instance,
    _instance_values,
)
