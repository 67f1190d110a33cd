"""Trails: which exist, how they are set up, what they select and whether they log."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.cloudtrail.signing import public_keys
from include.local_aws.services.cloudtrail.trail import Trail, main_trail, trails
from include.local_aws.services.moments import HOUR, epoch, moment
from include.local_aws.services.paging import Cursor, with_token

_S3 = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}


def handlers(estate: Estate) -> dict[str, Handler]:
    """The reads of trails."""

    def _selects(arn: str, account: str, at: int) -> tuple[bool, bool]:
        """Whether a trail records S3 object writes, and reads."""
        if arn != main_trail(estate, account):
            return False, False
        facts = estate.facts(account_identity(account), at)
        return bool(facts.get("S3WriteDataEvents")), bool(facts.get("S3ReadDataEvents"))

    def _describe(trail: Trail, at: int) -> dict[str, Any]:
        answer = {
            "Name": trail.name,
            "S3BucketName": trail.bucket,
            "IncludeGlobalServiceEvents": True,
            "IsMultiRegionTrail": bool(trail.at("IsMultiRegionTrail", at)),
            "HomeRegion": trail.at("HomeRegion", at) or trail.home,
            "TrailARN": trail.arn,
            "LogFileValidationEnabled": bool(trail.at("LogFileValidationEnabled", at)),
            "HasCustomEventSelectors": any(_selects(trail.arn, trail.account, at)),
            "HasInsightSelectors": False,
            "IsOrganizationTrail": trail.is_organization,
        }
        if trail.prefix:
            answer["S3KeyPrefix"] = trail.prefix.removesuffix("/")
        if key := trail.at("KmsKeyId", at):
            answer["KmsKeyId"] = key
        return answer

    def _all(call: Call, at: int) -> list[Trail]:
        """The account's own trails, and the organisation's that watches it."""
        return [
            trail
            for trail in trails(estate)
            if trail.exists(at) and (trail.account == call.account or trail.is_organization)
        ]

    def _shown(call: Call, at: int, *, shadows: bool = True) -> list[Trail]:
        """Trails of the region, and with ``shadows`` those of elsewhere that watch it."""
        return [
            trail
            for trail in _all(call, at)
            if (trail.home == call.region and (trail.account == call.account or shadows))
            or (shadows and trail.covers(call.account, call.region, at))
        ]

    def _one(call: Call, name: str, at: int) -> Trail:
        if name.startswith("arn:"):
            if ":cloudtrail:" not in name or ":trail/" not in name:
                raise ServiceError("CloudTrailARNInvalidException", f"{name} is not a trail's ARN.")
            candidates = [trail for trail in _all(call, at) if trail.arn == name]
        else:
            candidates = [
                t for t in _shown(call, at) if t.name == name and t.account == call.account
            ]
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
                if trail.arn in names or (trail.home == call.region and trail.name in names)
            ]
        else:
            shadows = call.params.get("includeShadowTrails")
            shown = _shown(call, now, shadows=shadows is not False)
        return {"trailList": [_describe(trail, now) for trail in shown]}

    def get_trail(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        return {"Trail": _describe(_one(call, call.params["Name"], now), now)}

    def list_trails(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, "InvalidParameterCombinationException")
        page, token = cursor.cut(_all(call, cursor.as_of), 100)
        listed = [
            {"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.home} for trail in page
        ]
        return with_token({"Trails": listed}, token)

    def get_trail_status(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        trail = _one(call, call.params["Name"], now)
        is_logging = trail.logs(now)
        started, stopped = trail.logging_since(now)
        # Logs arrive every five minutes, digests every hour; both end when logging does.
        last = now if is_logging or stopped is None else stopped
        answer: dict[str, Any] = {
            "IsLogging": is_logging,
            "LatestDeliveryTime": moment(max(last - last % 300, trail.created)),
        }
        if started is not None:
            answer["StartLoggingTime"] = moment(started)
        if stopped is not None:
            answer["StopLoggingTime"] = moment(stopped)
        if trail.at("LogFileValidationEnabled", last):
            answer["LatestDigestDeliveryTime"] = moment(max(last - last % HOUR, trail.created))
        return answer

    def get_event_selectors(call: Call) -> dict[str, Any]:
        now = epoch(call.now)
        trail = _one(call, call.params["TrailName"], now)
        writes, reads = _selects(trail.arn, trail.account, now)
        management = {
            "ReadWriteType": trail.at("ReadWriteType", now, "All"),
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": trail.at("ExcludeManagementEventSources", now, []),
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

    def list_public_keys(call: Call) -> dict[str, Any]:
        start = epoch(call.params.get("StartTime") or epoch(call.now) - HOUR)
        end = epoch(call.params.get("EndTime") or call.now)
        if start > end:
            raise ServiceError(
                "InvalidTimeRangeException", "The start time must be before the end time."
            )
        return {"PublicKeyList": public_keys(estate, call.region, start, end)}

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
        "ListPublicKeys": list_public_keys,
        "ListTags": list_tags,
    }
