"""When Inspector scans: every running instance once a day."""

from __future__ import annotations

from include.local_aws.services.moments import HOUR, last_daily_run

#: Time of day (UTC) of the daily scan.
SCAN = 3 * HOUR


def last_scan(now: int, since: int) -> int:
    """The latest scan at or before ``now`` of what exists since ``since`` (epoch seconds)."""
    return last_daily_run(now, since, SCAN)
