"""CloudTrail's past from log files: equal to what was looked up, whole, and proven so."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.assessment.period import parse_period
from include.aws.sessions import RetryPolicy, SessionFactory
from include.clock import from_epoch, iso
from include.evidence.cell import Cell
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.local_aws.estate.store import Estate
from include.local_aws.services.cloudtrail.log_files import delivered_at
from include.sources.cloudtrail import CloudTrail
from include.sources.collect import Problem, collect_cell
from include.sources.trail_patterns import PATTERNS
from tests.local_stack import LocalAws, local_aws

#: Two days that the event history still knows, and files do, too.
DAYS = "2026-10-13T00:00:00Z/2026-10-15T00:00:00Z"
FILES_ONLY = timedelta(0)
KEYWORDS = [*PATTERNS, "ConsoleLogin", "CreateUser", "CreateSecurityGroup"]
NAME = "organization-audit"


class World:
    """A local AWS with two accounts in one region, and a collector's role in it."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.region = aws.regions[0]
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket="evidence")
        self.store = SnapshotStore("evidence", self.s3)
        base = boto3.Session(aws_access_key_id=aws.accounts[0], aws_secret_access_key="local")
        self.sessions = SessionFactory(
            "ComplianceAuditRole", region=self.region, base=base, retry=RetryPolicy(attempts=2)
        )
        self._number = 0

    def collect(
        self,
        source: CloudTrail,
        period: str = DAYS,
        account: int = 0,
        region: str = "",
        **asked: Any,
    ) -> tuple[LoadedSnapshot, Problem | None]:
        self._number += 1
        here = self.aws.accounts[account]
        cell = Cell(
            "cloudtrail", here, region or self.region, parse_period(period), str(self._number)
        )
        context = {"events": KEYWORDS, "home_region": self.region, **asked}
        before = os.environ.get("AWS_ENDPOINT_URL")
        os.environ["AWS_ENDPOINT_URL"] = self.aws.endpoint
        try:
            clients = self.sessions.account(here)
            ref, problem = collect_cell(source, cell, context, clients, self.store)
        finally:
            del os.environ["AWS_ENDPOINT_URL"]
            if before is not None:
                os.environ["AWS_ENDPOINT_URL"] = before
        return self.store.load(ref), problem

    def policies(self, *statements: dict[str, Any]) -> None:
        """Collectors may do anything but what ``statements`` deny; without any, all again."""
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = {"arn:aws:sts::*": {"Statement": [allowed, *statements]}}
        request = urllib.request.Request(
            f"{self.aws.endpoint}/_local/policies",
            data=json.dumps(document).encode() if statements else None,
            method="POST" if statements else "DELETE",
        )
        urllib.request.urlopen(request, timeout=10).close()

    def bucket(self, name: str = NAME) -> str:
        return f"{name}-logs-{self.aws.accounts[0]}"

    def keys(self, kind: str, date: str, name: str = NAME) -> list[str]:
        folder = f"AWSLogs/{self.aws.accounts[0]}/{kind}/{self.region}/{date}/"
        listed = self.s3.list_objects_v2(Bucket=self.bucket(name), Prefix=folder)
        return [one["Key"] for one in listed.get("Contents", ())]

    def validate_logs(self, trail: str, start: str, end: str, *more: str) -> tuple[int, str]:
        """AWS's own tool."""
        account = self.aws.accounts[0]
        arn = f"arn:aws:cloudtrail:{self.region}:{account}:trail/{trail}"
        done = subprocess.run(
            [str(Path(sys.executable).with_name("aws")), "cloudtrail", "validate-logs",
             "--trail-arn", arn, "--start-time", start, "--end-time", end, *more],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": self.aws.endpoint,
                "AWS_ACCESS_KEY_ID": account,
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_DEFAULT_REGION": self.region,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    state = tmp_path_factory.mktemp("state")
    with local_aws(state, seed=7, accounts=2, regions=1, resources=30, months=1) as aws:
        yield World(aws)


@pytest.fixture(autouse=True)
def healed(world: World) -> Iterator[None]:
    yield
    world.aws.faults()
    world.policies()


def test_files_and_the_event_history_give_equal_evidence(world: World) -> None:
    looked, _ = world.collect(CloudTrail())
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY))
    both, _ = world.collect(CloudTrail(most_pages=0))
    assert problem is None
    assert looked.ref.items > 3
    assert looked.ref.content_digest == read.ref.content_digest == both.ref.content_digest
    assert {page.operation for page in looked.receipt.pages} == {"cloudtrail:LookupEvents"}
    assert "s3:GetObject" in {page.operation for page in read.receipt.pages}
    assert {item.known for item in read.iter_evidence()} == {"RECONSTRUCTED"}


def test_a_receipt_proves_the_files_and_keeps_the_events_as_they_were(world: World) -> None:
    read, _ = world.collect(CloudTrail(reach=FILES_ONLY))
    digests, logs = read.receipt.counts
    assert digests.expected == digests.found > 48
    assert logs.expected == logs.found > 3
    pages = dict(read.iter_pages())
    for item in read.iter_evidence():
        line = json.loads(pages[item.page].splitlines()[item.offset])
        assert line["eventID"] == item.attributes["id"]
        assert line["eventName"] == item.event_name
    lines = [
        json.loads(line)
        for body in pages.values()
        if not body.startswith(b"<")
        for line in body.splitlines()
    ]
    files = [line for line in lines if "verdict" in line]
    assert {line["verdict"] for line in files} == {"valid"}
    assert len(files) == digests.found + logs.found
    one = next(line for line in files if "/CloudTrail/" in line["key"])
    data = world.s3.get_object(Bucket=one["bucket"], Key=one["key"])["Body"].read()
    assert one["sha256"] == hashlib.sha256(gzip.decompress(data)).hexdigest()
    assert one["size"] == len(data)
    assert one["etag"] == hashlib.md5(data).hexdigest()


def test_events_that_were_delivered_late_belong_to_when_they_happened(world: World) -> None:
    """Every event of a day is found in files, though some lie in the next day's folder."""
    estate = Estate(world.aws.directory / "estate.sqlite")
    rows = estate.rows("SELECT event_id, at_t FROM events WHERE read_only = 0 ORDER BY at_t")
    late = [
        row
        for row in rows
        if delivered_at(row["event_id"], row["at_t"]) // 86400 > row["at_t"] // 86400
    ]
    assert late, "the estate has an event that is delivered on the day after"
    at = late[0]["at_t"]
    day = f"{iso(from_epoch(at - at % 86400))}/{iso(from_epoch(at - at % 86400 + 86400))}"
    for account in (0, 1):
        looked, _ = world.collect(CloudTrail(), day, account)
        read, _ = world.collect(CloudTrail(reach=FILES_ONLY), day, account)
        assert looked.ref.content_digest == read.ref.content_digest


def test_what_no_trail_has_logged_is_beyond_reach(world: World) -> None:
    read, problem = world.collect(CloudTrail(), "2026-06-01T00:00:00Z/2026-06-03T00:00:00Z")
    assert (read.ref.status, problem) == ("BEYOND_REACH", None)
    assert "2026-06-01T00:00:00Z to 2026-06-03T00:00:00Z" in read.receipt.message
    assert {one.state for one in read.deployments} == {"BEYOND_REACH"}


def test_a_member_reads_the_organisations_trail(world: World) -> None:
    """Where its own trail's bucket refuses: the organisation's lets it see its own folder."""
    own = world.aws.client("cloudtrail", account=world.aws.accounts[1])
    names = {
        trail["Name"]: trail["S3BucketName"]
        for trail in own.describe_trails()["trailList"]
        if trail["IsOrganizationTrail"]
    }
    assert list(names) == ["organization-trail"]
    member = world.aws.client("s3", account=world.aws.accounts[1])
    organization = world.aws.client("organizations").describe_organization()["Organization"]["Id"]
    folder = f"AWSLogs/{organization}/{world.aws.accounts[1]}/CloudTrail/"
    [bucket] = names.values()
    listed = member.list_objects_v2(Bucket=bucket, Prefix=folder, MaxKeys=1)["Contents"]
    head = member.head_object(Bucket=bucket, Key=listed[0]["Key"])
    assert head["ServerSideEncryption"] == "aws:kms"
    world.policies({"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::{NAME}-*"})
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY), account=1)
    assert (read.ref.status, problem) == ("COMPLETE", None)
    assert f"files of the trail {NAME} in the bucket" in read.receipt.message
    assert {count.what for count in read.receipt.counts} == {
        "valid digests of the trail organization-trail",
        "log files that these digests name, of organization-trail",
    }
    assert read.ref.content_digest == world.collect(CloudTrail(), account=1)[0].ref.content_digest
    code, said = world.validate_logs(
        "organization-trail", "2026-10-14T00:00:00Z", "2026-10-14T06:00:00Z",
        "--account-id", world.aws.accounts[1],
    )  # fmt: skip
    assert code == 0, said
    assert "7/7 digest files valid" in said


@pytest.mark.parametrize("by", ["fault", "policy"])
def test_a_refused_key_is_named_when_no_other_trail_helps(world: World, by: str) -> None:
    if by == "fault":
        world.aws.faults({"service": "kms", "operation": "Decrypt", "kind": "access_denied"})
    else:
        world.policies({"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"})
    _, problem = world.collect(CloudTrail(reach=FILES_ONLY))
    assert problem is not None
    assert (problem.status, problem.missing_permission) == ("DENIED", "kms:Decrypt")


def test_a_refused_bucket_is_said_and_the_history_used_where_it_reaches(world: World) -> None:
    world.aws.faults({"service": "s3", "operation": "ListObjectsV2", "kind": "access_denied"})
    denied, problem = world.collect(CloudTrail(reach=FILES_ONLY))
    assert problem is not None and problem.status == "DENIED"
    assert problem.missing_permission == "s3:ListBucket"
    looked, problem = world.collect(CloudTrail(most_pages=0))
    assert (looked.ref.status, problem) == ("COMPLETE", None)
    assert "could not be read: s3:ListBucket" in looked.receipt.message
    assert looked.ref.content_digest == world.collect(CloudTrail())[0].ref.content_digest
    assert denied.ref.items == 0


@pytest.mark.parametrize("operation", ["GetTrailStatus", "GetEventSelectors"])
def test_trails_that_may_not_be_looked_at_are_a_refusal_not_the_end_of_memory(
    operation: str, world: World
) -> None:
    world.aws.faults({"service": "cloudtrail", "operation": operation, "kind": "access_denied"})
    _, problem = world.collect(CloudTrail(reach=FILES_ONLY))
    assert problem is not None
    assert (problem.status, problem.missing_permission) == ("DENIED", f"cloudtrail:{operation}")


def test_every_action_is_declared(world: World) -> None:
    seen: set[str] = set()
    for source in (CloudTrail(), CloudTrail(reach=FILES_ONLY)):
        read, _ = world.collect(source)
        seen |= {page.operation for page in read.receipt.pages}
    actions = CloudTrail().actions({"events": KEYWORDS})
    named = {one.replace("s3:ListObjectsV2", "s3:ListBucket") for one in seen}
    assert named <= actions


def test_global_services_are_swept_from_home_when_their_region_is_out_of_scope(
    world: World,
) -> None:
    source = CloudTrail()
    asked = {"events": KEYWORDS}
    scope: dict[str, Any] = {"home": "eu-west-1", "regions": ["eu-west-1", "eu-north-1"]}
    assert source.in_scope(asked, "eu-west-1", **scope) == {**asked, "global_region": "us-east-1"}
    assert source.in_scope(asked, "eu-north-1", **scope) == asked
    scope["regions"] = ["eu-west-1", "us-east-1"]
    assert source.in_scope(asked, "eu-west-1", **scope) == asked
    china: dict[str, Any] = {"home": "cn-north-1", "regions": ["cn-north-1"]}
    assert source.in_scope(asked, "cn-north-1", **china)["global_region"] == "cn-northwest-1"
    here, _ = world.collect(source)
    away, _ = world.collect(source, region="eu-north-1", global_region="us-east-1")
    swept = {item.attributes["id"]: item for item in away.iter_evidence()}
    told = {
        item.attributes["id"]
        for item in here.iter_evidence()
        if item.attributes["by_root"] or item.event_source.split(".")[0] in ("iam", "signin")
    }
    assert told and told <= swept.keys()
    assert {item.event_source for item in swept.values() if not item.attributes["by_root"]} <= {
        f"{name}.amazonaws.com" for name in ("iam", "signin", "sts", "organizations", "account")
    }
    assert {item.attributes["recorded_in"] for item in swept.values()} == {"us-east-1"}


# The rest alters the bucket, on days of their own.


def altered(data: bytes) -> bytes:
    document = json.loads(gzip.decompress(data))
    document["Records"][0]["sourceIPAddress"] = "198.51.100.1"
    return gzip.compress(json.dumps(document).encode())


def test_one_altered_log_file_is_found_by_us_and_by_awss_tool(world: World) -> None:
    days = "2026-10-05T00:00:00Z/2026-10-06T00:00:00Z"
    span = ("2026-10-05T06:00:00Z", "2026-10-05T23:00:00Z")
    assert world.validate_logs(NAME, *span)[0] == 0
    key = world.keys("CloudTrail", "2026/10/05")[2]
    before = world.s3.get_object(Bucket=world.bucket(), Key=key)["Body"].read()
    whole, _ = world.collect(CloudTrail(reach=FILES_ONLY), days)
    world.s3.put_object(Bucket=world.bucket(), Key=key, Body=altered(before))
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY), days)
    assert problem is not None and read.ref.status == "PARTIAL"
    assert f"{key} (hash value doesn't match)" in read.receipt.message
    logs = read.receipt.counts[1]
    assert logs.expected - logs.found == 1
    inside = {one["eventID"] for one in json.loads(gzip.decompress(before))["Records"]}
    kept = {item.attributes["id"] for item in read.iter_evidence()}
    assert kept == {item.attributes["id"] for item in whole.iter_evidence()} - inside
    code, said = world.validate_logs(NAME, *span)
    assert code == 1
    assert [line for line in said.splitlines() if "INVALID:" in line] == [
        f"Log file\ts3://{world.bucket()}/{key}\tINVALID: hash value doesn't match"
    ]


def test_a_log_file_that_was_taken_away_is_missing(world: World) -> None:
    days = "2026-10-07T00:00:00Z/2026-10-08T00:00:00Z"
    key = world.keys("CloudTrail", "2026/10/07")[1]
    world.s3.delete_object(Bucket=world.bucket(), Key=key)
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY), days)
    assert problem is not None and read.ref.status == "PARTIAL"
    assert f"missing (1): {key}" in read.receipt.message


def test_a_log_file_that_was_put_beside_them_is_not_believed(world: World) -> None:
    days = "2026-10-09T00:00:00Z/2026-10-10T00:00:00Z"
    whole, _ = world.collect(CloudTrail(reach=FILES_ONLY), days)
    key = world.keys("CloudTrail", "2026/10/09")[1]
    forged = key.replace(key[-24:-8], "A" * 16)
    data = world.s3.get_object(Bucket=world.bucket(), Key=key)["Body"].read()
    world.s3.put_object(
        Bucket=world.bucket(), Key=forged, Body=altered(data).replace(b"eventID", b"eventId")
    )
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY), days)
    assert problem is None
    assert "1 log files beside those of the trail" in read.receipt.message
    assert read.ref.content_digest == whole.ref.content_digest


@pytest.mark.parametrize("which", ["one", "the last ones"])
def test_digests_that_were_taken_away_are_missed(world: World, which: str) -> None:
    """Also at the end of the period, where AWS's own tool says nothing."""
    date = "17" if which == "one" else "20"
    days = f"2026-10-{date}T00:00:00Z/2026-10-{int(date) + 1}T00:00:00Z"
    gone = world.keys("CloudTrail-Digest", f"2026/10/{date}")[5:6]
    if which == "the last ones":
        later = [world.keys("CloudTrail-Digest", f"2026/10/{d}") for d in (20, 21, 22)]
        gone = [key for keys in later for key in keys][5:60]
    for key in gone:
        world.s3.delete_object(Bucket=world.bucket(), Key=key)
    read, problem = world.collect(CloudTrail(reach=FILES_ONLY), days)
    assert problem is not None and read.ref.status == "PARTIAL"
    assert f"Digests of the trail {NAME} are missing" in read.receipt.message
