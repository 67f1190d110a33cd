"""A small estate behind a real HTTP server, and what collectors need to ask it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.assessment.period import Period, parse_period
from include.aws.rates import Limiters
from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources.collect import collect_account

CLOCK = "2026-11-01T06:00:00Z"
BUCKET = "evidence"
ROLE = "ComplianceAuditRole"


@dataclass
class World:
    """The estate's accounts and regions, its truth, and the way to inject faults."""

    endpoint: str
    accounts: list[str]
    regions: list[str]
    truth: dict[str, Any]
    state: Path

    @property
    def period(self) -> Period:
        """The last finished month on the estate's clock."""
        return parse_period("2026-10")

    def fault(self, **fault: Any) -> None:
        """Make matching calls fail from now on."""
        self._send("POST", [fault])

    def heal(self) -> None:
        """Remove all faults."""
        self._send("DELETE")

    def calls_seen(self) -> int:
        """How many calls the faults in force have counted."""
        with urllib.request.urlopen(f"{self.endpoint}/_local/faults") as answer:
            return sum(fault["seen"] for fault in json.load(answer))

    def _send(self, method: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_local/faults", data=data, method=method)
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The local AWS on a free port of 127.0.0.1, as its own process."""
    state: Path = tmp_path_factory.mktemp("estate")
    command = [sys.executable, "-m", "include.local_aws.server", "--state", str(state)]
    command += ["--port", "0", "--clock", CLOCK, "--seed", "11", "--accounts", "2"]
    command += ["--regions", "2", "--resources", "30", "--months", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:1] == ["READY"], "the local AWS did not start"
            truth = json.loads((state / "ground_truth.json").read_text())
            accounts = ["111111111111", "222222222222"]
            yield World(ready[1], accounts, ["us-east-1", "eu-west-1"], truth, state)
        finally:
            process.terminate()


@pytest.fixture
def world(served: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The served estate, without faults, as the endpoint of every AWS client."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", served.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", served.accounts[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    yield served
    served.heal()


@pytest.fixture
def sessions(world: World) -> SessionFactory:
    """Sessions that give up soon, and that no other test's refusals slow down."""
    return SessionFactory(ROLE, retry=RetryPolicy(attempts=3), limiters=Limiters())


@pytest.fixture
def store(world: World, sessions: SessionFactory, request: pytest.FixtureRequest) -> SnapshotStore:
    """An empty store: a prefix of its own for every test."""
    s3 = sessions.base().client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return SnapshotStore(BUCKET, s3, prefix=request.node.name)


#: What was collected from the untouched estate, by source: refs and their store.
_CALM: dict[str, tuple[SnapshotStore, list[SnapshotRef]]] = {}


@pytest.fixture
def calm(
    source: str, world: World, sessions: SessionFactory, checks: list[Check]
) -> tuple[SnapshotStore, list[SnapshotRef]]:
    """The fault-free collection of ``source`` in account 222222222222, made once."""
    if source not in _CALM:
        s3 = sessions.base().client("s3")
        s3.create_bucket(Bucket=BUCKET)
        store = SnapshotStore(BUCKET, s3, prefix=f"calm-{source}")
        refs = collect_account(
            source,
            "222222222222",
            regions=world.regions,
            period=world.period,
            checks=checks,
            sessions=sessions,
            store=store,
        )
        _CALM[source] = store, refs
    return _CALM[source]


@pytest.fixture(scope="session")
def checks() -> list[Check]:
    """The whole catalogue."""
    return list(load_catalogue().values())
