"""Compliance over time, derived from the facts: what each check says when, and who recorded it.

Reads the estate's tables only, never the plan.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from include.local_aws.estate.checks import Check, deployable_checks
from include.local_aws.estate.outages import Outage, recorded_through
from include.local_aws.estate.parameters import DAY, HOUR, QUIET, month_end, month_start
from include.local_aws.estate.plan import Span
from include.local_aws.estate.predicates import PREDICATES, Predicate, predicate_of
from include.local_aws.estate.silences import silenced
from include.local_aws.estate.store import Resource

#: property -> (value, from, to), oldest first
History = Mapping[str, Sequence[tuple[Any, int, int | None]]]

#: Checks whose rule runs once a day (AWS's trigger type "Periodic"); the others run on a change.
_PERIODIC = """
security-contact-provided root-no-access-key root-mfa root-hardware-mfa password-policy-length
password-policy-reuse console-users-mfa unused-credentials access-keys-rotated support-role
server-certificates-valid access-analyzer-enabled macie-enabled config-recording
s3-account-public-access-blocked efs-encrypted-with-key trail-multi-region trail-log-validation
trail-encrypted trail-bucket-logging kms-rotation vpc-flow-logs s3-write-data-events
s3-read-data-events security-hub-enabled ebs-default-encryption sg-no-open-admin-ipv4
sg-no-open-admin-ipv6
"""
PERIODIC = frozenset(_PERIODIC.split())


def verdicts(
    predicate: Predicate, resource: Resource, history: History, until: int
) -> list[tuple[int, bool]]:
    """When the answer turns to what: (second, passes), oldest first; up to ``until``."""
    born = resource.created
    end = until + 1 if resource.deleted is None else min(resource.deleted, until + 1)
    steps = sorted({start for prop in predicate.reads for _, start, _ in history[prop]} | {born})
    found: list[tuple[int, bool]] = []
    for start, stop in zip(steps, [*steps[1:], end], strict=True):
        facts = {prop: _value(history[prop], start) for prop in predicate.reads}
        facts["created"] = born
        turns = sorted({t for t in predicate.turns(facts) if start < t < min(stop, end)})
        for at in [start, *turns]:
            passes = bool(predicate.passes(facts, at))
            if at < end and (not found or found[-1][1] != passes):
                found.append((at, passes))
    return found


def _value(rows: Sequence[tuple[Any, int, int | None]], at: int) -> Any:
    for value, start, end in rows:
        if start <= at and (end is None or at < end):
            return value
    raise LookupError(f"No fact for {at}.")


def failing(turns: Sequence[tuple[int, bool]], resource: Resource) -> list[Span]:
    """The intervals in which the check fails."""
    ends: list[int | None] = [at for at, _ in turns[1:]]
    return [
        (at, end)
        for (at, passes), end in zip(turns, [*ends, resource.deleted], strict=True)
        if not passes
    ]


@dataclass(frozen=True)
class Watcher:
    """One deployed rule or control, as far as recording goes.

    ``check_id`` is what it records under, ``predicate`` what it looks at, ``only`` the id of the
    single resource it is narrowed to, or ''.
    """

    check_id: str
    source: str
    keyword: str
    from_t: int
    to_t: int | None
    predicate: Predicate
    only: str = ""


@dataclass(frozen=True)
class Place:
    """Who watches what in one account and region, and when Config's recorder stands still."""

    watchers: Mapping[str, Sequence[Watcher]]
    outages: Sequence[Outage]


def histories(
    connection: sqlite3.Connection,
) -> Iterator[tuple[Resource, dict[str, list[tuple[Any, int, int | None]]]]]:
    """Every resource with its facts, in the order of the facts table, one in memory at a time."""
    cursor = connection.execute(
        "SELECT r.arn, r.type, r.account, r.region, r.resource_id, r.resource_name, r.created,"
        " r.deleted, f.property, f.value, f.from_t, f.to_t"
        " FROM facts f CROSS JOIN resources r ON r.arn = f.arn ORDER BY f.rowid"
    )
    for arn, rows in groupby(cursor, key=lambda row: row[0]):
        history: dict[str, list[tuple[Any, int, int | None]]] = {}
        resource = None
        for row in rows:
            resource = resource or Resource(arn, *row[1:8])
            history.setdefault(row[8], []).append((json.loads(row[9]), row[10], row[11]))
        assert resource is not None
        yield resource, history


def checks_of(resource: Resource) -> list[Check]:
    """The checks whose population a resource of this kind is in."""
    of_account = resource.type == "AWS::::Account"
    return [
        check
        for check in deployable_checks()
        if check.resource_type == resource.type
        and not (of_account and check.account_wide is (resource.region is not None))
    ]


def recordings(
    connection: sqlite3.Connection, home: str, until: int, silent_ends: Sequence[int] = ()
) -> Iterator[tuple[str, str, str, str, str, str, str, str, int]]:
    """Rows of the recordings table, for every deployed Config rule and Security Hub control.

    ``silent_ends``: ends of months at which a source may have no verdict on a resource.
    """
    here = Place({}, ())
    place: tuple[str, str] | None = None
    by_kind: dict[tuple[str, bool], list[Check]] = {}
    for resource, history in histories(connection):
        region = resource.region or home
        if place != (resource.account, region):
            place = (resource.account, region)
            here = _place(connection, *place)
        kind = (resource.type, resource.region is None)
        if kind not in by_kind:
            by_kind[kind] = checks_of(resource)
        for check in by_kind[kind]:
            watchers = here.watchers.get(check.id)
            concerns = PREDICATES[check.id].concerns
            if not watchers or not concerns({k: v[0][0] for k, v in history.items()}):
                continue
            seen: dict[int, list[tuple[int, bool]]] = {}
            for watcher in watchers:
                if watcher.only and watcher.only != resource.resource_id:
                    continue
                # Most watchers of a check look at the same; that is worked out once.
                looks = id(watcher.predicate)
                if looks not in seen:
                    seen[looks] = verdicts(watcher.predicate, resource, history, until)
                tag = f"{watcher.source}:{watcher.check_id}:{resource.account}:{region}"
                changes = record(seen[looks], resource, watcher, tag, check.id in PERIODIC)
                if watcher.source == "aws_config" and here.outages:
                    changes = iter(recorded_through(changes, here.outages))
                said = silenced(list(changes), tag, resource.arn, watcher.source, silent_ends)
                for status, at in said:
                    yield (
                        watcher.check_id, watcher.source, watcher.keyword, resource.arn,
                        resource.type, resource.account, region, status, at,
                    )  # fmt: skip


def _place(connection: sqlite3.Connection, account: str, region: str) -> Place:
    found: dict[str, list[Watcher]] = {}
    for key, source, keyword, start, end, given, scope in connection.execute(
        "SELECT check_id, source, keyword, from_t, to_t, parameters, scope FROM deployments"
        " WHERE account = ? AND region = ? AND source IN ('aws_config', 'security_hub')"
        " ORDER BY rowid",
        (account, region),
    ).fetchall():
        check, _, variant = key.partition("~")
        if check not in PREDICATES:
            continue  # an idle rule: there is nothing that it looks at
        predicate = predicate_of(check, variant, json.loads(given))
        only = json.loads(scope).get("ComplianceResourceId", "") if scope else ""
        watcher = Watcher(key, source, keyword, start, end, predicate, only)
        found.setdefault(check, []).append(watcher)
    outages = connection.execute(
        "SELECT from_t, to_t FROM recorder_outages WHERE account = ? AND region = ?"
        " ORDER BY from_t",
        (account, region),
    ).fetchall()
    return Place(found, outages)


def record(
    turns: Sequence[tuple[int, bool]],
    resource: Resource,
    watcher: Watcher,
    tag: str,
    periodic: bool,
) -> Iterator[tuple[str, int]]:
    """(status, second) of what one watcher writes down about one resource.

    A recording may lag behind, but never so far that it leaves the month, comes after the next
    change, or changes the order: each month's truth is the same by either clock. After its end a
    watcher says no more, but that a resource it knew is gone.
    """
    born, died = watcher.from_t, watcher.to_t
    seen = [("PASS" if passes else "FAIL", at) for at, passes in turns]
    if died is not None:
        seen = [(status, at) for status, at in seen if at < died]
    if not seen:
        return
    if resource.deleted is not None:
        seen.append(("GONE", resource.deleted))
    before = [status for status, at in seen if at <= born]
    if before:
        if before[-1] == "GONE":
            return
        seen = [(before[-1], born), *[(status, at) for status, at in seen if at > born]]
    ends: Iterable[int | None] = [*[at for _, at in seen[1:]], died]
    for (status, at), following in zip(seen, ends, strict=True):
        following = following if died is None or following is None else min(following, died)
        yield status, recorded_at(at, following, f"{tag}:{resource.arn}:{at}", tag, periodic)


def daily_run(rule: str) -> int:
    """Seconds after midnight (UTC) at which a periodic rule runs: each has one of its own."""
    return zlib.crc32(rule.encode()) % (22 * HOUR) + HOUR


def recorded_at(at: int, following: int | None, each: str, rule: str, periodic: bool) -> int:
    """When a change at ``at`` is written down: at the rule's daily run, or minutes later.

    What changes in a month's first hours is always on record minutes later, so that present
    answers differ from those of the period that has just ended.
    """
    if periodic and at - month_start(at) >= QUIET:
        late = at - at % DAY + daily_run(rule)
        late += DAY if late < at else 0
    else:
        late = at + 60 + zlib.crc32(each.encode()) % 840
    if late >= month_end(at) or (following is not None and late >= following):
        return at
    return late
