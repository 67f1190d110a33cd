"""What a report shows, read from the database once, independent of how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from include.audit_manager.service.evidence import ISSUES
from include.audit_manager.service.models import Evidence, EvidenceFolder, Report, ReportEvidence


@dataclass
class Item:
    """One evidence item. ``path`` and ``problem`` are filled while the archive is written."""

    row: Evidence
    day: date
    path: str = ""
    problem: str = ""

    @property
    def result(self) -> str:
        """The class that Audit Manager puts it in."""
        check = self.row.compliance_check
        if check in ISSUES:
            return "Non-compliant"
        return "Compliant" if check in ("COMPLIANT", "PASSED") else "Inconclusive"


@dataclass
class ControlPart:
    """A control with its selected evidence, by day and time."""

    set_name: str
    id: str
    name: str
    facts: dict[str, Any]
    items: list[Item] = field(default_factory=list)

    @property
    def issues(self) -> int:
        """Evidence items that are non-compliant."""
        return sum(item.result == "Non-compliant" for item in self.items)


@dataclass(frozen=True)
class Content:
    """A whole report. ``created_at`` is when it was asked for: the moment that it shows."""

    id: str
    name: str
    description: str | None
    account: str
    region: str
    author: str
    created_at: datetime
    assessment_id: str
    assessment_name: str
    snapshot: dict[str, Any]
    controls: list[ControlPart]

    @property
    def items(self) -> list[Item]:
        """All evidence, in the order of the report."""
        return [item for control in self.controls for item in control.items]


def read_content(session: Session, report: Report) -> Content:
    """The report's evidence under its controls, in the framework's order.

    Evidence of a control that has left the assessment since comes last, under the folder's name.
    """
    parts: dict[tuple[str, str], ControlPart] = {}
    for control_set in report.snapshot["sets"]:
        for control in control_set["controls"]:
            key = (control_set["name"], control["id"])
            parts[key] = ControlPart(control_set["name"], control["id"], control["name"], control)
    rows = session.execute(
        select(Evidence, EvidenceFolder)
        .join(ReportEvidence, ReportEvidence.evidence_id == Evidence.id)
        .join(EvidenceFolder, EvidenceFolder.id == Evidence.folder_id)
        .where(ReportEvidence.report_id == report.id)
        .order_by(EvidenceFolder.set_name, EvidenceFolder.control_id, Evidence.at, Evidence.id)
    )
    for evidence, folder in rows:
        part = parts.setdefault(
            (folder.set_name, folder.control_id),
            ControlPart(folder.set_name, folder.control_id, folder.control_name, {}),
        )
        part.items.append(Item(evidence, folder.day))
    return Content(
        id=report.id,
        name=report.name,
        description=report.description,
        account=report.account,
        region=report.region,
        author=report.author,
        created_at=report.created_at,
        assessment_id=report.assessment_id,
        assessment_name=report.assessment_name,
        snapshot=report.snapshot,
        controls=list(parts.values()),
    )
