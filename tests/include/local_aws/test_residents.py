"""What the estate has is there when moto is asked, as the estate says it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local_stack import LocalAws, local_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("residents")
    with local_aws(folder, seed=11, accounts=2, regions=1, resources=60, months=1) as running:
        yield running


@pytest.fixture(scope="module")
def rows(aws: LocalAws) -> Any:
    """Resources of the first account by type, with their present configuration."""
    from include.local_aws.estate.store import Estate

    estate = Estate(aws.directory / "estate.sqlite")
    now = estate.meta("clock")

    def of(type_: str) -> dict[str, dict[str, Any]]:
        found = estate.resources(aws.accounts[0], [type_], at=now)
        return {one.arn: {"name": one.resource_name, **estate.facts(one.arn, now)} for one in found}

    return of


def test_keys_are_listed_and_say_whether_they_rotate(aws: LocalAws, rows: Any) -> None:
    kms = aws.client("kms")
    keys = rows("AWS::KMS::Key")
    assert {key["KeyArn"] for key in kms.list_keys()["Keys"]} == set(keys)
    for arn, facts in keys.items():
        status = kms.get_key_rotation_status(KeyId=arn.rsplit("/", 1)[-1])
        assert status["KeyRotationEnabled"] == facts["KeyRotationEnabled"]
        assert "Statement" in kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def test_databases_and_file_systems_are_as_the_estate_says(aws: LocalAws, rows: Any) -> None:
    instances = aws.client("rds").describe_db_instances()["DBInstances"]
    truth = rows("AWS::RDS::DBInstance")
    assert {one["DBInstanceArn"] for one in instances} == set(truth)
    for one in instances:
        facts = truth[one["DBInstanceArn"]]
        for member in ("StorageEncrypted", "PubliclyAccessible", "MultiAZ"):
            assert one[member] == facts[member]
    clusters = aws.client("rds").describe_db_clusters()["DBClusters"]
    assert {c["DBClusterArn"]: c["MultiAZ"] for c in clusters} == {
        arn: facts["MultiAZ"] for arn, facts in rows("AWS::RDS::DBCluster").items()
    }
    systems = aws.client("efs").describe_file_systems()["FileSystems"]
    assert {one["FileSystemArn"]: one["Encrypted"] for one in systems} == {
        arn: facts["Encrypted"] for arn, facts in rows("AWS::EFS::FileSystem").items()
    }


@pytest.mark.parametrize(
    ("type_", "service", "operation", "member", "arn"),
    [
        ("AWS::Lambda::Function", "lambda", "list_functions", "Functions", "FunctionArn"),
        ("AWS::SNS::Topic", "sns", "list_topics", "Topics", "TopicArn"),
        ("AWS::SecretsManager::Secret", "secretsmanager", "list_secrets", "SecretList", "ARN"),
        ("AWS::IAM::Policy", "iam", "list_policies", "Policies", "Arn"),
    ],
)
def test_what_lists_show_is_what_the_estate_has(
    type_: str, service: str, operation: str, member: str, arn: str, aws: LocalAws, rows: Any
) -> None:
    asked = {"Scope": "Local"} if operation == "list_policies" else {}
    shown = getattr(aws.client(service), operation)(**asked)[member]
    assert {one[arn] for one in shown} == set(rows(type_))
    assert shown


def test_buckets_come_in_pages_and_are_encrypted(aws: LocalAws, rows: Any) -> None:
    s3 = aws.client("s3")
    whole = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert {facts["name"] for facts in rows("AWS::S3::Bucket").values()} <= set(whole)
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2}))
    assert len(pages) == (len(whole) + 1) // 2 > 1
    assert [bucket["Name"] for page in pages for bucket in page["Buckets"]] == sorted(whole)
    found = s3.get_bucket_encryption(Bucket=next(iter(rows("AWS::S3::Bucket").values()))["name"])
    (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    with pytest.raises(ClientError) as caught:
        s3.list_buckets(MaxBuckets=2, ContinuationToken="no token")
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_an_account_has_its_own_only_and_what_is_made_is_beside_it(aws: LocalAws) -> None:
    own, other = (
        boto3.client(
            "kms",
            region_name=aws.regions[0],
            endpoint_url=aws.endpoint,
            aws_access_key_id=account,
            aws_secret_access_key="local",
        )
        for account in aws.accounts
    )
    before = {key["KeyId"] for key in own.list_keys()["Keys"]}
    made = own.create_key()["KeyMetadata"]["KeyId"]
    assert {key["KeyId"] for key in own.list_keys()["Keys"]} == before | {made}
    assert not before & {key["KeyId"] for key in other.list_keys()["Keys"]}


def test_security_group_rules_are_those_of_the_groups(aws: LocalAws) -> None:
    ec2 = aws.client("ec2")
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        opened = {
            (p["IpProtocol"], p.get("FromPort", -1), peer["CidrIp"])
            for p in group["IpPermissions"]
            for peer in p["IpRanges"]
        }
        assert opened == {
            (r["IpProtocol"], r["FromPort"], r["CidrIpv4"])
            for r in rules
            if r["GroupId"] == group["GroupId"] and not r["IsEgress"] and "CidrIpv4" in r
        }
    assert rules
