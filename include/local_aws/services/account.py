"""Account management: contacts and regions."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch
from include.local_aws.services.paging import Cursor, page_size, with_token


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetAlternateContact, GetContactInformation and ListRegions."""

    def _asked(call: Call) -> str:
        """The account asked about: another one only by the management account."""
        asked = call.params.get("AccountId")
        if asked is None:
            return call.account
        if call.account != estate.accounts[0] or asked not in estate.accounts:
            raise ServiceError(
                "AccessDeniedException",
                f"{call.caller_arn} is not authorized to ask about account {asked}.",
            )
        if asked == call.account:
            raise ServiceError(
                "ValidationException",
                "The management account asks about itself without AccountId.",
            )
        return str(asked)

    def get_alternate_contact(call: Call) -> dict[str, Any]:
        asked, kind = _asked(call), call.params["AlternateContactType"]
        contact = None
        if kind == "SECURITY":
            facts = estate.facts(account_identity(asked), epoch(call.now))
            contact = facts.get("SecurityContact")
        if not contact:
            raise ServiceError(
                "ResourceNotFoundException",
                "No contact of the inputted alternate contact type found.",
            )
        return {"AlternateContact": {"AlternateContactType": kind, **contact}}

    def get_contact_information(call: Call) -> dict[str, Any]:
        asked = _asked(call)
        row = estate.rows("SELECT name FROM accounts WHERE id = ?", (asked,))[0]
        return {
            "ContactInformation": {
                "FullName": "Account Owner",
                "CompanyName": row["name"],
                "AddressLine1": "1 Example Street",
                "City": "Exampletown",
                "PostalCode": "12345",
                "CountryCode": "US",
                "StateOrRegion": "WA",
                "PhoneNumber": "+1 555 0101",
            }
        }

    def list_regions(call: Call) -> dict[str, Any]:
        _asked(call)
        cursor = Cursor.of(call, "ValidationException")
        size = page_size(
            call, member="MaxResults", default=50, most=50, error="ValidationException"
        )
        status = "ENABLED_BY_DEFAULT"
        wanted = call.params.get("RegionOptStatusContains")
        regions = [
            {"RegionName": region, "RegionOptStatus": status}
            for region in sorted(estate.regions)
            if not wanted or status in wanted
        ]
        page, token = cursor.cut(regions, size)
        return with_token({"Regions": page}, token)

    return {
        "GetAlternateContact": get_alternate_contact,
        "GetContactInformation": get_contact_information,
        "ListRegions": list_regions,
    }
