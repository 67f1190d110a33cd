"""Audit periods: half-open UTC intervals with a label (``2026-10``, ``2026-Q3``, ``2026``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.clock import from_iso, iso
from include.errors import InputError

_FORMS = "use 2026-10 (month), 2026-Q3 (quarter), 2026 (year) or START/END in ISO 8601 with zone"


@dataclass(frozen=True, order=True)
class Period:
    """``start`` is inside the period, ``end`` is the first moment after it; both UTC."""

    start: datetime
    end: datetime
    label: str

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def __str__(self) -> str:
        return self.label

    def finished(self, now: datetime) -> bool:
        """Whether the whole period lies in the past at ``now``."""
        return self.end <= now


def _month(year: int, month: int) -> datetime:
    return datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=UTC)


def parse_period(text: str) -> Period:
    """Read a period label. Raises InputError that names the accepted forms."""
    text = text.strip()
    if found := re.fullmatch(r"(\d{4})-(\d{2})", text):
        year, month = int(found[1]), int(found[2])
        if year >= 1970 and 1 <= month <= 12:
            return Period(_month(year, month), _month(year, month + 1), text)
    elif found := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        year, first = int(found[1]), 3 * int(found[2]) - 2
        if year >= 1970:
            return Period(_month(year, first), _month(year, first + 3), text)
    elif re.fullmatch(r"\d{4}", text) and int(text) >= 1970:
        return Period(_month(int(text), 1), _month(int(text) + 1, 1), text)
    elif "/" in text:
        try:
            start, end = (from_iso(part) for part in text.split("/", 1))
        except ValueError as error:
            raise InputError(
                f"'{text}' is not a period: {error}.", hint=f"Please {_FORMS}."
            ) from None
        if start >= end:
            raise InputError(
                f"The period '{text}' ends before it begins.", hint=f"Please {_FORMS}."
            )
        return named(start, end)
    raise InputError(f"'{text}' is not a period.", hint=f"Please {_FORMS}.")


def named(start: datetime, end: datetime) -> Period:
    """The period of an interval, labelled as month, quarter or year where it is one."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if start == _month(start.year, start.month):
        for months, label in (
            (1, f"{start:%Y-%m}"),
            (3, f"{start.year}-Q{(start.month + 2) // 3}" if start.month % 3 == 1 else ""),
            (12, str(start.year) if start.month == 1 else ""),
        ):
            if label and end == _month(start.year, start.month + months):
                return Period(start, end, label)
    return Period(start, end, f"{iso(start)}/{iso(end)}")


def previous(period: Period) -> Period | None:
    """The month, quarter or year (also of a fiscal calendar) just before one; None of any other."""
    start, end = period.start, period.end
    months = (end.year - start.year) * 12 + end.month - start.month
    whole = start == _month(start.year, start.month) and end == _month(end.year, end.month)
    if not whole or months not in (1, 3, 12):
        return None
    return named(_month(start.year, start.month - months), start)


def last_finished_month(now: datetime) -> Period:
    """The last calendar month (UTC) that is over at ``now``."""
    first = _month(now.astimezone(UTC).year, now.astimezone(UTC).month)
    last_day = first - timedelta(days=1)
    return named(_month(last_day.year, last_day.month), first)


def require_finished(period: Period, now: datetime) -> None:
    """Refuse a period that ends after ``now``."""
    if not period.finished(now):
        raise InputError(
            f"The period {period} ends {iso(period.end)}, after the present ({iso(now)}).",
            hint=f"Choose a finished period, such as {last_finished_month(now)}.",
        )
