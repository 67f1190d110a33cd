"""The hub: whether it is enabled, how it makes findings, and the standards it is subscribed to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch, iso_millis
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.securityhub.standards import standards
from include.local_aws.services.securityhub.switches import place

BAD_INPUT = "InvalidInputException"


@lru_cache(maxsize=1024)
def _switches(estate: Estate, account: str, region: str) -> tuple[tuple[int, int | None], ...]:
    rows = estate.rows(
        "SELECT value, from_t, to_t FROM facts WHERE arn = ? AND property = 'SecurityHub'",
        (account_identity(account, region),),
    )
    return tuple((row["from_t"], row["to_t"]) for row in rows if row["value"] == "true")


def subscribed_since(estate: Estate, account: str, region: str, at: int) -> int | None:
    """Since when the hub is on (epoch seconds); None while it is not."""
    for start, end in _switches(estate, account, region):
        if start <= at and (end is None or at < end):
            return start
    return None


def enabled_since(estate: Estate, call: Call) -> int:
    """Since when the caller's hub is on; InvalidAccessException while it is not."""
    since = subscribed_since(estate, call.account, call.region, epoch(call.now))
    if since is None:
        raise ServiceError(
            "InvalidAccessException",
            f"Account {call.account} is not subscribed to AWS Security Hub",
        )
    return since


def asked_size(call: Call, *, default: int = 100, most: int = 100) -> int:
    """MaxResults, or InvalidInputException."""
    return page_size(call, member="MaxResults", default=default, most=most, error=BAD_INPUT)


def handlers(estate: Estate) -> dict[str, Handler]:
    """DescribeHub and the standards."""

    def describe_hub(call: Call) -> dict[str, Any]:
        since = enabled_since(estate, call)
        arn = f"arn:aws:securityhub:{call.region}:{call.account}:hub/default"
        if call.params.get("HubArn", arn) != arn:
            raise ServiceError(
                "ResourceNotFoundException", f"Hub {call.params['HubArn']} not found"
            )
        return {
            "HubArn": arn,
            "SubscribedAt": iso_millis(since),
            "AutoEnableControls": True,
            "ControlFindingGenerator": (
                "SECURITY_CONTROL"
                if place(estate, call.account, call.region).consolidated
                else "STANDARD_CONTROL"
            ),
        }

    def get_enabled_standards(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        wanted = call.params.get("StandardsSubscriptionArns")
        found = [
            {
                "StandardsSubscriptionArn": one.subscription(call.account, call.region),
                "StandardsArn": one.arn(call.region),
                "StandardsInput": {},
                "StandardsStatus": "READY",
                "StandardsControlsUpdatable": "READY_FOR_UPDATES",
            }
            for one in place(estate, call.account, call.region).subscriptions(cursor.as_of)
            if not wanted or one.subscription(call.account, call.region) in wanted
        ]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"StandardsSubscriptions": page}, token)

    def describe_standards(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, BAD_INPUT)
        found = [
            {
                "StandardsArn": one.arn(call.region),
                "Name": one.name,
                "Description": f"The controls of {one.name} that can be checked automatically.",
                "EnabledByDefault": one.by_default,
                "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
            }
            for one in standards()
        ]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"Standards": page}, token)

    return {
        "DescribeHub": describe_hub,
        "GetEnabledStandards": get_enabled_standards,
        "DescribeStandards": describe_standards,
    }
