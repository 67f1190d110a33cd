"""Resources that were deleted since a period began: Config's present answers don't name them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from include.assessment.period import Period
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_recorder import COMPLIANCE_TYPE
from include.sources.config_shelf import Shelf


def list_deleted(
    out: SnapshotWriter, config: Any, shelf: Shelf, types: Iterable[str], period: Period
) -> int:
    """Put what was deleted at or after the period's start on the shelf; how many calls it took.

    The inventory of compliance items names all judged resources in one listing; where it names
    none, each of ``types`` is listed by itself. A call per hundred resources, deleted ones too.
    """
    seen, calls = _listed(out, config, shelf, COMPLIANCE_TYPE, period)
    if not seen:
        for type_ in sorted(types):
            calls += _listed(out, config, shelf, type_, period)[1]
    return calls


def _listed(
    out: SnapshotWriter, config: Any, shelf: Shelf, resource_type: str, period: Period
) -> tuple[int, int]:
    seen = calls = 0
    for listing in pages(
        out,
        config,
        "ListDiscoveredResources",
        "resourceIdentifiers",
        {"resourceType": resource_type, "includeDeletedResources": True, "limit": 100},
        token="nextToken",
    ):
        calls += 1
        for item in listing.items:
            seen += 1
            deleted = item.get("resourceDeletionTime")
            if deleted is None or deleted < period.start:
                continue
            if resource_type == COMPLIANCE_TYPE:
                type_, _, id_ = item["resourceId"].partition("/")
            else:
                type_, id_ = resource_type, item["resourceId"]
            shelf.put_gone((type_, id_))
    return seen, calls
