"""The estate's resources in moto: put there when a service is first asked in an account and region.

Moto then answers everything about them: lists, single resources, pages, errors. What they look
like is what is true of them when they are put in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from include.local_aws.estate.store import Estate, Resource
from include.local_aws.moto_seed import AUDIT_ROLE
from include.local_aws.services.configuration import facts_of

Facts = Mapping[str, Any]
#: Services that keep what people put in, on real time; all but these reads of the estate.
_ON_REAL_TIME = {
    "sts": frozenset[str](),
    "s3": frozenset({"GetBucketEncryption", "ListBuckets"}),
    "kms": frozenset({"GetKeyPolicy", "GetKeyRotationStatus", "ListKeys"}),
    "sns": frozenset({"ListTopics"}),
    "sqs": frozenset({"ListQueues"}),
}
#: (account, region, resource, its configuration)
MoveIn = Callable[[str, str, Resource, Facts], None]


class Residents:
    """Moves resources in, once per service, account and region (signing names, as in requests)."""

    def __init__(self, estate: Estate, now: Callable[[], int]) -> None:
        self._estate = estate
        self._now = now
        self._there: set[tuple[str, str, str]] = set()

    def move_in(self, service: str, account: str, region: str) -> None:
        """Put the account's resources of the service into moto. To be called before a request."""
        if service not in _KINDS:
            return
        is_global = service in _GLOBAL
        key = (service, account, "" if is_global else region)
        if key in self._there:
            return
        self._there.add(key)
        now = self._now()
        for type_, move in _KINDS[service].items():
            found = self._estate.resources(
                account, [type_], region=None if is_global else region, at=now
            )
            configurations = facts_of(self._estate, (one.arn for one in found), now)
            for one in found:
                move(account, one.region or region, one, configurations[one.arn])


def tells_of_estate(service: str, operation: str) -> bool:
    """Whether an operation (service: a boto3 client's name) is answered at the estate's time."""
    return service not in _ON_REAL_TIME or operation in _ON_REAL_TIME[service]


def _backend(name: str, account: str, region: str) -> Any:
    from moto.backends import get_backend

    backends: Any = get_backend(name)  # type: ignore[call-overload]
    places = backends[account]
    return places[region] if region in places else places["aws"]


def _moment(seconds: int) -> datetime:
    """Naive UTC, as moto keeps times."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _key(account: str, region: str, one: Resource, facts: Facts) -> None:
    backend = _backend("kms", account, region)
    if one.resource_id in backend.keys:
        return
    key = backend.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", one.resource_name, None)
    del backend.keys[key.id]
    key.id, key.arn, key.creation_date = one.resource_id, one.arn, float(one.created)
    key.key_rotation_status = bool(facts.get("KeyRotationEnabled"))
    backend.keys[key.id] = key


def _bucket(account: str, region: str, one: Resource, facts: Facts) -> None:
    import moto.s3.models as s3

    if one.resource_name in s3.s3_backends.bucket_accounts:
        return
    make: Any = s3.FakeBucket
    bucket = make(one.resource_name, account, region)
    bucket.creation_date = _moment(one.created).replace(tzinfo=UTC)
    # S3 encrypts every bucket by itself since January 2023.
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    bucket.encryption = {"Rule": {**default, "BucketKeyEnabled": "false"}}
    _backend("s3", account, region).buckets[one.resource_name] = bucket


def _role(account: str, region: str, one: Resource, facts: Facts) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    backend = _backend("iam", account, region)
    role = backend.create_role(
        role_name=one.resource_name,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    backend.roles[one.resource_id] = backend.roles.pop(role.id)
    role.id, role.create_date = one.resource_id, _moment(one.created)
    for arn in facts.get("AttachedPolicies") or ():
        if arn in backend.managed_policies:
            backend.attach_role_policy(arn, one.resource_name)


def _policy(account: str, region: str, one: Resource, facts: Facts) -> None:
    allowed = "*" if facts.get("Admin") else "s3:GetObject"
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}],
    }
    policy = _backend("iam", account, region).create_policy(
        "", "/", json.dumps(document), one.resource_name, []
    )
    policy.id, policy.create_date = one.resource_id, _moment(one.created)
    policy.update_date = policy.create_date


def _db_instance(account: str, region: str, one: Resource, facts: Facts) -> None:
    instance = _backend("rds", account, region).create_db_instance(
        {
            "db_instance_identifier": one.resource_name,
            "db_instance_class": "db.t4g.medium",
            "engine": "postgres",
            "engine_version": "16.4",
            "allocated_storage": 20,
            "master_username": "owner",
            "master_user_password": "not-a-secret",
            "storage_encrypted": bool(facts.get("StorageEncrypted")),
            "auto_minor_version_upgrade": bool(facts.get("AutoMinorVersionUpgrade")),
            "publicly_accessible": bool(facts.get("PubliclyAccessible")),
            "multi_az": bool(facts.get("MultiAZ")),
        }
    )
    instance.created = instance.instance_create_time = _moment(one.created)
    instance.dbi_resource_id = one.resource_id


def _db_cluster(account: str, region: str, one: Resource, facts: Facts) -> None:
    cluster = _backend("rds", account, region).create_db_cluster(
        {
            "db_cluster_identifier": one.resource_name,
            "engine": "aurora-postgresql",
            "master_username": "owner",
            "master_user_password": "not-a-secret",
        }
    )
    if facts.get("MultiAZ"):
        # Moto tells it by the replicas.
        cluster.read_replica_identifiers.append(f"{one.arn}-reader")
    cluster.cluster_create_time = _moment(one.created)


def _file_system(account: str, region: str, one: Resource, facts: Facts) -> None:
    backend = _backend("efs", account, region)
    encrypted = bool(facts.get("Encrypted"))
    system = backend.create_file_system(
        creation_token=one.resource_name,
        performance_mode="generalPurpose",
        encrypted=encrypted,
        kms_key_id=facts.get("KmsKeyId") if encrypted else None,
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=[],
    )
    del backend.file_systems_by_id[system.file_system_id]
    system.file_system_id, system.file_system_arn = one.resource_id, one.arn
    system.creation_time = float(one.created)
    backend.file_systems_by_id[system.file_system_id] = system


def _function(account: str, region: str, one: Resource, facts: Facts) -> None:
    function = _backend("lambda", account, region).create_function(
        {
            "FunctionName": one.resource_name,
            "Runtime": facts.get("Runtime", "python3.12"),
            # Moto wants a role that is there.
            "Role": f"arn:aws:iam::{account}:role/{AUDIT_ROLE}",
            "Handler": "main.handler",
            "Code": {"ImageUri": f"{account}.dkr.ecr.{region}.amazonaws.com/code:1"},
        }
    )
    function.role = f"arn:aws:iam::{account}:role/application"
    function.last_modified = f"{_moment(one.created):%Y-%m-%dT%H:%M:%S}.000+0000"


def _table(account: str, region: str, one: Resource, facts: Facts) -> None:
    table = _backend("dynamodb", account, region).create_table(
        one.resource_name,
        schema=[{"KeyType": "HASH", "AttributeName": "id"}],
        throughput=None,
        attr=[{"AttributeType": "S", "AttributeName": "id"}],
        global_indexes=None,
        indexes=None,
        streams=None,
        billing_mode=facts.get("BillingMode", "PAY_PER_REQUEST"),
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    table.created_at = _moment(one.created)


def _topic(account: str, region: str, one: Resource, facts: Facts) -> None:
    _backend("sns", account, region).create_topic(one.resource_name)


def _queue(account: str, region: str, one: Resource, facts: Facts) -> None:
    queue = _backend("sqs", account, region).create_queue(one.resource_name)
    queue.created_timestamp = float(one.created)


def _secret(account: str, region: str, one: Resource, facts: Facts) -> None:
    backend = _backend("secretsmanager", account, region)
    backend.create_secret(one.resource_name, "not-a-secret", None, None, [], None, None, [], False)
    secret = backend.secrets[one.resource_name]
    secret.arn, secret.created_date = one.arn, one.created
    secret.rotation_enabled = bool(facts.get("RotationEnabled"))


#: The resources of each service (its signing name) and how they get in.
_KINDS: Mapping[str, Mapping[str, MoveIn]] = {
    "kms": {"AWS::KMS::Key": _key},
    "s3": {"AWS::S3::Bucket": _bucket},
    "iam": {"AWS::IAM::Role": _role, "AWS::IAM::Policy": _policy},
    "rds": {"AWS::RDS::DBInstance": _db_instance, "AWS::RDS::DBCluster": _db_cluster},
    "elasticfilesystem": {"AWS::EFS::FileSystem": _file_system},
    "lambda": {"AWS::Lambda::Function": _function},
    "dynamodb": {"AWS::DynamoDB::Table": _table},
    "sns": {"AWS::SNS::Topic": _topic},
    "sqs": {"AWS::SQS::Queue": _queue},
    "secretsmanager": {"AWS::SecretsManager::Secret": _secret},
}
_GLOBAL = frozenset({"iam", "s3"})
