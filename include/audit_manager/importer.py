"""Imports bundles into an assessment: never twice, within the quotas, newest revision selected.

Audit Manager can neither delete evidence nor say which file an item came from in a way that may
be relied on. So each bundle leaves two small marks in S3: one before the import, one after it.
Only where the second is missing (a crash in between) is the assessment searched for the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from include.audit_manager.paging import listed
from include.audit_manager.setup import Target
from include.errors import AuditError
from include.runs.workspace import Workspace

PER_CONTROL_AND_DAY = 100
PER_CALL = 50


@dataclass(frozen=True)
class Bundle:
    """One part of a control's evidence: its bytes and their SHA-256."""

    digest: str
    body: bytes


@dataclass(frozen=True)
class Imported:
    """What one control's import did."""

    control: str
    imported: int
    present: int


def import_control(
    client: Any, workspace: Workspace, target: Target, control: str, bundles: Sequence[Bundle]
) -> Imported:
    """Import the bundles of one control that are not in the assessment yet.

    AuditError names the quota that would break; then nothing of this control is imported.
    """
    set_id, control_id = target.controls[control]
    where = {
        "assessmentId": target.assessment_id,
        "controlSetId": set_id,
        "controlId": control_id,
    }
    prefix = f"{target.assessment_id}/{control}"
    new = []
    for bundle in bundles:
        if workspace.exists(f"{prefix}/{bundle.digest}.done"):
            continue
        if workspace.exists(f"{prefix}/{bundle.digest}.begun") and any(
            bundle.digest in mentions for _, _, mentions in _evidence(client, where)
        ):
            workspace.put(f"{prefix}/{bundle.digest}.done", b"")
            continue
        new.append(bundle)
    if new:
        _check_daily_quota(client, where, control, len(new))
    for start in range(0, len(new), PER_CALL):
        chunk = new[start : start + PER_CALL]
        paths = []
        for bundle in chunk:
            name = f"{prefix}/{bundle.digest}.json"
            paths.append(workspace.put(name, bundle.body, content_type="application/json").uri)
            workspace.put(f"{prefix}/{bundle.digest}.begun", b"")
        answer = client.batch_import_evidence_to_assessment_control(
            **where, manualEvidence=[{"s3ResourcePath": path} for path in paths]
        )
        if errors := answer.get("errors"):
            first = errors[0]
            raise AuditError(
                f"Audit Manager refused {len(errors)} of {len(chunk)} bundles of control "
                f"{control}: {first.get('errorCode')} {first.get('errorMessage')}",
                hint="The refused ones are imported when this task is run again.",
            )
        for bundle in chunk:
            workspace.put(f"{prefix}/{bundle.digest}.done", b"")
    _select(client, where, {bundle.digest for bundle in bundles})
    return Imported(control, len(new), len(bundles) - len(new))


def _check_daily_quota(client: Any, where: dict[str, str], control: str, more: int) -> None:
    folders = list(
        listed(client.get_evidence_folders_by_assessment_control, "evidenceFolders", **where)
    )
    if not folders:
        return
    # One folder per day, named by it; yesterday's items don't count against today.
    today = _service_day(client)
    present = sum(
        int(folder.get("evidenceByTypeManualCount", 0))
        for folder in folders
        if str(folder["name"]) == today
    )
    if present + more > PER_CONTROL_AND_DAY:
        raise AuditError(
            f"Audit Manager takes {PER_CONTROL_AND_DAY} manual evidence items per control and "
            f"day; control {control} has {present} on {today} and {more} more are due.",
            hint="Clear this task tomorrow; what is imported already is not imported again.",
        )


def _service_day(client: Any) -> str:
    """Today's date by the service's own clock, as folders are named: ``2026-11-01`` (UTC)."""
    headers = client.get_account_status()["ResponseMetadata"]["HTTPHeaders"]
    return parsedate_to_datetime(headers["date"]).date().isoformat()


def _evidence(client: Any, where: dict[str, str]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(folder id, evidence, everything it says as text) of one control."""
    for folder in listed(
        client.get_evidence_folders_by_assessment_control, "evidenceFolders", **where
    ):
        for item in listed(
            client.get_evidence_by_evidence_folder,
            "evidence",
            assessmentId=where["assessmentId"],
            controlSetId=where["controlSetId"],
            evidenceFolderId=folder["id"],
        ):
            yield folder["id"], item, json.dumps(item, default=str)


def _select(client: Any, where: dict[str, str], digests: set[str]) -> None:
    """The report shows the newest revision: its bundles are selected, older ones are not."""
    wanted: dict[str, list[str]] = {}
    unwanted: dict[str, list[str]] = {}
    for folder, item, mentions in _evidence(client, where):
        selected = item.get("assessmentReportSelection") == "Yes"
        current = any(digest in mentions for digest in digests)
        if current and not selected:
            wanted.setdefault(folder, []).append(item["id"])
        elif selected and not current and "/bundles/" in mentions:
            unwanted.setdefault(folder, []).append(item["id"])
    for change, chosen in (
        (client.batch_associate_assessment_report_evidence, wanted),
        (client.batch_disassociate_assessment_report_evidence, unwanted),
    ):
        for folder, ids in chosen.items():
            for start in range(0, len(ids), PER_CALL):
                answer = change(
                    assessmentId=where["assessmentId"],
                    evidenceFolderId=folder,
                    evidenceIds=ids[start : start + PER_CALL],
                )
                if errors := answer.get("errors"):
                    raise AuditError(
                        "Audit Manager could not change the report selection: "
                        f"{errors[0].get('errorMessage')}",
                        hint="Clear this task to try again.",
                    )
