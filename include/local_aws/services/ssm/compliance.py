"""Compliance of managed nodes: items, summaries by node and by type, and items put by scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.ssm.nodes import INVALID_TOKEN, managed
from include.local_aws.services.ssm.told import NODE, Item, Told

#: From worst to best.
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED")
_MOST_ITEMS = 10_000

_KEYS: dict[str, Callable[[Item], str]] = {
    "ComplianceType": lambda item: item.type,
    "Status": lambda item: item.status,
    "Severity": lambda item: item.severity,
    "Id": lambda item: item.id,
    "ResourceId": lambda item: item.node,
    "ResourceType": lambda item: NODE,
    "OverallSeverity": lambda item: item.severity,
    "ExecutionTime": lambda item: str(item.at),
}


def _selected(call: Call, items: Iterable[Item]) -> list[Item]:
    found = list(items)
    for one in call.params.get("Filters") or []:
        if one.get("Key") not in _KEYS:
            raise ServiceError("InvalidFilter", f"The filter key {one.get('Key')} isn't valid.")
        text, values, how = _KEYS[one["Key"]], one.get("Values") or [], one.get("Type", "EQUAL")
        if how not in ("EQUAL", "NOT_EQUAL", "BEGIN_WITH"):
            raise ServiceError("InvalidFilter", f"{how} can't be used with {one['Key']}.")
        if how == "BEGIN_WITH":
            found = [item for item in found if text(item).startswith(tuple(values))]
        else:
            found = [item for item in found if (text(item) in values) == (how == "EQUAL")]
    return found


def _severities(items: Sequence[Item]) -> dict[str, int]:
    counts = Counter(item.severity for item in items)
    return {f"{name.capitalize()}Count": counts[name] for name in _SEVERITIES}


def _summary(items: Sequence[Item]) -> dict[str, Any]:
    """One node's standing with one type, in ListResourceComplianceSummaries' shape."""
    bad = [item for item in items if item.status == "NON_COMPLIANT"]
    good = [item for item in items if item.status == "COMPLIANT"]
    newest = max(items, key=lambda item: item.at)
    worst = min((item.severity for item in bad), key=_SEVERITIES.index, default="UNSPECIFIED")
    return {
        "ComplianceType": newest.type,
        "ResourceType": NODE,
        "ResourceId": newest.node,
        "Status": "NON_COMPLIANT" if bad else "COMPLIANT",
        "OverallSeverity": worst,
        "ExecutionSummary": newest.shown["ExecutionSummary"],
        "CompliantSummary": {"CompliantCount": len(good), "SeveritySummary": _severities(good)},
        "NonCompliantSummary": {
            "NonCompliantCount": len(bad),
            "SeveritySummary": _severities(bad),
        },
    }


def handlers(estate: Estate, told: Told) -> dict[str, Handler]:
    """The four operations on compliance."""

    def _page(call: Call) -> tuple[Cursor, int]:
        cursor = Cursor.of(call, INVALID_TOKEN)
        size = page_size(
            call, member="MaxResults", default=50, most=50, error="ValidationException"
        )
        return cursor, size

    def _known_types(call: Call) -> None:
        if unknown := set(call.params.get("ResourceTypes") or [NODE]) - {NODE}:
            raise ServiceError("InvalidResourceType", f"Unknown resource type: {min(unknown)}.")

    def list_items(call: Call) -> dict[str, Any]:
        cursor, size = _page(call)
        _known_types(call)
        ids = call.params.get("ResourceIds") or []
        if len(ids) != 1:
            raise ServiceError("InvalidResourceId", "Specify one resource ID.")
        items = told.items(call.account, call.region, cursor.as_of)
        own = _selected(call, (item for item in items if item.node == ids[0]))
        page, token = cursor.cut([item.shown for item in own], size)
        return with_token({"ComplianceItems": page}, token)

    def list_by_resource(call: Call) -> dict[str, Any]:
        cursor, size = _page(call)
        items = told.items(call.account, call.region, cursor.as_of)
        kept = {(i.node, i.type) for i in _selected(call, items)}
        found = [
            _summary(list(group))
            for key, group in groupby(items, key=lambda item: (item.node, item.type))
            if key in kept
        ]
        page, token = cursor.cut(found, size)
        return with_token({"ResourceComplianceSummaryItems": page}, token)

    def list_by_type(call: Call) -> dict[str, Any]:
        cursor, size = _page(call)
        items = _selected(call, told.items(call.account, call.region, cursor.as_of))
        nodes: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for (_, kind), group in groupby(items, key=lambda item: (item.node, item.type)):
            one = _summary(list(group))
            nodes.setdefault(kind, {"COMPLIANT": [], "NON_COMPLIANT": []})[one["Status"]].append(
                one
            )
        found = []
        for kind, by_status in sorted(nodes.items()):
            counts = {
                status: Counter(str(one["OverallSeverity"]) for one in ones)
                for status, ones in by_status.items()
            }
            shown = {
                status: {f"{name.capitalize()}Count": of[name] for name in _SEVERITIES}
                for status, of in counts.items()
            }
            found.append(
                {
                    "ComplianceType": kind,
                    "CompliantSummary": {
                        "CompliantCount": len(by_status["COMPLIANT"]),
                        "SeveritySummary": shown["COMPLIANT"],
                    },
                    "NonCompliantSummary": {
                        "NonCompliantCount": len(by_status["NON_COMPLIANT"]),
                        "SeveritySummary": shown["NON_COMPLIANT"],
                    },
                }
            )
        page, token = cursor.cut(found, size)
        return with_token({"ComplianceSummaryItems": page}, token)

    def put_items(call: Call) -> dict[str, Any]:
        asked = call.params
        if asked["ResourceType"] != NODE:
            raise ServiceError("InvalidResourceType", f"Use {NODE}, not {asked['ResourceType']}.")
        now = epoch(call.now)
        node, kind, items = asked["ResourceId"], asked["ComplianceType"], list(asked["Items"])
        if node not in {row["instance"] for row in managed(estate, call.account, call.region, now)}:
            raise ServiceError("InvalidResourceId", f"{node} is no managed node.")
        if not kind.startswith("Custom:"):
            raise ServiceError(
                "InvalidItemContentException", "Only custom compliance types can be put."
            )
        if len(items) > _MOST_ITEMS:
            raise ServiceError("ItemSizeLimitExceededException", "Too many compliance items.")
        ids = [item.get("Id", "") for item in items]
        if len(set(ids)) < len(ids):
            raise ServiceError("InvalidItemContentException", "An item is given twice.")
        if asked.get("UploadType") == "PARTIAL":
            kept = told.before(call.account, call.region, node, kind)
            items = [item for item in kept if item.get("Id", "") not in ids] + items
        execution = asked["ExecutionSummary"]
        told.put(
            call.account,
            call.region,
            node,
            kind,
            {
                "at": epoch(execution["ExecutionTime"]),
                "id": execution.get("ExecutionId", ""),
                "by": execution.get("ExecutionType", "Command"),
                "items": items,
            },
        )
        return {}

    return {
        "ListComplianceItems": list_items,
        "ListResourceComplianceSummaries": list_by_resource,
        "ListComplianceSummaries": list_by_type,
        "PutComplianceItems": put_items,
    }
