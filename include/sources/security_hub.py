"""Security Hub: what its controls found about each resource at the period's end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import AskedForAll, Ended
from include.sources.finding_history import pasts_of
from include.sources.hub_counts import ORDER, Ending, compare_open, count_open, is_open
from include.sources.hub_filters import own_findings, partitions
from include.sources.hub_findings import FindingReader
from include.sources.hub_page import FindingsPage
from include.sources.hub_relations import read_relations
from include.sources.hub_states import ARCHIVED_KEPT, REACH, deployments
from include.sources.hub_switches import Switches, read_switches
from include.sources.parallel import parallel_pages

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

_PAGE = 100


class SecurityHub(AskedForAll):
    """Collects the findings of Security Hub's own controls. Asked for everything."""

    name: SourceName = "security_hub"
    service = "securityhub"
    settled = True

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "securityhub:BatchGetSecurityControls",
                "securityhub:BatchGetStandardsControlAssociations",
                "securityhub:DescribeHub",
                "securityhub:GetAdministratorAccount",
                "securityhub:GetEnabledStandards",
                "securityhub:GetFindingHistory",
                "securityhub:GetFindings",
                "securityhub:GetInsightResults",
                "securityhub:ListFindingAggregators",
                "securityhub:ListMembers",
                "securityhub:ListSecurityControlDefinitions",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """How the hub is set up, what it found, how it stood at the period's end."""
        hub = clients.client("securityhub", cell.region)
        switches = read_switches(out, hub)
        relations = read_relations(out, hub, cell)
        before = count_open(out, hub, cell)

        regional = frozenset(asked["regional_account_keywords"])
        reader = FindingReader(cell, switches, regional, partial(pasts_of, out, hub))
        found = _collect_findings(out, hub, cell, reader, before or 0)
        compare_open(out, before, count_open(out, hub, cell), found, relations)
        _compare_controls(out, reader, switches)
        for deployment in deployments(cell, switches, reader.seen, out.now):
            out.deploy(deployment)
        _end(cell, out, reader, switches)


def _collect_findings(
    out: SnapshotWriter, hub: Any, cell: Cell, reader: FindingReader, open_findings: int
) -> int:
    """Hand every finding to ``out``; returns how many of them are open now."""
    found, began = 0, out.now
    requests = [
        {"Filters": filters, "SortCriteria": [ORDER], "MaxResults": _PAGE}
        for filters in partitions(own_findings(cell.account, cell.region), open_findings)
    ]
    endings = [Ending(request, _PAGE) for request in requests]
    for listing in parallel_pages(
        out, hub, "GetFindings", "Findings", requests, decode=FindingsPage
    ):
        found += sum(map(is_open, listing.items))
        next(e for e in endings if e.is_of(listing.answer.request)).page(listing.items)
        for item in reader.read(listing.items, (began, listing.answer.at), listing.page):
            out.add(item)
    for ending in endings:
        ending.check(out, hub, began)
    return found


def _compare_controls(out: SnapshotWriter, reader: FindingReader, switches: Switches) -> None:
    """Controls that were at work should be among those that Security Hub says it has."""
    judging = set(reader.seen.judging)
    unknown = sorted(judging - switches.controls.keys())
    out.count(
        "controls with findings that Security Hub describes",
        len(judging),
        len(judging) - len(unknown),
        f"Not described, hence not known to be enabled: {', '.join(unknown)}." if unknown else "",
    )


def _end(cell: Cell, out: SnapshotWriter, reader: FindingReader, switches: Switches) -> None:
    """Say what can't be known; raises Ended where that is the period's end itself."""
    period, now = cell.period, out.now
    if reader.unmapped:
        out.note(
            f"{reader.unmapped} findings name a rule of a standard whose control can't be made "
            "out; they are kept as unanswered."
        )
    if reader.contradictory:
        out.note(
            f"The history of {reader.contradictory} findings doesn't lead to what they say now; "
            "they are kept as unanswered."
        )
    if switches.subscribed >= period.end and not reader.seen.judging:
        raise Ended(
            "NOT_ENABLED",
            f"Security Hub was last switched on {iso(switches.subscribed)}, after the period's "
            "end; what it found before that can't be known.",
        )
    if now - REACH > period.end:
        raise Ended(
            "BEYOND_REACH",
            "The period ended more than 90 days ago; Security Hub no longer knows what "
            "changed since.",
        )
    if now - REACH > period.start:
        out.note(
            f"Security Hub's memory begins {iso(now - REACH)}: failures that were fixed "
            "earlier in the period are not shown."
        )
    if now - ARCHIVED_KEPT > period.end:
        out.note(
            "Security Hub keeps what it found about deleted resources for 30 days: resources "
            f"deleted between the period's end and {iso(now - ARCHIVED_KEPT)} are missing, so "
            "that its word alone is not complete."
        )
