"""Killed at any moment, doubled, throttled: a collection ends with the same evidence."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from include.aws.rates import Limiters
from include.aws.sessions import SessionFactory
from include.checks.check import Check
from include.evidence.snapshot import SnapshotRef
from include.evidence.store import SnapshotStore
from include.sources.collect import collect_account
from tests.include.sources.conftest import BUCKET, ROLE, World

ACCOUNT = "222222222222"
#: Source and the service it asks most.
SOURCES = {"security_hub": "securityhub", "aws_config": "config", "api_calls": "iam"}
Tell = Callable[..., dict[str, Any]]


@pytest.fixture
def tell(world: World) -> Iterator[Tell]:
    """Have a collection made in another process."""
    command = [sys.executable, "-m", "tests.include.sources.killed_collector"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writing, reading = process.stdin, process.stdout

        def told(**what: Any) -> dict[str, Any]:
            what = {"account": ACCOUNT, "regions": ["eu-west-1"], **what}
            writing.write(json.dumps(what) + "\n")
            writing.flush()
            return json.loads(reading.readline())  # type: ignore[no-any-return]

        yield told
        writing.close()


@pytest.fixture
def calls(world: World) -> Callable[[str], int]:
    """How often a service was called since it was asked last."""
    known: dict[str, int] = {}

    def since(service: str) -> int:
        if service not in known:
            world.fault(service=service, kind="delay", probability=0)
        with urllib.request.urlopen(f"{world.endpoint}/_local/faults") as answer:
            seen = int(next(f["seen"] for f in json.load(answer) if f["service"] == service))
        before, known[service] = known.get(service, seen), seen
        return seen - before

    return since


def parts(store: SnapshotStore, prefix: str) -> int:
    listed = store.s3.list_objects_v2(Bucket=store.bucket, Prefix=f"{prefix}/")
    return sum("/resume/" in entry["Key"] for entry in listed.get("Contents", ()))


def test_killed_at_any_moment_the_retry_ends_with_the_same_evidence(
    tell: Tell, calls: Callable[[str], int], store: SnapshotStore
) -> None:
    resumed = 0
    calm: dict[str, Any] = {}
    scratch: dict[str, int] = {}
    for source, service in SOURCES.items():
        calls(service)
        tell(source=source, prefix=f"first-{source}", here=True)
        calls(service)
        calm[source] = tell(source=source, prefix=f"undisturbed-{source}")
        scratch[source] = calls(service)
        assert calm[source]["refs"][0]["status"] == "COMPLETE"
    chance = random.Random(20)
    for number in range(20):
        # Of the longest, Security Hub, fewer than of the others: a test has a minute.
        source, service = list(SOURCES.items())[0 if number % 7 == 0 else 1 + number % 2]
        what = {"source": source, "prefix": f"killed-{number}", "resume_key": f"run {number}"}
        moment = chance.uniform(0, calm[source]["seconds"])
        tell(**what, kill_after=moment)
        sealed = parts(store, what["prefix"])
        calls(service)
        (ref,) = tell(**what)["refs"]
        asked = calls(service)
        assert ref["content_digest"] == calm[source]["refs"][0]["content_digest"], (source, moment)
        assert parts(store, what["prefix"]) == 0
        receipt = store.load(SnapshotRef.from_json(ref)).receipt
        assert asked <= scratch[source]
        if sealed and receipt.resumed:
            resumed += 1
            assert asked < scratch[source] or service == "iam"
        assert receipt.resumed <= receipt.calls
    assert resumed >= 5, "hardly any moment was one at which something had been sealed"


def test_two_processes_that_want_the_same_cell_ask_once(
    tell: Tell, world: World, calls: Callable[[str], int], sessions: SessionFactory,
    store: SnapshotStore, checks: list[Check],
) -> None:  # fmt: skip
    calls("securityhub")
    alone = tell(source="security_hub", prefix="alone")
    once = calls("securityhub")
    theirs: dict[str, Any] = {}
    other = threading.Thread(
        target=lambda: theirs.update(tell(source="security_hub", prefix=store.prefix))
    )
    other.start()
    (ours,) = collect_account(
        "security_hub",
        ACCOUNT,
        regions=["eu-west-1"],
        home_region="us-east-1",
        period=world.period,
        checks=checks,
        sessions=sessions,
        store=store,
    )
    other.join()
    assert theirs["refs"] == [ours.to_json()]
    assert ours.content_digest == alone["refs"][0]["content_digest"]
    assert calls("securityhub") == once


@pytest.mark.parametrize("source", ["security_hub", "aws_config", "cloudtrail", "api_calls"])
def test_throttling_every_fifth_call_of_all_services_changes_nothing(
    source: str, calm: Any, world: World, store: SnapshotStore, checks: list[Check]
) -> None:
    world.fault(service="*", kind="throttle", probability=0.2, seed=5)
    (ref,) = collect_account(
        source,
        ACCOUNT,
        regions=["eu-west-1"],
        home_region="us-east-1",
        period=world.period,
        checks=checks,
        sessions=SessionFactory(ROLE, limiters=Limiters()),
        store=SnapshotStore(BUCKET, SessionFactory().base().client("s3"), store.prefix),
    )
    assert ref.content_digest == calm[1][1].content_digest
    receipt = store.load(ref).receipt
    assert receipt.throttles > 0 or receipt.calls < 20
