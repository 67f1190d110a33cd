"""What Config says now of each resource, kept on disk while one cell is collected.

Memory doesn't grow with the number of resources: rows come in page by page, and are read back in
the order of their keys, each exactly once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from include.clock import from_iso, iso

#: A resource as Config names it: type and id.
Key = tuple[str, str]

_SCHEMA = """
CREATE TABLE rows (type TEXT, id TEXT, captured TEXT, seen TEXT, page TEXT, place INTEGER,
    said TEXT, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE details (rule TEXT, type TEXT, id TEXT, recorded TEXT, page TEXT, place INTEGER,
    status TEXT, seen TEXT, PRIMARY KEY (type, id, rule)) WITHOUT ROWID;
CREATE TABLE gone (type TEXT, id TEXT, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE arns (type TEXT, id TEXT, arn TEXT, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE items (type TEXT, id TEXT, captured TEXT, said TEXT, page TEXT, born INTEGER,
    PRIMARY KEY (type, id, captured)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Row:
    """One resource's newest compliance item: its standing with each rule, by rule ARN."""

    key: Key
    captured: datetime
    seen: datetime
    page: str
    offset: int
    said: Mapping[str, str]


@dataclass(frozen=True)
class Detail:
    """One evaluation result: recorded then, read there."""

    rule: str
    key: Key
    status: str
    recorded: datetime
    page: str
    offset: int
    seen: datetime


@dataclass(frozen=True)
class Item:
    """One item of a resource's compliance history; ``said`` is empty once it is deleted."""

    captured: datetime
    said: Mapping[str, str]
    page: str
    born: bool


class Shelf:
    """Opened in a folder of its own, removed with it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "config.sqlite"
        self._db = sqlite3.connect(self._path, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")

    def __enter__(self) -> Shelf:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def put(self, row: Row) -> bool:
        """Keep a row; False when the resource had one already (the first stays)."""
        return self._insert(
            "rows",
            row.key[0],
            row.key[1],
            iso(row.captured),
            iso(row.seen),
            row.page,
            row.offset,
            json.dumps(row.said),
        )

    def put_detail(self, detail: Detail) -> bool:
        """Keep an evaluation result; False when it was there already."""
        return self._insert(
            "details",
            detail.rule,
            *detail.key,
            iso(detail.recorded),
            detail.page,
            detail.offset,
            detail.status,
            iso(detail.seen),
        )

    def put_gone(self, key: Key) -> None:
        """Remember a resource that was deleted after the period's start."""
        self._insert("gone", *key)

    def put_arn(self, key: Key, arn: str) -> None:
        """Remember a resource's ARN."""
        self._insert("arns", *key, arn)

    def put_item(
        self, key: Key, captured: datetime, said: Mapping[str, str], page: str, *, born: bool
    ) -> None:
        """Keep an item of the compliance history; the same moment again replaces it.

        ``born``: nothing came before it.
        """
        self._db.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)",
            (*key, iso(captured), json.dumps(said), page, born),
        )

    def _insert(self, table: str, *values: object) -> bool:
        marks = ",".join("?" * len(values))
        return (
            self._db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values).rowcount
            == 1
        )

    def rows(self) -> Iterator[Row]:
        """Every row, by type and id."""
        for type_, id_, captured, seen, page, place, said in self._db.execute(
            "SELECT type, id, captured, seen, page, place, said FROM rows ORDER BY type, id"
        ):
            yield Row(
                (type_, id_), from_iso(captured), from_iso(seen), page, place, json.loads(said)
            )

    def details(self) -> Iterator[tuple[Key, list[Detail]]]:
        """The evaluation results of each resource, by type and id, then by rule."""
        held: list[Detail] = []
        for rule, type_, id_, recorded, page, place, status, seen in self._db.execute(
            "SELECT rule, type, id, recorded, page, place, status, seen FROM details"
            " ORDER BY type, id, rule"
        ):
            if held and held[0].key != (type_, id_):
                yield held[0].key, held
                held = []
            held.append(
                Detail(rule, (type_, id_), status, from_iso(recorded), page, place, from_iso(seen))
            )
        if held:
            yield held[0].key, held

    def detail_pages(self, key: Key) -> dict[str, tuple[str, int]]:
        """(page, offset) of a resource's evaluation results, by rule."""
        found = self._db.execute(
            "SELECT rule, page, place FROM details WHERE type = ? AND id = ?", key
        )
        return {rule: (page, place) for rule, page, place in found}

    def gone(self) -> Iterator[Key]:
        """Resources that are deleted and have no row, by type and id."""
        yield from self._db.execute(
            "SELECT type, id FROM gone WHERE NOT EXISTS (SELECT 1 FROM rows"
            " WHERE rows.type = gone.type AND rows.id = gone.id) AND NOT EXISTS"
            " (SELECT 1 FROM details WHERE details.type = gone.type AND details.id = gone.id)"
            " ORDER BY type, id"
        )

    def arn(self, key: Key) -> str:
        """A resource's ARN, '' if it isn't known."""
        found = self._db.execute("SELECT arn FROM arns WHERE type = ? AND id = ?", key).fetchone()
        return str(found[0]) if found else ""

    def keys_without_arn(self, types: frozenset[str]) -> Iterator[Key]:
        """Existing resources of these types whose ARN isn't known, by type and id."""
        marks = ",".join("?" * len(types))
        yield from self._db.execute(
            f"SELECT type, id FROM (SELECT type, id FROM rows UNION SELECT type, id FROM details)"
            f" AS one WHERE type IN ({marks}) AND NOT EXISTS (SELECT 1 FROM arns"
            " WHERE arns.type = one.type AND arns.id = one.id) ORDER BY type, id",
            sorted(types),
        )

    def items(self, key: Key) -> list[Item]:
        """A resource's compliance history, oldest first."""
        found = self._db.execute(
            "SELECT captured, said, page, born FROM items WHERE type = ? AND id = ?", key
        )
        listed = [
            Item(from_iso(captured), json.loads(said), page, bool(born))
            for captured, said, page, born in found
        ]
        # As text, fractions of a second would come before the whole one.
        return sorted(listed, key=lambda item: item.captured)

    def mark_missing_as_gone(self) -> int:
        """Mark resources that have a history and no row as deleted; how many there are."""
        return self._db.execute(
            "INSERT OR IGNORE INTO gone SELECT DISTINCT type, id FROM items WHERE NOT EXISTS"
            " (SELECT 1 FROM rows WHERE rows.type = items.type AND rows.id = items.id)"
        ).rowcount

    def types(self) -> frozenset[str]:
        """The types of existing resources."""
        return frozenset(
            row[0]
            for row in self._db.execute("SELECT type FROM rows UNION SELECT type FROM details")
        )

    def changed_since(self, at: datetime) -> int:
        """How many rows were captured at or after ``at``."""
        (count,) = self._db.execute(
            "SELECT COUNT(*) FROM rows WHERE captured >= ?", (iso(at).removesuffix("Z"),)
        ).fetchone()
        return int(count)

    def counts(self) -> tuple[int, int]:
        """How many rows and evaluation results there are."""
        (rows,) = self._db.execute("SELECT COUNT(*) FROM rows").fetchone()
        (details,) = self._db.execute("SELECT COUNT(*) FROM details").fetchone()
        return int(rows), int(details)
