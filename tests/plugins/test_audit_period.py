"""The timetable: which period a date means, and when it runs."""

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction

from plugins.timetables.audit_period import AuditPeriodTimetable


def utc(*parts: int) -> pendulum.DateTime:
    return pendulum.datetime(*parts, tz="UTC")


def set_clock(monkeypatch: pytest.MonkeyPatch, *parts: int) -> None:
    monkeypatch.setattr("plugins.timetables.audit_period._now", lambda: utc(*parts))


@pytest.fixture(autouse=True)
def _november(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, 2026, 11, 21, 12)


def interval(*pair: pendulum.DateTime) -> DataInterval:
    return DataInterval(start=pair[0], end=pair[1])


def test_a_date_in_a_finished_period_names_that_period() -> None:
    named = AuditPeriodTimetable("month").infer_manual_data_interval(run_after=utc(2026, 8, 1))
    assert named == interval(utc(2026, 8, 1), utc(2026, 9, 1))


def test_a_date_in_the_running_period_names_the_last_finished_one() -> None:
    named = AuditPeriodTimetable("month").infer_manual_data_interval(run_after=utc(2026, 11, 21))
    assert named == interval(utc(2026, 10, 1), utc(2026, 11, 1))


def test_a_date_in_the_future_names_the_last_finished_period() -> None:
    named = AuditPeriodTimetable("month").infer_manual_data_interval(run_after=utc(2031, 1, 1))
    assert named == interval(utc(2026, 10, 1), utc(2026, 11, 1))


def test_a_fiscal_quarter_starts_where_the_year_does() -> None:
    table = AuditPeriodTimetable("quarter", fiscal_start_month=2)
    assert table.infer_manual_data_interval(run_after=utc(2026, 9, 9)) == interval(
        utc(2026, 8, 1), utc(2026, 11, 1)
    )


def test_a_period_keeps_its_local_midnights_over_a_change_of_clocks() -> None:
    table = AuditPeriodTimetable("month", timezone="Europe/Berlin")
    assert table.infer_manual_data_interval(run_after=utc(2026, 10, 10)) == interval(
        utc(2026, 9, 30, 22), utc(2026, 10, 31, 23)
    )


def test_without_catchup_the_first_run_is_the_last_finished_period_after_settling() -> None:
    info = AuditPeriodTimetable("month").next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=utc(2024, 1, 1), latest=None, catchup=False),
    )
    assert info is not None
    assert info.data_interval == interval(utc(2026, 10, 1), utc(2026, 11, 1))
    assert info.run_after == utc(2026, 11, 1, 6)


def test_within_the_settling_delay_the_period_before_is_still_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_clock(monkeypatch, 2026, 11, 1, 3)
    info = AuditPeriodTimetable("month").next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(earliest=utc(2024, 1, 1), latest=None, catchup=False),
    )
    assert info is not None
    assert info.data_interval.start == utc(2026, 9, 1)


def test_with_catchup_every_period_from_the_start_date_runs_in_order() -> None:
    table = AuditPeriodTimetable("quarter")
    restriction = TimeRestriction(earliest=utc(2026, 1, 15), latest=utc(2026, 8, 1), catchup=True)
    seen, last = [], None
    while info := table.next_dagrun_info(
        last_automated_data_interval=last, restriction=restriction
    ):
        last = info.data_interval
        seen.append(last.start)
    assert seen == [utc(2026, 4, 1), utc(2026, 7, 1)]


def test_it_survives_serialisation() -> None:
    table = AuditPeriodTimetable(
        "year", fiscal_start_month=4, timezone="Asia/Tokyo", settle_hours=0
    )
    assert AuditPeriodTimetable.deserialize(table.serialize()).serialize() == table.serialize()


@pytest.mark.parametrize(
    "wrong", [{"period": "week"}, {"fiscal_start_month": 13}, {"settle_hours": -1}]
)
def test_wrong_settings_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AuditPeriodTimetable(**wrong)
