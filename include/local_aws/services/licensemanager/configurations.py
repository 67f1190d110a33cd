"""Licence configurations: what is counted, what is consumed, and which resources are associated."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

INVALID = "InvalidParameterValueException"
#: Items on a page: AWS documents neither a default nor a maximum.
PAGE = 100
_MOST_FILTERS = 10


def require_set_up(estate: Estate, call: Call, at: int) -> None:
    """Refuse as the service does where its service-linked role was never made."""
    sql = "SELECT 1 FROM license_places WHERE account = ? AND region = ? AND from_t <= ?"
    if not estate.rows(sql, (call.account, call.region, at)):
        raise ServiceError(
            "AccessDeniedException",
            "Service role not found. Consult setup procedures in Service User Guide to create the "
            "required role",
        )


def filters_of(call: Call, known: Sequence[str]) -> dict[str, list[str]]:
    """The request's filters by name; refuses unknown names and too many of them."""
    asked: Sequence[Mapping[str, Any]] = call.params.get("Filters") or []
    if len(asked) > _MOST_FILTERS:
        raise ServiceError("FilterLimitExceededException", "Too many filters.")
    found: dict[str, list[str]] = {}
    for one in asked:
        if one.get("Name") not in known:
            raise ServiceError(INVALID, f"Invalid filter name: {one.get('Name')}.")
        found[str(one["Name"])] = list(one.get("Values") or [])
    return found


def _uses(estate: Estate, configuration: str, at: int) -> list[sqlite3.Row]:
    return estate.rows(
        "SELECT * FROM license_uses WHERE configuration = ? AND from_t <= ?"
        " AND (to_t IS NULL OR to_t > ?) ORDER BY resource",
        (configuration, at, at),
    )


def _shown(estate: Estate, row: sqlite3.Row, at: int) -> dict[str, Any]:
    """A configuration in ListLicenseConfigurations' shape."""
    uses = _uses(estate, row["arn"], at)
    consumed: Counter[str] = Counter()
    associated: Counter[str] = Counter()
    for use in uses:
        associated[use["resource_type"]] += 1
        if use["consumed"] is not None:
            consumed[use["resource_type"]] += use["consumed"]
    return {
        **json.loads(row["body"]),
        "ConsumedLicenses": sum(consumed.values()),
        "ConsumedLicenseSummaryList": [
            {"ResourceType": kind, "ConsumedLicenses": number}
            for kind, number in sorted(consumed.items())
        ],
        "ManagedResourceSummaryList": [
            {"ResourceType": kind, "AssociationCount": number}
            for kind, number in sorted(associated.items())
        ],
        "ProductInformationList": [],
    }


def handlers(estate: Estate) -> dict[str, Handler]:
    """Configurations, one or all, and what stands behind each."""

    def _existing(call: Call, at: int) -> list[sqlite3.Row]:
        return estate.rows(
            "SELECT * FROM licenses WHERE account = ? AND region = ? AND from_t <= ?"
            " AND (to_t IS NULL OR to_t > ?) ORDER BY arn",
            (call.account, call.region, at, at),
        )

    def _one(call: Call, at: int) -> sqlite3.Row:
        require_set_up(estate, call, at)
        wanted = call.params["LicenseConfigurationArn"]
        for row in _existing(call, at):
            if row["arn"] == wanted:
                return row
        raise ServiceError(INVALID, f"Invalid license configuration ARN: {wanted}.")

    def _cursor(call: Call) -> tuple[Cursor, int]:
        cursor = Cursor.of(call, INVALID)
        return cursor, page_size(call, member="MaxResults", default=PAGE, most=PAGE, error=INVALID)

    def list_configurations(call: Call) -> dict[str, Any]:
        cursor, size = _cursor(call)
        require_set_up(estate, call, cursor.as_of)
        filters = filters_of(
            call, ("licenseCountingType", "enforceLicenseCount", "usagelimitExceeded", "name")
        )
        wanted = call.params.get("LicenseConfigurationArns")
        found = []
        for row in _existing(call, cursor.as_of):
            one = _shown(estate, row, cursor.as_of)
            texts = {
                "licenseCountingType": one["LicenseCountingType"],
                "enforceLicenseCount": str(one["LicenseCountHardLimit"]).lower(),
                "usagelimitExceeded": str(one["ConsumedLicenses"] > one["LicenseCount"]).lower(),
                "name": one["Name"],
            }
            named = not wanted or row["arn"] in wanted
            if named and all(texts[name].lower() in _low(v) for name, v in filters.items()):
                found.append(one)
        page, token = cursor.cut(found, size)
        return with_token({"LicenseConfigurations": page}, token)

    def get_configuration(call: Call) -> dict[str, Any]:
        at = epoch(call.now)
        return {**_shown(estate, _one(call, at), at), "Tags": []}

    def list_usage(call: Call) -> dict[str, Any]:
        cursor, size = _cursor(call)
        row = _one(call, cursor.as_of)
        filters = filters_of(call, ("resourceArn", "resourceType", "resourceAccount"))
        found = []
        for use in _uses(estate, row["arn"], cursor.as_of):
            texts = {
                "resourceArn": use["resource"],
                "resourceType": use["resource_type"],
                "resourceAccount": row["account"],
            }
            if use["consumed"] is None or any(texts[n] not in v for n, v in filters.items()):
                continue
            found.append(
                {
                    "ResourceArn": use["resource"],
                    "ResourceType": use["resource_type"],
                    "ResourceStatus": "Running",
                    "ResourceOwnerId": row["account"],
                    "AssociationTime": moment(use["from_t"]),
                    "ConsumedLicenses": use["consumed"],
                }
            )
        page, token = cursor.cut(found, size)
        return with_token({"LicenseConfigurationUsageList": page}, token)

    def list_associations(call: Call) -> dict[str, Any]:
        cursor, size = _cursor(call)
        row = _one(call, cursor.as_of)
        found = [
            {
                "ResourceArn": use["resource"],
                "ResourceType": use["resource_type"],
                "ResourceOwnerId": row["account"],
                "AssociationTime": moment(use["from_t"]),
            }
            for use in _uses(estate, row["arn"], cursor.as_of)
        ]
        page, token = cursor.cut(found, size)
        return with_token({"LicenseConfigurationAssociations": page}, token)

    return {
        "ListLicenseConfigurations": list_configurations,
        "GetLicenseConfiguration": get_configuration,
        "ListUsageForLicenseConfiguration": list_usage,
        "ListAssociationsForLicenseConfiguration": list_associations,
    }


def _low(values: Sequence[str]) -> list[str]:
    return [value.lower() for value in values]
