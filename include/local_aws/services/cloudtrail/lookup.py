"""LookupEvents: who did what in the last 90 days, newest first, by one attribute."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from include.local_aws.estate.store import Estate
from include.local_aws.overlay import Call, Handler, ServiceError
from include.local_aws.services.cloudtrail.records import record_of
from include.local_aws.services.moments import DAY, epoch, moment
from include.local_aws.services.paging import Cursor, page_size, with_token

#: How long CloudTrail's event history reaches back.
REACH = 90 * DAY
_EQUALS = {"EventId": "event_id", "EventName": "name", "Username": "username",
           "EventSource": "event_source"}  # fmt: skip
_IN_RESOURCES = {"ResourceType": "ResourceType", "ResourceName": "ResourceName"}


def _condition(key: str, value: str) -> tuple[str, Any]:
    """SQL for one lookup attribute, and its parameter."""
    if key in _EQUALS:
        return f"{_EQUALS[key]} = ?", value
    if key == "ReadOnly":
        if value not in ("true", "false"):
            raise ServiceError(
                "InvalidLookupAttributesException", "ReadOnly must be 'true' or 'false'."
            )
        return "read_only = ?", int(value == "true")
    if key in _IN_RESOURCES:
        member = _IN_RESOURCES[key]
        return (
            "EXISTS (SELECT 1 FROM json_each(resources)"
            f" WHERE json_extract(json_each.value, '$.{member}') = ?)",
            value,
        )
    if key == "AccessKeyId":
        return "json_extract(payload, '$.userIdentity.accessKeyId') = ?", value
    raise ServiceError("InvalidLookupAttributesException", f"{key} is not a lookup attribute.")


def to_event(row: sqlite3.Row) -> dict[str, Any]:
    """A row as an Event, with the whole record as JSON text in CloudTrailEvent."""
    record = record_of(row)
    answer = {
        "EventId": row["event_id"],
        "EventName": row["name"],
        "ReadOnly": "true" if row["read_only"] else "false",
        "EventTime": moment(row["at_t"]),
        "EventSource": row["event_source"],
        "Resources": json.loads(row["resources"] or "[]"),
        "CloudTrailEvent": json.dumps(record),
    }
    if row["username"]:
        answer["Username"] = row["username"]
    key = (record.get("userIdentity") or {}).get("accessKeyId")
    if key:
        answer["AccessKeyId"] = key
    return answer


def handlers(estate: Estate) -> dict[str, Handler]:
    """LookupEvents."""

    def lookup_events(call: Call) -> dict[str, Any]:
        cursor = Cursor.of(call, "InvalidNextTokenException")
        size = page_size(
            call, member="MaxResults", default=50, most=50, error="InvalidMaxResultsException"
        )
        attributes = call.params.get("LookupAttributes") or []
        if len(attributes) > 1:
            raise ServiceError(
                "InvalidLookupAttributesException", "You can only specify one lookup attribute."
            )
        start = epoch(call.params.get("StartTime") or 0)
        end = epoch(call.params.get("EndTime") or call.now)
        if start > end:
            raise ServiceError(
                "InvalidTimeRangeException", "The start time must be before the end time."
            )
        if end < cursor.as_of - REACH or start > cursor.as_of:
            raise ServiceError(
                "InvalidTimeRangeException",
                "The time range is outside the range of possible values: the last 90 days.",
            )
        if call.params.get("EventCategory"):
            return {"Events": []}  # Insights are not enabled on any trail.
        sql = "SELECT * FROM events WHERE account = ? AND region = ? AND at_t >= ? AND at_t <= ?"
        parameters: list[Any] = [
            call.account,
            call.region,
            max(start, cursor.as_of - REACH),
            min(end, cursor.as_of),
        ]
        for attribute in attributes:
            condition, value = _condition(attribute["AttributeKey"], attribute["AttributeValue"])
            sql += f" AND {condition}"
            parameters.append(value)
        rows = estate.rows(
            sql + " ORDER BY at_t DESC, event_id DESC LIMIT ? OFFSET ?",
            [*parameters, size + 1, cursor.offset],
        )
        token = cursor.token(cursor.offset + size) if len(rows) > size else None
        return with_token({"Events": [to_event(row) for row in rows[:size]]}, token)

    return {"LookupEvents": lookup_events}
