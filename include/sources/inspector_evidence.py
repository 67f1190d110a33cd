"""Turns Inspector's findings and coverage into evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from include.clock import from_iso, iso
from include.evidence.cell import Cell
from include.evidence.item import Evidence, Known
from include.sources.arns import arn_of
from include.sources.base import Listing, known_as

FINDINGS = "inspector2_ListFindings"
COVERAGE = "inspector2_ListCoverage"
#: How long closed findings are kept …
REACH = timedelta(days=30)
#: … and those on a resource that is gone.
GONE_KEPT = timedelta(days=3)
_TYPES = {
    "AWS_EC2_INSTANCE": "AWS::EC2::Instance",
    "AWS_ECR_CONTAINER_IMAGE": "AWS::ECR::Image",
    "AWS_ECR_REPOSITORY": "AWS::ECR::Repository",
    "AWS_LAMBDA_FUNCTION": "AWS::Lambda::Function",
}
_NEVER = datetime.min.replace(tzinfo=UTC)


def finding_evidence(
    cell: Cell, finding: Mapping[str, Any], listing: Listing, offset: int
) -> Evidence | None:
    """The finding as it was at the period's end; None if it wasn't open in the period.

    A closed finding was closed when it was last updated. One that is suppressed is as open as
    any other: a rule of Inspector's hides it, which excuses nothing here.
    """
    period, at = cell.period, listing.answer.at
    status = str(finding.get("status") or "")
    first = _time(finding.get("firstObservedAt"))
    last = _time(finding.get("lastObservedAt"))
    updated = _time(finding.get("updatedAt"))
    closed = (updated or last or _NEVER) if status == "CLOSED" else None
    # A finding whose beginning isn't told may be as old as any.
    since = first or period.start
    if since >= period.end or (closed is not None and closed < period.start):
        return None
    open_at_end = closed is None or closed >= period.end
    known: Known = known_as(at, period)
    if closed is not None and open_at_end:
        known = "RECONSTRUCTED"
    if at - REACH > period.end:
        known = "CURRENT_ONLY"
    resources = finding.get("resources") or [{}]
    type_ = str(resources[0].get("type") or "")
    vulnerability = finding.get("packageVulnerabilityDetails") or {}
    attributes: dict[str, Any] = {
        "id": str(finding.get("findingArn") or ""),
        "title": finding.get("title") or "",
        "type": finding.get("type") or "",
        "vulnerability": vulnerability.get("vulnerabilityId") or "",
        "score": finding.get("inspectorScore"),
        "fix_available": finding.get("fixAvailable") or "",
        "workflow": "SUPPRESSED" if status == "SUPPRESSED" else "",
    }
    if first is not None:
        attributes["first_observed"] = iso(first)
    if closed is not None and not open_at_end:
        attributes["closed"] = iso(closed)
    usual = status in ("ACTIVE", "SUPPRESSED", "CLOSED")
    return Evidence(
        source="inspector",
        keyword=FINDINGS,
        account=cell.account,
        region=cell.region,
        event_source="inspector2.amazonaws.com",
        event_name="ListFindings",
        resource=_resource(cell, type_, resources[0].get("id"), attributes["id"]),
        resource_type=_TYPES.get(type_, type_),
        result="NONE" if usual and first is not None else "UNANSWERED",
        raw_status=("OPEN" if open_at_end else "CLOSED") if usual else status,
        known=known,
        source_time=closed if closed is not None and not open_at_end else max(since, period.start),
        collected_at=at,
        in_population=open_at_end,
        severity=str(finding.get("severity") or ""),
        deployment=FINDINGS,
        attributes=attributes,
        page=listing.page,
        offset=offset,
    )


def is_gap(covered: Mapping[str, Any]) -> bool:
    """Whether a resource is there but isn't scanned; one that is terminated has nothing to scan."""
    status = covered.get("scanStatus") or {}
    return status.get("statusCode") != "ACTIVE" and status.get("reason") != "RESOURCE_TERMINATED"


def coverage_evidence(
    cell: Cell, covered: Mapping[str, Any], listing: Listing, offset: int
) -> Evidence:
    """That a resource is scanned, or why not; Inspector tells this of the present only."""
    type_ = str(covered.get("resourceType") or "")
    status = covered.get("scanStatus") or {}
    scanned = status.get("statusCode") == "ACTIVE"
    at = listing.answer.at
    attributes: dict[str, Any] = {
        # A resource may be covered by several kinds of scans.
        "id": f"{covered.get('resourceId') or ''}/{covered.get('scanType') or ''}",
        "scan_type": covered.get("scanType") or "",
        "reason": status.get("reason") or "",
    }
    return Evidence(
        source="inspector",
        keyword=COVERAGE,
        account=cell.account,
        region=cell.region,
        event_source="inspector2.amazonaws.com",
        event_name="ListCoverage",
        resource=_resource(cell, type_, covered.get("resourceId"), COVERAGE),
        resource_type=_TYPES.get(type_, type_),
        result="NONE" if scanned else "UNANSWERED",
        raw_status=str(status.get("statusCode") or ""),
        known="CONTEMPORANEOUS" if at < cell.period.end else "CURRENT_ONLY",
        source_time=cell.period.end if at >= cell.period.end else at,
        collected_at=at,
        in_population=scanned or is_gap(covered),
        deployment=COVERAGE,
        attributes=attributes,
        page=listing.page,
        offset=offset,
    )


def _resource(cell: Cell, type_: str, id_: Any, otherwise: str) -> str:
    """The canonical identity; what names no resource stands for itself."""
    if not id_:
        return otherwise
    return arn_of(_TYPES.get(type_, type_), str(id_), cell.account, cell.region)


def _time(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            return from_iso(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None
