"""The least-privilege policies: what the collecting role and Airflow's own role have to be allowed.

The collecting role's actions are those that the sources themselves name, so that the printed
policy can't fall behind the code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from include.aws.sessions import partition_of
from include.sources import ORGANIZATION_WIDE, SOURCES

if TYPE_CHECKING:
    from include.checks.check import Check
    from include.settings import Settings

#: What reads delivered log files: only those, wherever the bucket is.
_LOG_FILES = frozenset({"s3:GetObject"})
_RUNNER_S3_BUCKET = (
    "s3:CreateBucket",
    "s3:GetBucketAcl",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
#: What passes by itself, and is the only thing a run may delete: leases, and sealed answers of a
#: collection under way. See include/evidence/store.py.
_PASSING = ("snapshots/*/lease", "snapshots/*/resume/*")
#: Decrypting what S3 answers, and nothing else.
_THROUGH_S3 = {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
_AUDIT_MANAGER = (
    "auditmanager:BatchAssociateAssessmentReportEvidence",
    "auditmanager:BatchDisassociateAssessmentReportEvidence",
    "auditmanager:BatchImportEvidenceToAssessmentControl",
    "auditmanager:CreateAssessment",
    "auditmanager:CreateAssessmentFramework",
    "auditmanager:CreateAssessmentReport",
    "auditmanager:CreateControl",
    "auditmanager:GetAccountStatus",
    "auditmanager:GetAssessment",
    "auditmanager:GetAssessmentFramework",
    "auditmanager:GetAssessmentReportUrl",
    "auditmanager:GetControl",
    "auditmanager:GetEvidenceByEvidenceFolder",
    "auditmanager:GetEvidenceFoldersByAssessmentControl",
    "auditmanager:ListAssessmentFrameworks",
    "auditmanager:ListAssessmentReports",
    "auditmanager:ListAssessments",
    "auditmanager:ListControls",
    "auditmanager:ListKeywordsForDataSource",
    "auditmanager:RegisterAccount",
    "auditmanager:TagResource",
    "auditmanager:UpdateAssessmentFramework",
    "auditmanager:UpdateControl",
    "auditmanager:ValidateAssessmentReportIntegrity",
)


def collector_policy(
    checks: Sequence[Check], sources: Sequence[str], *, partition: str = "aws"
) -> dict[str, Any]:
    """The policy of the role that is assumed in every account, one statement per source."""
    statements: list[dict[str, Any]] = []
    for name in sources:
        if name in ORGANIZATION_WIDE:
            continue  # it is read with Airflow's own role
        actions = SOURCES[name].actions(SOURCES[name].selection(checks))
        sid = name.title().replace("_", "")
        files, decrypt = actions & _LOG_FILES, actions & {"kms:Decrypt"}
        if calls := actions - files - decrypt:
            statements.append(_allow(sid, calls, "*"))
        if files:
            delivered = f"arn:{partition}:s3:::*AWSLogs/*"
            statements.append(_allow(f"{sid}Files", files, delivered))
        if decrypt:
            statements.append({**_allow(f"{sid}Keys", decrypt, "*"), "Condition": _THROUGH_S3})
    return _policy(statements)


def runner_policy(settings: Settings) -> dict[str, Any]:
    """The policy of Airflow's own role (the connection ``aws_default``), by the settings."""
    partition = partition_of(settings.home_region)
    own = {settings.evidence_bucket, settings.reports_bucket}
    arns = [f"arn:{partition}:s3:::{bucket}" for bucket in sorted(own)]
    evidence = f"arn:{partition}:s3:::{settings.evidence_bucket}"
    role = f"arn:{partition}:iam::*:role/{settings.role_name}"
    statements = [
        _allow("EnterAccounts", {"sts:AssumeRole", "sts:TagSession"}, role),
        _allow("Buckets", _RUNNER_S3_BUCKET, arns),
        _allow("Objects", {"s3:GetObject", "s3:PutObject"}, [f"{arn}/*" for arn in arns]),
        _allow("Leases", {"s3:DeleteObject"}, [f"{evidence}/{passing}" for passing in _PASSING]),
        _allow("Regions", {"ec2:DescribeRegions"}, "*"),
    ]
    if others := {settings.custom_bucket, settings.manual_bucket} - own:
        handed_in = [f"arn:{partition}:s3:::{bucket}" for bucket in sorted(others)]
        files = [f"{arn}/*" for arn in handed_in]
        statements += [
            _allow("HandedIn", {"s3:ListBucket"}, handed_in),
            _allow("HandedInFiles", {"s3:GetObject"}, files),
            {**_allow("HandedInKeys", {"kms:Decrypt"}, "*"), "Condition": _THROUGH_S3},
        ]
    if any(not selector.isdigit() for selector in settings.accounts):
        statements.append(
            _allow(
                "Organisation",
                {
                    "organizations:ListAccounts",
                    "organizations:ListAccountsForParent",
                    "organizations:ListOrganizationalUnitsForParent",
                },
                "*",
            )
        )
    if settings.kms_key:
        statements.append(_allow("Key", {"kms:Decrypt", "kms:GenerateDataKey"}, "*"))
    if settings.sns_topic:
        statements.append(_allow("Notify", {"sns:Publish"}, settings.sns_topic))
    if settings.audit_manager.enabled:
        statements.append(_allow("AuditManager", _AUDIT_MANAGER, "*"))
    return _policy(statements)


def trust_policy(settings: Settings, runner: str) -> dict[str, Any]:
    """Who may assume the collecting role: ``runner`` (an ARN), with the external id if one is set.

    Session tags need ``sts:TagSession`` beside ``sts:AssumeRole``.
    """
    statement: dict[str, Any] = {
        "Sid": "LetAirflowIn",
        "Effect": "Allow",
        "Principal": {"AWS": runner},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    if settings.external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": settings.external_id}}
    return _policy([statement])


def _allow(
    sid: str, actions: Sequence[str] | frozenset[str] | set[str], resource: Any
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def _policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
