"""What the tests of estates share: the clock, the months' boundaries, an estate with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.local_aws.estate.store import Estate

CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
#: Boundaries of the default estate's months, the last one included.
BOUNDARIES = [datetime(2026, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11)]


@dataclass(frozen=True)
class Made:
    """An estate and its ground truth."""

    estate: Estate
    truth: dict[str, Any]
    directory: Path
