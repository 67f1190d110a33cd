"""Times inside the overlays: the estate counts epoch seconds, the API speaks aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from include.clock import from_epoch, from_iso

DAY = 86_400

#: Hour (UTC) at which periodic rules and controls run, every day. Chosen after midnight, so that
#: on the first of a month their latest run lies after the month they are asked about.
DAILY_RUN_HOUR = 4


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


def last_daily_run(now: int, since: int) -> int:
    """The latest daily run at or before ``now``; ``since`` (the first run) if none came later."""
    midnight = now - now % DAY
    run = midnight + DAILY_RUN_HOUR * 3600
    if run > now:
        run -= DAY
    return max(run, since)
