"""What a trail's status and selectors say of what it has logged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.sources.trail_keys import date_folders
from include.sources.trail_places import _left_out, _logged, uncovered


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 5, number, hour, tzinfo=UTC)


def management(**members: Any) -> dict[str, Any]:
    return {"ReadWriteType": "All", "IncludeManagementEvents": True, **members}


def advanced(*fields: tuple[str, str]) -> dict[str, Any]:
    return {"FieldSelectors": [{"Field": name, "Equals": [value]} for name, value in fields]}


@pytest.mark.parametrize(
    ("selectors", "left_out"),
    [
        ({"EventSelectors": [management()]}, ()),
        ({"EventSelectors": [management(ReadWriteType="WriteOnly")]}, ("reads",)),
        (
            {
                "EventSelectors": [
                    management(ReadWriteType=one) for one in ("WriteOnly", "ReadOnly")
                ]
            },
            (),
        ),
        (
            {
                "EventSelectors": [
                    management(
                        ExcludeManagementEventSources=["kms.amazonaws.com", "rdsdata.amazonaws.com"]
                    )
                ]
            },
            ("the events of kms.amazonaws.com",),
        ),
        (
            {"EventSelectors": [management(IncludeManagementEvents=False)]},
            ("all management events",),
        ),
        ({"AdvancedEventSelectors": [advanced(("eventCategory", "Management"))]}, ()),
        (
            {"AdvancedEventSelectors": [advanced(("eventCategory", "Data"))]},
            ("all management events",),
        ),
        (
            {
                "AdvancedEventSelectors": [
                    advanced(("eventCategory", "Management"), ("readOnly", "false"))
                ]
            },
            ("the management events that its advanced selectors don't name",),
        ),
        ({}, ()),
    ],
)
def test_selectors_that_leave_out_management_events_are_seen(
    selectors: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    assert _left_out(selectors) == left_out


def test_only_the_last_time_of_logging_is_known() -> None:
    now = day(20)
    started, stopped = {"StartLoggingTime": day(1)}, {"StopLoggingTime": day(9)}
    assert _logged({"IsLogging": True, **started}, now) == (day(1), now)
    assert _logged({"IsLogging": False, **started, **stopped}, now) == (day(1), day(9))
    again = {"StartLoggingTime": day(12)}
    assert _logged({"IsLogging": True, **again, **stopped}, now) == (day(12), now)
    assert _logged({"IsLogging": False}, now) is None


def test_what_is_not_covered_is_left() -> None:
    assert uncovered((day(1), day(9)), [(day(4), day(6)), (day(2), day(3))]) == [
        (day(1), day(2)),
        (day(3), day(4)),
        (day(6), day(9)),
    ]
    assert uncovered((day(2), day(3)), [(day(1), day(9))]) == []
    assert uncovered((day(2), day(3)), []) == [(day(2), day(3))]
    assert uncovered((day(2), day(3)), [(day(5), day(6))]) == [(day(2), day(3))]


def test_a_whole_month_is_one_folder() -> None:
    april, june = datetime(2026, 4, 30, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
    assert list(date_folders(april, june)) == ["2026/04/30", "2026/05", "2026/06/01", "2026/06/02"]
    assert list(date_folders(day(3, 5), day(3, 7))) == ["2026/05/03"]
    leap = datetime(2028, 2, 1, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)
    assert list(date_folders(*leap)) == ["2028/02", "2028/03/01"]
