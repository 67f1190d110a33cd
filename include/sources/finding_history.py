"""How a Security Hub finding changed: its result, whether it was archived, its workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.clock import iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.timeline import GONE, Change

_FIELDS = {
    "compliancestatus": "result",
    "recordstate": "state",
    "workflowstatus": "workflow",
}


@dataclass(frozen=True)
class FindingPast:
    """The changes of one finding, oldest first, by ``result``, ``state`` and ``workflow``."""

    changes: Mapping[str, tuple[Change, ...]]

    @classmethod
    def unchanged(cls, finding: Mapping[str, Any], created: datetime) -> FindingPast:
        """The past of a finding that is what it has been since ``created``."""
        return cls({name: (Change(created, now),) for name, now in _now(finding).items()})

    def value_at(self, name: str, before: datetime) -> str:
        """The value just before a moment; '' when the finding didn't exist."""
        values = [change.status for change in self.changes[name] if change.at < before]
        return values[-1] if values else ""

    def results(self) -> list[Change]:
        """The results over time; GONE while it is archived."""
        moments = sorted({c.at for name in ("result", "state") for c in self.changes[name]})
        found = []
        for at in moments:
            result = [c.status for c in self.changes["result"] if c.at <= at]
            state = [c.status for c in self.changes["state"] if c.at <= at]
            archived = bool(state) and state[-1] == "ARCHIVED"
            if result:
                found.append(Change(at, GONE if archived else result[-1]))
        return found


def _now(finding: Mapping[str, Any]) -> dict[str, str]:
    return {
        "result": str(finding.get("Compliance", {}).get("Status", "NOT_AVAILABLE")),
        "state": str(finding.get("RecordState", "ACTIVE")),
        "workflow": str(finding.get("Workflow", {}).get("Status", "")),
    }


def past_of(
    out: SnapshotWriter,
    hub: Any,
    finding: Mapping[str, Any],
    created: datetime,
    since: datetime,
) -> FindingPast:
    """The finding's past from ``since`` on, wound back from its present.

    Security Hub may answer with short or empty pages before the end; they are followed.
    """
    updates: dict[str, list[tuple[datetime, str, str]]] = {name: [] for name in _FIELDS.values()}
    request = {
        "FindingIdentifier": {"Id": finding["Id"], "ProductArn": finding["ProductArn"]},
        "StartTime": iso(since),
        "MaxResults": 100,
    }
    for listing in pages(out, hub, "GetFindingHistory", "Records", request):
        for record in listing.items:
            for update in record.get("Updates", ()):
                # Written "Compliance.Status" or "ComplianceStatus", by API version.
                field = str(update.get("UpdatedField", "")).replace(".", "").lower()
                if field in _FIELDS:
                    updates[_FIELDS[field]].append(
                        (
                            record["UpdateTime"],
                            _word(update.get("OldValue")),
                            _word(update.get("NewValue")),
                        )
                    )
    changes = {}
    for name, now in _now(finding).items():
        ordered = sorted(updates[name], key=lambda update: update[0])
        first = ordered[0][1] if ordered else now
        changes[name] = (
            Change(min(created, ordered[0][0]) if ordered else created, first),
            *(Change(at, new) for at, _, new in ordered),
        )
    return FindingPast(changes)


def _word(value: Any) -> str:
    return str(value or "").strip('"')
