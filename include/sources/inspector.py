"""Inspector: vulnerabilities that were open in the period, and what was scanned at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import AskedForAll, Ended, ask_once, pages
from include.sources.inspector_counts import compare_coverage, compare_findings
from include.sources.inspector_evidence import (
    COVERAGE,
    FINDINGS,
    GONE_KEPT,
    REACH,
    coverage_evidence,
    finding_evidence,
    is_gap,
)

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

__all__ = ["COVERAGE", "FINDINGS", "Inspector"]

#: Kinds of resources that are scanned or not as a whole.
_KINDS = ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository")


class Inspector(AskedForAll):
    """Collects findings and coverage. Asked for everything."""

    name: SourceName = "inspector"
    service = "inspector2"
    settled = True

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "inspector2:BatchGetAccountStatus",
                "inspector2:ListCoverage",
                "inspector2:ListCoverageStatistics",
                "inspector2:ListFindingAggregations",
                "inspector2:ListFindings",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Whether it is on, what it covers, what it found; each compared with another count."""
        inspector = clients.client("inspector2", cell.region)
        scanned = require_enabled(out, inspector, cell.account)
        unscanned = _collect_coverage(out, inspector, cell)
        _collect_findings(out, inspector, cell)
        reached = out.now - REACH <= cell.period.end
        # Findings on resources that went away after the end are deleted after three days.
        forgotten = out.now - GONE_KEPT > cell.period.end
        for keyword in (FINDINGS, COVERAGE):
            out.deploy(
                Deployment.of_keyword(
                    cell,
                    keyword,
                    "ACTIVE" if reached else "BEYOND_REACH",
                    out.now,
                    # What isn't scanned has no findings, which is no sign of health.
                    narrowed=unscanned > 0 or forgotten or not scanned,
                )
            )
        if unscanned:
            out.note(f"{unscanned} resources are known to Inspector but not scanned.")
        if not reached:
            raise Ended(
                "BEYOND_REACH",
                "The period ended more than 30 days ago; findings closed since are deleted.",
            )
        _say_what_is_forgotten(out, cell, out.now)


def require_enabled(out: SnapshotWriter, inspector: Any, account: str) -> bool:
    """Whether instances are scanned; raises Ended when Inspector isn't on, or doesn't tell."""
    listing = ask_once(
        out,
        inspector,
        "BatchGetAccountStatus",
        {"accountIds": [account]},
        items_at="accounts",
    )
    own = next((one for one in listing.items if one.get("accountId") == account), None)
    if own is None:
        failed = listing.answer.output.get("failedAccounts", ())
        why = "; ".join(f"{f.get('errorCode')}: {f.get('errorMessage')}" for f in failed)
        raise Ended("FAILED", f"Inspector doesn't tell whether it is on ({why or 'no answer'}).")
    status = own.get("state", {}).get("status", "")
    if status != "ENABLED":
        raise Ended(
            "NOT_ENABLED",
            "Inspector is not enabled in this account and region "
            f"({status or 'no status'}); what it had found is deleted a day after it was "
            "switched off.",
        )
    states = own.get("resourceState", {})
    off = [kind for kind in _KINDS if states.get(kind, {}).get("status") not in (None, "ENABLED")]
    if off:
        out.note(f"Inspector does not scan {', '.join(off)} here.")
    return "ec2" not in off


def _collect_coverage(out: SnapshotWriter, inspector: Any, cell: Cell) -> int:
    """Evidence of each resource that Inspector knows; returns how many aren't scanned."""
    own = {"accountId": [{"comparison": "EQUALS", "value": cell.account}]}
    listed = unscanned = 0
    for listing in pages(
        out,
        inspector,
        "ListCoverage",
        "coveredResources",
        {"filterCriteria": own, "maxResults": 200},
        token="nextToken",
    ):
        listed += len(listing.items)
        for offset, covered in enumerate(listing.items):
            unscanned += is_gap(covered)
            out.add(coverage_evidence(cell, covered, listing, offset))
    compare_coverage(out, inspector, own, listed)
    return unscanned


def _collect_findings(out: SnapshotWriter, inspector: Any, cell: Cell) -> None:
    own = {"awsAccountId": [{"comparison": "EQUALS", "value": cell.account}]}
    statuses: dict[str, int] = {}
    for listing in pages(
        out,
        inspector,
        "ListFindings",
        "findings",
        {"filterCriteria": own, "maxResults": 100},
        token="nextToken",
    ):
        for offset, finding in enumerate(listing.items):
            status = str(finding.get("status", ""))
            statuses[status] = statuses.get(status, 0) + 1
            if item := finding_evidence(cell, finding, listing, offset):
                out.add(item)
    compare_findings(out, inspector, cell, statuses)


def _say_what_is_forgotten(out: SnapshotWriter, cell: Cell, now: datetime) -> None:
    if now - GONE_KEPT > cell.period.end:
        out.note(
            "Inspector keeps findings on deleted resources for 3 days: those of resources "
            f"deleted between the period's end and {iso(now - GONE_KEPT)} are missing, so that "
            "its findings alone are not complete."
        )
    if now - REACH > cell.period.start:
        out.note(f"Findings that were closed before {iso(now - REACH)} are deleted and not shown.")
