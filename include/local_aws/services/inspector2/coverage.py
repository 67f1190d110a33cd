"""Inspector's account status and coverage: what it scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler
from include.local_aws.services.filters import matches_maps, matches_strings, within
from include.local_aws.services.inspector2.findings import INVALID
from include.local_aws.services.inspector2.scans import last_scan
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

_ON = {"status": "ENABLED"}
_OFF = {"status": "DISABLED"}
#: Scans that the state lists, and whether this estate has them switched on.
_SCANS = {"ec2": True, "ecr": True, "lambda": False, "lambdaCode": False}


def _state(on: bool) -> dict[str, str]:
    # Inspector says ALREADY_ENABLED's text also where nothing went wrong: both are required.
    return {
        **(_ON if on else _OFF),
        "errorCode": "ALREADY_ENABLED" if on else "RESOURCE_SCAN_NOT_DISABLED",
        "errorMessage": "No error",
    }


@lru_cache(maxsize=256)
def _unscanned(estate: Estate, account: str, region: str) -> tuple[tuple[str, str, int, int], ...]:
    rows = estate.rows(
        "SELECT arn, reason, from_t, to_t FROM unscanned WHERE account = ? AND region = ?",
        (account, region),
    )
    never = 1 << 62
    return tuple(
        (row["arn"], row["reason"], row["from_t"], never if row["to_t"] is None else row["to_t"])
        for row in rows
    )


def covered(estate: Estate, call: Call, at: int) -> list[dict[str, Any]]:
    """Every instance of the place at ``at``, in ListCoverage's shape; scanned or not."""
    found = estate.resources(call.account, ["AWS::EC2::Instance"], region=call.region, at=at)
    spans = _unscanned(estate, call.account, call.region)
    answer = []
    for one in found:
        left_out = [span for span in spans if span[0] == one.arn and span[2] <= at < span[3]]
        status = {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}
        scanned: int | None = last_scan(at, one.created)
        if left_out:
            _, reason, since, _ = left_out[-1]
            status = {"statusCode": "INACTIVE", "reason": reason}
            scanned = last_scan(since, one.created) if since > one.created else None
        resource: dict[str, Any] = {
            "resourceType": "AWS_EC2_INSTANCE",
            "resourceId": one.resource_id,
            "accountId": call.account,
            "scanType": "PACKAGE",
            "scanStatus": status,
            "resourceMetadata": {"ec2": {"platform": "LINUX", "tags": {}}},
            "scanMode": "EC2_SSM_AGENT_BASED",
        }
        if scanned is not None:
            resource["lastScannedAt"] = moment(scanned)
        answer.append(resource)
    return answer


def _texts(resource: Mapping[str, Any], name: str) -> list[str]:
    status = resource["scanStatus"]
    known = {
        "scanStatusCode": status["statusCode"],
        "scanStatusReason": status["reason"],
        "cloudProvider": "AWS",
        **{
            n: resource[n]
            for n in ("accountId", "resourceId", "resourceType", "scanType", "scanMode")
        },
    }
    return [known[name]] if name in known else []


def _passes(resource: Mapping[str, Any], criteria: Mapping[str, Any]) -> bool:
    for name, conditions in criteria.items():
        if not conditions:
            continue
        first = conditions[0]
        if "key" in first:
            asked = [(one["comparison"], one["key"], one.get("value")) for one in conditions]
            holds = matches_maps({}, asked)
        elif "comparison" in first:
            pairs = [(one["comparison"], one["value"]) for one in conditions]
            holds = matches_strings(_texts(resource, name), pairs)
        else:
            scanned = resource.get("lastScannedAt") if name == "lastScannedAt" else None
            at = epoch(scanned) if scanned else None
            holds = any(
                within(
                    at,
                    *(
                        epoch(one[end]) if one.get(end) else None
                        for end in ("startInclusive", "endInclusive")
                    ),
                )
                for one in conditions
            )
        if not holds:
            return False
    return True


_GROUPS = {
    "SCAN_STATUS_CODE": lambda r: r["scanStatus"]["statusCode"],
    "SCAN_STATUS_REASON": lambda r: r["scanStatus"]["reason"],
    "ACCOUNT_ID": lambda r: r["accountId"],
    "RESOURCE_TYPE": lambda r: r["resourceType"],
}


def handlers(estate: Estate) -> dict[str, Handler]:
    """BatchGetAccountStatus, ListCoverage and ListCoverageStatistics."""

    def batch_get_account_status(call: Call) -> dict[str, Any]:
        accounts, failed = [], []
        for account in call.params.get("accountIds") or [call.account]:
            if account != call.account:
                failed.append(
                    {
                        "accountId": account,
                        "errorCode": "ACCESS_DENIED",
                        "errorMessage": "Invoking account does not have access to the account",
                    }
                )
                continue
            accounts.append(
                {
                    "accountId": account,
                    "state": _state(True),
                    "resourceState": {name: _state(on) for name, on in _SCANS.items()},
                }
            )
        return {"accounts": accounts, "failedAccounts": failed}

    def list_coverage(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID, member="nextToken")
        size = page_size(call, member="maxResults", default=200, most=200, error=INVALID)
        criteria = call.params.get("filterCriteria") or {}
        found = [one for one in covered(estate, call, cursor.as_of) if _passes(one, criteria)]
        page, token = cursor.cut(found, size)
        return with_token({"coveredResources": page}, token, "nextToken")

    def list_coverage_statistics(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID, member="nextToken")
        criteria = call.params.get("filterCriteria") or {}
        found = [one for one in covered(estate, call, cursor.as_of) if _passes(one, criteria)]
        answer: dict[str, Any] = {"totalCounts": len(found)}
        group = call.params.get("groupBy")
        if group in _GROUPS and found:
            # The service gives the counts and the kind of key, not the key itself.
            counts = Counter(_GROUPS[group](one) for one in found)
            answer["countsByGroup"] = [
                {"count": count, "groupKey": group} for _, count in sorted(counts.items())
            ]
        return answer

    return {
        "BatchGetAccountStatus": batch_get_account_status,
        "ListCoverage": list_coverage,
        "ListCoverageStatistics": list_coverage_statistics,
    }
