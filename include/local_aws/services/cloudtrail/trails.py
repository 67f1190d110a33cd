"""Trails: which exist, how they are set up, and what they select."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate, Resource
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import HOUR, epoch, moment
from include.local_aws.services.paging import Cursor, with_token

TRAIL = "AWS::CloudTrail::Trail"
_S3 = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def main_trail(estate: Estate, account: str, at: int) -> str | None:
    """The ARN of the account's own trail in the home region, which selects data events.

    It is the one that is, or once was, a multi-region trail.
    """
    home = [
        trail.arn for trail in estate.resources(account, [TRAIL], region=estate.regions[0], at=at)
    ]
    marks = ",".join("?" * len(home))
    rows = estate.rows(
        f"SELECT arn FROM facts WHERE arn IN ({marks}) AND property = 'IsMultiRegionTrail'"
        " AND value = 'true' ORDER BY arn LIMIT 1",
        home,
    )
    if rows:
        return str(rows[0]["arn"])
    return home[0] if home else None


def handlers(estate: Estate) -> dict[str, Handler]:
    """The reads of trails."""

    def _selects(call: Call, arn: str, at: int) -> tuple[bool, bool]:
        """Whether a trail records S3 object writes, and reads."""
        if arn != main_trail(estate, call.account, at):
            return False, False
        facts = estate.facts(account_identity(call.account), at)
        return bool(facts.get("S3WriteDataEvents")), bool(facts.get("S3ReadDataEvents"))

    def _describe(call: Call, trail: Resource, at: int) -> dict[str, Any]:
        facts = estate.facts(trail.arn, at)
        answer = {
            "Name": trail.resource_name,
            "S3BucketName": facts.get("S3BucketName", ""),
            "IncludeGlobalServiceEvents": True,
            "IsMultiRegionTrail": bool(facts.get("IsMultiRegionTrail")),
            "HomeRegion": facts.get("HomeRegion") or trail.region,
            "TrailARN": trail.arn,
            "LogFileValidationEnabled": bool(facts.get("LogFileValidationEnabled")),
            "HasCustomEventSelectors": any(_selects(call, trail.arn, at)),
            "HasInsightSelectors": False,
            "IsOrganizationTrail": False,
        }
        if facts.get("KmsKeyId"):
            answer["KmsKeyId"] = facts["KmsKeyId"]
        return answer

    def _all(call: Call, at: int) -> list[Resource]:
        return estate.resources(call.account, [TRAIL], at=at)

    def _shown(call: Call, at: int, *, shadows: bool = True) -> list[Resource]:
        """Trails of the region, and with ``shadows`` the multi-region trails of other regions."""
        return [
            trail
            for trail in _all(call, at)
            if trail.region == call.region
            or (shadows and estate.facts(trail.arn, at).get("IsMultiRegionTrail"))
        ]

    def _one(call: Call, name: str, at: int) -> Resource:
        if name.startswith("arn:"):
            if ":cloudtrail:" not in name or ":trail/" not in name:
                raise ServiceError("CloudTrailARNInvalidException", f"{name} is not a trail's ARN.")
            candidates = [trail for trail in _all(call, at) if trail.arn == name]
        else:
            candidates = [t for t in _shown(call, at) if t.resource_name == name]
        if not candidates:
            raise ServiceError(
                "TrailNotFoundException",
                f"Unknown trail: {name} for the user: {call.account}",
            )
        return candidates[0]

    def describe_trails(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        names = call.params.get("trailNameList") or []
        if names:
            shown = [
                trail
                for trail in _all(call, now)
                if trail.arn in names
                or (trail.region == call.region and trail.resource_name in names)
            ]
        else:
            shadows = call.params.get("includeShadowTrails")
            shown = _shown(call, now, shadows=shadows is not False)
        return {"trailList": [_describe(call, trail, now) for trail in shown]}

    def get_trail(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        return {"Trail": _describe(call, _one(call, call.params["Name"], now), now)}

    def list_trails(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, "InvalidParameterCombinationException")
        page, token = cursor.cut(_all(call, cursor.as_of), 100)
        trails = [
            {"TrailARN": trail.arn, "Name": trail.resource_name, "HomeRegion": trail.region}
            for trail in page
        ]
        return with_token({"Trails": trails}, token)

    def get_trail_status(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        trail = _one(call, call.params["Name"], now)
        # Logs arrive every five minutes, digests every hour.
        delivered = max(now - now % 300, trail.created)
        answer = {
            "IsLogging": True,
            "LatestDeliveryTime": moment(delivered),
            "StartLoggingTime": moment(trail.created),
        }
        if estate.facts(trail.arn, now).get("LogFileValidationEnabled"):
            answer["LatestDigestDeliveryTime"] = moment(max(now - now % HOUR, trail.created))
        return answer

    def get_event_selectors(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        trail = _one(call, call.params["TrailName"], now)
        writes, reads = _selects(call, trail.arn, now)
        management = {
            "ReadWriteType": "All",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
        selectors: list[dict[str, Any]] = [management]
        if writes and reads:
            management["DataResources"] = [_S3]
        elif writes or reads:
            data = {
                **management,
                "ReadWriteType": "WriteOnly" if writes else "ReadOnly",
                "IncludeManagementEvents": False,
                "DataResources": [_S3],
            }
            selectors.append(data)
        return {"TrailARN": trail.arn, "EventSelectors": selectors}

    def list_tags(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        known = {trail.arn for trail in _all(call, now)}
        for arn in call.params["ResourceIdList"]:
            if arn not in known:
                raise ServiceError("ResourceNotFoundException", f"{arn} does not exist.")
        tags: list[dict[str, str]] = []
        return {
            "ResourceTagList": [
                {"ResourceId": arn, "TagsList": tags} for arn in call.params["ResourceIdList"]
            ]
        }

    return {
        "DescribeTrails": describe_trails,
        "GetTrail": get_trail,
        "ListTrails": list_trails,
        "GetTrailStatus": get_trail_status,
        "GetEventSelectors": get_event_selectors,
        "ListTags": list_tags,
    }
