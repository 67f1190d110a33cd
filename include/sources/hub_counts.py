"""Counts that don't come out of the listing of findings, to tell whether the listing is whole.

Two of them: the managed insight "Top products by counts of findings", which counts what is open;
and the listing's own end, asked for from behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from include.aws.sessions import partition_of
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once
from include.sources.hub_page import Finding, text
from include.sources.hub_relations import Relations, if_answered

#: Groups by ProductArn, which also tells the region, what is ACTIVE and NEW or NOTIFIED.
_TOP_PRODUCTS = "arn:{partition}:securityhub:::insight/securityhub/default/28"
_OPEN = frozenset({"NEW", "NOTIFIED"})
#: Listings are in this order, so that what is missing at the end can be named.
ORDER = {"Field": "Id", "SortOrder": "asc"}
_FROM_BEHIND = 10


def count_open(out: SnapshotWriter, hub: Any, cell: Cell) -> int | None:
    """How many of Security Hub's findings in this region are open, by its own count.

    An administrator's count includes its members'. None when it isn't told.
    """
    partition = partition_of(cell.region)
    product = f"arn:{partition}:securityhub:{cell.region}::product/aws/securityhub"
    arn = _TOP_PRODUCTS.format(partition=partition)
    with if_answered(out, "How many findings Security Hub itself counts as open"):
        answer = ask_once(out, hub, "GetInsightResults", {"InsightArn": arn}).answer
        values = answer.output.get("InsightResults", {}).get("ResultValues", ())
        return sum(
            int(value["Count"]) for value in values if value["GroupByAttributeValue"] == product
        )
    return None


def is_open(finding: Finding) -> bool:
    """Whether the insight counts a finding."""
    workflow = text(finding.Workflow.Status) if finding.Workflow else ""
    return workflow in _OPEN and text(finding.RecordState) == "ACTIVE"


def compare_open(
    out: SnapshotWriter, before: int | None, after: int | None, found: int, relations: Relations
) -> None:
    """Compare the open findings that were listed with Security Hub's count of them."""
    if before is None or after is None:
        return
    what = "open findings of Security Hub's controls"
    if relations.members:
        out.count(what, after, found, "Security Hub also counts those of member accounts.")
    elif min(before, after) <= found <= max(before, after):
        moved = f"There were {before} before and {after} after the listing."
        out.count(what, after, found, moved if found != after else "")
    elif found > after:
        out.count(what, after, found, "Security Hub's own count lags behind.")
    else:
        # If the relation to members isn't known, the rest may be theirs; that can't be told.
        out.count(what, after, found)


class Ending:
    """The end of one ordered listing, compared with the end as seen from behind."""

    def __init__(self, request: Mapping[str, Any], size: int) -> None:
        self._request = request
        self._size = size
        self._greatest = ""
        self._pages = 0
        self._full = False

    def is_of(self, request: Mapping[str, Any]) -> bool:
        """Whether a page of that request belongs to this listing."""
        return bool(request["Filters"] == self._request["Filters"])

    def page(self, findings: Sequence[Finding]) -> None:
        """A page of it came."""
        self._pages += 1
        self._full = self._full or len(findings) >= self._size
        self._greatest = max((self._greatest, *(text(one.Id) for one in findings)))

    def check(self, out: SnapshotWriter, hub: Any, began: datetime) -> None:
        """Ask for the last findings first; those that were there when it ``began`` must be known.

        A listing of one page that isn't full has no end to lose.
        """
        if not self._full and self._pages < 2:
            return
        asked = {
            **self._request,
            "SortCriteria": [{**ORDER, "SortOrder": "desc"}],
            "MaxResults": _FROM_BEHIND,
        }
        last = [
            str(item.get("Id", ""))
            for item in ask_once(out, hub, "GetFindings", asked, items_at="Findings").items
            if str(item.get("CreatedAt", "")) < iso(began)
        ]
        seen = sum(one <= self._greatest for one in last)
        out.count("last findings of a listing, asked for in reverse order", len(last), seen)
