"""Config's items as they were captured: of resources, and of their compliance with the rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from typing import Any

from include.evidence.identity import ACCOUNT_TYPE
from include.local_aws.estate.store import Estate, Resource
from include.local_aws.services.config.recorder import noticed, recording_group, records
from include.local_aws.services.configuration import home_region
from include.local_aws.services.moments import moment
from include.local_aws.services.verdicts import Deployed, deployments, resource_key

COMPLIANCE_TYPE = "AWS::Config::ResourceCompliance"
#: The estate's words that Config has other ones for.
COMPLIANCE = {"PASS": "COMPLIANT", "FAIL": "NON_COMPLIANT"}
#: What takes a rule out of a resource's compliance item: it has no say in it (any more).
_SILENT = frozenset({"GONE", "NOT_APPLICABLE"})
_COLUMNS = (
    "SELECT rec.check_id, rec.status, rec.at_t, rec.type, rec.arn, res.resource_id"
    " FROM recordings rec LEFT JOIN resources res ON res.arn = rec.arn"
    " WHERE rec.source = 'aws_config' AND rec.account = ? AND rec.region = ? AND rec.at_t <= ?"
)

#: (check, the estate's status, when)
Turn = tuple[str, str, int]


def lower_camel(value: Any) -> Any:
    """A configuration as Config writes it: member names start in lower case, at every depth."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_camel(inner) for key, inner in value.items()}
    return [lower_camel(inner) for inner in value] if isinstance(value, list) else value


def recorded(
    estate: Estate,
    account: str,
    region: str,
    at: int,
    *,
    types: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    name: str | None = None,
) -> list[Resource]:
    """Resources the region's recorder knows at ``at``, deleted ones too, by type and id.

    ``created`` and ``deleted`` are when Config noticed. Global resources are recorded in the home
    region only, types the recorder leaves out nowhere. The account is no Config resource.
    """
    sql = (
        "SELECT * FROM resources WHERE account = ? AND type != ? AND created <= ?"
        " AND (region = ? OR (region IS NULL AND ?))"
    )
    parameters: list[Any] = [account, ACCOUNT_TYPE, at, region, region == home_region(estate)]
    for column, wanted in (("type", types), ("resource_id", ids)):
        if wanted is not None:
            sql += f" AND {column} IN ({','.join('?' * len(wanted))})"
            parameters.extend(wanted)
    if name is not None:
        sql += " AND resource_name = ?"
        parameters.append(name)
    rows = estate.rows(sql + " ORDER BY type, resource_id, arn", parameters)
    group = recording_group(estate, account, region, at)
    found = []
    for row in rows:
        if not records(group, row["type"]):
            continue
        resource = Resource(**dict(row))
        created = noticed(estate, account, region, resource.created)
        if created is None or created > at:
            continue
        gone = resource.deleted
        gone = None if gone is None else noticed(estate, account, region, gone)
        if gone is None or gone > created:
            found.append(replace(resource, created=created, deleted=gone))
    return found


def item(resource: Resource, facts: dict[str, Any], captured: int, status: str) -> dict[str, Any]:
    """The members that BaseConfigurationItem and ConfigurationItem share."""
    answer: dict[str, Any] = {
        "version": "1.3",
        "accountId": resource.account,
        "configurationItemCaptureTime": moment(captured),
        "configurationItemStatus": status,
        "configurationStateId": str(captured * 1000),
        "arn": resource.arn,
        "resourceType": resource.type,
        "resourceId": resource.resource_id,
        "resourceName": resource.resource_name,
        "awsRegion": resource.region or "global",
        "availabilityZone": "Regional" if resource.region else "Not Applicable",
        "resourceCreationTime": moment(resource.created),
        "recordingFrequency": "CONTINUOUS",
    }
    if status != "ResourceDeleted":
        answer["configuration"] = json.dumps(lower_camel(facts), sort_keys=True)
        answer["supplementaryConfiguration"] = {}
    return answer


def configuration_items(
    estate: Estate, account: str, region: str, resource: Resource, at: int
) -> list[dict[str, Any]]:
    """A recorded resource's configuration items up to ``at``, oldest first: one per change."""
    rows = estate.rows(
        "SELECT property, value, from_t, to_t FROM facts WHERE arn = ? AND from_t <= ?",
        (resource.arn, at),
    )
    turns = {resource.created} | {row["from_t"] for row in rows}
    turns |= {row["to_t"] for row in rows if row["to_t"] is not None}
    moments = {noticed(estate, account, region, turn) for turn in turns}
    end = resource.deleted if resource.deleted is not None and resource.deleted <= at else None
    items: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for when in sorted({max(one, resource.created) for one in moments if one is not None}):
        if when > at or (end is not None and when >= end):
            break
        facts = {
            row["property"]: json.loads(row["value"])
            for row in rows
            if row["from_t"] <= when and (row["to_t"] is None or when < row["to_t"])
        }
        if facts != before:
            status = "ResourceDiscovered" if before is None else "OK"
            items.append(item(resource, facts, when, status))
            before = facts
    if end is not None:
        items.append(item(resource, {}, end, "ResourceDeleted"))
    return items


def compliance_items(
    estate: Estate, account: str, region: str, type_: str, id_: str, at: int
) -> list[dict[str, Any]]:
    """One resource's compliance items up to ``at``, oldest first: one per transition."""
    if type_ == ACCOUNT_TYPE:
        of_type = " AND rec.type = ? ORDER BY rec.at_t, rec.rowid"
        rows = estate.rows(_COLUMNS + of_type, (account, region, at, type_))
        rows = rows if id_ == account else []
    else:
        rows = estate.rows(
            _COLUMNS + " AND rec.type = ? AND res.resource_id = ? ORDER BY rec.at_t, rec.rowid",
            (account, region, at, type_, id_),
        )
    turns = [(row["check_id"], row["status"], row["at_t"]) for row in rows]
    rules = _rules(estate, account, region)
    return list(_unfolded(account, region, type_, id_, turns, rules, at))


def compliance_histories(
    estate: Estate, account: str, region: str, at: int
) -> Iterator[list[dict[str, Any]]]:
    """The compliance items of every resource up to ``at``, by type and id, oldest first."""
    rows = estate.rows(_COLUMNS + " ORDER BY rec.type, rec.arn, rec.at_t", (account, region, at))
    turns: dict[tuple[str, str], list[Turn]] = {}
    for (type_, arn), group in groupby(rows, key=lambda row: (row["type"], row["arn"])):
        listed = list(group)
        key = type_, resource_key(type_, arn, account, listed[0]["resource_id"])
        turns.setdefault(key, []).extend((r["check_id"], r["status"], r["at_t"]) for r in listed)
    rules = _rules(estate, account, region)
    for (type_, id_), own in sorted(turns.items()):
        own.sort(key=lambda turn: turn[2])
        yield list(_unfolded(account, region, type_, id_, own, rules, at))


@lru_cache(maxsize=8)
def current_compliance(
    estate: Estate, account: str, region: str, at: int
) -> tuple[dict[str, Any], ...]:
    """The newest compliance item of every resource at ``at``, deleted ones too, by type and id."""
    return tuple(
        one for items in compliance_histories(estate, account, region, at) for one in items[-1:]
    )


def _rules(estate: Estate, account: str, region: str) -> dict[str, list[Deployed]]:
    rules: dict[str, list[Deployed]] = {}
    for rule in deployments(estate, "aws_config", account, region):
        rules.setdefault(rule.check_id, []).append(rule)
    return rules


def _unfolded(
    account: str,
    region: str,
    type_: str,
    id_: str,
    turns: Sequence[Turn],
    rules: dict[str, list[Deployed]],
    at: int,
) -> Iterator[dict[str, Any]]:
    """A resource's compliance items, oldest first.

    Config writes one when the standing with any rule changes, not at each evaluation. A rule
    that is deleted drops out of the list from then on.
    """
    moments = {when for _, _, when in turns}
    for check in {check for check, _, _ in turns}:
        for rule in rules.get(check, ()):
            moments |= {when for when in (rule.from_t, rule.to_t) if when and when <= at}
    standing: dict[str, str] = {}
    before: list[tuple[str, str]] | None = None
    position = 0
    for when in sorted(moments):
        gone = False
        while position < len(turns) and turns[position][2] <= when:
            check, status, _ = turns[position]
            position += 1
            standing[check] = status
            gone = status == "GONE" or gone
        judged = sorted(
            (
                (rule, COMPLIANCE.get(status, status))
                for check, status in standing.items()
                if status not in _SILENT
                for rule in rules.get(check, ())
                if rule.covers(when)
            ),
            key=lambda pair: pair[0].name,
        )
        state = [(rule.arn or rule.name, kind) for rule, kind in judged]
        if state == before or (before is None and not state):
            continue
        if not state and gone:
            status = "ResourceDeleted"
        else:
            status = "OK" if before else "ResourceDiscovered"
        yield _compliance_item(account, region, type_, id_, when, status, judged)
        before = state


def _compliance_item(
    account: str,
    region: str,
    type_: str,
    id_: str,
    at: int,
    status: str,
    rules: Iterable[tuple[Deployed, str]],
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "version": "1.3",
        "accountId": account,
        "configurationItemCaptureTime": moment(at),
        "configurationItemStatus": status,
        "configurationStateId": str(at * 1000),
        "resourceType": COMPLIANCE_TYPE,
        "resourceId": f"{type_}/{id_}",
        "awsRegion": region,
        "relatedEvents": [],
        "relationships": [
            {
                "resourceType": type_,
                "resourceId": id_,
                "relationshipName": "Is associated with ",
            }
        ],
        "supplementaryConfiguration": {},
    }
    if status == "ResourceDeleted":
        return answer
    listed = [
        {
            "configRuleName": rule.name,
            "configRuleArn": rule.arn,
            "configRuleId": rule.arn.rsplit("/", 1)[-1],
            "complianceType": kind,
        }
        for rule, kind in rules
    ]
    kinds = {rule["complianceType"] for rule in listed}
    answer["configuration"] = json.dumps(
        {
            "targetResourceType": type_,
            "targetResourceId": id_,
            "complianceType": worst(kinds),
            "configRuleList": listed,
        }
    )
    return answer


def worst(kinds: set[str]) -> str:
    """One word for many: non-compliant before compliant; nothing known is INSUFFICIENT_DATA."""
    for kind in ("NON_COMPLIANT", "COMPLIANT"):
        if kind in kinds:
            return kind
    return "INSUFFICIENT_DATA"
