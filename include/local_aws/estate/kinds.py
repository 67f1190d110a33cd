"""The kinds of resources an estate holds: AWS type, true forms of id and ARN, the calls that make
and remove one."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from include.local_aws.estate.names import hex17, letters, principal_id, uuid4


@dataclass(frozen=True)
class Kind:
    """``weight``: share of an account's resources in a region (of IAM's, for global kinds).

    ``arn`` and ``config_id`` (AWS Config's resourceId) are templates over account, region, uid
    (from ``uid``), name. ``edges``: may come into being at the very edge of a month. ``member``
    is how a call's request names the resource: member=template.
    """

    type: str
    weight: int
    service: str
    create: str
    delete: str
    arn: str
    config_id: str
    member: str
    uid: Callable[[random.Random], str] = lambda rng: ""
    edges: bool = False
    is_global: bool = False


def _ec2(
    type_: str, weight: int, prefix: str, part: str, calls: str, *, edges: bool = False
) -> Kind:
    create, delete = calls.split("/")
    member = {"VPC": "vpcId", "SecurityGroup": "groupId"}.get(
        type_, f"{type_[0].lower()}{type_[1:]}Id"
    )
    return Kind(
        f"AWS::EC2::{type_}",
        weight,
        "ec2",
        create,
        delete,
        f"arn:aws:ec2:{{region}}:{{account}}:{part}/{{uid}}",
        "{uid}",
        f"{member}={{id}}",
        lambda rng: f"{prefix}-{hex17(rng)}",
        edges,
    )


def _iam(
    type_: str, weight: int, prefix: str, part: str, calls: str, *, edges: bool = False
) -> Kind:
    create, delete = calls.split("/")
    return Kind(
        f"AWS::IAM::{type_}",
        weight,
        "iam",
        create,
        delete,
        f"arn:aws:iam::{{account}}:{part}/{{name}}",
        "{uid}",
        "policyArn={arn}" if part == "policy" else f"{type_[0].lower()}{type_[1:]}Name={{name}}",
        lambda rng: principal_id(rng, prefix),
        edges,
        is_global=True,
    )


#: Security groups, user credentials and VPCs have no edges: a check that only an API call can
#: answer must not change in a month's first hours, nor may its resource be touched then.
KINDS: Mapping[str, Kind] = {
    "User": _iam("User", 45, "AIDA", "user", "CreateUser/DeleteUser"),
    "Role": _iam("Role", 28, "AROA", "role", "CreateRole/DeleteRole", edges=True),
    "Policy": _iam("Policy", 19, "ANPA", "policy", "CreatePolicy/DeletePolicy", edges=True),
    "ServerCertificate": _iam(
        "ServerCertificate",
        8,
        "ASCA",
        "server-certificate",
        "UploadServerCertificate/DeleteServerCertificate",
    ),
    "VPC": _ec2("VPC", 2, "vpc", "vpc", "CreateVpc/DeleteVpc"),
    "SecurityGroup": _ec2(
        "SecurityGroup", 12, "sg", "security-group", "CreateSecurityGroup/DeleteSecurityGroup"
    ),
    "NetworkAcl": _ec2(
        "NetworkAcl", 3, "acl", "network-acl", "CreateNetworkAcl/DeleteNetworkAcl"
    ),
    "Subnet": _ec2("Subnet", 6, "subnet", "subnet", "CreateSubnet/DeleteSubnet", edges=True),
    "Instance": _ec2(
        "Instance", 15, "i", "instance", "RunInstances/TerminateInstances", edges=True
    ),
    "Volume": _ec2("Volume", 9, "vol", "volume", "CreateVolume/DeleteVolume", edges=True),
    "Bucket": Kind(
        "AWS::S3::Bucket", 12, "s3", "CreateBucket", "DeleteBucket",
        "arn:aws:s3:::{name}", "{name}", "bucketName={name}", edges=True,
    ),
    "Key": Kind(
        "AWS::KMS::Key", 5, "kms", "CreateKey", "ScheduleKeyDeletion",
        "arn:aws:kms:{region}:{account}:key/{uid}", "{uid}", "keyId={id}", uuid4, edges=True,
    ),
    "DBInstance": Kind(
        "AWS::RDS::DBInstance", 6, "rds", "CreateDBInstance", "DeleteDBInstance",
        "arn:aws:rds:{region}:{account}:db:{name}", "{uid}", "dBInstanceIdentifier={name}",
        lambda rng: f"db-{letters(rng, 26)}", edges=True,
    ),
    "DBCluster": Kind(
        "AWS::RDS::DBCluster", 3, "rds", "CreateDBCluster", "DeleteDBCluster",
        "arn:aws:rds:{region}:{account}:cluster:{name}", "{uid}", "dBClusterIdentifier={name}",
        lambda rng: f"cluster-{letters(rng, 26)}", edges=True,
    ),
    "FileSystem": Kind(
        "AWS::EFS::FileSystem", 4, "elasticfilesystem", "CreateFileSystem", "DeleteFileSystem",
        "arn:aws:elasticfilesystem:{region}:{account}:file-system/{uid}", "{uid}",
        "fileSystemId={id}",
        lambda rng: f"fs-{hex17(rng)}", edges=True,
    ),
    "Trail": Kind(
        "AWS::CloudTrail::Trail", 1, "cloudtrail", "CreateTrail", "DeleteTrail",
        "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        "arn:aws:cloudtrail:{region}:{account}:trail/{name}", "name={name}",
    ),
    "Function": Kind(
        "AWS::Lambda::Function", 7, "lambda", "CreateFunction20150331", "DeleteFunction20150331",
        "arn:aws:lambda:{region}:{account}:function:{name}", "{name}",
        "functionName={name}", edges=True,
    ),
    "Table": Kind(
        "AWS::DynamoDB::Table", 5, "dynamodb", "CreateTable", "DeleteTable",
        "arn:aws:dynamodb:{region}:{account}:table/{name}", "{name}",
        "tableName={name}", edges=True,
    ),
    "Topic": Kind(
        "AWS::SNS::Topic", 3, "sns", "CreateTopic", "DeleteTopic",
        "arn:aws:sns:{region}:{account}:{name}", "arn:aws:sns:{region}:{account}:{name}",
        "topicArn={arn}",
        edges=True,
    ),
    "Queue": Kind(
        "AWS::SQS::Queue", 3, "sqs", "CreateQueue", "DeleteQueue",
        "arn:aws:sqs:{region}:{account}:{name}",
        "https://sqs.{region}.amazonaws.com/{account}/{name}", "queueUrl={id}", edges=True,
    ),
    "Secret": Kind(
        "AWS::SecretsManager::Secret", 2, "secretsmanager", "CreateSecret", "DeleteSecret",
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{uid}",
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{uid}", "secretId={arn}",
        lambda rng: letters(rng, 6),
    ),
    "LogGroup": Kind(
        "AWS::Logs::LogGroup", 4, "logs", "CreateLogGroup", "DeleteLogGroup",
        "arn:aws:logs:{region}:{account}:log-group:/app/{name}", "/app/{name}", "logGroupName={id}",
    ),
}  # fmt: skip


def counts(total: int, *, of_global: bool, without: frozenset[str] = frozenset()) -> dict[str, int]:
    """How many of each kind make ``total``, by weight and largest remainder, each at least one.

    ``without`` names kinds that the place has none of.
    """
    weights = {
        name: kind.weight
        for name, kind in KINDS.items()
        if kind.is_global is of_global and name not in without
    }
    rest = max(0, total - len(weights))
    whole = sum(weights.values())
    found = {name: 1 + rest * weight // whole for name, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda name: -(rest * weights[name] % whole))
    for name in by_remainder[: max(0, total - sum(found.values()))]:
        found[name] += 1
    return found
