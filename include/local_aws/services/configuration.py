"""Configurations of many resources at once, and the estate's unchanging facts read only once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from include.local_aws.estate.store import Estate

#: Bound values per statement, well below what SQLite allows.
_CHUNK = 500


def facts_of(estate: Estate, arns: Iterable[str], at: int) -> dict[str, dict[str, Any]]:
    """Each resource's properties at ``at`` (epoch seconds), by ARN; ``{}`` where there are none."""
    wanted: Sequence[str] = list(arns)
    found: dict[str, dict[str, Any]] = {arn: {} for arn in wanted}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = estate.rows(
            f"SELECT arn, property, value FROM facts WHERE arn IN ({','.join('?' * len(chunk))})"
            " AND from_t <= ? AND (to_t IS NULL OR to_t > ?)",
            (*chunk, at, at),
        )
        for row in rows:
            found[row["arn"]][row["property"]] = json.loads(row["value"])
    return found


@lru_cache(maxsize=64)
def home_region(estate: Estate) -> str:
    """Where global resources are recorded."""
    return estate.regions[0]
