"""Inspector's delegated administrator and its members: the same as Security Hub's."""

from __future__ import annotations

from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler
from include.local_aws.services.inspector2.findings import INVALID
from include.local_aws.services.paging import Cursor, page_size, with_token
from include.local_aws.services.securityhub.organisation import administrator


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetDelegatedAdminAccount and ListMembers."""

    def get_delegated_admin_account(call: Call) -> dict[str, Any]:
        if len(estate.accounts) == 1:
            return {}
        account = administrator(estate)
        return {"delegatedAdmin": {"accountId": account, "relationshipStatus": "ENABLED"}}

    def list_members(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, INVALID, member="nextToken")
        size = page_size(call, member="maxResults", default=50, most=50, error=INVALID)
        owner = administrator(estate)
        found = [
            {
                "accountId": account,
                "delegatedAdminAccountId": owner,
                "relationshipStatus": "ENABLED",
            }
            for account in (estate.accounts if call.account == owner else ())
            if account != owner
        ]
        page, token = cursor.cut(found, size)
        return with_token({"members": page}, token, "nextToken")

    return {"GetDelegatedAdminAccount": get_delegated_admin_account, "ListMembers": list_members}
