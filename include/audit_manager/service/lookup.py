"""Finding what a request names, or refusing with what is missing."""

from __future__ import annotations

from include.audit_manager.service.models import (
    EVERYBODY,
    Assessment,
    AssessmentControl,
    AssessmentSet,
    Control,
    Evidence,
    EvidenceFolder,
    Framework,
    Report,
)
from include.audit_manager.service.refusals import invalid, not_found
from include.audit_manager.service.request import Request


def find_library_control(request: Request, control_id: str) -> Control:
    """A standard control, or a custom one of the caller's account and region."""
    row = request.session.get(Control, control_id)
    if row is None or not _visible(request, row):
        raise not_found("CONTROL", control_id)
    return row


def find_framework(request: Request, framework_id: str) -> Framework:
    """A standard framework, or a custom one of the caller's account and region."""
    row = request.session.get(Framework, framework_id)
    if row is None or not _visible(request, row):
        raise not_found("ASSESSMENT_FRAMEWORK", framework_id)
    return row


def _visible(request: Request, row: Control | Framework) -> bool:
    owner = (row.account, row.region)
    return owner in ((EVERYBODY, EVERYBODY), (request.account, request.region))


def find_assessment(request: Request, *, open_for: str = "") -> Assessment:
    """The assessment of ``assessmentId``; with ``open_for`` (what is wanted) it must be ACTIVE."""
    assessment_id = request.params["assessmentId"]
    row = request.session.get(Assessment, assessment_id)
    if row is None or (row.account, row.region) != (request.account, request.region):
        raise not_found("ASSESSMENT", assessment_id)
    if open_for and row.status != "ACTIVE":
        raise invalid(
            f"The assessment {row.name} is INACTIVE and therefore read-only: {open_for} isn't "
            "possible any more."
        )
    return row


def find_set(request: Request, assessment: Assessment) -> AssessmentSet:
    """The control set of ``controlSetId``, which is its name."""
    name = request.params["controlSetId"]
    row = request.session.get(AssessmentSet, (assessment.id, name))
    if row is None:
        raise not_found("CONTROL_SET", name)
    return row


def find_control(request: Request, assessment: Assessment) -> AssessmentControl:
    """The control of ``controlId`` in the control set of ``controlSetId``."""
    control_set = find_set(request, assessment)
    control_id = request.params["controlId"]
    row = request.session.get(AssessmentControl, (assessment.id, control_set.name, control_id))
    if row is None:
        raise not_found("CONTROL", control_id)
    return row


def find_folder(request: Request, assessment: Assessment) -> EvidenceFolder:
    """The folder of ``evidenceFolderId``, in the control set ``controlSetId`` if that's given."""
    folder_id = request.params["evidenceFolderId"]
    row = request.session.get(EvidenceFolder, folder_id)
    set_name = request.params.get("controlSetId")
    if (
        row is None
        or row.assessment_id != assessment.id
        or (set_name is not None and row.set_name != set_name)
    ):
        raise not_found("EVIDENCE_FOLDER", folder_id)
    return row


def find_evidence(request: Request, folder: EvidenceFolder) -> Evidence:
    """The evidence of ``evidenceId`` in a folder."""
    evidence_id = request.params["evidenceId"]
    row = request.session.get(Evidence, evidence_id)
    if row is None or row.folder_id != folder.id:
        raise not_found("EVIDENCE", evidence_id)
    return row


def find_report(request: Request, assessment: Assessment) -> Report:
    """The report of ``assessmentReportId``."""
    report_id = request.params["assessmentReportId"]
    row = request.session.get(Report, report_id)
    if row is None or row.assessment_id != assessment.id:
        raise not_found("ASSESSMENT_REPORT", report_id)
    return row
