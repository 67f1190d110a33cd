"""The settings of an account in a region."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from include.audit_manager.service.objects import place_of
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request

#: The member of Settings that each attribute of GetSettings names.
_MEMBERS = {
    "IS_AWS_ORG_ENABLED": "isAwsOrgEnabled",
    "SNS_TOPIC": "snsTopic",
    "DEFAULT_ASSESSMENT_REPORTS_DESTINATION": "defaultAssessmentReportsDestination",
    "DEFAULT_PROCESS_OWNERS": "defaultProcessOwners",
    "EVIDENCE_FINDER_ENABLEMENT": "evidenceFinderEnablement",
    "DEREGISTRATION_POLICY": "deregistrationPolicy",
    "DEFAULT_EXPORT_DESTINATION": "defaultExportDestination",
}


def fresh_settings() -> dict[str, Any]:
    """What an account starts with."""
    return {
        "isAwsOrgEnabled": False,
        "defaultProcessOwners": [],
        "kmsKey": "DEFAULT",
        "evidenceFinderEnablement": {"enablementStatus": "DISABLED"},
        "deregistrationPolicy": {"deleteResources": "DEFAULT"},
    }


def get_settings(request: Request) -> dict[str, Any]:
    """GetSettings: all, or the one that ``attribute`` names."""
    shown = _shown(request.registration().settings)
    attribute = request.params["attribute"]
    if attribute != "ALL":
        member = _MEMBERS[attribute]
        shown = {member: shown[member]} if member in shown else {}
    return {"settings": shown}


def update_settings(request: Request) -> dict[str, Any]:
    """UpdateSettings: changes what is given, leaves the rest."""
    params = request.params
    row = request.registration()
    settings = dict(row.settings)
    if "snsTopic" in params:
        settings["snsTopic"] = _topic(params["snsTopic"])
    if "kmsKey" in params:
        check_kms_key(params["kmsKey"])
        settings["kmsKey"] = params["kmsKey"]
    if "defaultProcessOwners" in params:
        settings["defaultProcessOwners"] = process_owners(
            params["defaultProcessOwners"], "defaultProcessOwners"
        )
    for member in ("defaultAssessmentReportsDestination", "defaultExportDestination"):
        if member in params:
            settings[member] = destination(params[member], member)
    if "deregistrationPolicy" in params:
        what = params["deregistrationPolicy"].get("deleteResources")
        if what is None:
            raise invalid("deleteResources is missing.", "deregistrationPolicy.deleteResources")
        settings["deregistrationPolicy"] = {"deleteResources": what}
    if params.get("evidenceFinderEnabled"):
        raise invalid(
            "Evidence finder needs an event data store of CloudTrail Lake, which is closed to new "
            "customers. Read evidence with GetEvidenceByEvidenceFolder instead.",
            "evidenceFinderEnabled",
        )
    row.settings = settings
    return {"settings": _shown(settings)}


def _shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """As the API shows them: a topic goes in as an ARN and comes out as a name."""
    shown = dict(settings)
    if "snsTopic" in shown:
        topic = shown.pop("snsTopic")
        if topic:
            shown["snsTopic"] = topic.rsplit(":", 1)[-1]
    return shown


def _topic(value: str) -> str | None:
    if value == "NONE":
        return None
    if not re.fullmatch(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", value):
        raise invalid("snsTopic must be the ARN of an SNS topic, or NONE.", "snsTopic")
    return value


def check_kms_key(value: str | None) -> None:
    """A customer managed key's ARN, or DEFAULT."""
    if (
        value is not None
        and value != "DEFAULT"
        and not re.fullmatch(r"arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)/.+", value)
    ):
        raise invalid("kmsKey must be the ARN of a KMS key, or DEFAULT.", "kmsKey")


def destination(value: Mapping[str, Any], field: str) -> dict[str, Any]:
    """A complete destination: S3, and an ``s3://`` URL that names a bucket."""
    kind, url = value.get("destinationType"), value.get("destination")
    if kind is None or url is None:
        raise invalid("A destination needs destinationType and destination.", field)
    place = place_of(url)
    if place is None or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", place.bucket):
        raise invalid(f"{url} doesn't name an S3 bucket.", f"{field}.destination")
    return {"destinationType": kind, "destination": url}


def process_owners(roles: Sequence[Mapping[str, str]], field: str) -> list[dict[str, str]]:
    """Audit owners without duplicates; any other role type is refused."""
    for role in roles:
        if role["roleType"] != "PROCESS_OWNER":
            raise invalid(
                f"Only PROCESS_OWNER is allowed here, not {role['roleType']}.",
                f"{field}.roleType",
            )
        if not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:(root|(role|user)/.+)", role["roleArn"]):
            raise invalid(
                f"{role['roleArn']} isn't the ARN of an IAM role or user.", f"{field}.roleArn"
            )
    return list({role["roleArn"]: dict(role) for role in roles}.values())
