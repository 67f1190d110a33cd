"""What moto has been asked to change, on disk, so that a restarted process knows it again."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from include.clock import from_epoch
from include.protocol.http import Request

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY, at REAL NOT NULL,
    service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL, headers TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS keys (seq INTEGER NOT NULL, nth INTEGER NOT NULL, pem BLOB NOT NULL,
    PRIMARY KEY (seq, nth));
CREATE TABLE IF NOT EXISTS sessions (access_key TEXT PRIMARY KEY, account TEXT NOT NULL,
    arn TEXT NOT NULL, user_id TEXT NOT NULL, expires REAL NOT NULL);
"""


@dataclass(frozen=True)
class Entry:
    """One request that changed something; ``at`` is real time, UTC."""

    seq: int
    at: datetime
    service: str
    operation: str
    account: str
    region: str
    request: Request


class Journal:
    """An append-only list of requests in one SQLite file; one writer, serialised by a lock."""

    def __init__(self, path: Path) -> None:
        # it holds private keys; SQLite gives its side files the same mode
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1)
        # a second process would number its requests alike
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        # a kill -9 loses nothing that was committed; only a power cut may
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("COMMIT")
        self._lock = threading.Lock()
        last = self._db.execute("SELECT coalesce(max(seq), 0) FROM requests").fetchone()[0]
        self._next: int = last + 1
        self._current = self._next
        self._nth = 0
        self._made: list[tuple[int, bytes]] = []

    @property
    def next_seq(self) -> int:
        """The number of the next request that will be recorded."""
        return self._next

    def begin(self, seq: int) -> None:
        """Keys made from now on belong to request ``seq``."""
        self._current, self._nth, self._made = seq, 0, []

    def keep_key(self, make: Callable[[], bytes]) -> bytes:
        """The nth key of the current request: from the file, or made now and kept on record."""
        nth = self._nth
        self._nth += 1
        with self._lock:
            found = self._db.execute(
                "SELECT pem FROM keys WHERE seq = ? AND nth = ?", (self._current, nth)
            ).fetchone()
        if found:
            return bytes(found[0])
        pem = make()
        self._made.append((nth, pem))
        return pem

    def record(
        self,
        at: float,
        service: str,
        operation: str,
        account: str,
        region: str,
        request: Request,
    ) -> None:
        """Append a request that moto has answered with success, with the keys it made."""
        with self._lock:
            self._db.execute("BEGIN")
            self._db.execute(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    self._next,
                    at,
                    service,
                    operation,
                    account,
                    region,
                    request.method,
                    request.raw_path,
                    request.query,
                    json.dumps(dict(request.headers)),
                    request.body,
                ),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO keys VALUES (?, ?, ?)",
                [(self._next, nth, pem) for nth, pem in self._made],
            )
            self._db.execute("COMMIT")
            self._made = []
            self._next += 1

    def entries(self) -> Iterator[Entry]:
        """All recorded requests in their order, one at a time."""
        seq = 0
        while True:
            with self._lock:
                row = self._db.execute(
                    "SELECT * FROM requests WHERE seq > ? ORDER BY seq LIMIT 1", (seq,)
                ).fetchone()
            if row is None:
                return
            seq, at, service, operation, account, region, method, path, query, headers, body = row
            yield Entry(
                seq,
                from_epoch(at),
                service,
                operation,
                account,
                region,
                Request(method, path, query, json.loads(headers), bytes(body)),
            )

    def save_session(
        self, access_key: str, account: str, arn: str, user_id: str, expires: float
    ) -> None:
        """Keep issued temporary credentials, so that they outlive the process."""
        with self._lock:
            self._db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
                (access_key, account, arn, user_id, expires),
            )

    def session(self, access_key: str) -> tuple[str, str, str, float] | None:
        """Account, ARN, user id and expiry (epoch seconds) of an issued session."""
        with self._lock:
            row = self._db.execute(
                "SELECT account, arn, user_id, expires FROM sessions WHERE access_key = ?",
                (access_key,),
            ).fetchone()
        return (row[0], row[1], row[2], row[3]) if row else None

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
