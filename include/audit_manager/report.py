"""The assessment report: generated from the selected evidence, once for the same selection."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from include.audit_manager.paging import listed
from include.audit_manager.setup import Target
from include.errors import AuditError


def report_name(target: Target, selection: str) -> str:
    """A name that says which selection it shows; no spaces, as the service demands."""
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", target.assessment_name)[:200]
    return f"{stem}-{selection[:12]}"


def start_report(client: Any, target: Target, name: str) -> str:
    """The id of the report of that name: the one that exists, else a new one."""
    for report in listed(client.list_assessment_reports, "assessmentReports"):
        if (
            report["name"] == name
            and report["assessmentId"] == target.assessment_id
            and report["status"] != "FAILED"
        ):
            return str(report["id"])
    answer = client.create_assessment_report(
        name=name,
        description="Evidence imported by the compliance assessments",
        assessmentId=target.assessment_id,
    )
    return str(answer["assessmentReport"]["id"])


def report_uri(client: Any, target: Target, report_id: str, bucket: str) -> str:
    """``s3://bucket/key`` of a complete report, read from the link the service gives.

    The API tells the object's place nowhere else; links come in both styles of S3.
    """
    link = client.get_assessment_report_url(
        assessmentId=target.assessment_id, assessmentReportId=report_id
    )["preSignedUrl"]["link"]
    path = unquote(urlsplit(link).path).lstrip("/")
    return f"s3://{bucket}/{path.removeprefix(f'{bucket}/')}"


def check_integrity(client: Any, report_uri: str) -> dict[str, Any]:
    """Ask the service whether the report is as it was signed; AuditError if not."""
    answer = client.validate_assessment_report_integrity(s3RelativePath=report_uri)
    if not answer.get("signatureValid"):
        raise AuditError(
            f"The assessment report {report_uri} is not as it was signed: "
            f"{'; '.join(answer.get('validationErrors', [])) or 'the signature does not fit'}.",
            hint="Generate it again, and find out who changed the object.",
        )
    return {
        "uri": report_uri,
        "algorithm": answer.get("signatureAlgorithm"),
        "signed": answer.get("signatureDateTime"),
        "key": answer.get("signatureKeyId"),
    }
