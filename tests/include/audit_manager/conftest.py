"""The embedded Audit Manager over HTTP, alone, with what a client was told to write."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

READING = ("Get", "List")


@dataclass
class Embedded:
    """One account of a running service, and the calls made to it."""

    url: str
    account: str
    client: Any
    calls: list[str] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(READING)]

    def forget(self) -> None:
        self.calls.clear()

    def custom(self, what: str = "controls") -> list[str]:
        if what == "controls":
            answer = self.client.list_controls(controlType="Custom", maxResults=1000)
            return [one["name"] for one in answer["controlMetadataList"]]
        answer = self.client.list_assessment_frameworks(frameworkType="Custom")
        return [one["name"] for one in answer["frameworkMetadataList"]]

    def framework(self, name: str) -> dict[str, Any]:
        for kind in ("Custom", "Standard"):
            answer = self.client.list_assessment_frameworks(frameworkType=kind, maxResults=1000)
            for one in answer["frameworkMetadataList"]:
                if one["name"] == name:
                    found = self.client.get_assessment_framework(frameworkId=one["id"])
                    return dict(found["framework"])
        raise KeyError(name)


@pytest.fixture(scope="session")
def start_service() -> Iterator[Callable[..., str]]:
    """Starts services over databases; all are stopped at the end."""
    from cheroot.wsgi import Server

    from include.audit_manager.service import create_app

    running: list[tuple[Any, Any]] = []

    def start(database: Path, **options: Any) -> str:
        service = create_app(f"sqlite:///{database}", s3_endpoint="http://127.0.0.1:9", **options)
        server = Server(("127.0.0.1", 0), service.wsgi(), numthreads=4)
        server.shutdown_timeout = 0.1
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        running.append((server, service))
        return f"http://127.0.0.1:{server.bind_addr[1]}"

    yield start
    for server, service in running:
        server.stop()
        service.close()


def enter(url: str, account: str = "") -> Embedded:
    """A registered account of the service; a fresh one unless told."""
    account = account or f"{uuid.uuid4().int % 10**12:012d}"
    client = boto3.client(
        "auditmanager",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.register_account()
    entered = Embedded(url, account, client)
    client.meta.events.register(
        "before-call.auditmanager.*", lambda model, **_: entered.calls.append(model.name)
    )
    return entered


@pytest.fixture(scope="session")
def service_url(start_service: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return start_service(tmp_path_factory.mktemp("embedded") / "audit_manager.sqlite")


@pytest.fixture
def embedded(service_url: str) -> Embedded:
    """A fresh account without standard frameworks."""
    return enter(service_url)
