"""Listings that moto has no word for, of what the estate has none: empty, or what moto holds."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.paging import Cursor

#: Operations by service: where the items would be, and the request's token.
_EMPTY = {
    "directconnect": {
        "DescribeDirectConnectGateways": ("directConnectGateways", "nextToken"),
    },
    "events": {"ListEventSources": ("EventSources", "NextToken")},
    "sagemaker": {
        "ListAlgorithms": ("AlgorithmSummaryList", "NextToken"),
        "ListFlowDefinitions": ("FlowDefinitionSummaries", "NextToken"),
        "ListHumanTaskUis": ("HumanTaskUiSummaries", "NextToken"),
        "ListLabelingJobs": ("LabelingJobSummaryList", "NextToken"),
        "ListMonitoringSchedules": ("MonitoringScheduleSummaries", "NextToken"),
        "ListUserProfiles": ("UserProfiles", "NextToken"),
    },
    "waf": {
        "ListRuleGroups": ("RuleGroups", "NextMarker"),
        "ListRules": ("Rules", "NextMarker"),
        "ListWebACLs": ("WebACLs", "NextMarker"),
    },
    "ec2": {
        "DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations": (
            "LocalGatewayRouteTableVirtualInterfaceGroupAssociations",
            "NextToken",
        ),
        "DescribeLocalGatewayVirtualInterfaces": ("LocalGatewayVirtualInterfaces", "NextToken"),
        "DescribeLocalGateways": ("LocalGateways", "NextToken"),
        "DescribeVpcEndpointConnections": ("VpcEndpointConnections", "NextToken"),
    },
}
#: How each service refuses a token that it never gave.
_BAD_TOKEN = {
    "directconnect": "DirectConnectClientException",
    "events": "InternalException",
    "sagemaker": "ValidationException",
    "waf": "WAFInvalidParameterException",
    "ec2": "InvalidNextToken",
}


def _empty(items_at: str, token: str) -> Handler:
    def answer(call: Call) -> dict[str, Any]:
        Cursor.of(call, _BAD_TOKEN[call.service], member=token)
        return {items_at: []}

    return answer


def _virtual_gateways(call: Call) -> dict[str, Any]:
    """Direct Connect shows EC2's VPN gateways."""
    from moto.ec2.models import ec2_backends

    gateways: dict[str, Any] = ec2_backends[call.account][call.region].vpn_gateways
    return {
        "virtualGateways": [
            {"virtualGatewayId": id_, "virtualGatewayState": str(gateways[id_].state)}
            for id_ in sorted(gateways)
        ]
    }


def _security_configurations(call: Call) -> dict[str, Any]:
    """EMR: those that were made, which moto keeps but doesn't list."""
    from moto.emr.models import emr_backends

    kept: dict[str, Any] = emr_backends[call.account][call.region].security_configurations
    return {
        "SecurityConfigurations": [
            {"Name": name, "CreationDateTime": kept[name].creation_date_time.replace(tzinfo=UTC)}
            for name in sorted(kept)
        ]
    }


def _default_key(call: Call) -> dict[str, Any]:
    """Nobody in the estate has chosen a key of their own."""
    return {"KmsKeyId": "alias/aws/ebs"}


def _no_schedule(call: Call) -> dict[str, Any]:
    raise ServiceError(
        "ResourceNotFound",
        f"Could not find monitoring schedule {call.params['MonitoringScheduleName']}.",
    )


def handlers() -> dict[str, dict[str, Handler]]:
    """The operations by service."""
    found = {
        service: {operation: _empty(*where) for operation, where in operations.items()}
        for service, operations in _EMPTY.items()
    }
    found["directconnect"]["DescribeVirtualGateways"] = _virtual_gateways
    found["ec2"]["GetEbsDefaultKmsKeyId"] = _default_key
    found["emr"] = {"ListSecurityConfigurations": _security_configurations}
    found["sagemaker"]["ListMonitoringAlerts"] = _no_schedule
    return found
