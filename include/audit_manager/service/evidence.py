"""Evidence folders and the evidence in them, as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from sqlalchemy import case, func, select

from include.audit_manager.service.lookup import (
    find_assessment,
    find_control,
    find_evidence,
    find_folder,
)
from include.audit_manager.service.models import Evidence, EvidenceFolder
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.request import Request

#: Results of AWS Config and Security Hub that Audit Manager classes as non-compliant.
ISSUES = ("NON_COMPLIANT", "FAILED", "WARNING")


def get_evidence_folders_by_assessment(request: Request) -> dict[str, Any]:
    """GetEvidenceFoldersByAssessment: by day."""
    assessment = find_assessment(request)
    query = select(EvidenceFolder).where(EvidenceFolder.assessment_id == assessment.id)
    rows, token = page(request, query, [EvidenceFolder.day, EvidenceFolder.id])
    return with_token({"evidenceFolders": shown_folders(request, rows)}, token)


def get_evidence_folders_by_assessment_control(request: Request) -> dict[str, Any]:
    """GetEvidenceFoldersByAssessmentControl: by day."""
    assessment = find_assessment(request)
    control = find_control(request, assessment)
    query = select(EvidenceFolder).where(
        EvidenceFolder.assessment_id == assessment.id,
        EvidenceFolder.set_name == control.set_name,
        EvidenceFolder.control_id == control.control_id,
    )
    rows, token = page(request, query, [EvidenceFolder.day, EvidenceFolder.id])
    return with_token({"evidenceFolders": shown_folders(request, rows)}, token)


def get_evidence_folder(request: Request) -> dict[str, Any]:
    """GetEvidenceFolder."""
    folder = find_folder(request, find_assessment(request))
    return {"evidenceFolder": shown_folders(request, [folder])[0]}


def get_evidence_by_evidence_folder(request: Request) -> dict[str, Any]:
    """GetEvidenceByEvidenceFolder: in the order of collection."""
    folder = find_folder(request, find_assessment(request))
    query = select(Evidence).where(Evidence.folder_id == folder.id)
    rows, token = page(request, query, [Evidence.at, Evidence.id])
    return with_token({"evidence": [_shown(row) for row in rows]}, token)


def get_evidence(request: Request) -> dict[str, Any]:
    """GetEvidence."""
    folder = find_folder(request, find_assessment(request))
    return {"evidence": _shown(find_evidence(request, folder))}


def shown_folders(request: Request, rows: Sequence[EvidenceFolder]) -> list[dict[str, Any]]:
    """AssessmentEvidenceFolders of the API, with their counters counted now."""

    def number_of(by_type: str) -> Any:
        return func.sum(case((Evidence.by_type == by_type, 1), else_=0))

    counted = {
        counters.folder_id: counters
        for counters in request.session.execute(
            select(
                Evidence.folder_id.label("folder_id"),
                func.count().label("total"),
                func.sum(case((Evidence.selected, 1), else_=0)).label("selected"),
                func.sum(Evidence.resource_count).label("resources"),
                number_of("Configuration data").label("configuration"),
                number_of("Manual").label("manual"),
                number_of("Compliance check").label("checks"),
                number_of("User activity").label("activity"),
                func.sum(case((Evidence.compliance_check.in_(ISSUES), 1), else_=0)).label("issues"),
                func.count(Evidence.event_source.distinct()).label("services"),
            )
            .where(Evidence.folder_id.in_([row.id for row in rows]))
            .group_by(Evidence.folder_id)
        )
    }
    return [_shown_folder(row, counted.get(row.id)) for row in rows]


def _shown_folder(row: EvidenceFolder, counters: Any) -> dict[str, Any]:
    def count(name: str) -> int:
        return int(getattr(counters, name)) if counters is not None else 0

    return {
        "name": row.day.isoformat(),
        "date": datetime.combine(row.day, time(), UTC),
        "assessmentId": row.assessment_id,
        "controlSetId": row.set_name,
        "controlId": row.control_id,
        "id": row.id,
        "dataSource": row.data_source,
        "author": row.author,
        "totalEvidence": count("total"),
        "assessmentReportSelectionCount": count("selected"),
        "controlName": row.control_name,
        "evidenceResourcesIncludedCount": count("resources"),
        "evidenceByTypeConfigurationDataCount": count("configuration"),
        "evidenceByTypeManualCount": count("manual"),
        "evidenceByTypeComplianceCheckCount": count("checks"),
        "evidenceByTypeComplianceCheckIssuesCount": count("issues"),
        "evidenceByTypeUserActivityCount": count("activity"),
        "evidenceAwsServiceSourceCount": count("services"),
    }


def _shown(row: Evidence) -> dict[str, Any]:
    return {
        "dataSource": row.data_source,
        "evidenceAwsAccountId": row.account,
        "time": row.at,
        "eventSource": row.event_source,
        "eventName": row.event_name,
        "evidenceByType": row.by_type,
        "resourcesIncluded": row.resources,
        "attributes": row.attributes,
        "iamId": row.iam_id,
        "complianceCheck": row.compliance_check,
        "awsAccountId": row.account,
        "evidenceFolderId": row.folder_id,
        "id": row.id,
        "assessmentReportSelection": "Yes" if row.selected else "No",
    }
