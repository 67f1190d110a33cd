"""GetResourceConfigHistory: how a resource's configuration, or its compliance, came to be."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.config.inventory import BAD_LIMIT
from include.local_aws.services.config.items import (
    COMPLIANCE_TYPE,
    compliance_items,
    configuration_items,
    recorded,
)
from include.local_aws.services.config.recorder import (
    recording_group,
    records,
    require_recorder,
    retention_days,
)
from include.local_aws.services.config.rules import BAD_TOKEN
from include.local_aws.services.moments import DAY, epoch
from include.local_aws.services.paging import Cursor, page_size, with_token


def items_of(
    estate: Estate, account: str, region: str, type_: str, id_: str, at: int
) -> list[dict[str, Any]]:
    """Every item Config still keeps of a resource at ``at``, oldest first."""
    if not records(recording_group(estate, account, region, at), type_):
        return []
    if type_ == COMPLIANCE_TYPE:
        target_type, _, target = id_.partition("/")
        items = compliance_items(estate, account, region, target_type, target, at)
    else:
        items = [
            entry
            for resource in recorded(estate, account, region, at, types=[type_], ids=[id_])
            for entry in configuration_items(estate, account, region, resource, at)
        ]
    days = retention_days(estate, account, region, at)
    if days is None:
        return items
    kept = [one for one in items if epoch(one["configurationItemCaptureTime"]) >= at - days * DAY]
    # The present state is kept whatever its age.
    alive = items and items[-1]["configurationItemStatus"] != "ResourceDeleted"
    return kept or (items[-1:] if alive else [])


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
        items = items_of(estate, call.account, call.region, asked, id_, cursor.as_of)
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
