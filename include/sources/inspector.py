"""Inspector: vulnerabilities that were open in the period, and what was scanned at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import Evidence, Known, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Ended, Listing, ask_once, known_as, pages

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

FINDINGS = "inspector2_ListFindings"
COVERAGE = "inspector2_ListCoverage"
#: How long closed findings are kept (three days only when the resource is gone, too).
REACH = timedelta(days=30)
_TYPES = {
    "AWS_EC2_INSTANCE": "AWS::EC2::Instance",
    "AWS_ECR_CONTAINER_IMAGE": "AWS::ECR::Image",
    "AWS_ECR_REPOSITORY": "AWS::ECR::Repository",
    "AWS_LAMBDA_FUNCTION": "AWS::Lambda::Function",
}


class Inspector:
    """Collects findings and coverage. Asked for everything."""

    name: SourceName = "inspector"
    service = "inspector2"
    settled = True

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """All findings: one snapshot serves every framework."""
        return {}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere."""
        return dict(selection)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "inspector2:BatchGetAccountStatus",
                "inspector2:ListCoverage",
                "inspector2:ListFindings",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Whether it is on, what it covers, what it found."""
        inspector = clients.client("inspector2", cell.region)
        accounts = ask_once(
            out,
            inspector,
            "BatchGetAccountStatus",
            {"accountIds": [cell.account]},
            items_at="accounts",
        ).items
        if not any(account["state"]["status"] == "ENABLED" for account in accounts):
            raise Ended("NOT_ENABLED", "Inspector is not enabled in this account and region.")
        own = [{"comparison": "EQUALS", "value": cell.account}]
        unscanned = 0
        for listing in pages(
            out,
            inspector,
            "ListCoverage",
            "coveredResources",
            {"filterCriteria": {"accountId": own}, "maxResults": 200},
            token="nextToken",
        ):
            for offset, covered in enumerate(listing.items):
                unscanned += covered.get("scanStatus", {}).get("statusCode") != "ACTIVE"
                out.add(_coverage(cell, covered, listing, offset))
        for listing in pages(
            out,
            inspector,
            "ListFindings",
            "findings",
            {"filterCriteria": {"awsAccountId": own}, "maxResults": 100},
            token="nextToken",
        ):
            for offset, finding in enumerate(listing.items):
                if item := _finding(cell, finding, listing, offset):
                    out.add(item)
        reached = out.now - REACH <= cell.period.end
        for keyword in (FINDINGS, COVERAGE):
            out.deploy(
                Deployment(
                    source="inspector",
                    keyword=keyword,
                    account=cell.account,
                    region=cell.region,
                    state="ACTIVE" if reached else "BEYOND_REACH",
                    arn=keyword,
                    last_evaluated=iso(min(out.now, cell.period.end)),
                    # What isn't scanned has no findings, which is no sign of health.
                    narrowed=unscanned > 0,
                )
            )
        if unscanned:
            out.note(f"{unscanned} resources are known to Inspector but not scanned.")
        if not reached:
            raise Ended(
                "BEYOND_REACH",
                "The period ended more than 30 days ago; findings closed since are deleted.",
            )


def _finding(
    cell: Cell, finding: Mapping[str, Any], listing: Listing, offset: int
) -> Evidence | None:
    """The finding as it was at the period's end; None if it wasn't open in the period."""
    period = cell.period
    first = finding["firstObservedAt"]
    closed = finding["updatedAt"] if finding["status"] == "CLOSED" else None
    if first >= period.end or (closed is not None and closed < period.start):
        return None
    open_at_end = closed is None or closed >= period.end
    known: Known = known_as(listing.answer.at, period)
    if closed is not None and open_at_end:
        known = "RECONSTRUCTED"
    if listing.answer.at - REACH > period.end:
        known = "CURRENT_ONLY"
    resource = finding["resources"][0]
    type_ = _TYPES.get(resource["type"], resource["type"])
    vulnerability = finding.get("packageVulnerabilityDetails", {})
    attributes: dict[str, Any] = {
        "id": finding["findingArn"],
        "title": finding.get("title", ""),
        "vulnerability": vulnerability.get("vulnerabilityId", ""),
        "score": finding.get("inspectorScore"),
        "fix_available": finding.get("fixAvailable", ""),
        "first_observed": iso(first),
    }
    if closed is not None and not open_at_end:
        attributes["closed"] = iso(closed)
    return Evidence(
        source="inspector",
        keyword=FINDINGS,
        account=cell.account,
        region=cell.region,
        event_source="inspector2.amazonaws.com",
        event_name="ListFindings",
        resource=arn_of(type_, resource["id"], cell.account, cell.region),
        resource_type=type_,
        result="NONE",
        raw_status="OPEN" if open_at_end else "CLOSED",
        known=known,
        source_time=max(first, period.start) if open_at_end or closed is None else closed,
        collected_at=listing.answer.at,
        in_population=open_at_end,
        severity=finding["severity"],
        deployment=FINDINGS,
        attributes=attributes,
        page=listing.page,
        offset=offset,
    )


def _coverage(cell: Cell, covered: Mapping[str, Any], listing: Listing, offset: int) -> Evidence:
    """That a resource is scanned, or why not; Inspector tells this of the present only."""
    type_ = _TYPES.get(covered["resourceType"], covered["resourceType"])
    status = covered.get("scanStatus", {})
    scanned = status.get("statusCode") == "ACTIVE"
    at = listing.answer.at
    return Evidence(
        source="inspector",
        keyword=COVERAGE,
        account=cell.account,
        region=cell.region,
        event_source="inspector2.amazonaws.com",
        event_name="ListCoverage",
        resource=arn_of(type_, covered["resourceId"], cell.account, cell.region),
        resource_type=type_,
        result="NONE" if scanned else "UNANSWERED",
        raw_status=str(status.get("statusCode", "")),
        known="CONTEMPORANEOUS" if at < cell.period.end else "CURRENT_ONLY",
        source_time=cell.period.end if at >= cell.period.end else at,
        collected_at=at,
        deployment=COVERAGE,
        attributes={"scan_type": covered.get("scanType", ""), "reason": status.get("reason", "")},
        page=listing.page,
        offset=offset,
    )
