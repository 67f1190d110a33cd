"""Config's inventory: what the recorder has discovered, and each item's latest state."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from include.evidence.identity import ACCOUNT_TYPE
from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.recorder import require_recorder
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.configuration import facts_of, home_region
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

BAD_LIMIT = "InvalidLimitException"


def lower_camel(value: Any) -> Any:
    """A configuration as Config writes it: member names start in lower case, at every depth."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_camel(inner) for key, inner in value.items()}
    return [lower_camel(inner) for inner in value] if isinstance(value, list) else value


def recorded(
    estate: Estate,
    call: Call,
    at: int,
    *,
    type_: str | None = None,
    ids: list[str] | None = None,
    name: str | None = None,
) -> list[Resource]:
    """Resources the region's recorder knows at ``at``, deleted ones too, by type and id.

    Global resources are recorded in the home region only. The account is no Config resource.
    """
    sql = (
        "SELECT * FROM resources WHERE account = ? AND type != ? AND created <= ?"
        " AND (region = ? OR (region IS NULL AND ?))"
    )
    parameters: list[Any] = [
        call.account,
        ACCOUNT_TYPE,
        at,
        call.region,
        call.region == home_region(estate),
    ]
    for column, value in (("type", type_), ("resource_name", name)):
        if value is not None:
            sql += f" AND {column} = ?"
            parameters.append(value)
    if ids:
        sql += f" AND resource_id IN ({','.join('?' * len(ids))})"
        parameters.extend(ids)
    rows = estate.rows(sql + " ORDER BY type, resource_id, arn", parameters)
    return [Resource(**dict(row)) for row in rows]


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


def last_change(estate: Estate, resource: Resource, at: int) -> int:
    """When the configuration that holds at ``at`` began."""
    row = estate.rows(
        "SELECT MAX(MAX(from_t, CASE WHEN to_t <= ? THEN to_t ELSE 0 END)) AS last"
        " FROM facts WHERE arn = ? AND from_t <= ?",
        (at, resource.arn, at),
    )[0]
    return max(row["last"] or 0, resource.created)


def handlers(estate: Estate) -> dict[str, Handler]:
    """ListDiscoveredResources, GetDiscoveredResourceCounts and BatchGetResourceConfig."""

    def list_discovered_resources(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN, member="nextToken")
        require_recorder(estate, call)
        size = page_size(call, member="limit", default=100, most=100, least=0, error=BAD_LIMIT)
        ids, name = call.params.get("resourceIds"), call.params.get("resourceName")
        if ids and name:
            raise ServiceError(
                "ValidationException", "Give either resourceIds or resourceName, not both."
            )
        if ids and len(ids) > 20:
            raise ServiceError("ValidationException", "At most 20 resourceIds can be given.")
        found = [
            resource
            for resource in recorded(
                estate, call, cursor.as_of, type_=call.params["resourceType"], ids=ids, name=name
            )
            if call.params.get("includeDeletedResources") or resource.exists(cursor.as_of)
        ]
        page, token = cursor.cut(found, size)
        answers = []
        for resource in page:
            answer: dict[str, Any] = {
                "resourceType": resource.type,
                "resourceId": resource.resource_id,
                "resourceName": resource.resource_name,
            }
            if resource.deleted is not None and resource.deleted <= cursor.as_of:
                answer["resourceDeletionTime"] = moment(resource.deleted)
            answers.append(answer)
        return with_token({"resourceIdentifiers": answers}, token, "nextToken")

    def get_discovered_resource_counts(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN, member="nextToken")
        size = page_size(call, member="limit", default=100, most=100, least=0, error=BAD_LIMIT)
        wanted = set(call.params.get("resourceTypes") or ())
        counts = Counter(
            resource.type
            for resource in recorded(estate, call, cursor.as_of)
            if resource.exists(cursor.as_of) and (not wanted or resource.type in wanted)
        )
        # Descending by count, as Config orders them.
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        page, token = cursor.cut(ordered, size)
        answer = {
            "totalDiscoveredResources": sum(counts.values()),
            "resourceCounts": [{"resourceType": type_, "count": n} for type_, n in page],
        }
        return with_token(answer, token, "nextToken")

    def batch_get_resource_config(call: Call) -> dict[str, Any]:
        keys = call.params["resourceKeys"]
        if not 1 <= len(keys) <= 100:
            raise ServiceError("ValidationException", "Between 1 and 100 resourceKeys are needed.")
        require_recorder(estate, call)
        now = epoch(call.now)
        ids = sorted({key["resourceId"] for key in keys})
        known = {
            (resource.type, resource.resource_id): resource
            for resource in recorded(estate, call, now, ids=ids)
            if resource.exists(now)
        }
        configurations = facts_of(estate, {one.arn for one in known.values()}, now)
        items, missing = [], []
        for key in keys:
            resource = known.get((key["resourceType"], key["resourceId"]))
            if resource is None:
                missing.append(dict(key))
                continue
            captured = last_change(estate, resource, now)
            status = "ResourceDiscovered" if captured == resource.created else "OK"
            items.append(item(resource, configurations[resource.arn], captured, status))
        return {"baseConfigurationItems": items, "unprocessedResourceKeys": missing}

    return {
        "ListDiscoveredResources": list_discovered_resources,
        "GetDiscoveredResourceCounts": get_discovered_resource_counts,
        "BatchGetResourceConfig": batch_get_resource_config,
    }
