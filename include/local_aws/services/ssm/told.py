"""What nodes told of their compliance: the estate's own runs, and what PutComplianceItems brought.

What was put is kept beside the estate, so that a restarted server still knows it.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from include.local_aws.estate.fleet import RUNS, SILENCE
from include.local_aws.estate.store import Estate
from include.local_aws.services.moments import moment

NODE = "ManagedInstance"
_PUT = """CREATE TABLE IF NOT EXISTS put (account TEXT, region TEXT, node TEXT, type TEXT,
    at_t INTEGER, execution_id TEXT, execution_type TEXT, items TEXT,
    PRIMARY KEY (account, region, node, type))"""


@dataclass(frozen=True)
class Item:
    """One compliance item of one node; ``at`` is when it was told (epoch seconds)."""

    node: str
    type: str
    id: str
    title: str
    severity: str
    status: str
    at: int
    execution_id: str = ""
    execution_type: str = "Command"
    details: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> dict[str, Any]:
        """In ListComplianceItems' shape."""
        return {
            "ComplianceType": self.type,
            "ResourceType": NODE,
            "ResourceId": self.node,
            "Id": self.id,
            "Title": self.title,
            "Status": self.status,
            "Severity": self.severity,
            "ExecutionSummary": {
                "ExecutionTime": moment(self.at),
                "ExecutionType": self.execution_type,
                **({"ExecutionId": self.execution_id} if self.execution_id else {}),
            },
            "Details": dict(self.details),
        }


class Told:
    """Compliance items as of a moment. Safe for several threads."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._path = estate.path.with_name("compliance.sqlite")
        self._lock = threading.Lock()

    def items(self, account: str, region: str, now: int) -> list[Item]:
        """Every item of the place, by node, type and id."""
        silent = {
            row["instance"]: row["from_t"]
            for row in self._rows("type = ? AND from_t <= ?", account, region, SILENCE, now)
        }
        found: dict[tuple[str, str, str], Item] = {}
        for row in self._rows("type <> ?", account, region, SILENCE):
            node, kind = row["instance"], row["type"]
            # What holds now is told at the run; until then the last run's word stays.
            if row["born"] > now or (row["died"] is not None and row["died"] <= now):
                continue
            heard = RUNS[kind].last(now, row["born"], silent.get(node))
            if row["from_t"] > heard or (row["to_t"] is not None and row["to_t"] <= heard):
                continue
            found[node, kind, row["item"]] = Item(
                node, kind, row["item"], row["title"], row["severity"], row["status"], heard
            )
        for item in self._put(account, region, now):
            found[item.node, item.type, item.id] = item
        return [found[key] for key in sorted(found)]

    def put(self, account: str, region: str, node: str, kind: str, told: dict[str, Any]) -> None:
        """Keep what PutComplianceItems brought: it replaces what was put before."""
        with self._lock, self._connect() as db:
            db.execute(
                "INSERT OR REPLACE INTO put VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (account, region, node, kind, told["at"], told["id"], told["by"],
                 json.dumps(told["items"])),
            )  # fmt: skip

    def before(self, account: str, region: str, node: str, kind: str) -> list[dict[str, Any]]:
        """The items put last for a node and type."""
        with self._lock, self._connect() as db:
            row = db.execute(
                "SELECT items FROM put WHERE account = ? AND region = ? AND node = ? AND type = ?",
                (account, region, node, kind),
            ).fetchone()
        return list(json.loads(row[0])) if row else []

    def _rows(self, where: str, account: str, region: str, *more: Any) -> list[sqlite3.Row]:
        return self._estate.rows(
            "SELECT c.*, n.from_t AS born, n.to_t AS died FROM node_compliance c JOIN nodes n"
            " ON n.account = c.account AND n.region = c.region AND n.instance = c.instance"
            f" WHERE c.account = ? AND c.region = ? AND c.{where.replace(' AND ', ' AND c.')}",
            (account, region, *more),
        )

    def _put(self, account: str, region: str, now: int) -> Iterator[Item]:
        if not self._path.exists():
            return
        with self._lock, self._connect() as db:
            rows = db.execute(
                "SELECT node, type, at_t, execution_id, execution_type, items FROM put"
                " WHERE account = ? AND region = ? AND at_t <= ?",
                (account, region, now),
            ).fetchall()
        for node, kind, at, execution, by, items in rows:
            for item in json.loads(items):
                details = tuple(sorted(item.get("Details", {}).items()))
                yield Item(
                    node, kind, item.get("Id", ""), item.get("Title", ""), item["Severity"],
                    item["Status"], at, execution, by, details,
                )  # fmt: skip

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path)
        db.execute(_PUT)
        return db
