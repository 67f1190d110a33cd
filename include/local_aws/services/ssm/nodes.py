"""Managed nodes: which instances have a registered agent, and how they are patched."""

from __future__ import annotations

import sqlite3
from typing import Any

from include.local_aws.estate.fleet import RUNS, SILENCE
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import HOUR, moment
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.ssm.told import Told

INVALID_TOKEN = "InvalidNextToken"
#: An agent pings every few minutes; this long without one, its connection counts as lost.
_LOST = HOUR // 2


def managed(estate: Estate, account: str, region: str, at: int) -> list[sqlite3.Row]:
    """The nodes registered at ``at``, by id."""
    return estate.rows(
        "SELECT * FROM nodes WHERE account = ? AND region = ? AND from_t <= ?"
        " AND (to_t IS NULL OR to_t > ?) ORDER BY instance",
        (account, region, at, at),
    )


def handlers(estate: Estate, told: Told) -> dict[str, Handler]:
    """DescribeInstanceInformation and DescribeInstancePatchStates."""

    def _information(call: Call, node: sqlite3.Row, at: int) -> dict[str, Any]:
        silent = estate.rows(
            "SELECT from_t FROM node_compliance WHERE account = ? AND region = ? AND instance = ?"
            " AND type = ? AND from_t <= ?",
            (call.account, call.region, node["instance"], SILENCE, at),
        )
        heard = silent[0]["from_t"] if silent else at - at % 300
        executed = RUNS["Association"].last(at, node["from_t"], heard if silent else None)
        return {
            "InstanceId": node["instance"],
            "PingStatus": "ConnectionLost" if at - heard > _LOST else "Online",
            "LastPingDateTime": moment(heard),
            "AgentVersion": node["agent"],
            "IsLatestVersion": True,
            "PlatformType": node["platform"],
            "PlatformName": node["platform_name"],
            "PlatformVersion": node["platform_version"],
            "ResourceType": "EC2Instance",
            "RegistrationDate": moment(node["from_t"]),
            "IPAddress": node["address"],
            "ComputerName": f"ip-{node['address'].replace('.', '-')}.internal",
            "AssociationStatus": "Success",
            "LastAssociationExecutionDate": moment(executed),
            "LastSuccessfulAssociationExecutionDate": moment(executed),
            "SourceId": node["instance"],
            "SourceType": "AWS::EC2::Instance",
        }

    def describe_instance_information(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID_TOKEN)
        size = page_size(
            call, member="MaxResults", default=50, most=50, least=5, error="ValidationException"
        )
        wanted: dict[str, list[str]] = {}
        for one in call.params.get("Filters") or []:
            wanted[one["Key"]] = one["Values"]
        for one in call.params.get("InstanceInformationFilterList") or []:
            wanted[one["key"]] = one["valueSet"]
        texts = {
            "InstanceIds": "InstanceId",
            "PingStatus": "PingStatus",
            "PlatformTypes": "PlatformType",
            "AgentVersion": "AgentVersion",
            "ResourceType": "ResourceType",
            "AssociationStatus": "AssociationStatus",
        }
        if unknown := set(wanted) - set(texts):
            raise ServiceError("InvalidFilterKey", f"Unknown filter key: {min(unknown)}.")
        found = []
        for node in managed(estate, call.account, call.region, cursor.as_of):
            one = _information(call, node, cursor.as_of)
            if all(one[texts[key]] in values for key, values in wanted.items()):
                found.append(one)
        page, token = cursor.cut(found, size)
        return with_token({"InstanceInformationList": page}, token)

    def describe_instance_patch_states(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID_TOKEN)
        size = page_size(
            call, member="MaxResults", default=100, most=100, least=10, error="ValidationException"
        )
        wanted = set(call.params["InstanceIds"])
        by_node: dict[str, list[Any]] = {}
        for item in told.items(call.account, call.region, cursor.as_of):
            if item.type == "Patch" and item.node in wanted:
                by_node.setdefault(item.node, []).append(item)
        found = []
        for node, items in sorted(by_node.items()):
            missing = [item for item in items if item.status == "NON_COMPLIANT"]
            critical = sum(item.severity == "CRITICAL" for item in missing)
            found.append(
                {
                    "InstanceId": node,
                    "PatchGroup": "",
                    "BaselineId": "pb-0c10e65780EXAMPLE",
                    "InstalledCount": len(items) - len(missing),
                    "MissingCount": len(missing),
                    "FailedCount": 0,
                    "CriticalNonCompliantCount": critical,
                    "SecurityNonCompliantCount": len(missing) - critical,
                    "OtherNonCompliantCount": 0,
                    "Operation": "Scan",
                    "OperationStartTime": moment(items[0].at - 90),
                    "OperationEndTime": moment(items[0].at),
                }
            )
        page, token = cursor.cut(found, size)
        return with_token({"InstancePatchStates": page}, token)

    return {
        "DescribeInstanceInformation": describe_instance_information,
        "DescribeInstancePatchStates": describe_instance_patch_states,
    }
