"""Configurations as Config recorded them: how a resource stood at a moment of the past."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import error_code
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages

#: Config knows nothing of the resource.
UNKNOWN = frozenset({"ResourceNotDiscoveredException"})
#: The advanced query can't be used: not offered in the region, or not permitted.
NO_QUERY = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidExpressionException",
        "UnknownOperationException",
        "NotImplementedException",
    }
)
_GONE = "ResourceDeleted"


def configuration_at(
    out: SnapshotWriter, config: Any, resource_type: str, resource_id: str, at: datetime
) -> Mapping[str, Any] | None:
    """The configuration item that held just before ``at`` (UTC; a period's end is outside it).

    Members are Config's own (``arn``, ``resourceName``, ``configurationItemCaptureTime`` …);
    ``configuration`` and the values of ``supplementaryConfiguration`` are parsed, their names in
    Config's lower camel case; ``page`` names the raw page. None when the resource did not exist
    at that moment, isn't recorded, or the item is older than what Config retains. One call.
    Raises what Config answers otherwise (no recorder: NoAvailableConfigurationRecorderException).
    """
    request = {
        "resourceType": resource_type,
        "resourceId": resource_id,
        "laterTime": at,
        "chronologicalOrder": "Reverse",
        # laterTime includes its own second, which is outside the period.
        "limit": 2,
    }
    try:
        for listing in pages(
            out,
            config,
            "GetResourceConfigHistory",
            "configurationItems",
            request,
            token="nextToken",
        ):
            for item in listing.items:
                if item["configurationItemCaptureTime"] < at:
                    return None if _deleted(item) else _readable(item, listing.page)
    except ClientError as error:
        if error_code(error) not in UNKNOWN:
            raise
    return None


def configurations_at(
    out: SnapshotWriter, config: Any, resource_type: str, at: datetime
) -> Iterator[Mapping[str, Any]]:
    """Every resource of a type as it stood just before ``at``, by resource id.

    As :func:`configuration_at`. Resources whose present configuration was captured before ``at``
    come a hundred per call out of the advanced query, so that only those that changed or were
    deleted since then cost a call each. Resources deleted since are included.
    """
    deleted, living = _discovered(out, config, resource_type, at)
    present = dict(_present(out, config, resource_type))
    for resource_id in sorted({*deleted, *living, *present}):
        item = present.get(resource_id)
        if item is None or item["configurationItemCaptureTime"] >= at:
            item = configuration_at(out, config, resource_type, resource_id, at)
        if item is not None:
            yield item


def _discovered(
    out: SnapshotWriter, config: Any, resource_type: str, at: datetime
) -> tuple[set[str], set[str]]:
    """Ids of resources deleted at or after ``at``, and of those that exist."""
    deleted: set[str] = set()
    living: set[str] = set()
    for listing in pages(
        out,
        config,
        "ListDiscoveredResources",
        "resourceIdentifiers",
        {"resourceType": resource_type, "includeDeletedResources": True, "limit": 100},
        token="nextToken",
    ):
        for item in listing.items:
            gone = item.get("resourceDeletionTime")
            if gone is None:
                living.add(item["resourceId"])
            elif gone >= at:
                deleted.add(item["resourceId"])
    return deleted, living


def _present(
    out: SnapshotWriter, config: Any, resource_type: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(id, item) of the resources that exist, from the advanced query; none where it is denied."""
    expression = (
        "SELECT resourceId, resourceName, resourceType, arn, tags, configuration,"
        " supplementaryConfiguration, configurationItemCaptureTime, configurationItemStatus"
        f" WHERE resourceType = '{resource_type}'"
    )
    try:
        yield from (
            (row["resourceId"], _readable(row, row["page"]))
            for row in selected(out, config, expression)
            if row.get("arn")
        )
    except ClientError as error:
        if error_code(error) not in NO_QUERY:
            raise


def selected(out: SnapshotWriter, config: Any, expression: str) -> Iterator[dict[str, Any]]:
    """The rows of an advanced query, a hundred per call; capture times are parsed.

    Each row also carries ``page`` and ``offset``: where it was read.
    """
    for listing in pages(
        out,
        config,
        "SelectResourceConfig",
        "Results",
        # The default of 25 would make four times the calls.
        {"Expression": expression, "Limit": 100},
    ):
        for offset, text in enumerate(listing.items):
            row: dict[str, Any] = json.loads(text)
            if captured := row.get("configurationItemCaptureTime"):
                row["configurationItemCaptureTime"] = datetime.fromisoformat(captured)
            yield row | {"page": listing.page, "offset": offset, "seen": listing.answer.at}


def _deleted(item: Mapping[str, Any]) -> bool:
    return str(item.get("configurationItemStatus", "")).startswith(_GONE)


def _readable(item: Mapping[str, Any], page: str) -> Mapping[str, Any]:
    extra: Iterable[tuple[str, Any]] = (item.get("supplementaryConfiguration") or {}).items()
    return {
        **item,
        "configuration": _parsed(item.get("configuration")) or {},
        "supplementaryConfiguration": {name: _parsed(value) for name, value in extra},
        "page": page,
    }


def _parsed(value: Any) -> Any:
    """JSON text as its value; other text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
