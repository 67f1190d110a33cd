"""GetFindingHistory: when a finding's result changed, at most 90 days back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import DAY, epoch, moment
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.securityhub.findings import finding_id, product_arn
from include.local_aws.services.securityhub.hub import BAD_INPUT, asked_size, enabled_since
from include.local_aws.services.verdicts import deployments

#: How long Security Hub remembers.
REACH = 90 * DAY
#: The service may give fewer records than asked for, with a token; it does so from here on.
SHORT_PAGE = 5

_STATUS = {"PASS": "PASSED", "FAIL": "FAILED"}


@lru_cache(maxsize=256)
def _subjects(estate: Estate, account: str, region: str, control: str) -> dict[str, str]:
    """The resource behind each finding id a control ever had in a region."""
    rows = estate.rows(
        "SELECT DISTINCT arn FROM recordings WHERE source = 'security_hub' AND account = ?"
        " AND region = ? AND keyword = ?",
        (account, region, control),
    )
    return {finding_id(account, region, control, row["arn"]): row["arn"] for row in rows}


def transitions(
    estate: Estate, account: str, region: str, control: str, arn: str, at: int
) -> list[tuple[int, bool, list[dict[str, str]]]]:
    """(time, whether the finding was created then, updates) up to ``at``, oldest first."""
    rows = estate.rows(
        "SELECT status, at_t FROM recordings WHERE source = 'security_hub' AND account = ?"
        " AND region = ? AND keyword = ? AND arn = ? AND at_t <= ? ORDER BY at_t, rowid",
        (account, region, control, arn, at),
    )
    states: list[tuple[int, str]] = [(row["at_t"], row["status"]) for row in rows]
    # A control that is switched off archives its findings, like a resource that is gone.
    covering = [
        deployed
        for deployed in deployments(estate, "security_hub", account, region)
        if deployed.keyword == control
    ]
    for deployed in covering:
        end = deployed.to_t
        if end is not None and end <= at and not any(other.covers(end) for other in covering):
            states.append((end, "GONE"))
    states.sort(key=lambda state: state[0])
    found: list[tuple[int, bool, list[dict[str, str]]]] = []
    result, archived = "", False
    for when, status in states:
        updates: list[dict[str, str]] = []
        gone = status == "GONE"
        if result and gone != archived:
            old, new = ("ACTIVE", "ARCHIVED") if gone else ("ARCHIVED", "ACTIVE")
            updates.append({"UpdatedField": "RecordState", "OldValue": old, "NewValue": new})
        seen = result if gone else _STATUS.get(status, status)
        if result and seen != result:
            updates.append(
                {"UpdatedField": "Compliance.Status", "OldValue": result, "NewValue": seen}
            )
        if seen and (not result or updates):
            found.append((when, not result, updates))
        result, archived = seen, gone
    return found


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetFindingHistory."""

    def get_finding_history(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        start = epoch(call.params.get("StartTime") or 0)
        end = epoch(call.params.get("EndTime") or call.now)
        if start > end:
            raise ServiceError(BAD_INPUT, "StartTime must not be later than EndTime.")
        asked = call.params["FindingIdentifier"]
        id_, product = asked["Id"], asked["ProductArn"]
        control = id_.rsplit("/finding/", 1)[0].rsplit("/", 1)[-1]
        arn = _subjects(estate, call.account, call.region, control).get(id_)
        records = []
        if arn is not None and product == product_arn(call.region):
            low = max(start, cursor.as_of - REACH)
            high = min(end, cursor.as_of)
            records = [
                {
                    "FindingIdentifier": {"Id": id_, "ProductArn": product},
                    "UpdateTime": moment(when),
                    "FindingCreated": created,
                    "UpdateSource": {
                        "Type": "BATCH_IMPORT_FINDINGS",
                        "Identity": product_arn(call.region),
                    },
                    "Updates": updates,
                }
                for when, created, updates in transitions(
                    estate, call.account, call.region, control, arn, cursor.as_of
                )
                if low <= when <= high
            ]
        records.reverse()
        page, token = cursor.cut(records, min(asked_size(call), SHORT_PAGE))
        return with_token({"Records": page}, token)

    return {"GetFindingHistory": get_finding_history}
