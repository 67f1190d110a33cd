"""How long things failed, since when, and how long it took to fix them: worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from include.assessment.result import Assessment
from include.metrics.compute import compute_metrics
from include.metrics.model import Row
from tests.include.assessment.estate import AWAY, HOME
from tests.include.metrics.months import BOTH, fails, hub_says, month, passes

START, END = "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"


def found(now: Assessment, *earlier: Assessment) -> Row:
    return compute_metrics(now, earlier=earlier).non_compliance


def only(now: Assessment, *earlier: Assessment) -> Row:
    (row,) = found(now, *earlier)["failures"]
    return dict(row)


def since(row: Row) -> tuple[Any, ...]:
    return row["since"], row["since_known"], row["since_exact"]


def test_days_are_counted_from_the_start_to_the_end_of_the_period() -> None:
    row = only(month("2026-10", fails("i-1", ("2026-10-22T12:00:00Z", ""))))
    # 22 October noon to 1 November: 9.5 days.
    assert (row["days"], row["state"], row["hours_to_fix"]) == (9.5, "failing", None)
    assert row["intervals"] == [["2026-10-22T12:00:00Z", None]]
    assert since(row) == ("2026-10-22T12:00:00Z", "within_period", True)


def test_halves_of_a_hundredth_of_a_day_are_rounded_up() -> None:
    row = only(month("2026-10", fails("i-1", ("2026-10-05T09:00:00Z", ""))))
    # 5 October 9:00 to 1 November: 26 days and 15 hours, 26.625 days; round() would make 26.62.
    assert row["days"] == 26.63


def test_an_end_that_is_the_periods_own_is_open() -> None:
    row = only(month("2026-10", fails("i-1", ("2026-10-31T00:00:00Z", END))))
    assert (row["intervals"], row["days"]) == ([["2026-10-31T00:00:00Z", None]], 1.0)


def test_overlapping_words_of_two_sources_are_one_stretch() -> None:
    by_config = [("2026-10-02T00:00:00Z", "2026-10-05T00:00:00Z"), ("2026-10-30T00:00:00Z", "")]
    by_hub = [("2026-10-04T00:00:00Z", "2026-10-06T00:00:00Z"), ("2026-10-31T00:00:00Z", "")]
    row = only(
        month(
            "2026-10",
            fails("i-1", *by_config),
            hub_says("FAIL", "i-1", *by_hub),
            checks=[BOTH],
        )
    )
    # 2nd to 6th: four days; 30th to the end: two.
    assert row["days"] == 6.0
    assert row["intervals"] == [
        ["2026-10-02T00:00:00Z", "2026-10-06T00:00:00Z"],
        ["2026-10-30T00:00:00Z", None],
    ]
    assert row["sources"] == ["aws_config", "security_hub"]


def test_what_reaches_over_the_periods_ends_is_cut_and_its_start_is_kept() -> None:
    row = only(month("2026-10", fails("i-1", ("2026-09-20T00:00:00Z", "2026-11-03T00:00:00Z"))))
    assert (row["intervals"], row["days"]) == ([[START, None]], 31.0)
    assert since(row) == ("2026-09-20T00:00:00Z", "before_period", True)


def test_the_last_of_february_counts_in_a_leap_year() -> None:
    row = only(month("2028-02", fails("i-1", ("2028-02-01T00:00:00Z", ""))))
    assert row["days"] == 29.0
    row = only(month("2027-02", fails("i-1", ("2027-02-01T00:00:00Z", ""))))
    assert row["days"] == 28.0


def test_what_no_source_knows_is_not_guessed() -> None:
    figures = found(month("2026-10", fails("i-1"), fails("i-2", ("2026-10-31T00:00:00Z", ""))))
    one, two = figures["failures"]
    assert (one["days"], one["intervals"], since(one)) == (None, [], (None, "unknown", False))
    assert two["days"] == 1.0
    assert figures["totals"] == {
        "resource_days": 1.0,
        "failing": 2,
        "fixed": 0,
        "gone": 0,
        "with_history": 1,
    }


def test_fixed_within_the_period_takes_from_its_start_to_its_end() -> None:
    figures = found(
        month(
            "2026-10",
            passes("i-1", ("2026-10-03T10:00:00Z", "2026-10-04T16:30:00Z")),
            passes("i-2", ("2026-10-03T00:00:00Z", "2026-10-03T01:00:00Z")),
        )
    )
    one, two = figures["failures"]
    assert (one["state"], one["hours_to_fix"], one["days"]) == ("fixed", 30.5, 1.27)
    assert two["hours_to_fix"] == 1.0
    # (30.5 + 1) / 2
    assert figures["mean_time_to_fix_hours"] == 15.75
    assert (figures["fixed_count"], figures["fixed_with_known_start"]) == (2, 2)
    assert figures["by_severity"][1] == {
        "severity": "HIGH",
        "fixed": 2,
        "mean_time_to_fix_hours": 15.75,
        "resource_days": 1.31,
    }


def test_what_failed_when_the_period_began_has_no_time_to_fix_unless_its_start_is_known() -> None:
    october = month("2026-10", passes("i-1", (START, "2026-10-02T00:00:00Z")))
    figures = found(october)
    assert figures["failures"][0]["hours_to_fix"] is None
    assert since(figures["failures"][0]) == (START, "before_period", False)
    assert figures["mean_time_to_fix_hours"] is None
    assert (figures["fixed_count"], figures["fixed_with_known_start"]) == (1, 0)
    september = month("2026-09", fails("i-1", ("2026-09-30T00:00:00Z", "")))
    figures = found(october, september)
    assert figures["failures"][0]["hours_to_fix"] == 48.0
    assert since(figures["failures"][0]) == ("2026-09-30T00:00:00Z", "earlier_periods", True)


def test_since_goes_back_while_it_failed_at_each_periods_end() -> None:
    july = month("2026-07", fails("i-1", ("2026-07-03T00:00:00Z", "")))
    august = month("2026-08", fails("i-1", ("2026-08-01T00:00:00Z", "")))
    september = month("2026-09", fails("i-1", ("2026-09-01T00:00:00Z", "")))
    october = month("2026-10", fails("i-1", (START, "")))
    assert since(only(october, july, august, september)) == (
        "2026-07-03T00:00:00Z",
        "earlier_periods",
        True,
    )
    # August says that it began anew: what was before is another failure.
    twice = [("2026-08-01T00:00:00Z", "2026-08-05T00:00:00Z"), ("2026-08-09T00:00:00Z", "")]
    anew = month("2026-08", fails("i-1", *twice))
    assert since(only(october, july, anew, september))[0] == "2026-08-09T00:00:00Z"
    # And where a period has no result, nobody knows what was in it.
    assert since(only(october, july, august)) == (START, "before_period", False)


def test_seen_failing_at_two_ends_is_not_seen_in_between() -> None:
    september = month("2026-09", fails("i-1", ("2026-09-10T00:00:00Z", "")))
    row = only(month("2026-10", fails("i-1")), september)
    assert since(row) == ("2026-09-10T00:00:00Z", "earlier_periods", False)
    row = only(month("2026-10", fails("i-1")), month("2026-09", fails("i-1")))
    assert since(row) == (START, "earlier_periods", False)


def test_a_resource_that_went_before_the_end_has_its_days_and_was_not_fixed() -> None:
    gone = fails("i-1", ("2026-10-05T00:00:00Z", "2026-10-07T00:00:00Z"), in_population=False)
    figures = found(month("2026-10", gone))
    (row,) = figures["failures"]
    assert (row["state"], row["days"], row["hours_to_fix"]) == ("gone", 2.0, None)
    assert (figures["fixed_count"], figures["totals"]["gone"]) == (0, 1)


def test_a_resource_that_two_regions_show_fails_once() -> None:
    rows = (
        fails("bucket", ("2026-10-05T00:00:00Z", ""), region=HOME),
        passes("bucket", ("2026-10-03T00:00:00Z", "2026-10-06T00:00:00Z"), region=AWAY),
    )
    row = only(month("2026-10", *rows, regions=[HOME, AWAY]))
    assert (row["state"], row["days"]) == ("failing", 29.0)


def test_a_failure_that_a_source_without_history_tells_of_is_not_taken_for_fixed() -> None:
    rows = (
        fails("bucket", region=HOME),
        passes("bucket", ("2026-10-03T00:00:00Z", "2026-10-06T00:00:00Z"), region=AWAY),
    )
    figures = found(month("2026-10", *rows, regions=[HOME, AWAY]))
    (row,) = figures["failures"]
    assert (row["state"], row["days"], row["hours_to_fix"]) == ("failing", 3.0, None)
    assert since(row) == (None, "unknown", False)
    assert figures["fixed_count"] == 0


@pytest.mark.parametrize("judge", ["period_end", "whole_period"])
def test_where_the_whole_period_is_judged_what_was_fixed_still_fails_and_has_its_time_to_fix(
    judge: str,
) -> None:
    october = month(
        "2026-10", passes("i-1", ("2026-10-05T00:00:00Z", "2026-10-06T12:00:00Z")), judge=judge
    )
    figures = found(october)
    (row,) = figures["failures"]
    assert row["state"] == ("failing" if judge == "whole_period" else "fixed")
    assert (row["days"], row["hours_to_fix"], figures["fixed_count"]) == (1.5, 36.0, 1)


def test_nothing_failing_is_zero_days_and_no_mean() -> None:
    figures = found(month("2026-10", passes("i-1")))
    assert (figures["failures"], figures["mean_time_to_fix_hours"]) == ([], None)
    assert figures["totals"]["resource_days"] == 0.0
