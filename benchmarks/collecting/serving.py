"""The canned AWS in a process of its own, and our sessions and sources pointed at it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from include.assessment.period import parse_period
from include.aws.rates import Limiters
from include.aws.sessions import ClientFactory, SessionFactory
from include.evidence.cell import Cell, selection_digest

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "111111111111", "us-east-1"
#: After the times of all canned findings, so that none of them is asked for its history.
PERIOD = parse_period("2026-11-01T00:00:00Z/2026-11-08T00:00:00Z")


@contextmanager
def canned_aws(findings: int = 10_000) -> Iterator[str]:
    """A running canned AWS with so many distinct findings; its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.canned_aws", "--findings", str(findings)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[:1] == ["READY"], "the canned AWS did not start"
        yield ready[1]
    finally:
        process.terminate()
        process.wait(timeout=20)


def service(url: str, run: str, pages: int) -> str:
    """The endpoint of a service with so many pages of 100 findings, that never throttles."""
    return f"{url}/run={run},pages={pages},rate=0"


@contextmanager
def pointed_at(endpoint: str) -> Iterator[None]:
    """Clients made inside ask this endpoint, with credentials that mean nothing."""
    ours = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "canned",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def our_clients() -> ClientFactory:
    """Our clients as the product makes them, but for the queueing: here CPU is measured."""
    return SessionFactory(region=REGION, limiters=Limiters({})).account(ACCOUNT)


def plain_client() -> Any:
    """What ``boto3.client("securityhub")`` gives everyone."""
    return boto3.session.Session().client("securityhub", region_name=REGION)


def cell() -> Cell:
    """The cell that is collected."""
    return Cell("security_hub", ACCOUNT, REGION, PERIOD, selection_digest({}))


#: What the collector is told besides.
ASKED = {"home_region": REGION, "regional_account_keywords": []}
