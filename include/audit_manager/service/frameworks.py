"""Frameworks of the library: named sets of controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from include.audit_manager.service.controls import shown_control
from include.audit_manager.service.lookup import find_framework, find_library_control
from include.audit_manager.service.models import (
    EVERYBODY,
    Framework,
    FrameworkSet,
    FrameworkSetControl,
)
from include.audit_manager.service.names import arn, new_id, person
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.refusals import invalid, over_quota
from include.audit_manager.service.request import Request
from include.audit_manager.service.tags import checked_tags

MOST_CUSTOM_FRAMEWORKS = 100


def create_assessment_framework(request: Request) -> dict[str, Any]:
    """CreateAssessmentFramework."""
    params = request.params
    tags = checked_tags(params.get("tags", {}))
    have = request.session.scalar(
        select(func.count()).where(
            Framework.account == request.account, Framework.region == request.region
        )
    )
    if (have or 0) >= MOST_CUSTOM_FRAMEWORKS:
        raise over_quota(
            f"The account {request.account} has {have} custom frameworks in {request.region}, "
            "which is its quota. Delete frameworks that nothing uses any more."
        )
    _check_name(request, params["name"])
    row = Framework(
        id=new_id(),
        account=request.account,
        region=request.region,
        type="Custom",
        name=params["name"],
        description=params.get("description"),
        compliance_type=params.get("complianceType"),
        tags=tags,
        created_at=request.now,
        created_by=person(request.caller),
        updated_at=request.now,
        updated_by=person(request.caller),
        sets=_sets(request, params["controlSets"], {}),
    )
    request.session.add(row)
    return {"framework": _shown(row, request.region)}


def get_assessment_framework(request: Request) -> dict[str, Any]:
    """GetAssessmentFramework."""
    return {
        "framework": _shown(find_framework(request, request.params["frameworkId"]), request.region)
    }


def list_assessment_frameworks(request: Request) -> dict[str, Any]:
    """ListAssessmentFrameworks: oldest first."""
    kind = request.params["frameworkType"]
    query = select(Framework).where(Framework.type == kind)
    if kind == "Custom":
        query = query.where(
            Framework.account == request.account, Framework.region == request.region
        )
    else:
        query = query.where(Framework.account == EVERYBODY)
    rows, token = page(request, query, [Framework.created_at, Framework.id])
    counts = {
        framework_id: (sets, controls)
        for framework_id, sets, controls in request.session.execute(
            select(
                FrameworkSet.framework_id,
                func.count(FrameworkSet.id.distinct()),
                func.count(FrameworkSetControl.control_id),
            )
            .outerjoin(FrameworkSetControl, FrameworkSetControl.set_id == FrameworkSet.id)
            .where(FrameworkSet.framework_id.in_([row.id for row in rows]))
            .group_by(FrameworkSet.framework_id)
        )
    }
    listed = []
    for row in rows:
        sets, controls = counts.get(row.id, (0, 0))
        listed.append(
            {
                "arn": _arn(row, request.region),
                "id": row.id,
                "type": row.type,
                "name": row.name,
                "description": row.description,
                "complianceType": row.compliance_type,
                "controlsCount": controls,
                "controlSetsCount": sets,
                "createdAt": row.created_at,
                "lastUpdatedAt": row.updated_at,
            }
        )
    return with_token({"frameworkMetadataList": listed}, token)


def update_assessment_framework(request: Request) -> dict[str, Any]:
    """UpdateAssessmentFramework: replaces it; assessments made from it keep what they have."""
    params = request.params
    row = _custom(request, "updated")
    if params["name"] != row.name:
        _check_name(request, params["name"])
    old = {control_set.id: control_set.name for control_set in row.sets}
    # The old sets must be gone before sets of the same ids are written.
    sets = _sets(request, params["controlSets"], old)
    row.sets = []
    request.session.flush()
    row.sets = sets
    row.name = params["name"]
    row.description = params.get("description")
    row.compliance_type = params.get("complianceType")
    row.updated_at = request.now
    row.updated_by = person(request.caller)
    return {"framework": _shown(row, request.region)}


def delete_assessment_framework(request: Request) -> dict[str, Any]:
    """DeleteAssessmentFramework: assessments made from it stay as they are."""
    request.session.delete(_custom(request, "deleted"))
    return {}


def _custom(request: Request, what: str) -> Framework:
    row = find_framework(request, request.params["frameworkId"])
    if row.type != "Custom":
        raise invalid(
            f"{row.name} is a standard framework, which can't be {what}. Make a custom copy of it.",
            "frameworkId",
        )
    return row


def _check_name(request: Request, name: str) -> None:
    taken = request.session.scalar(
        select(Framework.id).where(
            Framework.account == request.account,
            Framework.region == request.region,
            Framework.name == name,
        )
    )
    if taken is not None:
        raise invalid(f"A custom framework with the name {name} already exists.", "name")


def _sets(
    request: Request, asked: Sequence[Mapping[str, Any]], old: Mapping[str, str]
) -> list[FrameworkSet]:
    """The control sets asked for; sets of ``old`` (id to name) that are named again keep ids."""
    names = [control_set["name"] for control_set in asked]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise invalid(
            f"The control set {twice[0]} is there twice; inside an assessment its name is its id.",
            "controlSets",
        )
    by_name = {name: set_id for set_id, name in old.items()}
    used: set[str] = set()
    sets = []
    for position, control_set in enumerate(asked):
        name = control_set["name"]
        given = control_set.get("id")
        set_id = given if given in old else by_name.get(name)
        if set_id is None or set_id in used:
            set_id = new_id()
        used.add(set_id)
        controls = [member["id"] for member in control_set.get("controls", [])]
        if not controls:
            raise invalid(f"The control set {name} has no controls.", f"controlSets[{position}]")
        if len(set(controls)) != len(controls):
            raise invalid(
                f"A control is in the control set {name} twice.", f"controlSets[{position}]"
            )
        sets.append(
            FrameworkSet(
                id=set_id,
                position=position,
                name=name,
                members=[
                    FrameworkSetControl(control=find_library_control(request, each), position=at)
                    for at, each in enumerate(controls)
                ],
            )
        )
    return sets


def _shown(row: Framework, region: str) -> dict[str, Any]:
    sources = dict.fromkeys(
        text
        for control_set in row.sets
        for member in control_set.members
        for text in shown_control(member.control, region)["controlSources"].split(", ")
    )
    text = ", ".join(sources)
    return {
        "arn": _arn(row, region),
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "complianceType": row.compliance_type,
        "description": row.description,
        "controlSources": text or None,
        "controlSets": [
            {
                "id": control_set.id,
                "name": control_set.name,
                "controls": [
                    shown_control(member.control, region) for member in control_set.members
                ],
            }
            for control_set in row.sets
        ],
        "createdAt": row.created_at,
        "lastUpdatedAt": row.updated_at,
        "createdBy": row.created_by,
        "lastUpdatedBy": row.updated_by,
        "tags": row.tags,
    }


def _arn(row: Framework, region: str) -> str:
    return arn(region, row.account, "assessmentFramework", row.id)
