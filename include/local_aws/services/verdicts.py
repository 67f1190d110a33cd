"""What a source says of each resource at a moment, folded from the estate's recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from include.evidence.identity import ACCOUNT_TYPE
from include.local_aws.estate.store import Estate

#: GONE: nothing is said any more. Where there is no verdict, the source's own word.
Status = Literal[
    "PASS",
    "FAIL",
    "GONE",
    "INSUFFICIENT_DATA",
    "NOT_APPLICABLE",
    "WARNING",
    "NOT_AVAILABLE",
]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A rule or control that is switched on from ``from_t`` until ``to_t`` (None: still)."""

    check_id: str
    keyword: str
    name: str
    arn: str
    parameters: dict[str, Any]
    from_t: int
    to_t: int | None
    owner: str = "managed"
    scope: dict[str, Any] | None = None

    def covers(self, at: int) -> bool:
        """Whether it is switched on at ``at``."""
        return self.from_t <= at and (self.to_t is None or at < self.to_t)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One resource's standing with one check: its status ``since`` then, known from ``first``."""

    check_id: str
    keyword: str
    arn: str
    type: str
    resource_id: str
    resource_name: str
    status: Status
    since: int
    first: int


def deployments(
    estate: Estate, source: str, account: str, region: str, *, at: int | None = None
) -> list[Deployed]:
    """What is switched on at ``at``, by name; without ``at`` everything that ever was."""
    found = _deployments(estate, source, account, region)
    return [one for one in found if at is None or one.covers(at)]


@lru_cache(maxsize=1024)
def _deployments(estate: Estate, source: str, account: str, region: str) -> tuple[Deployed, ...]:
    rows = estate.rows(
        "SELECT check_id, keyword, name, arn, parameters, from_t, to_t, owner, scope"
        " FROM deployments"
        " WHERE source = ? AND account = ? AND region = ? ORDER BY name, check_id, from_t",
        (source, account, region),
    )
    return tuple(
        Deployed(
            row["check_id"],
            row["keyword"],
            row["name"] or row["check_id"],
            row["arn"] or "",
            json.loads(row["parameters"] or "{}"),
            row["from_t"],
            row["to_t"],
            row["owner"],
            json.loads(row["scope"]) if row["scope"] else None,
        )
        for row in rows
    )


def resource_key(type_: str, arn: str, account: str, resource_id: str | None) -> str:
    """The id AWS uses for a resource; an account setting goes by the account's number."""
    return account if type_ == ACCOUNT_TYPE else resource_id or arn.rsplit("/", 1)[-1]


def verdicts(
    estate: Estate,
    source: str,
    account: str,
    region: str,
    *,
    at: int,
    checks: Sequence[str] | None = None,
    arns: Sequence[str] | None = None,
) -> Iterator[Verdict]:
    """The standing at ``at`` of each check and resource, ordered by check and ARN; GONE too."""
    sql = (
        "SELECT rec.check_id, rec.keyword, rec.arn, rec.type, rec.status, rec.at_t,"
        " res.resource_id, res.resource_name"
        " FROM recordings rec LEFT JOIN resources res ON res.arn = rec.arn"
        " WHERE rec.source = ? AND rec.account = ? AND rec.region = ? AND rec.at_t <= ?"
    )
    parameters: list[Any] = [source, account, region, at]
    for column, wanted in (("check_id", checks), ("arn", arns)):
        if wanted is not None:
            sql += f" AND rec.{column} IN ({','.join('?' * len(wanted))})"
            parameters.extend(wanted)
    sql += " ORDER BY rec.check_id, rec.arn, rec.at_t, rec.rowid"
    latest: Verdict | None = None
    for row in estate.rows(sql, parameters):
        if latest and (latest.check_id, latest.arn) == (row["check_id"], row["arn"]):
            first = latest.first
            since = latest.since if latest.status == row["status"] else row["at_t"]
        else:
            if latest:
                yield latest
            first = since = row["at_t"]
        latest = Verdict(
            row["check_id"],
            row["keyword"],
            row["arn"],
            row["type"],
            resource_key(row["type"], row["arn"], account, row["resource_id"]),
            row["resource_name"] or "",
            row["status"],
            since,
            first,
        )
    if latest:
        yield latest
