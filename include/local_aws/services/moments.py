"""Times inside the overlays: the estate counts epoch seconds, the API speaks aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from include.clock import from_epoch, from_iso
from include.local_aws.estate import evaluate

HOUR = 3_600
DAY = 24 * HOUR


def epoch(at: Any) -> int:
    """Epoch seconds of a parsed request time: a datetime (naive means UTC), number or ISO text."""
    if isinstance(at, str):
        at = from_iso(at)
    if isinstance(at, datetime):
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    return int(at)


def moment(seconds: int) -> datetime:
    """Epoch seconds as the aware UTC time an answer carries."""
    return from_epoch(seconds)


def iso_millis(seconds: int) -> str:
    """``2026-10-31T23:59:59.000Z``: how Security Hub writes times inside findings."""
    return f"{from_epoch(seconds):%Y-%m-%dT%H:%M:%S}.000Z"


def daily_run(source: str, check_id: str, account: str, region: str) -> int:
    """Seconds after midnight (UTC) at which a periodic rule or control runs, every day.

    The same time of day as the estate's recordings have: each rule keeps one of its own.
    """
    return evaluate.daily_run(f"{source}:{check_id}:{account}:{region}")


def last_daily_run(now: int, since: int, run: int) -> int:
    """The latest run at or before ``now``; ``since`` (the first run) if none came later.

    ``run`` is the time of day in seconds.
    """
    latest = now - now % DAY + run
    if latest > now:
        latest -= DAY
    return max(latest, since)
