"""The report operations of the API."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import func, insert, select

from include.audit_manager.service.changelog import record
from include.audit_manager.service.lookup import find_assessment, find_report
from include.audit_manager.service.models import (
    Assessment,
    Evidence,
    EvidenceFolder,
    Report,
    ReportEvidence,
)
from include.audit_manager.service.names import new_id
from include.audit_manager.service.objects import place_of, status_of
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request
from include.clock import iso

#: Evidence items in one report; fewer with a key of the customer's own.
MOST_EVIDENCE = 22_000
MOST_EVIDENCE_OWN_KEY = 3_500
#: Seconds for which a report's URL can be used.
DOWNLOAD_WITHIN = 60 * 60


def create_assessment_report(request: Request) -> dict[str, Any]:
    """CreateAssessmentReport: fixes what the report shows; the archive is built afterwards."""
    params = request.params
    if "queryStatement" in params:
        raise invalid(
            "A queryStatement needs evidence finder, which isn't enabled.", "queryStatement"
        )
    assessment = find_assessment(request)
    selected = (
        select(Evidence.id)
        .join(EvidenceFolder, EvidenceFolder.id == Evidence.folder_id)
        .where(EvidenceFolder.assessment_id == assessment.id, Evidence.selected)
    )
    number = request.session.scalar(select(func.count()).select_from(selected.subquery())) or 0
    if not number:
        raise invalid(
            f"The assessment {assessment.name} has no evidence selected for a report. Add some "
            "with BatchAssociateAssessmentReportEvidence or "
            "AssociateAssessmentReportEvidenceFolder."
        )
    own_key = request.registration().settings["kmsKey"] != "DEFAULT"
    most = MOST_EVIDENCE_OWN_KEY if own_key else MOST_EVIDENCE
    if number > most:
        raise invalid(
            f"A report shows at most {most:,} evidence items; {number:,} are selected. "
            "Disassociate some and make several reports."
        )
    report_id = new_id()
    place = place_of(assessment.destination["destination"])
    if place is None:
        raise invalid("The assessment's report destination isn't an s3:// URL.")
    prefix = f"{place.key.strip('/')}/" if place.key.strip("/") else ""
    row = Report(
        id=report_id,
        account=request.account,
        region=request.region,
        assessment_id=assessment.id,
        assessment_name=assessment.name,
        name=params["name"],
        description=params.get("description"),
        author=request.caller,
        status="IN_PROGRESS",
        created_at=request.now,
        snapshot=_snapshot(assessment),
        bucket=place.bucket,
        key=f"{prefix}{_plain(assessment.name)}-{assessment.id}/{params['name']}-{report_id}.zip",
    )
    request.session.add(row)
    request.session.flush()
    request.session.execute(
        insert(ReportEvidence).from_select(
            ["evidence_id", "report_id"],
            selected.add_columns(select(Report.id).where(Report.id == report_id).scalar_subquery()),
        )
    )
    record(request, assessment.id, "ASSESSMENT_REPORT", row.name, "CREATE")
    return {"assessmentReport": {**_shown(row), "awsAccountId": row.account}}


def create_and_wake(request: Request) -> dict[str, Any]:
    """CreateAssessmentReport, and the builder told once the request for it is on disk."""
    with request.begin(writes=True) as inside:
        answer = create_assessment_report(inside)
    request.wake_reports()
    return answer


def list_assessment_reports(request: Request) -> dict[str, Any]:
    """ListAssessmentReports: newest first."""
    query = select(Report).where(Report.account == request.account, Report.region == request.region)
    rows, token = page(request, query, [Report.created_at, Report.id], newest_first=True)
    return with_token({"assessmentReports": [_shown(row) for row in rows]}, token)


def get_assessment_report_url(request: Request) -> dict[str, Any]:
    """GetAssessmentReportUrl: a presigned GET of the archive."""
    row = find_report(request, find_assessment(request))
    if row.status != "COMPLETE":
        raise invalid(
            f"The assessment report {row.name} is {row.status}; only a COMPLETE one has a URL."
        )
    link = request.objects.client(row.account, row.region).generate_presigned_url(
        "get_object",
        Params={"Bucket": row.bucket, "Key": row.key},
        ExpiresIn=DOWNLOAD_WITHIN,
    )
    return {"preSignedUrl": {"hyperlinkName": row.key.rsplit("/", 1)[-1], "link": link}}


def delete_assessment_report(request: Request) -> dict[str, Any]:
    """DeleteAssessmentReport: an archive that S3 won't delete or doesn't have is no error."""
    from botocore.exceptions import ClientError

    with request.begin(writes=True) as writing:
        row = find_report(writing, find_assessment(writing))
        if row.status == "IN_PROGRESS":
            raise invalid(
                "The assessment report is currently being generated and can't be deleted. You can "
                "only delete assessment reports that are completed or failed"
            )
        if row.status == "COMPLETE":
            try:
                request.objects.client(row.account, row.region).delete_object(
                    Bucket=row.bucket, Key=row.key
                )
            except ClientError as error:
                if status_of(error) not in (403, 404):
                    raise
        record(writing, row.assessment_id, "ASSESSMENT_REPORT", row.name, "DELETE")
        writing.session.delete(row)
    return {}


def _plain(name: str) -> str:
    """A name with only what an ``s3://`` URL of the API may hold."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:60] or "assessment"


def _shown(row: Report) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "assessmentId": row.assessment_id,
        "assessmentName": row.assessment_name,
        "author": row.author,
        "status": row.status,
        "creationTime": row.created_at,
    }


def _snapshot(assessment: Assessment) -> dict[str, Any]:
    """What the report says about the assessment, as it is now."""
    return {
        "status": assessment.status,
        "framework": assessment.framework_name,
        "accounts": [account["id"] for account in assessment.scope_accounts],
        "owners": [role["roleArn"] for role in assessment.roles],
        "updated_at": iso(assessment.updated_at),
        "sets": [
            {
                "name": control_set.name,
                "controls": [
                    {
                        "id": control.control_id,
                        "name": control.name,
                        "description": control.description,
                        "testing_information": control.testing_information,
                        "action_plan_title": control.action_plan_title,
                        "action_plan_instructions": control.action_plan_instructions,
                        "status": control.status,
                    }
                    for control in control_set.controls
                ],
            }
            for control_set in assessment.sets
        ],
    }
