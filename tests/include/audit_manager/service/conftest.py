"""The service over HTTP, the local AWS's S3 beside it, a clock that tests turn, boto3 clients."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ACCOUNT = "111111111111"
REGION = "eu-west-1"
OWNER = f"arn:aws:iam::{ACCOUNT}:role/AuditOwner"


@dataclass
class Clock:
    """A clock that stands until it is turned."""

    now: datetime = datetime(2026, 11, 1, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Stack:
    """One running service."""

    url: str
    s3_url: str
    clock: Clock
    database: str
    service: Any
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def client(
        self, account: str = ACCOUNT, region: str = REGION, kind: str = "auditmanager"
    ) -> Any:
        key = (account, region, kind)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                kind,
                region_name=region,
                endpoint_url=self.s3_url if kind == "s3" else self.url,
                aws_access_key_id=account,
                aws_secret_access_key="secret",
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )
        return self.clients[key]

    def account(self) -> tuple[str, Any]:
        """A fresh registered account, so that tests sharing the service don't meet."""
        number = f"{uuid.uuid4().int % 10**12:012d}"
        client = self.client(number)
        client.register_account()
        return number, client


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """S3 over HTTP: the local AWS without an estate."""
    from cheroot.wsgi import Server

    from include.local_aws.clock import EstateClock
    from include.local_aws.credentials import Credentials
    from include.local_aws.front import Front
    from include.local_aws.journal import Journal
    from include.local_aws.moto_services import MotoServices

    journal = Journal(tmp_path_factory.mktemp("s3") / "journal.sqlite")
    front = Front(
        clock=EstateClock(datetime.now(UTC)),
        moto=MotoServices(journal),
        credentials=Credentials(journal),
        overlays={},
    )
    server = Server(("127.0.0.1", 0), front, numthreads=8)
    server.shutdown_timeout = 0.1
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    yield f"http://127.0.0.1:{server.bind_addr[1]}"
    server.stop()


@pytest.fixture(scope="session")
def run_service(s3_url: str) -> Iterator[Callable[..., Stack]]:
    """Starts services; all that a test didn't stop are stopped at the end."""
    from cheroot.wsgi import Server

    from include.audit_manager.service import create_app

    running: list[tuple[Any, Any]] = []

    def start(database: str, clock: Clock | None = None, **options: Any) -> Stack:
        clock = clock or Clock()
        service = create_app(database, **{"s3_endpoint": s3_url, **options})
        server = Server(("127.0.0.1", 0), service.wsgi(clock=clock), numthreads=8)
        server.shutdown_timeout = 0.1
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        running.append((server, service))
        return Stack(f"http://127.0.0.1:{server.bind_addr[1]}", s3_url, clock, database, service)

    yield start
    for server, service in running:
        server.stop()
        service.close()


@pytest.fixture(scope="session")
def stack(run_service: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder: Path = tmp_path_factory.mktemp("service")
    return run_service(f"sqlite:///{folder}/audit_manager.sqlite")


@dataclass
class Prepared:
    """An account with a framework of two control sets, an assessment and a bucket."""

    stack: Stack
    account: str
    client: Any
    s3: Any
    bucket: str
    framework: dict[str, Any]
    assessment: dict[str, Any]
    set_name: str
    control: str

    @property
    def id(self) -> str:
        return str(self.assessment["metadata"]["id"])

    @property
    def where(self) -> dict[str, str]:
        return {
            "assessmentId": self.id,
            "controlSetId": self.set_name,
            "controlId": self.control,
        }

    def put(self, key: str, body: bytes = b"evidence") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def add(self, *items: dict[str, str]) -> list[dict[str, Any]]:
        answer = self.client.batch_import_evidence_to_assessment_control(
            **self.where, manualEvidence=list(items)
        )
        return list(answer["errors"])

    def folders(self) -> list[dict[str, Any]]:
        answer = self.client.get_evidence_folders_by_assessment_control(**self.where)
        return list(answer["evidenceFolders"])

    def select_all(self) -> None:
        for folder in self.folders():
            self.client.associate_assessment_report_evidence_folder(
                assessmentId=self.id, evidenceFolderId=folder["id"]
            )

    def report(self, name: str = "October") -> dict[str, Any]:
        """Ask for a report and wait until it is done."""
        made = self.client.create_assessment_report(name=name, assessmentId=self.id)
        return wait_for_report(self.client, made["assessmentReport"]["id"])


def wait_for_report(client: Any, report_id: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for report in client.list_assessment_reports()["assessmentReports"]:
            if report["id"] == report_id and report["status"] != "IN_PROGRESS":
                return dict(report)
        time.sleep(0.05)
    raise AssertionError(f"the report {report_id} wasn't done in time")


MANUAL = {"sourceName": "files", "sourceType": "MANUAL"}


def make_control(client: Any, name: str = "A control", **more: Any) -> dict[str, Any]:
    made = client.create_control(name=name, controlMappingSources=[MANUAL], **more)
    return dict(made["control"])


def make_framework(
    client: Any, name: str, sets: dict[str, list[str]], **more: Any
) -> dict[str, Any]:
    made = client.create_assessment_framework(
        name=name,
        controlSets=[
            {"name": set_name, "controls": [{"id": each} for each in controls]}
            for set_name, controls in sets.items()
        ],
        **more,
    )
    return dict(made["framework"])


def make_assessment(
    client: Any, framework_id: str, bucket: str = "reports", **more: Any
) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "name": "CIS 2026-10",
        "assessmentReportsDestination": {
            "destinationType": "S3",
            "destination": f"s3://{bucket}/am",
        },
        "scope": {"awsAccounts": [{"id": ACCOUNT}]},
        "roles": [{"roleType": "PROCESS_OWNER", "roleArn": OWNER}],
        "frameworkId": framework_id,
    }
    return dict(client.create_assessment(**{**asked, **more})["assessment"])


def prepare(stack: Stack) -> Prepared:
    account, client = stack.account()
    s3 = stack.client(account, kind="s3")
    bucket = f"bucket-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    set_name = "A.5/6 Übersicht 100%"
    controls = [make_control(client, f"Control {at}")["id"] for at in range(3)]
    framework = make_framework(
        client,
        f"Framework of {account}",
        {set_name: controls[:2], "Second": controls[2:]},
        tags={"team": "audit", "cost": "1"},
    )
    assessment = make_assessment(client, framework["id"], bucket, tags={"cost": "2"})
    return Prepared(
        stack, account, client, s3, bucket, framework, assessment, set_name, controls[0]
    )


@pytest.fixture
def prepared(stack: Stack) -> Prepared:
    return prepare(stack)
