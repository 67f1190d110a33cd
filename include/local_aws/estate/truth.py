"""ground_truth.json: what is true of an estate, for anyone to check a result from outside.

Streamed from the estate's tables, a row at a time. Its form: ground_truth.schema.json.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any, TextIO

from include.clock import from_epoch, iso
from include.local_aws.estate.parameters import Parameters


def write_truth(connection: sqlite3.Connection, given: Parameters, out: TextIO) -> None:
    """Write the whole document. The connection must hold the plan in the table ``planned``."""
    accounts = [row[0] for row in connection.execute("SELECT id FROM accounts ORDER BY rowid")]
    head = {
        "seed": given.seed,
        "clock": iso(given.clock),
        "accounts": accounts,
        "regions": given.region_names,
    }
    out.write(json.dumps(head)[:-1])
    for name, items in (
        ("resources", _resources(connection)),
        ("facts", _facts(connection)),
        ("rules", _rules(connection)),
        ("violations", _violations(connection)),
    ):
        out.write(f',\n"{name}": [')
        for number, item in enumerate(items):
            out.write((",\n" if number else "\n") + json.dumps(item, separators=(",", ":")))
        out.write("\n]")
    out.write("\n}\n")


def _time(at: int | None) -> str | None:
    return None if at is None else iso(from_epoch(at))


def _resources(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for arn, kind, account, region, created, deleted in connection.execute(
        "SELECT arn, type, account, region, created, deleted FROM resources ORDER BY rowid"
    ):
        yield {
            "arn": arn,
            "type": kind,
            "account": account,
            "region": region,
            "created": _time(created),
            "deleted": _time(deleted),
        }


def _facts(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for arn, prop, value, start, end in connection.execute(
        "SELECT arn, property, value, from_t, to_t FROM facts ORDER BY rowid"
    ):
        yield {
            "arn": arn,
            "property": prop,
            "value": json.loads(value),
            "from": _time(start),
            "to": _time(end),
        }


def _rules(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for check, source, keyword, parameters, account, region, start, end in connection.execute(
        "SELECT check_id, source, keyword, parameters, account, region, from_t, to_t"
        " FROM deployments ORDER BY rowid"
    ):
        yield {
            "check": check,
            "source": source,
            "keyword": keyword,
            "parameters": json.loads(parameters),
            "account": account,
            "region": region,
            "deployed_from": _time(start),
            "deployed_to": _time(end),
        }


def _violations(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    for check, arn, start, end in connection.execute(
        "SELECT check_id, arn, from_t, to_t FROM planned ORDER BY check_id, arn, from_t"
    ):
        recorded = connection.execute(
            "SELECT source, MIN(at_t) FROM recordings WHERE arn = ? AND check_id = ?"
            " AND status = 'FAIL' AND at_t >= ? AND (? IS NULL OR at_t < ?)"
            " GROUP BY source ORDER BY source",
            (arn, check, start, end, end),
        ).fetchall()
        yield {
            "check": check,
            "arn": arn,
            "from": _time(start),
            "to": _time(end),
            "recorded_at": {source: _time(at) for source, at in recorded},
        }
