"""Assessments: created from a framework, edited, closed for good, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from include.audit_manager.service.changelog import record
from include.audit_manager.service.controls import copy_into
from include.audit_manager.service.lookup import find_assessment, find_framework
from include.audit_manager.service.models import (
    Assessment,
    AssessmentControl,
    AssessmentSet,
    Framework,
)
from include.audit_manager.service.names import arn, new_id
from include.audit_manager.service.paging import page, with_token
from include.audit_manager.service.refusals import invalid, over_quota
from include.audit_manager.service.request import Request
from include.audit_manager.service.settings import destination, process_owners
from include.audit_manager.service.shown_assessment import shown_assessment
from include.audit_manager.service.tags import checked_tags

MOST_ACTIVE = 100
#: Different accounts in the scopes of all active assessments together.
MOST_ACCOUNTS = 250


def create_assessment(request: Request) -> dict[str, Any]:
    """CreateAssessment: ACTIVE at once, with a copy of the framework and its tags."""
    params = request.params
    framework = find_framework(request, params["frameworkId"])
    scope = _scope(params["scope"])
    _check_quotas(request, scope)
    row = Assessment(
        id=new_id(),
        account=request.account,
        region=request.region,
        name=params["name"],
        description=params.get("description"),
        status="ACTIVE",
        destination=destination(
            params["assessmentReportsDestination"], "assessmentReportsDestination"
        ),
        scope_accounts=scope,
        roles=_roles(request),
        tags=checked_tags({**framework.tags, **checked_tags(params.get("tags", {}))}),
        framework_id=framework.id,
        framework_arn=arn(request.region, framework.account, "assessmentFramework", framework.id),
        framework_name=framework.name,
        framework_description=framework.description,
        compliance_type=framework.compliance_type,
        created_at=request.now,
        updated_at=request.now,
        sets=_sets(framework),
    )
    request.session.add(row)
    request.session.flush()
    record(request, row.id, "ASSESSMENT", row.name, "CREATE")
    return {"assessment": shown_assessment(request, row)}


def get_assessment(request: Request) -> dict[str, Any]:
    """GetAssessment: with the caller's role, an audit owner unless a delegate."""
    row = find_assessment(request)
    mine = [role for role in row.roles if role["roleArn"] == request.caller]
    role = mine[0] if mine else {"roleType": "PROCESS_OWNER", "roleArn": request.caller}
    return {"assessment": shown_assessment(request, row), "userRole": role}


def list_assessments(request: Request) -> dict[str, Any]:
    """ListAssessments: oldest first."""
    query = select(Assessment).where(
        Assessment.account == request.account, Assessment.region == request.region
    )
    if "status" in request.params:
        query = query.where(Assessment.status == request.params["status"])
    rows, token = page(request, query, [Assessment.created_at, Assessment.id])
    listed = [
        {
            "name": row.name,
            "id": row.id,
            "complianceType": row.compliance_type,
            "status": row.status,
            "roles": row.roles,
            "delegations": [],
            "creationTime": row.created_at,
            "lastUpdated": row.updated_at,
        }
        for row in rows
    ]
    return with_token({"assessmentMetadata": listed}, token)


def update_assessment(request: Request) -> dict[str, Any]:
    """UpdateAssessment: the scope is always replaced, the rest where given."""
    params = request.params
    row = find_assessment(request, open_for="editing it")
    scope = _scope(params["scope"])
    _check_accounts(request, scope, but=row.id)
    row.scope_accounts = scope
    if "assessmentName" in params:
        row.name = params["assessmentName"]
    if "assessmentDescription" in params:
        row.description = params["assessmentDescription"]
    if "assessmentReportsDestination" in params:
        row.destination = destination(
            params["assessmentReportsDestination"], "assessmentReportsDestination"
        )
    if "roles" in params:
        row.roles = _roles(request)
    row.updated_at = request.now
    record(request, row.id, "ASSESSMENT", row.name, "UPDATE_METADATA")
    return {"assessment": shown_assessment(request, row)}


def update_assessment_status(request: Request) -> dict[str, Any]:
    """UpdateAssessmentStatus: only from ACTIVE to INACTIVE, and never back.

    Closing completes the review: control sets become REVIEWED, and so do controls under review.
    """
    row = find_assessment(request)
    wanted = request.params["status"]
    if wanted == row.status:
        raise invalid(f"Assessment already in {row.status} state", "status")
    if wanted == "ACTIVE":
        raise invalid(
            f"The assessment {row.name} is INACTIVE, which can't be undone. Create a new one.",
            "status",
        )
    row.status = wanted
    row.updated_at = request.now
    for control_set in row.sets:
        control_set.status = "REVIEWED"
        for control in control_set.controls:
            if control.status == "UNDER_REVIEW":
                control.status = "REVIEWED"
    record(request, row.id, "ASSESSMENT", row.name, "INACTIVE")
    return {"assessment": shown_assessment(request, row)}


def delete_assessment(request: Request) -> dict[str, Any]:
    """DeleteAssessment: with its evidence, for good. Reports stay in their buckets."""
    row = find_assessment(request)
    record(request, row.id, "ASSESSMENT", row.name, "DELETE")
    request.session.delete(row)
    return {}


def _scope(asked: Mapping[str, Any]) -> list[dict[str, str]]:
    """The accounts in scope, each once; ``awsServices`` is ignored, as AWS does since 2024."""
    accounts = [dict(account) for account in asked.get("awsAccounts", [])]
    if not accounts:
        raise invalid("The scope needs at least one account.", "scope.awsAccounts")
    for account in accounts:
        if "id" not in account:
            raise invalid("An account in the scope has no id.", "scope.awsAccounts")
    return list({account["id"]: account for account in accounts}.values())


def _check_quotas(request: Request, scope: list[dict[str, str]]) -> None:
    active = request.session.scalar(
        select(func.count()).where(
            Assessment.account == request.account,
            Assessment.region == request.region,
            Assessment.status == "ACTIVE",
        )
    )
    if (active or 0) >= MOST_ACTIVE:
        raise over_quota(
            f"The account {request.account} has {active} active assessments in {request.region}, "
            "which is its quota. Make finished ones INACTIVE."
        )
    _check_accounts(request, scope)


def _check_accounts(request: Request, scope: list[dict[str, str]], *, but: str = "") -> None:
    others = request.session.scalars(
        select(Assessment.scope_accounts).where(
            Assessment.account == request.account,
            Assessment.region == request.region,
            Assessment.status == "ACTIVE",
            Assessment.id != but,
        )
    )
    ids = {account["id"] for each in (*others, scope) for account in each}
    if len(ids) > MOST_ACCOUNTS:
        raise over_quota(
            f"All active assessments together may have {MOST_ACCOUNTS} different accounts in "
            f"scope; with this one there would be {len(ids)}."
        )


def _roles(request: Request) -> list[dict[str, str]]:
    """The audit owners asked for, and the account's default ones."""
    asked = request.params["roles"]
    if not asked:
        raise invalid("An assessment needs at least one audit owner.", "roles")
    defaults = request.registration().settings["defaultProcessOwners"]
    return process_owners([*asked, *defaults], "roles")


def _sets(framework: Framework) -> list[AssessmentSet]:
    sets = []
    for control_set in framework.sets:
        controls = []
        for member in control_set.members:
            control = AssessmentControl(
                control_id=member.control_id,
                position=member.position,
                status="UNDER_REVIEW",
                comments=[],
            )
            copy_into(control, member.control)
            controls.append(control)
        sets.append(
            AssessmentSet(
                name=control_set.name,
                position=control_set.position,
                status="ACTIVE",
                controls=controls,
            )
        )
    return sets
