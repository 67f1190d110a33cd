"""A local AWS over HTTP in this process, with two accounts and without an estate."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cheroot import wsgi

from include.local_aws.clock import EstateClock
from include.local_aws.credentials import Credentials
from include.local_aws.front import Front
from include.local_aws.journal import Journal
from include.local_aws.moto_seed import seed_accounts
from include.local_aws.moto_services import MotoServices
from include.local_aws.overlay import Call, ServiceError

MANAGEMENT, MEMBER = "111111111111", "222222222222"
ACCOUNTS = [
    {"id": MANAGEMENT, "name": "management", "email": "m@example.com", "joined": 1_700_000_000},
    {"id": MEMBER, "name": "member", "email": "n@example.com", "joined": 1_700_000_000},
]


def _rules(call: Call) -> dict[str, Any]:
    """Three pages of one rule each."""
    page = int(call.params.get("NextToken", "1"))
    rule = {"ConfigRuleName": f"{call.account}-{call.region}-{page}", "Source": {"Owner": "AWS"}}
    return {"ConfigRules": [rule], **({"NextToken": str(page + 1)} if page < 3 else {})}


def _findings(call: Call) -> dict[str, Any]:
    return {"Findings": []}


def _users(call: Call) -> dict[str, Any]:
    if call.params.get("PathPrefix") == "/none/":
        raise ServiceError("NoSuchEntity", "No such path.", status=404)
    user = {
        "UserName": call.account,
        "Path": "/",
        "UserId": "AIDAEXAMPLEEXAMPLE",
        "Arn": f"arn:aws:iam::{call.account}:user/x",
        "CreateDate": 1_700_000_000,
    }
    return {"Users": [user], "IsTruncated": False}


def _groups(call: Call) -> dict[str, Any]:
    group = {
        "GroupId": "sg-1",
        "GroupName": "default",
        "IpPermissions": [
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    }
    wanted = call.params.get("GroupIds")
    return {"SecurityGroups": [group] if wanted in (None, ["sg-1"]) else []}


OVERLAYS = {
    "config": {"DescribeConfigRules": _rules},
    "securityhub": {"GetFindings": _findings},
    "iam": {"ListUsers": _users, "GetUser": lambda call: {"Usr": 1}},
    "ec2": {
        "DescribeSecurityGroups": _groups,
        "DescribeFlowLogs": lambda call: {"FlowLogs": []},
        "CreateSecurityGroup": lambda call: {"GroupId": "sg-2"},
    },
}


class Local:
    """A running front over a state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.start()

    def start(self) -> None:
        self._journal = Journal(self.state / "journal.sqlite")
        self.front = Front(
            clock=EstateClock(datetime(2026, 11, 1, 6, tzinfo=UTC)),
            moto=MotoServices(self._journal, lambda: seed_accounts(ACCOUNTS)),
            credentials=Credentials(self._journal, [MANAGEMENT, MEMBER]),
            overlays=OVERLAYS,
            owned=frozenset({"config", "securityhub"}),
            about={"accounts": [MANAGEMENT, MEMBER]},
        )
        self._server = wsgi.Server(("127.0.0.1", 0), self.front, numthreads=4)
        self._server.shutdown_timeout = 1
        self._server.prepare()
        self.url = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        threading.Thread(target=self._server.serve, daemon=True).start()

    def bucket(self, name: str) -> Any:
        """An S3 client of the management account, for whom the bucket was made."""
        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=MANAGEMENT,
            aws_secret_access_key="local",
        )
        client.create_bucket(Bucket=name)
        return client

    def stop(self) -> None:
        self._server.stop()
        self._journal.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        self.stop()

    def client(
        self,
        service: str,
        account: str = MANAGEMENT,
        region: str = "eu-west-1",
        *,
        session: dict[str, Any] | None = None,
        attempts: int = 1,
        **config: Any,
    ) -> Any:
        """A boto3 client of an account, or of a session as AssumeRole gave it."""
        keys = session or {"AccessKeyId": account, "SecretAccessKey": "any", "SessionToken": None}
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": attempts}, **config),
        )


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with closing(Local(tmp_path_factory.mktemp("state"))) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "local" in request.fixturenames:
        request.getfixturevalue("local").front.faults.clear()
