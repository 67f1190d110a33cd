"""The API calls that configuration is read with: one row per call, no code.

Each row says what to call, where the items are, how an item is identified, and which CloudTrail
events change what the call answers. The last is what tells whether today's answer still is the
one of the period's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include.evidence.identity import ACCOUNT_TYPE


@dataclass(frozen=True)
class Touches:
    """CloudTrail events by what they do to a call's items.

    ``changes`` change items they name, ``creates`` make them; ``deletes`` maps the events that
    remove one to the member that holds its id. Events in ``blind`` don't always name the item:
    then they may have changed any of them. ``by_root``: only the root user's own events matter.
    """

    changes: frozenset[str] = frozenset()
    creates: frozenset[str] = frozenset()
    deletes: Mapping[str, str] = field(default_factory=dict)
    blind: frozenset[str] = frozenset()
    by_root: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All event names that matter."""
        return self.changes | self.creates | self.deletes.keys() | self.blind


@dataclass(frozen=True)
class ApiCall:
    """One call. ``keyword`` is Audit Manager's: ``service_Operation``.

    ``items_at``: dotted path of the items in a page. ``resource_type`` and ``id_at`` identify an
    item (an ARN or an id); for account settings ``id_at`` is '' and all pages make one item,
    under ``whole`` if it is a list. ``names_at`` are further members by which events may name
    the item. ``absent`` are error codes that mean: there is none (the item is ``{}``).
    ``volatile`` members say nothing of the period (last use, run state) and are left out.
    """

    keyword: str
    service: str
    operation: str
    touches: Touches
    items_at: str = ""
    resource_type: str = ACCOUNT_TYPE
    id_at: str = ""
    whole: str = ""
    is_global: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    token: str = "NextToken"
    next_token: str = ""
    paged: bool = True
    names_at: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    created_at: str = ""
    #: An item whose member has one of the values is no resource any more.
    ended: Mapping[str, frozenset[str]] = field(default_factory=dict)


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


_ROOT_CREDENTIALS = Touches(
    changes=_names(
        "CreateAccessKey",
        "DeleteAccessKey",
        "UpdateAccessKey",
        "EnableMFADevice",
        "DeactivateMFADevice",
        "CreateVirtualMFADevice",
        "DeleteVirtualMFADevice",
    ),
    by_root=True,
)

CREDENTIAL_REPORT = ApiCall(
    keyword="iam_GenerateCredentialReport",
    service="iam",
    operation="GetCredentialReport",
    is_global=True,
    paged=False,
    resource_type="AWS::IAM::User",
    id_at="arn",
    names_at=("user",),
    created_at="user_creation_time",
    volatile=_names(
        "password_last_used",
        "access_key_1_last_used_date",
        "access_key_1_last_used_region",
        "access_key_1_last_used_service",
        "access_key_2_last_used_date",
        "access_key_2_last_used_region",
        "access_key_2_last_used_service",
    ),
    touches=Touches(
        changes=_names(
            "UpdateUser",
            "CreateLoginProfile",
            "UpdateLoginProfile",
            "DeleteLoginProfile",
            "EnableMFADevice",
            "DeactivateMFADevice",
            "CreateAccessKey",
            "DeleteAccessKey",
            "UpdateAccessKey",
        ),
        creates=_names("CreateUser"),
        deletes={"DeleteUser": "userName"},
    ),
)

_CALLS = (
    CREDENTIAL_REPORT,
    ApiCall(
        keyword="iam_GetAccountSummary",
        service="iam",
        operation="GetAccountSummary",
        is_global=True,
        paged=False,
        items_at="SummaryMap",
        # The other members count users, roles … and change with every one of them.
        keep=_names(
            "AccountAccessKeysPresent",
            "AccountMFAEnabled",
            "AccountPasswordPresent",
            "AccountSigningCertificatesPresent",
        ),
        touches=_ROOT_CREDENTIALS,
    ),
    ApiCall(
        keyword="iam_ListVirtualMFADevices",
        service="iam",
        operation="ListVirtualMFADevices",
        is_global=True,
        items_at="VirtualMFADevices",
        token="Marker",
        resource_type="AWS::IAM::VirtualMFADevice",
        id_at="SerialNumber",
        names_at=("User.Arn", "User.UserName"),
        volatile=_names("PasswordLastUsed"),
        touches=Touches(
            changes=_names("EnableMFADevice", "DeactivateMFADevice"),
            creates=_names("CreateVirtualMFADevice"),
            deletes={"DeleteVirtualMFADevice": "serialNumber"},
        ),
    ),
    ApiCall(
        keyword="iam_GetAccountPasswordPolicy",
        service="iam",
        operation="GetAccountPasswordPolicy",
        is_global=True,
        paged=False,
        items_at="PasswordPolicy",
        absent=_names("NoSuchEntity", "NoSuchEntityException"),
        touches=Touches(
            changes=_names("UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy")
        ),
    ),
    ApiCall(
        keyword="account_GetAlternateContact",
        service="account",
        operation="GetAlternateContact",
        is_global=True,
        paged=False,
        request={"AlternateContactType": "SECURITY"},
        items_at="AlternateContact",
        absent=_names("ResourceNotFoundException"),
        touches=Touches(changes=_names("PutAlternateContact", "DeleteAlternateContact")),
    ),
    ApiCall(
        keyword="accessanalyzer_ListAnalyzers",
        service="accessanalyzer",
        operation="ListAnalyzers",
        items_at="analyzers",
        whole="analyzers",
        token="nextToken",
        volatile=_names("lastResourceAnalyzed", "lastResourceAnalyzedAt"),
        touches=Touches(changes=_names("CreateAnalyzer", "DeleteAnalyzer", "UpdateAnalyzer")),
    ),
    ApiCall(
        keyword="cloudtrail_DescribeTrails",
        service="cloudtrail",
        operation="DescribeTrails",
        paged=False,
        items_at="trailList",
        whole="trailList",
        resource_type="AWS::CloudTrail::Trail",
        id_at="TrailARN",
        names_at=("Name",),
        touches=Touches(
            changes=_names("UpdateTrail", "PutEventSelectors", "PutInsightSelectors"),
            creates=_names("CreateTrail"),
            deletes={"DeleteTrail": "name"},
        ),
    ),
    ApiCall(
        keyword="ec2_DescribeInstances",
        service="ec2",
        operation="DescribeInstances",
        items_at="Reservations.Instances",
        resource_type="AWS::EC2::Instance",
        id_at="InstanceId",
        created_at="LaunchTime",
        volatile=_names(
            "State",
            "StateReason",
            "StateTransitionReason",
            "PublicDnsName",
            "PublicIpAddress",
            "UsageOperationUpdateTime",
        ),
        ended={"State.Name": frozenset({"terminated", "shutting-down"})},
        touches=Touches(
            changes=_names(
                "ModifyInstanceMetadataOptions",
                "ModifyInstanceAttribute",
                "AssociateIamInstanceProfile",
                "DisassociateIamInstanceProfile",
                "ReplaceIamInstanceProfileAssociation",
            ),
            creates=_names("RunInstances"),
            deletes={"TerminateInstances": "instanceId"},
            # They name the association, not always the instance.
            blind=_names("DisassociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"),
        ),
    ),
    ApiCall(
        keyword="ec2_DescribeSecurityGroups",
        service="ec2",
        operation="DescribeSecurityGroups",
        items_at="SecurityGroups",
        resource_type="AWS::EC2::SecurityGroup",
        id_at="GroupId",
        names_at=("GroupName",),
        touches=Touches(
            changes=_names(
                "AuthorizeSecurityGroupIngress",
                "AuthorizeSecurityGroupEgress",
                "RevokeSecurityGroupIngress",
                "RevokeSecurityGroupEgress",
                "ModifySecurityGroupRules",
                "UpdateSecurityGroupRuleDescriptionsIngress",
                "UpdateSecurityGroupRuleDescriptionsEgress",
            ),
            creates=_names("CreateSecurityGroup"),
            deletes={"DeleteSecurityGroup": "groupId"},
        ),
    ),
    ApiCall(
        keyword="ec2_DescribeVpcs",
        service="ec2",
        operation="DescribeVpcs",
        items_at="Vpcs",
        resource_type="AWS::EC2::VPC",
        id_at="VpcId",
        touches=Touches(
            changes=_names("ModifyVpcAttribute", "CreateFlowLogs", "DeleteFlowLogs"),
            creates=_names("CreateVpc", "CreateDefaultVpc"),
            deletes={"DeleteVpc": "vpcId"},
            # It names the flow log, not the VPC that had it.
            blind=_names("DeleteFlowLogs"),
        ),
    ),
    ApiCall(
        keyword="ec2_DescribeFlowLogs",
        service="ec2",
        operation="DescribeFlowLogs",
        items_at="FlowLogs",
        resource_type="AWS::EC2::FlowLog",
        id_at="FlowLogId",
        created_at="CreationTime",
        touches=Touches(creates=_names("CreateFlowLogs")),
    ),
    ApiCall(
        keyword="ec2_GetEbsEncryptionByDefault",
        service="ec2",
        operation="GetEbsEncryptionByDefault",
        paged=False,
        touches=Touches(
            changes=_names("EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault")
        ),
    ),
)

#: Every known call by its keyword.
CALLS: Mapping[str, ApiCall] = {call.keyword: call for call in _CALLS}
