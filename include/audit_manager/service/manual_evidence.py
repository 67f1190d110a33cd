"""Manual evidence: S3 objects, uploaded files and texts, checked and hashed on intake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import func, select

from include.audit_manager.service.changelog import record
from include.audit_manager.service.lookup import find_assessment, find_control
from include.audit_manager.service.models import (
    Assessment,
    AssessmentControl,
    Evidence,
    EvidenceFolder,
    Upload,
)
from include.audit_manager.service.names import id_of, new_id
from include.audit_manager.service.objects import ObjectUnavailable, Place, Stored, place_of
from include.audit_manager.service.refusals import invalid
from include.audit_manager.service.request import Request
from include.digests import sha256

#: Bytes of one evidence file.
LARGEST_FILE = 100_000_000
#: Items that one control takes on one day of the service's clock (UTC).
MOST_PER_CONTROL_AND_DAY = 100
# fmt: off
FILE_TYPES = frozenset({
    ".gz", ".zip", ".doc", ".docx", ".pdf", ".ppt", ".pptx", ".xls", ".xlsx",
    ".jpeg", ".jpg", ".png", ".svg", ".cer", ".csv", ".html", ".jmx", ".json",
    ".md", ".out", ".rtf", ".txt", ".xml", ".yaml", ".yml",
})
# fmt: on


@dataclass
class Refused(Exception):
    """One item that isn't taken, as the batch answer tells it. ``code`` is an HTTP status."""

    code: int
    message: str


@dataclass(frozen=True)
class Intake:
    """One item that was looked at and may be taken."""

    kind: str
    content: Stored
    file_name: str
    place: Place | None = None
    text: str | None = None


def batch_import_evidence_to_assessment_control(request: Request) -> dict[str, Any]:
    """BatchImportEvidenceToAssessmentControl: what can't be taken is an error, the rest goes in.

    Objects are read outside any transaction, since a large file takes long; the state of the
    control and the day's quota are looked at again when the items are written.
    """
    asked = list(request.params["manualEvidence"])
    with request.begin(writes=False) as reading:
        _find_open(reading)
        uploads = _uploads(reading, asked)
    looked_at: list[Intake | Refused] = []
    for item in asked:
        try:
            looked_at.append(_look_at(request, item, uploads))
        except Refused as refused:
            looked_at.append(refused)
    with request.begin(writes=True) as writing:
        outcomes = _write(writing, looked_at)
    return {
        "errors": [
            {
                "manualEvidence": dict(item),
                "errorCode": str(outcome.code),
                "errorMessage": outcome.message[:300],
            }
            for item, outcome in zip(asked, outcomes, strict=True)
            if outcome is not None
        ]
    }


def supported(file_name: str) -> bool:
    """Whether Audit Manager takes files of this name's type."""
    return PurePosixPath(file_name).suffix.lower() in FILE_TYPES


def _find_open(request: Request) -> tuple[Assessment, AssessmentControl]:
    assessment = find_assessment(request, open_for="importing evidence")
    control = find_control(request, assessment)
    if control.status == "INACTIVE":
        raise invalid(
            f"The control {control.name} is INACTIVE and takes no evidence. Change its status to "
            "UNDER_REVIEW or REVIEWED first."
        )
    return assessment, control


def _uploads(request: Request, asked: list[Mapping[str, str]]) -> dict[str, Upload]:
    names = {item["evidenceFileName"] for item in asked if "evidenceFileName" in item}
    rows = request.session.scalars(
        select(Upload).where(
            Upload.account == request.account,
            Upload.region == request.region,
            Upload.evidence_file_name.in_(names),
        )
    )
    return {row.evidence_file_name: row for row in rows}


def _look_at(request: Request, item: Mapping[str, str], uploads: Mapping[str, Upload]) -> Intake:
    if len(item) != 1:
        raise Refused(400, "Give exactly one of s3ResourcePath, textResponse and evidenceFileName.")
    [(kind, value)] = item.items()
    if kind == "textResponse":
        data = value.encode()
        return Intake(kind, Stored(len(data), sha256(data), None), "text-response.txt", text=value)
    if kind == "evidenceFileName":
        upload = uploads.get(value)
        if upload is None:
            raise Refused(
                404, f"No upload URL was given out for {value}. Call GetEvidenceFileUploadUrl."
            )
        place, name = Place(upload.bucket, upload.key), upload.file_name
    else:
        found = place_of(value)
        if found is None or not found.key or found.key.endswith("/"):
            raise Refused(400, f"{value} doesn't name an object in a bucket.")
        place, name = found, PurePosixPath(found.key).name
    if not supported(name):
        raise Refused(
            400,
            f"Files of the type {PurePosixPath(name).suffix or '(none)'} aren't supported: {name}.",
        )
    try:
        with request.objects.read(request.account, request.region, place, limit=LARGEST_FILE) as (
            _,
            stored,
        ):
            return Intake(kind, stored, name, place=place)
    except ObjectUnavailable as error:
        known = error.status if error.status in (400, 403, 404) else 400
        raise Refused(known, error.message) from error


def _write(request: Request, looked_at: list[Intake | Refused]) -> list[Refused | None]:
    assessment, control = _find_open(request)
    day = request.now.date()
    folder_id = id_of(
        "folder", assessment.id, control.set_name, control.control_id, day.isoformat()
    )
    room = MOST_PER_CONTROL_AND_DAY - (
        request.session.scalar(
            select(func.count()).where(
                Evidence.folder_id == folder_id, Evidence.by_type == "Manual"
            )
        )
        or 0
    )
    outcomes: list[Refused | None] = []
    taken: list[Intake] = []
    for item in looked_at:
        if isinstance(item, Refused):
            outcomes.append(item)
        elif len(taken) >= room:
            outcomes.append(
                Refused(
                    402,
                    f"The control takes {MOST_PER_CONTROL_AND_DAY} manual evidence items a day, "
                    f"and {day.isoformat()} (UTC) has them. Import the rest on another day.",
                )
            )
        else:
            taken.append(item)
            outcomes.append(None)
    if not taken:
        return outcomes
    if request.session.get(EvidenceFolder, folder_id) is None:
        request.session.add(
            EvidenceFolder(
                id=folder_id,
                assessment_id=assessment.id,
                set_name=control.set_name,
                control_id=control.control_id,
                control_name=control.name,
                day=day,
                data_source="Manual",
                author=request.caller,
            )
        )
        request.session.flush()
    request.session.add_all(_row(request, folder_id, item) for item in taken)
    record(
        request,
        assessment.id,
        "CONTROL",
        control.name,
        "IMPORT_EVIDENCE",
        set_name=control.set_name,
        control_id=control.control_id,
    )
    return outcomes


def _row(request: Request, folder_id: str, item: Intake) -> Evidence:
    seen = {"sha256": item.content.sha256, "sizeBytes": item.content.size}
    if item.place is None:
        resource: dict[str, Any] = {
            "value": json.dumps({"textResponse": item.text, **seen}, ensure_ascii=False)
        }
    else:
        resource = {
            "arn": f"arn:aws:s3:::{item.place.bucket}/{item.place.key}",
            "value": json.dumps(
                {"s3ResourcePath": item.place.url, "versionId": item.content.version, **seen},
                ensure_ascii=False,
            ),
        }
    # Attribute values are JSON and at most 200 characters long, as in the real service.
    attributes = {
        "manualEvidenceType": item.kind,
        "fileName": item.file_name[:150],
        **seen,
    }
    return Evidence(
        id=new_id(),
        folder_id=folder_id,
        at=request.now,
        data_source="Manual",
        by_type="Manual",
        event_source=None,
        event_name=None,
        account=request.account,
        iam_id=request.caller,
        compliance_check=None,
        resources=[resource],
        resource_count=1,
        attributes={
            name: json.dumps(value, ensure_ascii=False) for name, value in attributes.items()
        },
        selected=False,
        s3_bucket=item.place.bucket if item.place else None,
        s3_key=item.place.key if item.place else None,
        s3_version=item.content.version,
        text_response=item.text,
        file_name=item.file_name,
        size_bytes=item.content.size,
        sha256=item.content.sha256,
    )
