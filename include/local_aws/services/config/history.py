"""GetResourceConfigHistory: how a resource's configuration, or its compliance, came to be."""

from __future__ import annotations

import json
from typing import Any

from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.compliance import COMPLIANCE
from include.local_aws.services.config.inventory import BAD_LIMIT, item, recorded
from include.local_aws.services.config.recorder import require_recorder
from include.local_aws.services.config.rules import BAD_TOKEN, rule_id
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.verdicts import Deployed, deployments

COMPLIANCE_TYPE = "AWS::Config::ResourceCompliance"


def configuration_history(estate: Estate, resource: Resource, at: int) -> list[dict[str, Any]]:
    """The resource's configuration items up to ``at``, oldest first: one per change."""
    rows = estate.rows(
        "SELECT property, value, from_t, to_t FROM facts WHERE arn = ? AND from_t <= ?",
        (resource.arn, at),
    )
    moments = {resource.created} | {row["from_t"] for row in rows}
    moments |= {row["to_t"] for row in rows if row["to_t"] is not None and row["to_t"] <= at}
    end = resource.deleted if resource.deleted is not None and resource.deleted <= at else None
    items: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for when in sorted(max(one, resource.created) for one in moments):
        if end is not None and when >= end:
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


def _subjects(estate: Estate, call: Call, type_: str, id_: str, at: int) -> list[str]:
    """The estate's identities behind a Config resource; the account's settings share one."""
    if type_ == ACCOUNT_TYPE:
        own = id_ == call.account
        return [account_identity(id_), account_identity(id_, call.region)] if own else []
    found = recorded(estate, call, at, type_=type_, ids=[id_])
    return [resource.arn for resource in found]


def _compliance_item(
    call: Call, type_: str, id_: str, at: int, status: str, rules: list[tuple[Deployed, str]]
) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "version": "1.3",
        "accountId": call.account,
        "configurationItemCaptureTime": moment(at),
        "configurationItemStatus": status,
        "configurationStateId": str(at * 1000),
        "resourceType": COMPLIANCE_TYPE,
        "resourceId": f"{type_}/{id_}",
        "awsRegion": call.region,
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
    kinds = [kind for _, kind in rules]
    answer["configuration"] = json.dumps(
        {
            "targetResourceType": type_,
            "targetResourceId": id_,
            "complianceType": "NON_COMPLIANT"
            if "NON_COMPLIANT" in kinds
            else "COMPLIANT"
            if kinds
            else "INSUFFICIENT_DATA",
            "configRuleList": [
                {
                    "configRuleName": rule.name,
                    "configRuleArn": rule.arn,
                    "configRuleId": rule_id(rule),
                    "complianceType": kind,
                }
                for rule, kind in rules
            ],
        }
    )
    return answer


def compliance_history(
    estate: Estate, call: Call, type_: str, id_: str, at: int
) -> list[dict[str, Any]]:
    """The resource's compliance items up to ``at``, oldest first: one per transition.

    Config writes an item when the standing with any rule changes, not at each evaluation. A rule
    that is deleted drops out of the list from then on.
    """
    arns = _subjects(estate, call, type_, id_, at)
    if not arns:
        return []
    rows = estate.rows(
        "SELECT check_id, status, at_t FROM recordings WHERE source = 'aws_config'"
        f" AND account = ? AND region = ? AND at_t <= ? AND arn IN ({','.join('?' * len(arns))})"
        " ORDER BY at_t, rowid",
        (call.account, call.region, at, *arns),
    )
    rules: dict[str, list[Deployed]] = {}
    for rule in deployments(estate, "aws_config", call.account, call.region):
        rules.setdefault(rule.check_id, []).append(rule)
    moments = {row["at_t"] for row in rows}
    for check in {row["check_id"] for row in rows}:
        for rule in rules.get(check, ()):
            moments |= {when for when in (rule.from_t, rule.to_t) if when and when <= at}
    standing: dict[str, str] = {}
    items: list[dict[str, Any]] = []
    before: list[tuple[str, str]] | None = None
    position = 0
    for when in sorted(moments):
        gone = False
        while position < len(rows) and rows[position]["at_t"] <= when:
            row = rows[position]
            position += 1
            standing[row["check_id"]] = row["status"]
            gone = row["status"] == "GONE" or gone
        judged = sorted(
            (
                (rule, COMPLIANCE[status])
                for check, status in standing.items()
                if status != "GONE"
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
        items.append(_compliance_item(call, type_, id_, when, status, judged))
        before = state
    return items


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetResourceConfigHistory."""

    def get_resource_config_history(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN, member="nextToken")
        require_recorder(estate, call)
        size = page_size(call, member="limit", default=10, most=100, least=0, error=BAD_LIMIT)
        asked, id_ = call.params["resourceType"], call.params["resourceId"]
        later = min(epoch(call.params.get("laterTime") or call.now), cursor.as_of)
        earlier = epoch(call.params.get("earlierTime") or 0)
        if earlier > epoch(call.params.get("laterTime") or call.now):
            raise ServiceError(
                "InvalidTimeRangeException",
                "The specified time range is not valid."
                " The earlier time is not chronologically before the later time.",
            )
        if asked == COMPLIANCE_TYPE:
            type_, _, target = id_.partition("/")
            items = compliance_history(estate, call, type_, target, cursor.as_of)
        else:
            found = recorded(estate, call, cursor.as_of, type_=asked, ids=[id_])
            items = [
                entry
                for resource in found
                for entry in configuration_history(estate, resource, cursor.as_of)
            ]
        if not items:
            raise ServiceError(
                "ResourceNotDiscoveredException",
                f"Resource {id_} of resourceType:{asked} is unknown or has not been discovered",
            )
        shown = [
            entry
            for entry in items
            if earlier <= epoch(entry["configurationItemCaptureTime"]) <= later
        ]
        if call.params.get("chronologicalOrder") != "Forward":
            shown.reverse()
        page, token = cursor.cut(shown, size)
        return with_token({"configurationItems": page}, token, "nextToken")

    return {"GetResourceConfigHistory": get_resource_config_history}
