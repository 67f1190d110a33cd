"""What moto's S3 gets wrong without saying so is right at the front."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.local_aws.moto_checksums import decode_chunked, refuse_wrong_checksum
from include.local_aws.moto_s3 import is_public
from include.protocol import Request, ServiceError
from tests.include.local_aws.conftest import Local
from tests.include.local_aws.refused import refused

BUCKET = "locked-bucket"
TEXT = "2026-11-21T00:00:00Z"


@pytest.fixture(scope="module")
def s3(local: Local) -> Any:
    client = local.client("s3")
    location = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(
        Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=location
    )
    return client


def soon(days: int) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


def put_locked(s3: Any, key: str, mode: str) -> dict[str, Any]:
    version = s3.put_object(
        Bucket=BUCKET,
        Key=key,
        Body=b"sealed",
        ObjectLockMode=mode,
        ObjectLockRetainUntilDate=soon(10),
    )["VersionId"]
    return {"Bucket": BUCKET, "Key": key, "VersionId": version}


def test_compliance_retention_can_be_extended_but_never_shortened(s3: Any) -> None:
    where = put_locked(s3, "compliance", "COMPLIANCE")
    for retention in (
        {"Mode": "COMPLIANCE", "RetainUntilDate": soon(9)},
        {"Mode": "GOVERNANCE", "RetainUntilDate": soon(20)},
        {},
    ):
        for bypass in (False, True):
            asked = {**where, "Retention": retention, "BypassGovernanceRetention": bypass}
            assert refused(s3.put_object_retention, **asked)[:2] == ("AccessDenied", 403)
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": soon(11)}
    s3.put_object_retention(**where, Retention=longer)
    assert s3.get_object_retention(**where)["Retention"] == longer
    assert refused(s3.delete_object, **where)[0] == "AccessDenied"
    bypassing = {**where, "BypassGovernanceRetention": True}
    assert refused(s3.delete_object, **bypassing)[0] == "AccessDenied"


def test_governance_retention_is_shortened_only_with_the_bypass(s3: Any) -> None:
    where = put_locked(s3, "governance", "GOVERNANCE")
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": soon(1)}
    assert refused(s3.put_object_retention, **where, Retention=shorter)[0] == "AccessDenied"
    s3.put_object_retention(**where, Retention=shorter, BypassGovernanceRetention=True)
    s3.put_object_retention(**where, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": soon(1)})
    assert s3.get_object_retention(**where)["Retention"]["Mode"] == "COMPLIANCE"


def test_versioning_of_a_locking_bucket_cannot_be_suspended(s3: Any) -> None:
    where = put_locked(s3, "versioned", "COMPLIANCE")
    asked = {"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}
    assert refused(s3.put_bucket_versioning, **asked)[:2] == ("InvalidBucketState", 409)
    s3.put_object(Bucket=BUCKET, Key="versioned", Body=b"newer")
    assert s3.get_object(**where)["Body"].read() == b"sealed"
    locked = {"Objects": [{"Key": "versioned", "VersionId": where["VersionId"]}]}
    answer = s3.delete_objects(Bucket=BUCKET, Delete=locked, BypassGovernanceRetention=True)
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]


def test_a_retention_that_is_over_already_is_refused(s3: Any) -> None:
    asked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": soon(-1)}
    code = refused(s3.put_object, Bucket=BUCKET, Key="late", Body=b"x", **asked)[0]
    assert code == "InvalidArgument"


def test_default_retention_can_be_read(s3: Any) -> None:
    location = {"LocationConstraint": "eu-west-1"}
    bucket = "default-retention"
    s3.create_bucket(
        Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=location
    )
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    s3.put_object_lock_configuration(
        Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    retention = s3.get_object_retention(Bucket=bucket, Key="k")["Retention"]
    assert retention["Mode"] == "COMPLIANCE"
    assert abs(retention["RetainUntilDate"] - soon(30)) < timedelta(minutes=5)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ObjectLockRetainUntilDate"] == retention["RetainUntilDate"]
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": soon(29)}
    asked = {"Bucket": bucket, "Key": "k", "Retention": shorter}
    assert refused(s3.put_object_retention, **asked)[0] == "AccessDenied"


def test_an_object_without_retention_says_so(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="free", Body=b"x")
    code, status, _ = refused(s3.get_object_retention, Bucket=BUCKET, Key="free")
    assert (code, status) == ("NoSuchObjectLockConfiguration", 404)
    assert refused(s3.get_object_retention, Bucket=BUCKET, Key="nothing")[1] == 404


@pytest.mark.parametrize(
    ("member", "right"),
    [
        ("ChecksumSHA256", base64.b64encode(hashlib.sha256(b"body").digest()).decode()),
        ("ChecksumSHA1", base64.b64encode(hashlib.sha1(b"body").digest()).decode()),
        ("ChecksumCRC32", base64.b64encode(zlib.crc32(b"body").to_bytes(4, "big")).decode()),
        ("ContentMD5", base64.b64encode(hashlib.md5(b"body").digest()).decode()),
    ],
)
def test_a_wrong_checksum_is_refused_and_nothing_stored(s3: Any, member: str, right: str) -> None:
    key = f"checked-{member}"
    asked = {"Bucket": BUCKET, "Key": key, member: right}
    assert refused(s3.put_object, Body=b"other", **asked)[:2] == ("BadDigest", 400)
    assert refused(s3.head_object, Bucket=BUCKET, Key=key)[1] == 404
    assert s3.put_object(Body=b"body", **asked)["VersionId"]


def test_a_part_with_a_wrong_checksum_is_refused(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    asked = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload, "PartNumber": 1}
    assert refused(s3.upload_part, Body=b"body", ChecksumSHA256=wrong, **asked)[0] == "BadDigest"


def test_streams_with_a_checksum_in_the_trailer_arrive_whole(local: Local) -> None:
    s3 = local.client("s3", request_checksum_calculation="when_supported")
    content = bytes(range(256)) * 5000
    for algorithm in ("CRC32", "SHA256"):
        s3.put_object(
            Bucket=BUCKET, Key="stream", Body=io.BytesIO(content), ChecksumAlgorithm=algorithm
        )
        assert s3.get_object(Bucket=BUCKET, Key="stream")["Body"].read() == content


def chunked(content: bytes, **trailers: str) -> Request:
    body = b"%x\r\n%s\r\n0\r\n" % (len(content), content)
    body += b"".join(f"{k.replace('_', '-')}:{v}\r\n".encode() for k, v in trailers.items())
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(content)),
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
    return Request("PUT", "/b/k", "", headers, body + b"\r\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # check values of the two polynomials, for "123456789"
        ("x_amz_checksum_crc32c", base64.b64encode(bytes.fromhex("e3069283")).decode()),
        ("x_amz_checksum_crc64nvme", base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()),
        ("x_amz_checksum_crc32", base64.b64encode(bytes.fromhex("cbf43926")).decode()),
    ],
)
def test_checksums_in_trailers_are_verified(name: str, value: str) -> None:
    refuse_wrong_checksum(chunked(b"123456789", **{name: value}))
    with pytest.raises(ServiceError, match="BadDigest"):
        refuse_wrong_checksum(chunked(b"123456780", **{name: value}))


def test_a_body_cut_short_is_refused() -> None:
    whole = chunked(b"123456789")
    assert decode_chunked(whole.body) == (b"123456789", {})
    for length in (3, 8, len(whole.body) - 7):
        cut = Request("PUT", "/b/k", "", whole.headers, whole.body[:length])
        with pytest.raises(ServiceError, match="IncompleteBody"):
            refuse_wrong_checksum(cut)


def policy(**statement: Any) -> bytes:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [whole]}).encode()


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["*"]}}, True),
        ({"NotPrincipal": {"AWS": "111111111111"}}, True),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": {"AWS": "111111111111"}}, False),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
    ],
)
def test_what_a_public_policy_is(statement: dict[str, Any], public: bool) -> None:
    assert is_public(policy(**statement)) is public


def test_a_public_policy_is_blocked_where_that_is_asked_for(s3: Any) -> None:
    bucket = "public-policy"
    location = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
    public = policy(Principal="*").decode()
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    asked = {"Bucket": bucket, "Policy": public}
    assert refused(s3.put_bucket_policy, **asked)[:2] == ("AccessDenied", 403)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(Principal={"AWS": "111111111111"}).decode())
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(**asked)


def test_a_conditional_write_keeps_what_is_there(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="once", Body=b"1", IfNoneMatch="*")
    asked = {"Bucket": BUCKET, "Key": "once", "Body": b"2", "IfNoneMatch": "*"}
    assert refused(s3.put_object, **asked)[:2] == ("PreconditionFailed", 412)
