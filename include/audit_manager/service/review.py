"""The review of an assessment: the states of its controls and control sets, and comments."""

from __future__ import annotations

from typing import Any

from include.audit_manager.service.changelog import record
from include.audit_manager.service.lookup import find_assessment, find_control, find_set
from include.audit_manager.service.names import person
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request
from include.audit_manager.service.shown_assessment import (
    count_evidence,
    shown_control,
    shown_set,
)
from include.clock import iso


def update_assessment_control(request: Request) -> dict[str, Any]:
    """UpdateAssessmentControl: status, comment or both. REVIEWED is final; comments go on."""
    assessment = find_assessment(request, open_for="changing its controls")
    control = find_control(request, assessment)
    status = request.params.get("controlStatus")
    comment = request.params.get("commentBody")
    if status is None and not comment:
        raise invalid("Give a controlStatus, a commentBody or both.", "controlStatus")
    if status is not None and status != control.status:
        if control.status == "REVIEWED":
            raise invalid(
                f"The control {control.name} is REVIEWED, which can't be changed or reverted.",
                "controlStatus",
            )
        control.status = status
    if comment:
        control.comments = [
            *control.comments,
            {
                "authorName": person(request.caller),
                "commentBody": comment,
                "postedDate": iso(request.now),
            },
        ]
    assessment.updated_at = request.now
    record(
        request,
        assessment.id,
        "CONTROL",
        control.name,
        status or "UPDATE_METADATA",
        set_name=control.set_name,
        control_id=control.control_id,
        comment=comment,
    )
    return {"control": shown_control(control, count_evidence(request, assessment.id))}


def update_assessment_control_set_status(request: Request) -> dict[str, Any]:
    """UpdateAssessmentControlSetStatus: submit (UNDER_REVIEW) or complete (REVIEWED, final).

    The statuses of the controls in it don't matter and don't change.
    """
    assessment = find_assessment(request, open_for="changing its control sets")
    control_set = find_set(request, assessment)
    status, comment = request.params["status"], request.params["comment"]
    if not comment.strip():
        raise invalid("A comment is required.", "comment")
    if control_set.status == "REVIEWED" and status != "REVIEWED":
        raise invalid(
            f"The control set {control_set.name} is REVIEWED, which can't be changed or reverted.",
            "status",
        )
    control_set.status = status
    assessment.updated_at = request.now
    record(
        request,
        assessment.id,
        "CONTROL_SET",
        control_set.name,
        status,
        set_name=control_set.name,
        comment=comment,
    )
    return {"controlSet": shown_set(control_set, count_evidence(request, assessment.id))}
