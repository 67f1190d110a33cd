"""ground_truth.json: what is true of an estate, for anyone to check a result from outside.

Streamed from the estate's tables, a row at a time. Its form: ground_truth.schema.json.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable, Iterator
from itertools import groupby
from typing import Any, TextIO

from include.clock import from_epoch, iso
from include.local_aws.estate.parameters import Parameters


def write_truth(connection: sqlite3.Connection, given: Parameters, out: TextIO) -> None:
    """Write the whole document. The connection must hold the plan in the table ``planned``."""
    accounts = dict(connection.execute("SELECT id, ou FROM accounts ORDER BY rowid").fetchall())
    units = connection.execute("SELECT id, name, parent FROM organization_units ORDER BY rowid")
    head = {
        "seed": given.seed,
        "clock": iso(given.clock),
        "accounts": list(accounts),
        "regions": given.region_names,
        "organization": {
            "units": [{"id": one, "name": name, "parent": above} for one, name, above in units],
            "unit_of": accounts,
        },
    }
    out.write(json.dumps(head)[:-1])
    lists: list[tuple[str, Iterable[dict[str, Any]]]] = [
        ("resources", _resources(connection)),
        ("facts", _facts(connection)),
        ("rules", _rules(connection)),
        ("violations", _violations(connection)),
        ("variant_failures", _spans_said(connection, "check_id LIKE '%~%'", {"FAIL"})),
        ("silences", _spans_said(connection, "check_id NOT LIKE '%~%'", SILENT)),
    ]
    lists += [(name, _table(connection, *table)) for name, table in _TABLES.items()]
    for name, items in lists:
        out.write(f',\n"{name}": [')
        for number, item in enumerate(items):
            out.write((",\n" if number else "\n") + json.dumps(item, separators=(",", ":")))
        out.write("\n]")
    out.write("\n}\n")


#: What a source records where it has no verdict.
SILENT = frozenset({"INSUFFICIENT_DATA", "NOT_APPLICABLE", "WARNING", "NOT_AVAILABLE"})
#: Lists that are tables told as they are: name -> table, columns; those that are times end in _t.
_TABLES: dict[str, tuple[str, str]] = {
    "outages": ("recorder_outages", "account region from_t to_t"),
    "standards": ("standards", "account region standard_arn from_t to_t"),
    "switches": ("control_switches", "account region control standard_arn status reason at_t"),
    "suppressions": ("suppressions", "account region keyword arn from_t to_t note updated_by"),
    "unscanned": ("unscanned", "account region arn reason from_t to_t"),
    "hub_settings": ("hub_settings", "account region consolidated"),
}


def _table(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[dict[str, Any]]:
    names = columns.split()
    for row in connection.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY rowid"):
        yield {
            name.removesuffix("_t"): _time(value) if name.endswith("_t") else value
            for name, value in zip(names, row, strict=True)
        }


def _spans_said(
    connection: sqlite3.Connection, which: str, words: Container[str]
) -> Iterator[dict[str, Any]]:
    """The intervals in which a source's record said one of ``words`` of a resource."""
    rows = connection.execute(
        "SELECT check_id, source, arn, status, at_t FROM recordings"
        f" WHERE {which} ORDER BY check_id, source, arn, at_t, rowid"
    )
    for (key, source, arn), group in groupby(rows, key=lambda row: row[:3]):
        check, _, variant = key.partition("~")
        changes = [(status, at) for *_, status, at in group]
        ends = [at for _, at in changes[1:]]
        for (status, start), end in zip(changes, [*ends, None], strict=True):
            if status in words:
                yield {
                    "check": check,
                    "variant": variant,
                    "source": source,
                    "arn": arn,
                    "status": status,
                    "from": _time(start),
                    "to": _time(end),
                }


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
    for (
        key,
        source,
        keyword,
        parameters,
        account,
        region,
        name,
        arn,
        start,
        end,
        owner,
        scope,
    ) in connection.execute(
        "SELECT check_id, source, keyword, parameters, account, region, name, arn, from_t,"
        " to_t, owner, scope FROM deployments ORDER BY rowid"
    ):
        check, _, variant = key.partition("~")
        yield {
            "check": check,
            "variant": variant,
            "source": source,
            "keyword": keyword,
            "parameters": json.loads(parameters),
            "account": account,
            "region": region,
            "name": name,
            "arn": arn,
            "owner": owner,
            "scope": json.loads(scope) if scope else None,
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
