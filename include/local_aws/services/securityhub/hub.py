"""The hub: whether it is enabled, its standards, and the features this estate does not use."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch, iso_millis
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.securityhub.standards import standards

BAD_INPUT = "InvalidInputException"


def enabled_since(estate: Estate, call: Call) -> int:
    """Since when the hub is on (epoch seconds); InvalidAccessException while it is not."""
    now = epoch(call.now)
    rows = estate.rows(
        "SELECT value, from_t FROM facts WHERE arn = ? AND property = 'SecurityHub'"
        " AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
        (account_identity(call.account, call.region), now, now),
    )
    if not rows or rows[0]["value"] != "true":
        raise ServiceError(
            "InvalidAccessException",
            f"Account {call.account} is not subscribed to AWS Security Hub",
        )
    return int(rows[0]["from_t"])


def asked_size(call: Call, *, default: int = 100, most: int = 100) -> int:
    """MaxResults, or InvalidInputException."""
    return page_size(call, member="MaxResults", default=default, most=most, error=BAD_INPUT)


def handlers(estate: Estate) -> dict[str, Handler]:
    """DescribeHub, the standards, and what is empty here."""

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
            "ControlFindingGenerator": "SECURITY_CONTROL",
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
            for one in standards()
            if one.enabled and (not wanted or one.subscription(call.account, call.region) in wanted)
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

    def empty(member: str) -> Handler:
        def answer(call: Call) -> dict[str, Any]:
            enabled_since(estate, call)
            Cursor.of(call, BAD_INPUT)
            return {member: []}

        return answer

    def get_administrator_account(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        return {}

    def describe_organization_configuration(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        raise ServiceError(
            "InvalidAccessException",
            f"Account {call.account} is not an administrator for this organization",
        )

    return {
        "DescribeHub": describe_hub,
        "GetEnabledStandards": get_enabled_standards,
        "DescribeStandards": describe_standards,
        "GetInsights": empty("Insights"),
        "ListFindingAggregators": empty("FindingAggregators"),
        "ListMembers": empty("Members"),
        "GetAdministratorAccount": get_administrator_account,
        "DescribeOrganizationConfiguration": describe_organization_configuration,
    }
