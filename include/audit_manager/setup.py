"""The framework and the assessment a run imports into: found, or created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from include.audit_manager.account import FRAMEWORK_TAG, OWNER, OWNER_TAG
from include.audit_manager.naming import named_by
from include.audit_manager.paging import listed
from include.audit_manager.quotas import QuotaExceeded, Quotas, Unavailable, Use, require
from include.audit_manager.sync import apply_sync, plan_sync
from include.checks.catalogue import Catalogue
from include.errors import AuditError
from include.frameworks.schema import Framework

__all__ = ["Target", "Unavailable", "ensure_assessment", "ensure_registered", "is_registered"]


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


def is_registered(client: Any) -> bool:
    """Whether Audit Manager is on for this account and region."""
    return bool(client.get_account_status()["status"] == "ACTIVE")


def ensure_registered(client: Any) -> None:
    """Register the account where that is still possible; Unavailable where it is not."""
    try:
        if not is_registered(client):
            client.register_account()
    except ClientError as error:
        raise Unavailable(
            f"Audit Manager does not take this account: {error.response['Error']['Message']}",
            hint="AWS closed it to new customers on 30 April 2026; set audit_manager.endpoint to "
            "an embedded Audit Manager, or audit_manager.enabled to false.",
        ) from error


def ensure_assessment(
    client: Any,
    framework: Framework,
    *,
    assessment_name: str,
    accounts: Iterable[str],
    destination: str,
    owner_role: str,
    catalogue: Catalogue | None = None,
    quotas: Quotas | None = None,
) -> Target:
    """Find or create all that is needed for imports, and nothing twice.

    ``destination`` is ``s3://…`` for assessment reports; ``owner_role`` the process owner's ARN.
    The framework is brought up to date as ``./audit frameworks sync`` does it, unless there is
    the assessment already: that keeps what it was made with. Raises QuotaExceeded before anything
    is written, and Unavailable where Audit Manager refuses these accounts.
    """
    for item in listed(client.list_assessments, "assessmentMetadata"):
        if item["name"] == assessment_name:
            if item["status"] != "ACTIVE":
                raise AuditError(
                    f"The assessment {assessment_name} is closed (INACTIVE) in Audit Manager.",
                    hint="It can't be opened again; give the run another assessment name.",
                )
            return _target(client, item["id"], framework)
    quotas = quotas or Quotas()
    active = sum(1 for _ in listed(client.list_assessments, "assessmentMetadata", status="ACTIVE"))
    plan = plan_sync(client, [framework], catalogue=catalogue, quotas=quotas)
    require([*plan.uses, Use("active assessments", active, 1, quotas.active_assessments)])
    try:
        framework_id = apply_sync(client, plan)[framework.id]
        answer = client.create_assessment(
            name=assessment_name,
            description=framework.description[:1000],
            assessmentReportsDestination={"destinationType": "S3", "destination": destination},
            scope={"awsAccounts": [{"id": account} for account in accounts]},
            roles=[{"roleType": "PROCESS_OWNER", "roleArn": owner_role}],
            frameworkId=framework_id,
            tags={
                OWNER_TAG: OWNER,
                FRAMEWORK_TAG: framework.id,
                "edition": framework.digest[:16],
            },
        )
    except ClientError as error:
        if (refusal := _refusal(error)) is not None:
            raise refusal from error
        raise
    return _target(client, answer["assessment"]["metadata"]["id"], framework)


def _refusal(error: ClientError) -> Unavailable | None:
    """What the run can go on without: AWS's own quotas, and accounts that it doesn't take."""
    said = error.response["Error"].get("Message", "")
    if error.response["Error"]["Code"] == "ServiceQuotaExceededException":
        return QuotaExceeded(
            f"Audit Manager refused {error.operation_name}: {said}",
            hint="Delete or close what is no longer needed there; the next run completes it.",
        )
    if "assessments in progress" in said:
        return Unavailable(
            f"Audit Manager takes no further assessment of an account in scope: {said}",
            hint="Close the assessment in progress, or leave the account out.",
        )
    return None


def _target(client: Any, assessment_id: str, framework: Framework) -> Target:
    assessment = client.get_assessment(assessmentId=assessment_id)["assessment"]
    names: dict[str, str] = {}
    places: dict[str, tuple[str, str]] = {}
    for control_set in assessment["framework"]["controlSets"]:
        for control in control_set["controls"]:
            # The same control may stand in several sets.
            key = f"{control_set['id']}\n{control['id']}"
            names[key] = control["name"]
            places[key] = (control_set["id"], control["id"])
    bearers = named_by([control.id for control in framework.controls()], names)
    missing = sorted(control_id for control_id, keys in bearers.items() if not keys)
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
        controls={control_id: places[keys[0]] for control_id, keys in bearers.items()},
    )
