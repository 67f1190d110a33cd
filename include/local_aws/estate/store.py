"""The estate on disk: one SQLite file that the overlays read and the generator writes.

All times are epoch seconds (int, UTC); an open end is NULL. The generator writes rows in a
stream, so an estate may be larger than memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);            -- JSON values
CREATE TABLE accounts (id TEXT PRIMARY KEY, name TEXT, email TEXT, joined INTEGER, ou TEXT);
-- the organisation's tree; the root has no parent
CREATE TABLE organization_units (id TEXT PRIMARY KEY, name TEXT, parent TEXT);
CREATE TABLE regions (name TEXT PRIMARY KEY, position INTEGER);           -- position 0 = home
CREATE TABLE resources (arn TEXT PRIMARY KEY, type TEXT, account TEXT, region TEXT,
    resource_id TEXT, resource_name TEXT, created INTEGER, deleted INTEGER);
CREATE INDEX resources_by_place ON resources (account, type, region);
CREATE INDEX resources_by_id ON resources (account, resource_id);
-- configuration: the value a property has in [from_t, to_t)
CREATE TABLE facts (arn TEXT, property TEXT, value TEXT, from_t INTEGER, to_t INTEGER);
CREATE INDEX facts_by_arn ON facts (arn, property, from_t);
-- what is switched on; region is where it runs. source: aws_config | security_hub | api_calls
-- check_id: "<check>", or "<check>~<variant>" where a second rule asks the same in its own way
-- owner: managed | custom | conformance-pack | organization; scope: JSON of Config's Scope or NULL
-- to_t: rule deleted, or control disabled, then
CREATE TABLE deployments (check_id TEXT, source TEXT, keyword TEXT, parameters TEXT, account TEXT,
    region TEXT, name TEXT, arn TEXT, from_t INTEGER, to_t INTEGER,
    owner TEXT NOT NULL DEFAULT 'managed', scope TEXT);
CREATE INDEX deployments_by_place ON deployments (source, account, region, keyword);
-- Config records nothing in [from_t, to_t); what changed meanwhile is recorded when it goes on
CREATE TABLE recorder_outages (account TEXT, region TEXT, from_t INTEGER, to_t INTEGER);
-- Security Hub: subscriptions to standards, associations of controls switched (status: ENABLED |
-- DISABLED), findings suppressed by people in [from_t, to_t). In the region of such a setting,
-- findings are per standard instead of consolidated while consolidated is 0.
CREATE TABLE standards (account TEXT, region TEXT, standard_arn TEXT, from_t INTEGER, to_t INTEGER);
CREATE TABLE control_switches (account TEXT, region TEXT, control TEXT, standard_arn TEXT,
    status TEXT, reason TEXT, at_t INTEGER);
CREATE TABLE suppressions (account TEXT, region TEXT, keyword TEXT, arn TEXT, from_t INTEGER,
    to_t INTEGER, note TEXT, updated_by TEXT);
CREATE TABLE hub_settings (account TEXT, region TEXT, consolidated INTEGER);
-- instances that Inspector does not scan in [from_t, to_t), and its reason code
CREATE TABLE unscanned (account TEXT, region TEXT, arn TEXT, reason TEXT, from_t INTEGER,
    to_t INTEGER);
-- compliance as a source recorded it: one row per change. status: PASS | FAIL | GONE, or the
-- source's own word where it has no verdict: INSUFFICIENT_DATA | NOT_APPLICABLE (Config),
-- WARNING | NOT_AVAILABLE (Security Hub)
CREATE TABLE recordings (check_id TEXT, source TEXT, keyword TEXT, arn TEXT, type TEXT,
    account TEXT, region TEXT, status TEXT, at_t INTEGER);
CREATE INDEX recordings_by_place ON recordings (source, account, region, keyword, arn, at_t);
CREATE INDEX recordings_by_arn ON recordings (arn, source, at_t);
-- who did what
CREATE TABLE events (event_id TEXT PRIMARY KEY, account TEXT, region TEXT, at_t INTEGER, name TEXT,
    event_source TEXT, username TEXT, read_only INTEGER, resources TEXT, payload TEXT);
CREATE INDEX events_by_place ON events (account, region, at_t);
-- Inspector's findings
CREATE TABLE vulnerabilities (arn TEXT PRIMARY KEY, account TEXT, region TEXT, resource TEXT,
    resource_type TEXT, cve TEXT, severity TEXT, score REAL, title TEXT, fix_available INTEGER,
    first_t INTEGER, last_t INTEGER, closed_t INTEGER);
CREATE INDEX vulnerabilities_by_place ON vulnerabilities (account, region, first_t);
-- License Manager: where its service role exists, since when
CREATE TABLE license_places (account TEXT, region TEXT, from_t INTEGER);
-- licence configurations: body (JSON, as the API shows it but for the counts) in [from_t, to_t)
CREATE TABLE licenses (arn TEXT, account TEXT, region TEXT, name TEXT, body TEXT,
    from_t INTEGER, to_t INTEGER);
CREATE INDEX licenses_by_place ON licenses (account, region, from_t);
-- who uses a configuration; consumed is NULL for what is associated but consumes nothing (AMIs)
CREATE TABLE license_uses (configuration TEXT, resource TEXT, resource_type TEXT, consumed INTEGER,
    from_t INTEGER, to_t INTEGER);
CREATE INDEX license_uses_by_configuration ON license_uses (configuration, from_t);
-- Systems Manager: nodes whose agent is registered in [from_t, to_t)
CREATE TABLE nodes (instance TEXT, account TEXT, region TEXT, platform TEXT, platform_name TEXT,
    platform_version TEXT, agent TEXT, address TEXT, from_t INTEGER, to_t INTEGER);
CREATE INDEX nodes_by_place ON nodes (account, region, from_t);
-- what a node complies with: the status an item has in [from_t, to_t), told at the runs in between
CREATE TABLE node_compliance (instance TEXT, account TEXT, region TEXT, type TEXT, item TEXT,
    title TEXT, severity TEXT, status TEXT, from_t INTEGER, to_t INTEGER);
CREATE INDEX node_compliance_by_node ON node_compliance (account, region, instance, type);
"""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the estate; ``region`` is None for global ones (IAM, the account)."""

    arn: str
    type: str
    account: str
    region: str | None
    resource_id: str
    resource_name: str
    created: int
    deleted: int | None

    def exists(self, at: int) -> bool:
        """Whether it exists at ``at`` (epoch seconds)."""
        return self.created <= at and (self.deleted is None or at < self.deleted)


class Estate:
    """Read access. One connection per thread; safe for many readers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """A read-only connection with ``sqlite3.Row`` rows."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self.connect() as connection:
            return connection.execute(sql, parameters).fetchall()

    def meta(self, key: str) -> Any:
        """A value of the estate's own description: seed, clock (epoch), history_start (epoch) …"""
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return json.loads(found[0]["value"]) if found else None

    @property
    def accounts(self) -> list[str]:
        """Account ids; the first is the organisation's management account."""
        return [row["id"] for row in self.rows("SELECT id FROM accounts ORDER BY rowid")]

    @property
    def regions(self) -> list[str]:
        """Regions; the first is the home region, where global resources are recorded."""
        return [row["name"] for row in self.rows("SELECT name FROM regions ORDER BY position")]

    def resources(
        self, account: str, types: Sequence[str], *, region: str | None = None, at: int
    ) -> list[Resource]:
        """Resources that exist at ``at``; ``region`` None means any, also global ones."""
        marks = ",".join("?" * len(types))
        sql = (
            f"SELECT * FROM resources WHERE account = ? AND type IN ({marks})"
            " AND created <= ? AND (deleted IS NULL OR deleted > ?)"
        )
        parameters: list[Any] = [account, *types, at, at]
        if region is not None:
            sql += " AND region = ?"
            parameters.append(region)
        return [Resource(**dict(row)) for row in self.rows(sql + " ORDER BY arn", parameters)]

    def facts(self, arn: str, at: int) -> dict[str, Any]:
        """The resource's properties at ``at``."""
        rows = self.rows(
            "SELECT property, value FROM facts WHERE arn = ? AND from_t <= ?"
            " AND (to_t IS NULL OR to_t > ?)",
            (arn, at, at),
        )
        return {row["property"]: json.loads(row["value"]) for row in rows}
