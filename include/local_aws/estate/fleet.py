"""The estate's fleet as Systems Manager knows it: managed nodes and what they comply with."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from include.local_aws.estate.parameters import DAY, HOUR, Parameters, moment

#: (item, title, severity) of patches that come out one after another, and how soon they are in.
_PATCHES = (
    ("KB5068861", "2026-09 cumulative update", "CRITICAL"),
    ("KB5068787", "Security update for the TLS library", "HIGH"),
    ("kernel.x86_64:0:6.1.155", "Kernel security update", "CRITICAL"),
    ("openssl.x86_64:1:3.0.8", "OpenSSL security update", "HIGH"),
    ("curl.x86_64:0:8.11.1", "curl bug fix", "MEDIUM"),
)
_UNMANAGED = 0.15
#: A node's agent may fall silent; then its last word stays, older and older.
_SILENT = 0.08


@dataclass(frozen=True)
class Run:
    """When compliance of one type is told: every ``days`` days at ``at`` (seconds of the day)."""

    type: str
    days: int
    at: int

    def last(self, now: int, since: int, until: int | None) -> int:
        """The latest run at or before ``now`` within [since, until); ``since`` if there is none."""
        end = now if until is None else min(now, until - 1)
        day = end // DAY
        day -= (day - 4) % self.days  # day 4 of the epoch was a Monday
        at = day * DAY + self.at
        while at > end:
            at -= self.days * DAY
        return max(at, since)


RUNS = {
    run.type: run
    for run in (
        Run("Association", 7, 3 * HOUR),
        Run("Patch", 1, 22 * HOUR),
        Run("Custom:AntiVirus", 1, 23 * HOUR),
    )
}
#: The type of the rows that say when a node's agent last spoke.
SILENCE = "silence"


def fill_fleet(connection: sqlite3.Connection, given: Parameters) -> None:
    """Write the nodes and their compliance; the resources have to be there already."""
    instances = connection.execute(
        "SELECT resource_id, account, region, created, deleted FROM resources"
        " WHERE type = 'AWS::EC2::Instance' ORDER BY arn"
    )
    row = f"VALUES ({', '.join('?' * 10)})"
    for instance, account, region, created, deleted in instances:
        rng = given.rng("fleet", account, region, instance)
        if rng.random() < _UNMANAGED:
            continue
        since = created + rng.randint(120, 600)
        if deleted is not None and since >= deleted:
            continue
        windows = rng.random() < 0.4
        system = ("Windows", "Microsoft Windows Server 2022 Datacenter", "10.0.20348")
        if not windows:
            system = ("Linux", "Amazon Linux", "2023")
        address = f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(4, 254)}"
        node = (instance, account, region)
        connection.execute(
            f"INSERT INTO nodes {row}", (*node, *system, "3.3.3050.0", address, since, deleted)
        )
        connection.executemany(
            f"INSERT INTO node_compliance {row}",
            ((*node, *told) for told in _told(rng, given, since, deleted)),
        )


_Told = tuple[str, str, str, str, str, int, int | None]


def _told(rng: random.Random, given: Parameters, since: int, end: int | None) -> Iterator[_Told]:
    """Every item of one node: (type, item, title, severity, status, from, to)."""
    until = end if end is not None else given.now + 3650 * DAY
    title = "AWS-GatherSoftwareInventory"
    yield "Association", "inventory", title, "UNSPECIFIED", "COMPLIANT", since, end
    start = max(since, given.history_start)
    for item, title, severity in _PATCHES:
        if rng.random() < 0.4:
            continue
        out = moment(rng, given.history_start - 20 * DAY, given.now) or given.history_start
        missing = max(out, since)
        if missing >= until:
            continue
        applied: int | None = missing + rng.randint(1, 45) * DAY
        if applied is not None and applied >= until:
            applied = None
        yield "Patch", item, title, severity, "NON_COMPLIANT", missing, applied or end
        if applied is not None:
            yield "Patch", item, title, severity, "COMPLIANT", applied, end
    yield "Patch", "baseline", "Patch baseline", "UNSPECIFIED", "COMPLIANT", since, end
    off = moment(rng, start, given.now) if rng.random() < 0.3 else None
    if off is not None and since < off < until:
        yield "Custom:AntiVirus", "engine", "Engine runs", "HIGH", "COMPLIANT", since, off
        on: int | None = off + rng.randint(3, 40) * DAY
        on = on if on is not None and on < until else None
        yield "Custom:AntiVirus", "engine", "Engine runs", "HIGH", "NON_COMPLIANT", off, on or end
        if on is not None:
            yield "Custom:AntiVirus", "engine", "Engine runs", "HIGH", "COMPLIANT", on, end
    else:
        yield "Custom:AntiVirus", "engine", "Engine runs", "HIGH", "COMPLIANT", since, end
    if rng.random() < _SILENT and (quiet := moment(rng, start, given.now)) and quiet < until:
        yield SILENCE, "agent", "", "", "", quiet, end
