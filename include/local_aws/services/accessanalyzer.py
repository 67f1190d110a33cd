"""IAM Access Analyzer: which analyzers are active in a region."""

from __future__ import annotations

from typing import Any

from include.evidence.identity import account_identity
from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

NAME = "external-access"


def analyzers(estate: Estate, call: Call, at: int) -> list[dict[str, Any]]:
    """The place's analyzers at ``at``: one for external access, or none."""
    rows = estate.rows(
        "SELECT value, from_t FROM facts WHERE arn = ? AND property = 'AccessAnalyzer'"
        " AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
        (account_identity(call.account, call.region), at, at),
    )
    if not rows or rows[0]["value"] != "true":
        return []
    return [
        {
            "arn": f"arn:aws:access-analyzer:{call.region}:{call.account}:analyzer/{NAME}",
            "name": NAME,
            "type": "ACCOUNT",
            "createdAt": moment(rows[0]["from_t"]),
            "status": "ACTIVE",
            "tags": {},
        }
    ]


def handlers(estate: Estate) -> dict[str, Handler]:
    """ListAnalyzers and GetAnalyzer."""

    def list_analyzers(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, "ValidationException", member="nextToken")
        size = page_size(
            call, member="maxResults", default=100, most=1000, error="ValidationException"
        )
        wanted = call.params.get("type")
        found = [
            one for one in analyzers(estate, call, cursor.as_of) if wanted in (None, one["type"])
        ]
        page, token = cursor.cut(found, size)
        return with_token({"analyzers": page}, token, "nextToken")

    def get_analyzer(call: Call) -> dict[str, Any]:
        name = call.params["analyzerName"]
        for one in analyzers(estate, call, epoch(call.now)):
            if one["name"] == name:
                return {"analyzer": one}
        raise ServiceError(
            "ResourceNotFoundException",
            f"Analyzer {name} does not exist.",
            resourceId=name,
            resourceType="ANALYZER",
        )

    return {"ListAnalyzers": list_analyzers, "GetAnalyzer": get_analyzer}
