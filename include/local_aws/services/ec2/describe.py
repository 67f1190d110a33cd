"""EC2's reads: groups, instances, networks, volumes, flow logs, regions, default encryption."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.ec2.listing import (
    Listing,
    cursor_of,
    listed,
    paged,
    passes,
    require_known,
)
from include.local_aws.services.ec2.shapes import INSTANCES, LISTINGS, VPC
from include.local_aws.services.moments import epoch, moment


def _flow_logs(estate: Estate, call: Call, at: int) -> list[dict[str, Any]]:
    """One flow log for each VPC that has one at ``at``."""
    found = []
    for one in estate.resources(call.account, [VPC], region=call.region, at=at):
        rows = estate.rows(
            "SELECT value, from_t FROM facts WHERE arn = ? AND property = 'FlowLog'"
            " AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
            (one.arn, at, at),
        )
        if not rows or rows[0]["value"] != "true":
            continue
        # A flow log that was deleted and made anew has another id.
        name = sha256(f"{one.arn}/{rows[0]['from_t']}".encode()).hexdigest()[:17]
        found.append(
            {
                "FlowLogId": f"fl-{name}",
                "ResourceId": one.resource_id,
                "FlowLogStatus": "ACTIVE",
                "DeliverLogsStatus": "SUCCESS",
                "TrafficType": "ALL",
                "LogDestinationType": "s3",
                "LogDestination": f"arn:aws:s3:::flow-logs-{call.account}-{call.region}",
                "CreationTime": moment(rows[0]["from_t"]),
                "MaxAggregationInterval": 600,
                "Tags": [],
            }
        )
    return found


def handlers(estate: Estate) -> dict[str, Handler]:
    """The overlaid EC2 operations."""

    def describes(listing: Listing) -> Handler:
        def describe(call: Call) -> dict[str, Any]:
            cursor = cursor_of(call)
            items = listed(estate, call, listing, cursor.as_of)
            if names := call.params.get("GroupNames"):
                unknown = set(names) - {item["GroupName"] for item in items}
                if unknown:
                    raise ServiceError(
                        "InvalidGroup.NotFound",
                        f"The security group '{sorted(unknown)[0]}' does not exist",
                        status=400,
                    )
                items = [item for item in items if item["GroupName"] in names]
            return paged(call, cursor, listing.member, items)

        return describe

    def describe_instances(call: Call) -> dict[str, Any]:
        if call.params.get("InstanceIds") and call.params.get("MaxResults"):
            raise ServiceError(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
                status=400,
            )
        cursor = cursor_of(call)
        reservations = [
            {
                "ReservationId": "r-" + item["InstanceId"].removeprefix("i-"),
                "OwnerId": call.account,
                "Groups": [],
                "Instances": [item],
            }
            for item in listed(estate, call, INSTANCES, cursor.as_of)
        ]
        return paged(call, cursor, "Reservations", reservations)

    def describe_flow_logs(call: Call) -> dict[str, Any]:
        cursor = cursor_of(call)
        found = _flow_logs(estate, call, cursor.as_of)
        known = {one["FlowLogId"] for one in found}
        asked = require_known(call, "FlowLogIds", "InvalidFlowLogId.NotFound", known)
        filters = call.params.get("Filter") or []
        items = [
            one
            for one in found
            if (asked is None or one["FlowLogId"] in asked)
            and passes(
                {
                    "flow-log-id": [one["FlowLogId"]],
                    "resource-id": [one["ResourceId"]],
                    "traffic-type": [one["TrafficType"]],
                    "log-destination-type": [one["LogDestinationType"]],
                    "deliver-log-status": [one["DeliverLogsStatus"]],
                },
                filters,
            )
        ]
        return paged(call, cursor, "FlowLogs", items)

    def get_ebs_encryption_by_default(call: Call) -> dict[str, Any]:
        facts = estate.facts(account_identity(call.account, call.region), epoch(call.now))
        return {"EbsEncryptionByDefault": bool(facts.get("EbsEncryptionByDefault"))}

    def describe_regions(call: Call) -> dict[str, Any]:
        known = set(estate.regions)
        asked = call.params.get("RegionNames") or sorted(known)
        for name in asked:
            if name not in known:
                raise ServiceError("InvalidParameterValue", f"Invalid region '{name}'.", status=400)
        regions = [
            {
                "RegionName": name,
                "Endpoint": f"ec2.{name}.amazonaws.com",
                "OptInStatus": "opt-in-not-required",
            }
            for name in sorted(asked)
        ]
        return {
            "Regions": [
                one
                for one in regions
                if passes(
                    {
                        "region-name": [one["RegionName"]],
                        "endpoint": [one["Endpoint"]],
                        "opt-in-status": [one["OptInStatus"]],
                    },
                    call.params.get("Filters") or [],
                )
            ]
        }

    return {
        **{operation: describes(listing) for operation, listing in LISTINGS.items()},
        "DescribeInstances": describe_instances,
        "DescribeFlowLogs": describe_flow_logs,
        "GetEbsEncryptionByDefault": get_ebs_encryption_by_default,
        "DescribeRegions": describe_regions,
    }
