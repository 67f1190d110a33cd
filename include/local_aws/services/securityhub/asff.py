"""Findings in the AWS Security Finding Format, as GetFindings returns them."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import ACCOUNT_TYPE
from include.local_aws.services.moments import iso_millis
from include.local_aws.services.securityhub.controls import remediation_url
from include.local_aws.services.securityhub.findings import Finding, product_arn

NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
TYPES = ["Software and Configuration Checks/Industry and Regulatory Standards"]
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
_REASONS = {
    "WARNING": "CONFIG_RULE_EVALUATION_ERROR",
    "NOT_AVAILABLE": "CONFIG_EVALUATIONS_EMPTY",
}


def asff_type(config_type: str) -> str:
    """``AWS::EC2::SecurityGroup`` as ASFF says it: ``AwsEc2SecurityGroup``."""
    known = _RESOURCE_TYPES.get(config_type)
    if known:
        return known
    _, service, kind = config_type.split("::", 2)
    return f"Aws{service[:1]}{service[1:].lower()}{kind}"


def _compliance(finding: Finding) -> dict[str, Any]:
    compliance: dict[str, Any] = {"Status": finding.status}
    if reason := _REASONS.get(finding.status):
        compliance["StatusReasons"] = [{"ReasonCode": reason, "Description": "No verdict."}]
    if finding.requirements:
        compliance["RelatedRequirements"] = finding.requirements
    if finding.old_form:
        return compliance
    compliance["SecurityControlId"] = finding.control
    compliance["AssociatedStandards"] = [{"StandardsId": one} for one in finding.associated]
    if finding.parameters:
        compliance["SecurityControlParameters"] = [
            {
                "Name": name,
                "Value": [str(v) for v in (given if isinstance(given, list) else [given])],
            }
            for name, given in sorted(finding.parameters.items())
        ]
    return compliance


def product_fields(finding: Finding) -> dict[str, str]:
    """What Security Hub itself adds; a standard's finding names the standard and its rule."""
    fields = {
        "aws/securityhub/ProductName": "Security Hub",
        "aws/securityhub/CompanyName": "AWS",
        "aws/securityhub/FindingId": f"{product_arn(finding.region)}/{finding.id}",
        "Resources:0/Id": finding.resource_id,
    }
    standard = finding.standard
    if standard is None:
        return fields
    guide = "Guide" if finding.old_form else ""
    fields[f"Standards{guide}Arn"] = standard.arn(finding.region)
    fields[f"Standards{guide}SubscriptionArn"] = standard.subscription(
        finding.account, finding.region
    )
    fields["RuleId" if finding.old_form else "ControlId"] = standard.rule(finding.control)
    fields["StandardsControlArn"] = standard.control(
        finding.account, finding.region, finding.control
    )
    return fields


def to_asff(finding: Finding) -> dict[str, Any]:
    """The finding as GetFindings returns it."""
    label = finding.severity
    answer: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        "ProductArn": product_arn(finding.region),
        "ProductName": "Security Hub",
        "CompanyName": "AWS",
        "Region": finding.region,
        "GeneratorId": finding.generator,
        "AwsAccountId": finding.account,
        "Types": TYPES,
        "FirstObservedAt": iso_millis(finding.created),
        "LastObservedAt": iso_millis(finding.observed),
        "CreatedAt": iso_millis(finding.created),
        "UpdatedAt": iso_millis(finding.updated),
        "ProcessedAt": iso_millis(finding.updated),
        "Severity": {"Label": label, "Normalized": NORMALIZED[label], "Original": label},
        "Title": finding.asks.text,
        "Description": finding.asks.text,
        "Remediation": {
            "Recommendation": {
                "Text": "How to remedy this is described in the AWS documentation.",
                "Url": remediation_url(finding.control),
            }
        },
        "ProductFields": product_fields(finding),
        "Resources": [
            {
                "Type": asff_type(finding.type),
                "Id": finding.resource_id,
                "Partition": "aws",
                "Region": finding.region,
            }
        ],
        "Compliance": _compliance(finding),
        "WorkflowState": "NEW",
        "Workflow": {"Status": finding.workflow},
        "RecordState": finding.record_state,
        "FindingProviderFields": {"Severity": {"Label": label, "Original": label}, "Types": TYPES},
    }
    if finding.state.note:
        since = next(s.at for s in finding.states if s.note == finding.state.note)
        answer["Note"] = {
            "Text": finding.state.note,
            "UpdatedBy": finding.state.by or "Security Hub",
            "UpdatedAt": iso_millis(since),
        }
    return answer
