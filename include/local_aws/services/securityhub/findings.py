"""Control findings: one per control and resource, as of a moment, in ASFF."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call
from include.local_aws.services.moments import DAY, daily_run, iso_millis, last_daily_run
from include.local_aws.services.questions import Question, question
from include.local_aws.services.securityhub.controls import remediation_url
from include.local_aws.services.securityhub.standards import containing
from include.local_aws.services.verdicts import Deployed, Verdict, deployments, verdicts

#: A fixed name space, so that a finding keeps its id for ever.
_FINDINGS = UUID("6f5c8f0e-6b0c-5a44-9d0b-3e2b0f0d8a11")
#: Archived findings are deleted when they have not been updated for 30 days.
ARCHIVED_KEPT = 30 * DAY
_NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
_RESOURCE_TYPES = {
    ACCOUNT_TYPE: "AwsAccount",
    "AWS::CloudTrail::Trail": "AwsCloudTrailTrail",
    "AWS::EC2::VPC": "AwsEc2Vpc",
    "AWS::RDS::DBInstance": "AwsRdsDbInstance",
    "AWS::RDS::DBCluster": "AwsRdsDbCluster",
    "AWS::KMS::Key": "AwsKmsKey",
    "AWS::EFS::FileSystem": "AwsEfsFileSystem",
    "AWS::IAM::ServerCertificate": "AwsIamServerCertificate",
}


def product_arn(region: str) -> str:
    """Security Hub as the product that makes the findings."""
    return f"arn:aws:securityhub:{region}::product/aws/securityhub"


def asff_type(config_type: str) -> str:
    """``AWS::EC2::SecurityGroup`` as ASFF says it: ``AwsEc2SecurityGroup``."""
    known = _RESOURCE_TYPES.get(config_type)
    if known:
        return known
    _, service, kind = config_type.split("::", 2)
    return f"Aws{service[:1]}{service[1:].lower()}{kind}"


@lru_cache(maxsize=200_000)
def finding_id(account: str, region: str, control: str, arn: str) -> str:
    """The ARN of the finding about one resource."""
    return (
        f"arn:aws:securityhub:{region}:{account}:security-control/{control}/finding/"
        f"{uuid5(_FINDINGS, f'{account}/{region}/{control}/{arn}')}"
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """A control's finding about a resource; times in epoch seconds.

    ``status`` is the result last seen, also of an archived finding.
    """

    id: str
    control: str
    account: str
    region: str
    asks: Question
    verdict: Verdict
    status: str
    archived: bool
    created: int
    updated: int
    observed: int

    @property
    def resource_id(self) -> str:
        """The resource as Security Hub names it; account settings go by the account."""
        if self.verdict.type == ACCOUNT_TYPE:
            return account_identity(self.account)
        return self.verdict.arn

    @property
    def severity(self) -> str:
        """A passed check is INFORMATIONAL, whatever the control's own severity."""
        return "INFORMATIONAL" if self.status == "PASSED" else self.asks.severity

    @property
    def workflow(self) -> str:
        """NEW while it fails; RESOLVED by Security Hub itself once it passes or is archived."""
        return "NEW" if self.status == "FAILED" and not self.archived else "RESOLVED"

    @property
    def record_state(self) -> str:
        """ARCHIVED once the resource is gone or the control is switched off."""
        return "ARCHIVED" if self.archived else "ACTIVE"

    @property
    def standards(self) -> list[str]:
        """Ids of the enabled standards that hold the control."""
        return [one.id() for one in containing(self.control)]

    @property
    def requirements(self) -> list[str]:
        """What the control answers in them."""
        return [
            related for one in containing(self.control) for related in one.related(self.control)
        ]

    def to_asff(self) -> dict[str, Any]:
        """The finding as GetFindings returns it."""
        label = self.severity
        severity = {
            "Label": label,
            "Normalized": _NORMALIZED[label],
            "Original": label,
        }
        types = ["Software and Configuration Checks/Industry and Regulatory Standards"]
        text = self.asks.text
        compliance: dict[str, Any] = {
            "Status": self.status,
            "SecurityControlId": self.control,
            "AssociatedStandards": [{"StandardsId": one} for one in self.standards],
        }
        if self.requirements:
            compliance["RelatedRequirements"] = self.requirements
        return {
            "SchemaVersion": "2018-10-08",
            "Id": self.id,
            "ProductArn": product_arn(self.region),
            "ProductName": "Security Hub",
            "CompanyName": "AWS",
            "Region": self.region,
            "GeneratorId": f"security-control/{self.control}",
            "AwsAccountId": self.account,
            "Types": types,
            "FirstObservedAt": iso_millis(self.created),
            "LastObservedAt": iso_millis(self.observed),
            "CreatedAt": iso_millis(self.created),
            "UpdatedAt": iso_millis(self.updated),
            "ProcessedAt": iso_millis(self.updated),
            "Severity": severity,
            "Title": text,
            "Description": text,
            "Remediation": {
                "Recommendation": {
                    "Text": "How to remedy this is described in the AWS documentation.",
                    "Url": remediation_url(self.control),
                }
            },
            "ProductFields": {
                "aws/securityhub/ProductName": "Security Hub",
                "aws/securityhub/CompanyName": "AWS",
                "aws/securityhub/FindingId": f"{product_arn(self.region)}/{self.id}",
                "Resources:0/Id": self.resource_id,
            },
            "Resources": [
                {
                    "Type": asff_type(self.verdict.type),
                    "Id": self.resource_id,
                    "Partition": "aws",
                    "Region": self.region,
                }
            ],
            "Compliance": compliance,
            "WorkflowState": "NEW",
            "Workflow": {"Status": self.workflow},
            "RecordState": self.record_state,
            "FindingProviderFields": {
                "Severity": {"Label": label, "Original": label},
                "Types": types,
            },
        }


def _last_result(estate: Estate, verdict: Verdict, account: str, region: str, at: int) -> str:
    """PASSED or FAILED as last recorded before the resource was gone."""
    rows = estate.rows(
        "SELECT status FROM recordings WHERE source = 'security_hub' AND account = ?"
        " AND region = ? AND keyword = ? AND arn = ? AND status != 'GONE' AND at_t <= ?"
        " ORDER BY at_t DESC, rowid DESC LIMIT 1",
        (account, region, verdict.keyword, verdict.arn, at),
    )
    last = rows[0]["status"] if rows else "PASS"
    return {"PASS": "PASSED", "FAIL": "FAILED"}.get(last, last)


def _finding(
    estate: Estate, account: str, region: str, verdict: Verdict, ever: list[Deployed], at: int
) -> Finding | None:
    """The finding that stands for a verdict, or None when Security Hub has forgotten it."""
    asks = question(verdict.check_id)
    switched_off = None
    if not any(control.covers(at) for control in ever):
        ends = [control.to_t for control in ever if control.to_t is not None and control.to_t <= at]
        if not ends:
            return None
        switched_off = max(ends)
    gone = verdict.status == "GONE"
    archived_at = verdict.since if gone else switched_off
    if archived_at is not None:
        if archived_at + ARCHIVED_KEPT < at:
            return None
        updated = archived_at
    else:
        updated = verdict.since
        if asks.periodic:
            run = daily_run("security_hub", verdict.check_id, account, region)
            updated = last_daily_run(at, verdict.since, run)
    if gone:
        status = _last_result(estate, verdict, account, region, at)
    else:
        status = {"PASS": "PASSED", "FAIL": "FAILED"}.get(verdict.status, verdict.status)
    return Finding(
        id=finding_id(account, region, verdict.keyword, verdict.arn),
        control=verdict.keyword,
        account=account,
        region=region,
        asks=asks,
        verdict=verdict,
        status=status,
        archived=archived_at is not None,
        created=verdict.first,
        updated=updated,
        observed=updated,
    )


@lru_cache(maxsize=32)
def _findings(estate: Estate, account: str, region: str, at: int) -> tuple[Finding, ...]:
    ever: dict[str, list[Deployed]] = {}
    for control in deployments(estate, "security_hub", account, region):
        ever.setdefault(control.check_id, []).append(control)
    found = (
        _finding(estate, account, region, verdict, ever.get(verdict.check_id, []), at)
        for verdict in verdicts(estate, "security_hub", account, region, at=at)
    )
    return tuple(one for one in found if one is not None)


def findings(estate: Estate, call: Call, at: int) -> tuple[Finding, ...]:
    """All findings of the call's account and region at ``at``; a listing's pages share them."""
    return _findings(estate, call.account, call.region, at)
