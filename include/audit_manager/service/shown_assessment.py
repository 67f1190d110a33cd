"""An assessment and its parts in the API's form, with evidence counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from include.audit_manager.service.mapping_sources import evidence_sources
from include.audit_manager.service.models import (
    Assessment,
    AssessmentControl,
    AssessmentSet,
    Evidence,
    EvidenceFolder,
)
from include.audit_manager.service.names import arn
from include.audit_manager.service.request import Request
from include.clock import from_iso


@dataclass
class Counts:
    """Evidence items of a control."""

    manual: int = 0
    system: int = 0
    selected: int = 0

    @property
    def all(self) -> int:
        """Whatever their kind."""
        return self.manual + self.system


#: Control set and control to what they hold.
CountsByControl = dict[tuple[str, str], Counts]


def count_evidence(request: Request, assessment_id: str) -> CountsByControl:
    """The evidence of every control of an assessment that has any."""
    counts: CountsByControl = {}
    rows = request.session.execute(
        select(
            EvidenceFolder.set_name,
            EvidenceFolder.control_id,
            Evidence.by_type,
            Evidence.selected,
            func.count(),
        )
        .join(Evidence, Evidence.folder_id == EvidenceFolder.id)
        .where(EvidenceFolder.assessment_id == assessment_id)
        .group_by(
            EvidenceFolder.set_name,
            EvidenceFolder.control_id,
            Evidence.by_type,
            Evidence.selected,
        )
    )
    for set_name, control_id, by_type, selected, number in rows:
        of_control = counts.setdefault((set_name, control_id), Counts())
        if by_type == "Manual":
            of_control.manual += number
        else:
            of_control.system += number
        if selected:
            of_control.selected += number
    return counts


def shown_assessment(request: Request, row: Assessment) -> dict[str, Any]:
    """An Assessment of the API."""
    counts = count_evidence(request, row.id)
    return {
        "arn": arn(row.region, row.account, "assessment", row.id),
        "awsAccount": {"id": row.account},
        "metadata": {
            "name": row.name,
            "id": row.id,
            "description": row.description,
            "complianceType": row.compliance_type,
            "status": row.status,
            "assessmentReportsDestination": row.destination,
            "scope": {"awsAccounts": row.scope_accounts, "awsServices": []},
            "roles": row.roles,
            "delegations": [],
            "creationTime": row.created_at,
            "lastUpdated": row.updated_at,
        },
        "framework": {
            "id": row.framework_id,
            "arn": row.framework_arn,
            "metadata": {
                "name": row.framework_name,
                "description": row.framework_description,
                "complianceType": row.compliance_type,
            },
            "controlSets": [shown_set(control_set, counts) for control_set in row.sets],
        },
        "tags": row.tags,
    }


def shown_set(row: AssessmentSet, counts: CountsByControl) -> dict[str, Any]:
    """An AssessmentControlSet of the API: inside an assessment its id is its name."""
    of_set = [each for (set_name, _), each in counts.items() if set_name == row.name]
    return {
        "id": row.name,
        "description": row.name,
        "status": row.status,
        "roles": [],
        "controls": [shown_control(control, counts) for control in row.controls],
        "delegations": [],
        "systemEvidenceCount": sum(each.system for each in of_set),
        "manualEvidenceCount": sum(each.manual for each in of_set),
    }


def shown_control(row: AssessmentControl, counts: CountsByControl) -> dict[str, Any]:
    """An AssessmentControl of the API."""
    mine = counts.get((row.set_name, row.control_id), Counts())
    return {
        "id": row.control_id,
        "name": row.name,
        "description": row.description,
        "status": row.status,
        "response": "MANUAL",
        "comments": [
            {**comment, "postedDate": from_iso(comment["postedDate"])} for comment in row.comments
        ],
        "evidenceSources": evidence_sources(row.sources),
        "evidenceCount": mine.all,
        "assessmentReportEvidenceCount": mine.selected,
    }
