"""The change log of an assessment: who did what to which part of it, and when."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from include.audit_manager.service.lookup import find_assessment
from include.audit_manager.service.models import Change
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.request import Request


def record(
    request: Request,
    assessment_id: str,
    object_type: str,
    object_name: str,
    action: str,
    *,
    set_name: str | None = None,
    control_id: str | None = None,
    comment: str | None = None,
) -> None:
    """Add an entry, in the same transaction as the change itself."""
    request.session.add(
        Change(
            account=request.account,
            region=request.region,
            assessment_id=assessment_id,
            set_name=set_name,
            control_id=control_id,
            object_type=object_type,
            object_name=object_name,
            action=action,
            comment=comment,
            created_at=request.now,
            created_by=request.caller,
        )
    )


def get_change_logs(request: Request) -> dict[str, Any]:
    """GetChangeLogs: newest first, of an assessment or of one control set or control in it."""
    assessment = find_assessment(request)
    query = select(Change).where(
        Change.account == request.account,
        Change.region == request.region,
        Change.assessment_id == assessment.id,
    )
    if "controlSetId" in request.params:
        query = query.where(Change.set_name == request.params["controlSetId"])
    if "controlId" in request.params:
        query = query.where(Change.control_id == request.params["controlId"])
    rows, token = page(request, query, [Change.id], newest_first=True)
    return with_token({"changeLogs": [_shown(row) for row in rows]}, token)


def _shown(row: Change) -> dict[str, Any]:
    return {
        "objectType": row.object_type,
        "objectName": row.object_name,
        "action": row.action,
        "createdAt": row.created_at,
        "createdBy": row.created_by,
    }
