"""Who is asked, as whom, and where: identity, isolation, overlays and what nobody answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import boto3
import botocore.session
import pytest
from botocore.config import Config

from include.local_aws.operations import operation_of
from include.protocol import Request
from tests.include.local_aws.conftest import MANAGEMENT, MEMBER, Local
from tests.include.local_aws.refused import refused

ROLE = f"arn:aws:iam::{MEMBER}:role/ComplianceAuditRole"


def test_a_twelve_digit_key_is_the_account(local: Local) -> None:
    for account in (MANAGEMENT, MEMBER):
        identity = local.client("sts", account).get_caller_identity()
        assert identity["Account"] == account
        assert identity["Arn"] == f"arn:aws:iam::{account}:root"


def test_a_key_that_nobody_issued_is_refused(local: Local) -> None:
    for key in ("AKIAUNKNOWNUNKNOWN12", "999999999999"):
        keys = {"AccessKeyId": key, "SecretAccessKey": "x", "SessionToken": None}
        for service, ask in (("sts", "get_caller_identity"), ("config", "describe_config_rules")):
            code = refused(getattr(local.client(service, session=keys), ask))[0]
            assert code == "UnrecognizedClientException"


def test_an_assumed_role_acts_in_its_own_account(local: Local) -> None:
    answer = local.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="audit")
    session = answer["Credentials"]
    identity = local.client("sts", session=session).get_caller_identity()
    arn = f"arn:aws:sts::{MEMBER}:assumed-role/ComplianceAuditRole/audit"
    assert (identity["Account"], identity["Arn"]) == (MEMBER, arn)
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    local.client("sqs", session=session).create_queue(QueueName="of-the-member")
    assert "QueueUrls" in local.client("sqs", MEMBER).list_queues()
    assert "QueueUrls" not in local.client("sqs", MANAGEMENT).list_queues()
    rules = local.client("config", session=session).describe_config_rules()["ConfigRules"]
    assert rules[0]["ConfigRuleName"].startswith(MEMBER)


@pytest.mark.parametrize(
    ("caller", "role"),
    [
        (MANAGEMENT, f"arn:aws:iam::{MEMBER}:role/NoSuchRole"),
        (MEMBER, f"arn:aws:iam::{MANAGEMENT}:role/ComplianceAuditRole"),
        (MANAGEMENT, "arn:aws:iam::999999999999:role/ComplianceAuditRole"),
        (MANAGEMENT, "arn:aws:iam::222222222222:user/ComplianceAuditRole"),
    ],
)
def test_a_role_that_does_not_trust_the_caller_is_denied(
    local: Local, caller: str, role: str
) -> None:
    sts = local.client("sts", caller)
    code, status, message = refused(sts.assume_role, RoleArn=role, RoleSessionName="audit")
    assert (code, status) == ("AccessDenied", 403)
    assert "is not authorized to perform: sts:AssumeRole on resource: " + role in message


def test_an_external_id_has_to_be_right(local: Local) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": MEMBER},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "secret-1"}},
        },
    }
    local.client("iam").create_role(RoleName="guarded", AssumeRolePolicyDocument=json.dumps(trust))
    asked = {"RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/guarded", "RoleSessionName": "audit"}
    sts = local.client("sts", MEMBER)
    assert refused(sts.assume_role, **asked)[0] == "AccessDenied"
    assert refused(sts.assume_role, ExternalId="secret-2", **asked)[0] == "AccessDenied"
    assert sts.assume_role(ExternalId="secret-1", **asked)["Credentials"]
    too_long = {"ExternalId": "secret-1", "DurationSeconds": 7200}
    assert refused(sts.assume_role, **too_long, **asked)[0] == "ValidationError"


def test_the_key_of_an_iam_user_is_that_user(local: Local) -> None:
    iam = local.client("iam", MEMBER)
    iam.create_user(UserName="robot")
    key = iam.create_access_key(UserName="robot")["AccessKey"]
    keys = {**key, "SessionToken": None}
    identity = local.client("sts", session=keys).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{MEMBER}:user/robot"
    iam.update_access_key(UserName="robot", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    sts = local.client("sts", session=keys)
    assert refused(sts.get_caller_identity)[0] == "UnrecognizedClientException"


def test_an_expired_session_is_refused(local: Local) -> None:
    local.front._credentials._journal.save_session("ASIAEXPIREDEXPIRED12", MEMBER, "arn", "id", 1)
    keys = {"AccessKeyId": "ASIAEXPIREDEXPIRED12", "SecretAccessKey": "x", "SessionToken": "t"}
    assert refused(local.client("sts", session=keys).get_caller_identity)[0] == "ExpiredToken"
    s3 = local.client("s3", session=keys)
    assert refused(s3.list_buckets)[0] == "ExpiredToken"
    hub = local.client("securityhub", session=keys)
    assert refused(hub.get_findings)[0] == "ExpiredTokenException"


def test_accounts_and_regions_are_apart(local: Local) -> None:
    local.client("sns", MANAGEMENT, "eu-west-1").create_topic(Name="one")
    assert local.client("sns", MANAGEMENT, "eu-west-1").list_topics()["Topics"]
    assert not local.client("sns", MANAGEMENT, "us-east-1").list_topics()["Topics"]
    assert not local.client("sns", MEMBER, "eu-west-1").list_topics()["Topics"]
    for account, region in ((MANAGEMENT, "us-east-1"), (MEMBER, "eu-west-1")):
        rules = local.client("config", account, region).describe_config_rules()["ConfigRules"]
        assert rules[0]["ConfigRuleName"] == f"{account}-{region}-1"


def test_a_bucket_of_another_account_is_closed(local: Local) -> None:
    local.client("s3", MEMBER).create_bucket(
        Bucket="closed-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    stranger = local.client("s3", MANAGEMENT)
    assert refused(stranger.list_objects_v2, Bucket="closed-bucket")[0] == "AccessDenied"
    asked = {"Bucket": "closed-bucket", "Key": "k", "Body": b""}
    assert refused(stranger.put_object, **asked)[0] == "AccessDenied"


def test_the_organisation_holds_the_accounts(local: Local) -> None:
    organisations = local.client("organizations")
    accounts = organisations.list_accounts()["Accounts"]
    assert [(a["Id"], a["Name"]) for a in accounts] == [
        (MANAGEMENT, "management"),
        (MEMBER, "member"),
    ]
    assert accounts[1]["JoinedTimestamp"] == datetime.fromtimestamp(1_700_000_000, UTC)
    seen = local.client("organizations", MEMBER).describe_organization()["Organization"]
    assert seen["MasterAccountId"] == MANAGEMENT
    assert organisations.describe_account(AccountId=MEMBER)["Account"]["Status"] == "ACTIVE"


def test_overlays_of_the_query_protocols(local: Local) -> None:
    iam = local.client("iam", MEMBER)
    users = iam.list_users()["Users"]
    assert (users[0]["UserName"], users[0]["CreateDate"].timestamp()) == (MEMBER, 1_700_000_000)
    assert refused(iam.list_users, PathPrefix="/none/")[:2] == ("NoSuchEntity", 404)
    assert refused(iam.list_users, MaxItems=1001)[0] == "ValidationError"
    assert iam.list_roles()["Roles"][0]["RoleName"] == "ComplianceAuditRole"  # moto's
    ec2 = local.client("ec2")
    group = ec2.describe_security_groups(GroupIds=["sg-1"])["SecurityGroups"][0]
    assert group["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert not ec2.describe_security_groups(GroupIds=["sg-9"])["SecurityGroups"]
    assert ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]  # moto's


def test_an_overlay_validates_what_the_client_did_not(local: Local) -> None:
    unchecked = {"parameter_validation": False}
    ec2 = local.client("ec2", **unchecked)
    code, _, message = refused(ec2.create_security_group, GroupName="x")
    assert (code, message) == (
        "MissingParameter",
        "The request must contain the parameter Description",
    )


def test_a_misshapen_answer_of_a_query_overlay_never_leaves(local: Local) -> None:
    assert refused(local.client("iam").get_user)[:2] == ("InternalFailure", 500)


@pytest.mark.parametrize(
    ("service", "ask", "params", "named"),
    [
        ("config", "describe_conformance_packs", {}, "config:DescribeConformancePacks"),
        ("securityhub", "list_members", {}, "securityhub:ListMembers"),
        ("ssm", "describe_patch_groups", {}, "ssm:DescribePatchGroups"),
        ("license-manager", "list_license_configurations", {}, "ListLicenseConfigurations"),
        ("artifact", "list_reports", {}, "artifact:ListReports"),
        ("iam", "list_policies_granting_service_access", {}, "ListPoliciesGrantingServiceAccess"),
        ("sts", "get_federation_token", {"Name": "some"}, "sts:GetFederationToken"),
    ],
)
def test_what_nobody_answers_is_501_once(
    local: Local, service: str, ask: str, params: dict[str, str], named: str
) -> None:
    if ask == "list_policies_granting_service_access":
        params = {"Arn": "arn:aws:iam::111111111111:user/some", "ServiceNamespaces": ["s3"]}  # type: ignore[dict-item]
    client = local.client(service, attempts=3)
    sent: list[str] = []
    client.meta.events.register("before-send", lambda request, **_: sent.append(request.url))
    code, status, message = refused(getattr(client, ask), **params)
    assert (code, status, len(sent)) == ("NotImplementedException", 501, 1)
    assert named in message


def test_an_unsigned_request_is_refused(local: Local) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{local.url}/some-bucket/key", timeout=5)
    assert caught.value.code == 403
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{local.url}/moto-api/data.json", timeout=5)


def test_overlays_have_the_estates_date_and_moto_real_time(local: Local) -> None:
    def date(answer: dict[str, dict[str, dict[str, str]]]) -> datetime:
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    start = datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert abs(date(local.client("config").describe_config_rules()) - start) < timedelta(minutes=5)
    now = datetime.now(UTC)
    s3 = local.client("s3")
    assert abs(date(s3.list_buckets()) - start) < timedelta(minutes=5)
    kept = local.client("sqs").create_queue(QueueName="kept")
    assert abs(date(kept) - now) < timedelta(minutes=5)
    assert abs(date(local.client("sts").get_caller_identity()) - now) < timedelta(minutes=5)


def test_health_tells_clock_and_accounts(local: Local) -> None:
    with urllib.request.urlopen(f"{local.url}/_local/health", timeout=5) as answer:
        document = json.load(answer)
    assert document["clock"].startswith("2026-11-01T06:")
    assert document["accounts"] == [MANAGEMENT, MEMBER]


def test_a_presigned_url_carries_its_account_and_ends(local: Local) -> None:
    session = botocore.session.get_session()
    session.set_credentials(MANAGEMENT, "any")
    s3 = boto3.Session(botocore_session=session).client(
        "s3",
        endpoint_url=local.url,
        region_name="eu-west-1",
        config=Config(signature_version="s3v4"),
    )
    location = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket="presigned", CreateBucketConfiguration=location)
    asked = {"Bucket": "presigned", "Key": "a b/ü.txt"}
    put = s3.generate_presigned_url("put_object", asked, ExpiresIn=60)
    request = urllib.request.Request(put, data=b"content", method="PUT")
    assert urllib.request.urlopen(request, timeout=5).status == 200
    get = s3.generate_presigned_url("get_object", asked, ExpiresIn=60)
    assert urllib.request.urlopen(get, timeout=5).read() == b"content"
    stale = get.replace("X-Amz-Date=20", "X-Amz-Date=19")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(stale, timeout=5)
    assert caught.value.code == 403
    assert b"Request has expired" in caught.value.read()


def test_long_polling_does_not_hold_up_others(local: Local) -> None:
    import threading
    import time

    sqs = local.client("sqs", region="eu-central-1")
    url = sqs.create_queue(QueueName="slow")["QueueUrl"]
    assert url.startswith(local.url)
    received: list[dict[str, str]] = []

    def wait() -> None:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)
        received.extend(answer.get("Messages", []))

    waiting = threading.Thread(target=wait)
    waiting.start()
    started = time.monotonic()
    local.client("sqs", region="eu-central-1").send_message(QueueUrl=url, MessageBody="hello")
    waiting.join(8)
    assert [message["Body"] for message in received] == ["hello"]
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("PUT", "/bucket/key", "", {}, "PutObject"),
        ("PUT", "/bucket/key", "", {"x-amz-copy-source": "/a/b"}, "CopyObject"),
        ("PUT", "/bucket/key", "partNumber=1&uploadId=u", {}, "UploadPart"),
        ("PUT", "/bucket/a/b", "retention", {}, "PutObjectRetention"),
        ("PUT", "/bucket/", "", {}, "CreateBucket"),
        ("PUT", "/bucket", "policy", {}, "PutBucketPolicy"),
        ("GET", "/", "", {}, "ListBuckets"),
        ("GET", "/bucket", "list-type=2&prefix=", {}, "ListObjectsV2"),
        ("POST", "/bucket", "delete", {}, "DeleteObjects"),
        ("HEAD", "/bucket/a//b", "", {}, "HeadObject"),
    ],
)
def test_operations_of_s3_are_told_apart(
    method: str, path: str, query: str, headers: dict[str, str], operation: str
) -> None:
    assert operation_of("s3", Request(method, path, query, headers, b"")) == operation
