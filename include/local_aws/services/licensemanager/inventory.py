"""License Manager's settings, what it found by inventory, and licences received from sellers."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.licensemanager.configurations import INVALID, PAGE, require_set_up
from include.local_aws.services.moments import epoch
from include.local_aws.services.paging import Cursor, page_size, with_token

_FILTERS = ("account_id", "application_name", "license_included", "platform", "resource_id")


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetServiceSettings, ListResourceInventory and ListReceivedLicenses."""

    def get_service_settings(call: Call) -> dict[str, Any]:
        require_set_up(estate, call, epoch(call.now))
        return {
            "OrganizationConfiguration": {"EnableIntegration": False},
            "EnableCrossAccountsDiscovery": False,
        }

    def list_resource_inventory(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID)
        size = page_size(call, member="MaxResults", default=PAGE, most=PAGE, error=INVALID)
        require_set_up(estate, call, cursor.as_of)
        filters = call.params.get("Filters") or []
        for one in filters:
            if one["Name"] not in _FILTERS:
                raise ServiceError(INVALID, f"Invalid filter name: {one['Name']}.")
        found = [
            {
                "ResourceId": node["instance"],
                "ResourceType": "EC2_INSTANCE",
                "ResourceArn": f"arn:aws:ec2:{call.region}:{call.account}:instance/"
                f"{node['instance']}",
                "Platform": node["platform_name"],
                "PlatformVersion": node["platform_version"],
                "ResourceOwningAccountId": call.account,
            }
            # Inventory comes from Systems Manager: what it doesn't manage isn't seen.
            for node in estate.rows(
                "SELECT * FROM nodes WHERE account = ? AND region = ? AND from_t <= ?"
                " AND (to_t IS NULL OR to_t > ?) ORDER BY instance",
                (call.account, call.region, cursor.as_of, cursor.as_of),
            )
        ]
        found = [one for one in found if all(_passes(one, condition) for condition in filters)]
        page, token = cursor.cut(found, size)
        return with_token({"ResourceInventoryList": page}, token)

    def list_received_licenses(call: Call) -> dict[str, Any]:
        Cursor.of(call, INVALID)
        require_set_up(estate, call, epoch(call.now))
        return {"Licenses": []}  # nothing was bought in the Marketplace

    return {
        "GetServiceSettings": get_service_settings,
        "ListResourceInventory": list_resource_inventory,
        "ListReceivedLicenses": list_received_licenses,
    }


def _passes(resource: dict[str, Any], condition: dict[str, Any]) -> bool:
    texts: dict[str, str] = {
        "account_id": resource["ResourceOwningAccountId"],
        "platform": resource["Platform"],
        "resource_id": resource["ResourceId"],
    }
    text, wanted = texts.get(condition["Name"], ""), str(condition.get("Value", ""))
    holds: dict[str, bool] = {
        "EQUALS": text == wanted,
        "NOT_EQUALS": text != wanted,
        "BEGINS_WITH": text.startswith(wanted),
        "CONTAINS": wanted in text,
    }
    return holds[str(condition["Condition"])]
