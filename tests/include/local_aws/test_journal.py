"""What moto holds is the same after a restart: ids, bytes, times and keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.journal import Journal
from tests.include.local_aws.conftest import MEMBER, Local

BUCKET = "journalled"
KEY = "a b/ü?.txt"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Local]:
    with closing(Local(tmp_path)) as running:
        yield running


def shown(local: Local, key: str, queue: str) -> dict[str, Any]:
    """All that has to be the same."""
    s3, kms = local.client("s3"), local.client("kms")
    versions = s3.list_object_versions(Bucket=BUCKET)
    contents = [
        s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
        for version in versions["Versions"]
    ]
    retained = s3.get_object_retention(Bucket=BUCKET, Key=KEY)["Retention"]
    topics = local.client("sns").list_subscriptions()["Subscriptions"]
    return {
        "versions": [(v["Key"], v["VersionId"], v["LastModified"]) for v in versions["Versions"]],
        "markers": [(m["Key"], m["VersionId"]) for m in versions["DeleteMarkers"]],
        "bytes": [content["Body"].read() for content in contents],
        "retained": retained,
        "buckets": [(b["Name"], b["CreationDate"]) for b in s3.list_buckets()["Buckets"]],
        "key": kms.describe_key(KeyId=key)["KeyMetadata"],
        "public": kms.get_public_key(KeyId=key)["PublicKey"],
        "subscriptions": [(t["TopicArn"], t["SubscriptionArn"]) for t in topics],
        "waiting": local.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"],
        "roles": [
            (role["RoleName"], role["Arn"])
            for role in local.client("iam", MEMBER).list_roles()["Roles"]
        ],
    }


def test_everything_is_the_same_after_a_restart(own: Local) -> None:
    s3, sns, sqs, kms = (own.client(name) for name in ("s3", "sns", "sqs", "kms"))
    s3.create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    s3.put_object_lock_configuration(
        Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    for body in (b"one", bytes(range(256))):
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=body)
    s3.put_object(Bucket=BUCKET, Key="gone", Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="gone")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    where = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
    etag = s3.upload_part(**where, PartNumber=1, Body=b"part")["ETag"]
    parts = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    s3.complete_multipart_upload(**where, MultipartUpload=parts)
    key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=symmetric, Plaintext=b"secret")["CiphertextBlob"]
    signed = {"KeyId": key, "Message": b"text", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**signed)["Signature"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    for text in ("first", "second"):
        sns.publish(TopicArn=topic, Message=text)
    message = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    own.client("iam", MEMBER).create_role(RoleName="later", AssumeRolePolicyDocument="{}")
    session = own.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{MEMBER}:role/ComplianceAuditRole", RoleSessionName="audit"
    )["Credentials"]
    before = shown(own, key, queue)
    assert len(before["versions"]) == 4
    assert before["waiting"] == {"ApproximateNumberOfMessages": "1"}

    own.restart()

    assert shown(own, key, queue) == before
    kms = own.client("kms")
    assert kms.verify(**signed, Signature=signature)["SignatureValid"]
    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"secret"
    identity = own.client("sts", session=session).get_caller_identity()
    assert identity["Account"] == MEMBER
    # new ids go on where the old ones ended
    old = {version for _, version, _ in before["versions"]}
    assert own.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"3")["VersionId"] not in old


def test_reading_and_failing_leave_no_trace(own: Local) -> None:
    s3 = own.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    own.client("sns").list_topics()
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="no-such-bucket", Key="k", Body=b"")
    queue = own.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    own.client("sqs").receive_message(QueueUrl=queue)
    own.stop()
    with closing(Journal(own.state / "journal.sqlite")) as journal:
        assert [entry.operation for entry in journal.entries()] == ["CreateBucket", "CreateQueue"]
    own.start()


def test_a_journal_is_private_and_has_one_writer(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.sqlite")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Journal(tmp_path / "j.sqlite")
    first.close()
    assert (tmp_path / "j.sqlite").stat().st_mode & 0o777 == 0o600
    Journal(tmp_path / "j.sqlite").close()
