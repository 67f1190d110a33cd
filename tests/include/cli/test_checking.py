"""What is asked for is checked before anything is started."""

from include.assessment.period import parse_period
from include.cli.checking import last_months


def test_several_periods_are_assessed_the_oldest_first() -> None:
    asked = last_months(parse_period("2026-01"), 3)
    assert [period.label for period in asked] == ["2025-11", "2025-12", "2026-01"]
    assert last_months(parse_period("2026-01"), 1) == [parse_period("2026-01")]
