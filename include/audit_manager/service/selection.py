"""Which evidence the next assessment report shows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from include.audit_manager.service.lookup import find_assessment, find_folder
from include.audit_manager.service.models import Evidence
from include.audit_manager.service.request import Request


def associate_assessment_report_evidence_folder(request: Request) -> dict[str, Any]:
    """AssociateAssessmentReportEvidenceFolder: all that the folder holds now."""
    _choose_folder(request, True)
    return {}


def disassociate_assessment_report_evidence_folder(request: Request) -> dict[str, Any]:
    """DisassociateAssessmentReportEvidenceFolder."""
    _choose_folder(request, False)
    return {}


def batch_associate_assessment_report_evidence(request: Request) -> dict[str, Any]:
    """BatchAssociateAssessmentReportEvidence: items that aren't in the folder are errors."""
    return _choose(request, True)


def batch_disassociate_assessment_report_evidence(request: Request) -> dict[str, Any]:
    """BatchDisassociateAssessmentReportEvidence."""
    return _choose(request, False)


# Choosing is allowed in an INACTIVE assessment too, since its reports can still be made.


def _choose_folder(request: Request, chosen: bool) -> None:
    folder = find_folder(request, find_assessment(request))
    request.session.execute(
        update(Evidence).where(Evidence.folder_id == folder.id).values(selected=chosen)
    )


def _choose(request: Request, chosen: bool) -> dict[str, Any]:
    folder = find_folder(request, find_assessment(request))
    asked = list(dict.fromkeys(request.params["evidenceIds"]))
    here = set(
        request.session.scalars(
            select(Evidence.id).where(Evidence.folder_id == folder.id, Evidence.id.in_(asked))
        )
    )
    request.session.execute(update(Evidence).where(Evidence.id.in_(here)).values(selected=chosen))
    return {
        "evidenceIds": [each for each in asked if each in here],
        "errors": [
            {
                "evidenceId": each,
                "errorCode": "404",
                "errorMessage": f"The evidence isn't in the folder {folder.id}.",
            }
            for each in asked
            if each not in here
        ],
    }
