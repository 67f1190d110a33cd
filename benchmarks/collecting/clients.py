"""Memory and time of the clients of many accounts, each side in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import boto3

from benchmarks.collecting.figures import Figure, memory
from benchmarks.collecting.serving import REGION, ROOT, pointed_at
from include.aws.sessions import SessionFactory

SERVICES = (
    "config",
    "securityhub",
    "inspector2",
    "cloudtrail",
    "license-manager",
    "ssm",
    "iam",
    "ec2",
)


def measure(quick: bool) -> list[Figure]:
    """Ours for 200 accounts (quick: 5), and a boto3 session for each of a few."""
    accounts = 5 if quick else 200
    ours, plain = _run("ours", accounts), _run("plain", 1 if quick else 10)
    # In a small process what all accounts share weighs on few of them.
    target = None if quick else 3.5
    what = f"clients of {accounts} accounts x {len(SERVICES)} services"
    return [
        Figure(what, ours["mb"], "MB an account", target),
        Figure("... made in", ours["ms"] / len(SERVICES), "CPU ms a client", 12.0),
        Figure("clients, a boto3 session for each account", plain["mb"], "MB an account"),
        Figure("... made in", plain["ms"] / len(SERVICES), "CPU ms a client"),
    ]


def _run(side: str, accounts: int) -> dict[str, float]:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.collecting.clients", side, str(accounts)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _make(side: str, accounts: int) -> None:
    """Make the clients and print what an account's take; nobody is called."""
    before, start = memory("VmRSS"), time.process_time()
    kept: list[object] = []
    with pointed_at("http://127.0.0.1:9"):
        sessions = SessionFactory("ComplianceAuditRole", region=REGION)
        for number in range(accounts):
            if side == "ours":
                clients = sessions.account(f"{number:012d}")
                kept.extend(clients.client(service, REGION) for service in SERVICES)
            else:
                session = boto3.session.Session(region_name=REGION)
                kept.extend(session.client(service) for service in SERVICES)
                kept.append(session)
    cpu = time.process_time() - start
    grown = memory("VmRSS") - before
    assert len(kept) >= accounts * len(SERVICES)
    print(json.dumps({"mb": grown / accounts, "ms": cpu / accounts * 1000}))


if __name__ == "__main__":
    _make(sys.argv[1], int(sys.argv[2]))
