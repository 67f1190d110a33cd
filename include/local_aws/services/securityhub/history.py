"""GetFindingHistory: when a finding's result, record state or workflow changed, 90 days back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.moments import DAY, epoch, moment
from include.local_aws.services.paging import Cursor, with_token
from include.local_aws.services.securityhub.findings import Finding, finding_with, product_arn
from include.local_aws.services.securityhub.hub import BAD_INPUT, asked_size, enabled_since
from include.local_aws.services.securityhub.lifecycle import State
from include.local_aws.services.securityhub.organisation import places_seen

#: How long Security Hub remembers.
REACH = 90 * DAY
#: The service may give fewer records than asked for, with a token; it does so from here on.
SHORT_PAGE = 5


def _updates(before: State, after: State) -> list[dict[str, str]]:
    archived = {True: "ARCHIVED", False: "ACTIVE"}
    changed = (
        ("RecordState", archived[before.archived], archived[after.archived]),
        ("Compliance.Status", before.status, after.status),
        ("Workflow.Status", before.workflow, after.workflow),
    )
    return [
        {"UpdatedField": field, "OldValue": old, "NewValue": new}
        for field, old, new in changed
        if old != new
    ]


def changes(finding: Finding) -> Iterator[tuple[int, bool, str, list[dict[str, str]]]]:
    """(time, whether the finding was created then, by whom, updates), oldest first."""
    yield finding.created, True, "", []
    for before, after in zip(finding.states, finding.states[1:], strict=False):
        yield after.at, False, after.by, _updates(before, after)


def handlers(estate: Estate) -> dict[str, Handler]:
    """GetFindingHistory."""

    def find(call: Call, id_: str, at: int) -> Finding | None:
        parts = id_.split(":")
        if len(parts) < 6:
            return None
        region, account = parts[3:5]
        if (account, region) not in places_seen(estate, call.account, call.region, at):
            return None
        return finding_with(estate, account, region, id_, at)

    def get_finding_history(call: Call) -> dict[str, Any]:
        enabled_since(estate, call)
        cursor = Cursor.of(call, BAD_INPUT)
        start = epoch(call.params.get("StartTime") or 0)
        end = epoch(call.params.get("EndTime") or call.now)
        if start > end:
            raise ServiceError(BAD_INPUT, "StartTime must not be later than EndTime.")
        asked = call.params["FindingIdentifier"]
        id_, product = asked["Id"], asked["ProductArn"]
        finding = find(call, id_, cursor.as_of)
        records = []
        if finding is not None and product == product_arn(finding.region):
            low = max(start, cursor.as_of - REACH)
            high = min(end, cursor.as_of)
            records = [
                {
                    "FindingIdentifier": {"Id": id_, "ProductArn": product},
                    "UpdateTime": moment(when),
                    "FindingCreated": created,
                    "UpdateSource": {
                        "Type": "BATCH_UPDATE_FINDINGS" if by else "BATCH_IMPORT_FINDINGS",
                        "Identity": by or product_arn(call.region),
                    },
                    "Updates": updates,
                }
                for when, created, by, updates in changes(finding)
                if low <= when <= high
            ]
        records.reverse()
        page, token = cursor.cut(records, min(asked_size(call), SHORT_PAGE))
        return with_token({"Records": page}, token)

    return {"GetFindingHistory": get_finding_history}
