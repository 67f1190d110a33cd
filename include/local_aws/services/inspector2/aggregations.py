"""ListFindingAggregations: active findings counted by account, severity and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.filters import matches_strings
from include.local_aws.services.inspector2.findings import (
    FINDING_TYPE,
    INVALID,
    Vulnerability,
    vulnerabilities,
)
from include.local_aws.services.paging import Cursor, page_size, with_token


def _severities(found: Iterable[Vulnerability]) -> dict[str, int]:
    """Counts in the shape of SeverityCounts."""
    counts = Counter(one.severity.lower() for one in found)
    return {"all": sum(counts.values()), **counts}


def _account(call: Call, found: list[Vulnerability]) -> list[dict[str, Any]]:
    if not found:
        return []
    return [
        {
            "accountAggregation": {
                "accountId": call.account,
                "severityCounts": _severities(found),
                "fixAvailableCount": sum(one.fix == "YES" for one in found),
                "exploitAvailableCount": 0,
            }
        }
    ]


def _by_type(call: Call, found: list[Vulnerability]) -> list[dict[str, Any]]:
    if not found:
        return []
    return [
        {
            "findingTypeAggregation": {
                "accountId": call.account,
                "findingType": FINDING_TYPE,
                "severityCounts": _severities(found),
            }
        }
    ]


def _by_instance(call: Call, found: list[Vulnerability]) -> list[dict[str, Any]]:
    held: dict[str, list[Vulnerability]] = {}
    for one in found:
        if one.resource_type == "AWS_EC2_INSTANCE":
            held.setdefault(one.resource_id, []).append(one)
    return [
        {
            "ec2InstanceAggregation": {
                "instanceId": instance,
                "accountId": call.account,
                "severityCounts": _severities(mine),
            }
        }
        for instance, mine in sorted(held.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    ]


_BY = {"ACCOUNT": _account, "FINDING_TYPE": _by_type, "AWS_EC2_INSTANCE": _by_instance}


def handlers(estate: Estate) -> dict[str, Handler]:
    """ListFindingAggregations."""

    def list_finding_aggregations(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID, member="nextToken")
        size = page_size(call, member="maxResults", default=100, most=500, error=INVALID)
        kind = call.params["aggregationType"]
        if kind not in _BY:
            raise ServiceError(
                "NotImplementedException",
                f"The local AWS does not aggregate findings by {kind}.",
                status=501,
            )
        accounts: list[Mapping[str, Any]] = call.params.get("accountIds") or []
        wanted = [(one["comparison"], one["value"]) for one in accounts]
        found = [
            one
            for one in vulnerabilities(estate, call.account, call.region, cursor.as_of)
            if one.status == "ACTIVE" and matches_strings([one.account], wanted)
        ]
        page, token = cursor.cut(_BY[kind](call, found), size)
        return with_token({"aggregationType": kind, "responses": page}, token, "nextToken")

    return {"ListFindingAggregations": list_finding_aggregations}
