"""Config's inventory: what the recorder has discovered, and each item's latest state."""

from __future__ import annotations

from collections import Counter
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.items import (
    COMPLIANCE_TYPE,
    configuration_items,
    current_compliance,
    recorded,
)
from include.local_aws.services.config.recorder import require_recorder
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

BAD_LIMIT = "InvalidLimitException"


def discovered(
    estate: Estate, account: str, region: str, at: int, type_: str, **limits: Any
) -> list[dict[str, Any]]:
    """ResourceIdentifiers of a type at ``at``, deleted ones too, by id."""
    if type_ == COMPLIANCE_TYPE:
        wanted = set(limits.get("ids") or ())
        return [
            {
                "resourceType": type_,
                "resourceId": one["resourceId"],
                **(
                    {"resourceDeletionTime": one["configurationItemCaptureTime"]}
                    if one["configurationItemStatus"] == "ResourceDeleted"
                    else {}
                ),
            }
            for one in current_compliance(estate, account, region, at)
            if not wanted or one["resourceId"] in wanted
        ]
    found = []
    for resource in recorded(estate, account, region, at, types=[type_], **limits):
        answer: dict[str, Any] = {
            "resourceType": resource.type,
            "resourceId": resource.resource_id,
            "resourceName": resource.resource_name,
        }
        if resource.deleted is not None and resource.deleted <= at:
            answer["resourceDeletionTime"] = moment(resource.deleted)
        found.append(answer)
    return found


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
        found = discovered(
            estate,
            call.account,
            call.region,
            cursor.as_of,
            call.params["resourceType"],
            ids=ids,
            name=name,
        )
        if not call.params.get("includeDeletedResources"):
            found = [one for one in found if "resourceDeletionTime" not in one]
        page, token = cursor.cut(found, size)
        return with_token({"resourceIdentifiers": page}, token, "nextToken")

    def get_discovered_resource_counts(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_TOKEN, member="nextToken")
        size = page_size(call, member="limit", default=100, most=100, least=0, error=BAD_LIMIT)
        wanted = call.params.get("resourceTypes") or None
        if wanted and len(wanted) > 20:
            raise ServiceError("ValidationException", "At most 20 resourceTypes can be given.")
        counts = Counter(
            resource.type
            for resource in recorded(estate, call.account, call.region, cursor.as_of, types=wanted)
            if resource.exists(cursor.as_of)
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
            for resource in recorded(estate, call.account, call.region, now, ids=ids)
            if resource.exists(now)
        }
        items, missing = [], []
        for key in keys:
            resource = known.get((key["resourceType"], key["resourceId"]))
            if resource is None:
                missing.append(dict(key))
                continue
            items.append(configuration_items(estate, call.account, call.region, resource, now)[-1])
        return {"baseConfigurationItems": items, "unprocessedResourceKeys": missing}

    return {
        "ListDiscoveredResources": list_discovered_resources,
        "GetDiscoveredResourceCounts": get_discovered_resource_counts,
        "BatchGetResourceConfig": batch_get_resource_config,
    }
