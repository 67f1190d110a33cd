"""The custom controls, the framework and the assessment a run imports into: found, or created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from include.audit_manager.paging import listed
from include.digests import digest_of
from include.errors import AuditError

#: Documented quotas per account and region.
ACTIVE_ASSESSMENTS = 100
CUSTOM_CONTROLS = 500
CUSTOM_FRAMEWORKS = 100


@dataclass(frozen=True)
class ControlText:
    """What Audit Manager is told of a control."""

    id: str
    title: str
    description: str
    test_procedure: str


@dataclass(frozen=True)
class Target:
    """Where evidence goes: the assessment, and its controls by our control id."""

    assessment_id: str
    assessment_name: str
    arn: str
    #: our control id -> (control set id, Audit Manager's control id)
    controls: dict[str, tuple[str, str]]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Target:
        """The inverse of :meth:`to_json`."""
        controls = {key: (pair[0], pair[1]) for key, pair in data["controls"].items()}
        return cls(**{**data, "controls": controls})


class Unavailable(AuditError):
    """Audit Manager can't be used here; the run goes on without it and says so."""


def ensure_registered(client: Any) -> None:
    """Register the account where that is still possible; Unavailable where it is not."""
    try:
        if client.get_account_status()["status"] == "ACTIVE":
            return
        client.register_account()
    except ClientError as error:
        raise Unavailable(
            f"Audit Manager does not take this account: {error.response['Error']['Message']}",
            hint="AWS closed it to new customers on 30 April 2026; set audit_manager.endpoint to "
            "an embedded Audit Manager, or audit_manager.enabled to false.",
        ) from error


def ensure_assessment(
    client: Any,
    *,
    framework_name: str,
    framework_digest: str,
    description: str,
    compliance_type: str,
    control_sets: Iterable[tuple[str, Iterable[ControlText]]],
    assessment_name: str,
    accounts: Iterable[str],
    destination: str,
    owner_role: str,
) -> Target:
    """Find or create all that is needed for imports, and nothing twice.

    ``destination`` is ``s3://…`` for assessment reports; ``owner_role`` the process owner's ARN.
    Quotas are checked before anything is written; AuditError names the one that would break.
    """
    sets = [(name, list(controls)) for name, controls in control_sets]
    name = f"{framework_name} [{framework_digest[:8]}]"
    for item in listed(client.list_assessments, "assessmentMetadata"):
        if item["name"] == assessment_name:
            if item["status"] != "ACTIVE":
                raise AuditError(
                    f"The assessment {assessment_name} is closed (INACTIVE) in Audit Manager.",
                    hint="It can't be opened again; give the run another assessment name.",
                )
            return _target(client, item["id"], framework_name, sets)
    _check_quota("active assessments", ACTIVE_ASSESSMENTS, _active(client), 1)
    framework_id = _framework(client, framework_name, name, description, compliance_type, sets)
    answer = client.create_assessment(
        name=assessment_name,
        description=description[:1000],
        assessmentReportsDestination={"destinationType": "S3", "destination": destination},
        scope={"awsAccounts": [{"id": account} for account in accounts]},
        roles=[{"roleType": "PROCESS_OWNER", "roleArn": owner_role}],
        frameworkId=framework_id,
        tags={"framework": framework_digest[:16]},
    )
    return _target(client, answer["assessment"]["metadata"]["id"], framework_name, sets)


def _active(client: Any) -> int:
    return sum(1 for _ in listed(client.list_assessments, "assessmentMetadata", status="ACTIVE"))


def _check_quota(what: str, limit: int, present: int, more: int) -> None:
    if present + more > limit:
        raise AuditError(
            f"Audit Manager allows {limit} {what} per account and region; there are {present} "
            f"and {more} more are needed.",
            hint="Delete or close some that are no longer needed; nothing was written.",
        )


def _control_name(framework: str, control: ControlText) -> str:
    return f"{framework} {control.id} {control.title}".replace("\\", " ")[:300]


def _framework(
    client: Any,
    framework_name: str,
    name: str,
    description: str,
    compliance_type: str,
    sets: list[tuple[str, list[ControlText]]],
) -> str:
    frameworks = list(
        listed(client.list_assessment_frameworks, "frameworkMetadataList", frameworkType="Custom")
    )
    for found in frameworks:
        if found["name"] == name:
            return str(found["id"])
    there = {
        item["name"]: item["id"]
        for item in listed(client.list_controls, "controlMetadataList", controlType="Custom")
    }
    controls = [control for _, members in sets for control in members]
    new = sum(1 for control in controls if _control_name(framework_name, control) not in there)
    _check_quota("custom frameworks", CUSTOM_FRAMEWORKS, len(frameworks), 1)
    _check_quota("custom controls", CUSTOM_CONTROLS, len(there), new)
    ids = {control.id: _control(client, framework_name, control, there) for control in controls}
    answer = client.create_assessment_framework(
        name=name,
        description=description[:1000],
        complianceType=compliance_type[:100],
        controlSets=[
            {"name": set_name, "controls": [{"id": ids[control.id]} for control in members]}
            for set_name, members in sets
        ],
        tags={"definition": name[-9:-1]},
    )
    return str(answer["framework"]["id"])


def _control(client: Any, framework: str, control: ControlText, there: Mapping[str, str]) -> str:
    """The control's id; a control whose text changed is updated."""
    name = _control_name(framework, control)
    text = {
        "description": control.description[:1000],
        "testingInformation": control.test_procedure[:1000],
        # MANUAL: an automated source would make AWS collect and bill a second time.
        "controlMappingSources": [
            {
                "sourceName": "Imported evidence",
                "sourceDescription": "Bundles of evidence imported by the compliance assessments",
                "sourceSetUpOption": "Procedural_Controls_Mapping",
                "sourceType": "MANUAL",
            }
        ],
    }
    definition = digest_of([name, text])[:16]
    if name not in there:
        answer = client.create_control(name=name, tags={"definition": definition}, **text)
        return str(answer["control"]["id"])
    known = client.get_control(controlId=there[name])["control"]
    if known.get("tags", {}).get("definition") != definition:
        sources = [
            {**text["controlMappingSources"][0], "sourceId": source["sourceId"]}  # type: ignore[dict-item]
            for source in known.get("controlMappingSources", [])[:1]
        ]
        client.update_control(
            controlId=there[name],
            name=name,
            **{**text, "controlMappingSources": sources or text["controlMappingSources"]},
        )
        client.tag_resource(resourceArn=known["arn"], tags={"definition": definition})
    return there[name]


def _target(
    client: Any,
    assessment_id: str,
    framework_name: str,
    sets: list[tuple[str, list[ControlText]]],
) -> Target:
    assessment = client.get_assessment(assessmentId=assessment_id)["assessment"]
    # A control is named "<framework> <id> <title>"; titles may be reworded, ids stay.
    found: dict[str, tuple[str, str]] = {}
    for control_set in assessment["framework"]["controlSets"]:
        for control in control_set["controls"]:
            our_id = control["name"].removeprefix(f"{framework_name} ").split(" ")[0]
            found[our_id] = (control_set["id"], control["id"])
    missing = sorted({control.id for _, members in sets for control in members} - set(found))
    if missing:
        raise AuditError(
            f"The assessment {assessment['metadata']['name']} lacks the controls "
            f"{', '.join(missing)}: it was made from another edition of the framework.",
            hint="Give this run another assessment name.",
        )
    return Target(
        assessment_id=assessment_id,
        assessment_name=assessment["metadata"]["name"],
        arn=assessment["arn"],
        controls=found,
    )
