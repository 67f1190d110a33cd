"""Collects as often as it is told to, each time in a process of its own that may be killed.

Reads JSON lines (what to collect, and after how many seconds of it to kill) and answers each with
one: the outcome, the seconds it took. What is told to be collected ``here`` is so in the parent:
all is read once then, and a moment means a moment of the collection.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from include.assessment.period import parse_period
from include.aws.sessions import SessionFactory
from include.checks.catalogue import load_catalogue
from include.evidence.resume import Sealing
from include.evidence.store import SnapshotStore
from include.sources.collect import CellsIncomplete, collect_account

CHECKS = list(load_catalogue().values())


def collect(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The snapshots' references."""
    sessions = SessionFactory("ComplianceAuditRole")
    try:
        refs = collect_account(
            told["source"],
            told["account"],
            regions=told["regions"],
            home_region="us-east-1",
            period=parse_period("2026-10"),
            checks=CHECKS,
            sessions=sessions,
            store=SnapshotStore("evidence", sessions.base().client("s3"), told["prefix"]),
            resume_key=told.get("resume_key", ""),
            sealing=Sealing(seconds=0.05),
        )
    except CellsIncomplete as error:
        refs = error.refs
    return [ref.to_json() for ref in refs]


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        told = json.loads(line)
        reading, writing = os.pipe()
        began = time.monotonic()
        if told.pop("here", False):
            refs = collect(told)  # all that is read and compiled once stays for the children
            print(json.dumps({"refs": refs, "seconds": time.monotonic() - began}), flush=True)
            continue
        child = os.fork()
        if not child:
            os.write(writing, json.dumps(collect(told)).encode())
            os._exit(0)
        os.close(writing)
        if told.get("kill_after") is not None:
            time.sleep(told["kill_after"])
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reading, "rb") as pipe:
            outcome = pipe.read()
        os.waitpid(child, 0)
        took = time.monotonic() - began
        print(json.dumps({"refs": json.loads(outcome or b"null"), "seconds": took}), flush=True)


if __name__ == "__main__":
    main()
