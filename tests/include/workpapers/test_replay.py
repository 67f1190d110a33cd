"""The command that asks AWS again is one that the AWS CLI understands, and asks the same."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from awscli.clidriver import create_clidriver

from include.aws.sessions import RetryPolicy, SessionFactory
from include.evidence.receipt import Receipt
from include.evidence.store import SnapshotStore
from include.runs.buckets import ensure_bucket
from include.runs.plan import Asked, make_plan
from include.runs.snapshots import collect_cells, snapshots_of
from include.sources import SOURCES, accounts_of
from include.workpapers.provenance import Example, Provenance, provenance_of
from include.workpapers.replay import region_asked, replay_command, without_tokens
from tests.include.workpapers.test_provenance import lines_of
from tests.local_stack import CLOCK, local_aws

REGION = "eu-west-1"


def arguments(command: str) -> list[str]:
    """As a shell hands them over."""
    return shlex.split(command)


def test_a_request_is_written_so_that_a_shell_hands_it_over_unchanged() -> None:
    request = {"Expression": "SELECT x WHERE y = 'it''s'", "Limit": 100, "名": ["$HOME", "`id`"]}
    command = replay_command("config:SelectResourceConfig", request, REGION)
    parts = arguments(command)
    assert parts[:3] == ["aws", "configservice", "select-resource-config"]
    assert json.loads(parts[parts.index("--cli-input-json") + 1]) == request
    assert parts[-3:] == ["--region", REGION, "--no-paginate"]
    assert "\n" not in command


def test_a_call_without_parameters_is_asked_without() -> None:
    assert replay_command("iam:GetAccountSummary", {}, "us-east-1") == (
        "aws iam get-account-summary --region us-east-1 --no-paginate"
    )


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [
        ("https://config.eu-west-1.amazonaws.com", False),
        ("https://config.cn-north-1.amazonaws.com.cn", False),
        ("http://127.0.0.1:4566", True),
        ("https://amazonaws.com.example.org", True),
        ("", False),
    ],
)
def test_only_an_endpoint_of_somebody_elses_is_named(endpoint: str, named: bool) -> None:
    command = replay_command("config:DescribeConfigRules", {}, REGION, endpoint)
    assert ("--endpoint-url" in command) == named


def test_an_answer_that_is_a_file_goes_into_one() -> None:
    command = replay_command("s3:GetObject", {"Bucket": "b", "Key": "k"}, REGION)
    assert arguments(command)[:3] == ["aws", "s3api", "get-object"]
    assert command.endswith(" answer.out")


def test_a_long_request_is_read_from_a_file() -> None:
    command = replay_command("securityhub:GetFindings", {"x": 1}, REGION, file="request.json")
    assert "--cli-input-json file://request.json" in command


@pytest.mark.parametrize("operation", ["config:NoSuchThing", "nothing:List", "odd", ""])
def test_what_the_cli_cannot_ask_has_no_command(operation: str) -> None:
    assert replay_command(operation, {}, REGION) == ""


def test_page_tokens_are_left_out_however_a_service_calls_them() -> None:
    assert without_tokens("config:DescribeConfigRules", {"NextToken": "x", "Limit": 5}) == {
        "Limit": 5
    }
    assert without_tokens("iam:ListUsers", {"Marker": "x"}) == {}
    assert without_tokens("inspector2:ListFindings", {"nextToken": "x", "maxResults": 1}) == {
        "maxResults": 1
    }
    assert without_tokens("s3:ListObjectsV2", {"ContinuationToken": "x", "Bucket": "b"}) == {
        "Bucket": "b"
    }
    # What only sounds like one is no page token.
    assert without_tokens("ecr:GetAuthorizationToken", {"registryIds": ["1"]}) == {
        "registryIds": ["1"]
    }


def test_what_lives_in_another_region_is_asked_there() -> None:
    asked = region_asked("config:SelectAggregateResourceConfig", {}, "eu-west-1", "us-east-1")
    assert asked == "us-east-1"
    trail = {"Name": "arn:aws:cloudtrail:us-east-2:111111111111:trail/all"}
    assert region_asked("cloudtrail:GetTrailStatus", trail, "eu-west-1", "us-east-1") == "us-east-2"
    other = {"Name": "arn:aws:iam::111111111111:role/x"}
    assert region_asked("iam:GetRole", other, "eu-west-1", "us-east-1") == "eu-west-1"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Receipt]]:
    """Whole receipts of every source, collected from the local AWS, which goes on running."""
    with local_aws(tmp_path_factory.mktemp("estate"), resources=30) as aws:
        s3 = aws.client("s3", config=RetryPolicy().config())
        ensure_bucket(s3, "audit-evidence", region=aws.regions[0])
        store = SnapshotStore("audit-evidence", s3)
        base = boto3.Session(aws_access_key_id=aws.accounts[0], aws_secret_access_key="local")
        sessions = SessionFactory("ComplianceAuditRole", region=aws.regions[0], base=base)
        from datetime import UTC, datetime

        now = datetime.fromisoformat(CLOCK).astimezone(UTC)
        plan = make_plan(
            Asked(period="2026-10"),
            framework="nist_800_53_r5",
            framework_digest="",
            accounts=aws.accounts,
            regions=aws.regions,
            sources=list(SOURCES),
            interval=None,
            partition_key=None,
            run_after=now,
            now=now,
        )
        changed = {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": aws.accounts[0],
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        before = {name: os.environ.get(name) for name in changed}
        os.environ.update(changed)
        try:
            for source in plan.sources:
                for account in accounts_of(source, plan.accounts):
                    collect_cells(plan, source, account, sessions=sessions, store=store)
            yield [snapshot.receipt for snapshot in snapshots_of(plan, store)]
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


@pytest.mark.slow
def test_the_aws_cli_understands_every_command_and_is_answered(
    collected: list[Receipt],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    found = provenance_of(lines_of(collected), collected, "us-east-1")
    receipts = {(r.source, r.account, r.region): r for r in collected}
    asked: dict[str, tuple[int, str]] = {}
    for one, operation, example in examples(found):
        if example.long:
            place = (one.source, example.account, example.receipt.rpartition("_")[2][:-5])
            request = receipts[place].pages[example.page - 1].request
            Path("request.json").write_text(json.dumps(request))
        code = create_clidriver().main(arguments(example.command)[1:])
        asked[f"{operation}: {example.command}"] = (code, capfd.readouterr().err)
    assert {one.source for one in found} >= {"aws_config", "security_hub", "api_calls"}
    assert len(asked) > 40
    # 252: the command line itself was wrong; 254: the service refused.
    assert {command: said for command, said in asked.items() if said[0] != 0} == {}


def examples(found: list[Provenance]) -> Iterator[tuple[Provenance, str, Example]]:
    for one in found:
        for operation in one.operations:
            for example in operation.examples[:1]:
                yield one, operation.name, example
