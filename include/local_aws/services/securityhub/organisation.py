"""Security Hub across accounts and regions: the administrator, its members, the aggregation region.

The account that the organisation keeps for security is the delegated administrator, else the
first one. Its hub in the home region also shows what linked regions and member accounts have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import moment
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.securityhub.findings import Finding, findings_in
from include.local_aws.services.securityhub.hub import (
    BAD_INPUT,
    asked_size,
    enabled_since,
    subscribed_since,
)


@lru_cache(maxsize=64)
def administrator(estate: Estate) -> str:
    """The delegated administrator's account."""
    rows = estate.rows("SELECT id FROM accounts WHERE name = 'security' ORDER BY rowid LIMIT 1")
    return str(rows[0]["id"]) if rows else estate.accounts[0]


@lru_cache(maxsize=64)
def _home(estate: Estate) -> str:
    return estate.regions[0]


def members(estate: Estate, region: str, at: int) -> list[str]:
    """The other accounts whose hub is on in a region."""
    return [
        account
        for account in estate.accounts
        if account != administrator(estate)
        and subscribed_since(estate, account, region, at) is not None
    ]


def places_seen(estate: Estate, account: str, region: str, at: int) -> Iterator[tuple[str, str]]:
    """The accounts and regions whose findings a hub shows: its own first."""
    regions = [region]
    if region == _home(estate):
        regions += [one for one in estate.regions if one != region]
    for shown in regions:
        yield account, shown
    if account == administrator(estate):
        for shown in regions:
            for member in members(estate, shown, at):
                yield member, shown


def seen_from(
    estate: Estate, account: str, region: str, at: int, only: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """The findings a hub shows; ``only`` may fix AwsAccountId and Region, to look there alone."""
    wanted = only or {}
    for owner, where in places_seen(estate, account, region, at):
        if wanted.get("AwsAccountId", owner) != owner or wanted.get("Region", where) != where:
            continue
        if subscribed_since(estate, owner, where, at) is not None:
            yield from findings_in(estate, owner, where, at)


def handlers(estate: Estate) -> dict[str, Handler]:
    """Members, the administrator and finding aggregators."""

    def list_members(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        found = []
        if call.account == administrator(estate):
            for member in members(estate, call.region, cursor.as_of):
                since = subscribed_since(estate, member, call.region, cursor.as_of)
                found.append(
                    {
                        "AccountId": member,
                        "AdministratorId": call.account,
                        "MasterId": call.account,
                        "MemberStatus": "Enabled",
                        "UpdatedAt": moment(since or 0),
                    }
                )
        page, token = cursor.cut(found, asked_size(call, default=50, most=50))
        return with_token({"Members": page}, token)

    def get_administrator_account(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        owner = administrator(estate)
        if call.account == owner or len(estate.accounts) == 1:
            return {}
        return {"Administrator": {"AccountId": owner, "MemberStatus": "Enabled"}}

    def aggregator() -> str:
        owner = administrator(estate)
        return f"arn:aws:securityhub:{_home(estate)}:{owner}:finding-aggregator/organisation"

    def list_finding_aggregators(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        alone = len(estate.regions) == 1
        found = [] if alone else [{"FindingAggregatorArn": aggregator()}]
        page, token = cursor.cut(found, asked_size(call))
        return with_token({"FindingAggregators": page}, token)

    def get_finding_aggregator(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        asked = call.params["FindingAggregatorArn"]
        if asked != aggregator() or len(estate.regions) == 1:
            raise ServiceError("ResourceNotFoundException", f"{asked} was not found.")
        return {
            "FindingAggregatorArn": asked,
            "FindingAggregationRegion": _home(estate),
            "RegionLinkingMode": "ALL_REGIONS",
        }

    def describe_organization_configuration(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        if call.account != administrator(estate) or len(estate.accounts) == 1:
            raise ServiceError(
                "InvalidAccessException",
                f"Account {call.account} is not an administrator for this organization",
            )
        return {
            "AutoEnable": True,
            "AutoEnableStandards": "DEFAULT",
            "MemberAccountLimitReached": False,
        }

    return {
        "ListMembers": list_members,
        "GetAdministratorAccount": get_administrator_account,
        "ListFindingAggregators": list_finding_aggregators,
        "GetFindingAggregator": get_finding_aggregator,
        "DescribeOrganizationConfiguration": describe_organization_configuration,
    }
