"""Controls of the library."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select

from include.audit_manager.service.lookup import find_library_control
from include.audit_manager.service.mapping_sources import completed, evidence_sources
from include.audit_manager.service.models import (
    EVERYBODY,
    Assessment,
    AssessmentControl,
    Control,
    Framework,
    FrameworkSet,
    FrameworkSetControl,
)
from include.audit_manager.service.names import arn, new_id, person
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.refusals import invalid, over_quota
from include.audit_manager.service.request import Request
from include.audit_manager.service.tags import checked_tags

MOST_CUSTOM_CONTROLS = 500


def create_control(request: Request) -> dict[str, Any]:
    """CreateControl."""
    params = request.params
    sources = completed(params["controlMappingSources"])
    tags = checked_tags(params.get("tags", {}))
    have = request.session.scalar(
        select(func.count()).where(
            Control.account == request.account, Control.region == request.region
        )
    )
    if (have or 0) >= MOST_CUSTOM_CONTROLS:
        raise over_quota(
            f"The account {request.account} has {have} custom controls in {request.region}, which "
            "is its quota. Delete controls that nothing uses any more."
        )
    row = Control(
        id=new_id(),
        account=request.account,
        region=request.region,
        type="Custom",
        name=params["name"],
        description=params.get("description"),
        testing_information=params.get("testingInformation"),
        action_plan_title=params.get("actionPlanTitle"),
        action_plan_instructions=params.get("actionPlanInstructions"),
        sources=sources,
        tags=tags,
        created_at=request.now,
        created_by=person(request.caller),
        updated_at=request.now,
        updated_by=person(request.caller),
    )
    request.session.add(row)
    return {"control": shown_control(row, request.region)}


def get_control(request: Request) -> dict[str, Any]:
    """GetControl."""
    row = find_library_control(request, request.params["controlId"])
    return {"control": shown_control(row, request.region)}


def list_controls(request: Request) -> dict[str, Any]:
    """ListControls: oldest first. There is no control catalogue here, so its ids match nothing."""
    kind = request.params["controlType"]
    query = select(Control).where(Control.type == kind)
    if kind == "Custom":
        query = query.where(Control.account == request.account, Control.region == request.region)
    else:
        query = query.where(Control.account == EVERYBODY)
    if "controlCatalogId" in request.params:
        query = query.where(Control.id.is_(None))
    rows, token = page(request, query, [Control.created_at, Control.id])
    listed = [
        {
            "arn": _arn(row, request.region),
            "id": row.id,
            "name": row.name,
            "controlSources": _sources_text(row),
            "createdAt": row.created_at,
            "lastUpdatedAt": row.updated_at,
        }
        for row in rows
    ]
    return with_token({"controlMetadataList": listed}, token)


def update_control(request: Request) -> dict[str, Any]:
    """UpdateControl: replaces the control here and in every assessment where it is active."""
    params = request.params
    row = _custom(request, "updated")
    row.name = params["name"]
    row.description = params.get("description")
    row.testing_information = params.get("testingInformation")
    row.action_plan_title = params.get("actionPlanTitle")
    row.action_plan_instructions = params.get("actionPlanInstructions")
    row.sources = completed(params["controlMappingSources"])
    row.updated_at = request.now
    row.updated_by = person(request.caller)
    in_use = request.session.scalars(
        select(AssessmentControl)
        .join(Assessment, Assessment.id == AssessmentControl.assessment_id)
        .where(
            AssessmentControl.control_id == row.id,
            AssessmentControl.status != "INACTIVE",
            Assessment.status == "ACTIVE",
        )
    )
    for used in in_use:
        copy_into(used, row)
    return {"control": shown_control(row, request.region)}


def delete_control(request: Request) -> dict[str, Any]:
    """DeleteControl: takes it out of every framework and assessment too; evidence stays."""
    row = _custom(request, "deleted")
    session = request.session
    session.execute(delete(AssessmentControl).where(AssessmentControl.control_id == row.id))
    session.execute(delete(FrameworkSetControl).where(FrameworkSetControl.control_id == row.id))
    filled = select(FrameworkSetControl.set_id)
    own = select(Framework.id).where(
        Framework.account == request.account, Framework.region == request.region
    )
    session.execute(
        delete(FrameworkSet).where(
            FrameworkSet.framework_id.in_(own), FrameworkSet.id.not_in(filled)
        )
    )
    session.delete(row)
    return {}


def copy_into(used: AssessmentControl, control: Control) -> None:
    """Give an assessment's control the library control's texts and sources."""
    used.name = control.name
    used.description = control.description
    used.testing_information = control.testing_information
    used.action_plan_title = control.action_plan_title
    used.action_plan_instructions = control.action_plan_instructions
    used.sources = control.sources


def shown_control(row: Control, region: str) -> dict[str, Any]:
    """A Control of the API; unset texts stay out."""
    return {
        "arn": _arn(row, region),
        "id": row.id,
        "type": row.type,
        "name": row.name,
        "description": row.description,
        "testingInformation": row.testing_information,
        "actionPlanTitle": row.action_plan_title,
        "actionPlanInstructions": row.action_plan_instructions,
        "controlSources": _sources_text(row),
        "controlMappingSources": row.sources,
        "createdAt": row.created_at,
        "lastUpdatedAt": row.updated_at,
        "createdBy": row.created_by,
        "lastUpdatedBy": row.updated_by,
        "tags": row.tags,
        "state": "ACTIVE",
    }


def _custom(request: Request, what: str) -> Control:
    row = find_library_control(request, request.params["controlId"])
    if row.type != "Custom":
        raise invalid(
            f"{row.name} is a standard control, which can't be {what}. Make a custom copy of it.",
            "controlId",
        )
    return row


def _arn(row: Control, region: str) -> str:
    return arn(region, row.account, "control", row.id)


def _sources_text(row: Control) -> str:
    return ", ".join(evidence_sources(row.sources))
