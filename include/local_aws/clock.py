"""The estate's own clock: set once, ticking on with real time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class EstateClock:
    """Estate time = ``start`` plus the seconds since this object was made."""

    def __init__(self, start: datetime) -> None:
        self.start = start.astimezone(UTC)
        self._since = time.monotonic()

    def now(self) -> datetime:
        """The time it is in the estate; aware, UTC."""
        return self.start + timedelta(seconds=time.monotonic() - self._since)
