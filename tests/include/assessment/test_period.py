"""Periods: labels, half-open intervals, and what is refused."""

from datetime import UTC, datetime

import pytest

from include.assessment.period import last_finished_month, named, parse_period, require_finished
from include.errors import InputError


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-10", at(2026, 10, 1), at(2026, 11, 1)),
        ("2026-12", at(2026, 12, 1), at(2027, 1, 1)),
        ("2024-02", at(2024, 2, 1), at(2024, 3, 1)),
        ("2026-Q1", at(2026, 1, 1), at(2026, 4, 1)),
        ("2026-Q4", at(2026, 10, 1), at(2027, 1, 1)),
        ("2026", at(2026, 1, 1), at(2027, 1, 1)),
        (
            "2026-10-01T00:00:00Z/2026-10-15T12:00:00+02:00",
            at(2026, 10, 1),
            at(2026, 10, 15, 10),
        ),
    ],
)
def test_a_label_names_a_half_open_interval(text: str, start: datetime, end: datetime) -> None:
    period = parse_period(text)
    assert (period.start, period.end) == (start, end)
    assert start in period
    assert end not in period


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-00", "2026-Q5", "26-10", "October", "2026-10-01", "0000",
     "2026-10-02T00:00:00Z/2026-10-01T00:00:00Z", "2026-10-01T00:00:00/2026-10-02T00:00:00",
     "2026-10-01T00:00:00Z/later", "2026-10; rm"],
)  # fmt: skip
def test_what_is_no_period_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(InputError, match=r"2026-Q3"):
        parse_period(text)


@pytest.mark.parametrize("label", ["2026-10", "2026-Q3", "2026"])
def test_an_interval_that_is_a_calendar_period_gets_its_label(label: str) -> None:
    period = parse_period(label)
    assert named(period.start, period.end) == period


def test_the_last_finished_month_ends_at_the_first_of_this_one() -> None:
    assert last_finished_month(at(2026, 11, 1)).label == "2026-10"
    assert last_finished_month(at(2026, 10, 31, 23, 59, 59)).label == "2026-09"
    assert last_finished_month(at(2027, 1, 15)).label == "2026-12"


def test_a_period_that_has_not_ended_is_refused_and_a_finished_one_suggested() -> None:
    with pytest.raises(InputError, match="2026-10"):
        require_finished(parse_period("2026-11"), at(2026, 11, 30, 23, 59, 59))
    require_finished(parse_period("2026-11"), at(2026, 12, 1))
