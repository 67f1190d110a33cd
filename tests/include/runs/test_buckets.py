"""The run's buckets: made right, or checked before anything is written."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.errors import AuditError
from include.runs.buckets import ensure_bucket


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )


def test_a_new_bucket_is_private_versioned_encrypted_and_has_a_lifecycle(s3: Any) -> None:
    ensure_bucket(s3, "evidence", region="us-east-1")
    block = s3.get_public_access_block(Bucket="evidence")["PublicAccessBlockConfiguration"]
    assert all(block.values()) and len(block) == 4
    assert s3.get_bucket_versioning(Bucket="evidence")["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket="evidence")["ServerSideEncryptionConfiguration"][
        "Rules"
    ][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert s3.get_bucket_lifecycle_configuration(Bucket="evidence")["Rules"]


def test_what_an_existing_bucket_lacks_is_switched_on(s3: Any) -> None:
    s3.create_bucket(Bucket="evidence")
    ensure_bucket(s3, "evidence", region="us-east-1", kms_key="alias/audit")
    assert s3.get_bucket_versioning(Bucket="evidence")["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket="evidence")["ServerSideEncryptionConfiguration"][
        "Rules"
    ][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "alias/audit"


def test_a_bucket_public_by_policy_is_refused_and_left_alone(s3: Any) -> None:
    s3.create_bucket(Bucket="open")
    s3.put_bucket_policy(
        Bucket="open",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": "s3:GetObject",
                        "Resource": "arn:aws:s3:::open/*",
                    }
                ],
            }
        ),
    )
    with pytest.raises(AuditError, match="public"):
        ensure_bucket(s3, "open", region="us-east-1")
    assert "Status" not in s3.get_bucket_versioning(Bucket="open")


def test_a_bucket_public_by_its_access_list_is_refused(s3: Any) -> None:
    s3.create_bucket(Bucket="open", ACL="public-read")
    with pytest.raises(AuditError, match="access control list"):
        ensure_bucket(s3, "open", region="us-east-1")
