"""Keys of a trail's objects in S3, which lie in folders by their dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once
from include.sources.s3_objects import objects_below


def list_keys(
    out: SnapshotWriter, s3: Any, bucket: str, folder: str, start: datetime, end: datetime
) -> Iterator[str]:
    """Keys in the dated folders of ``[start, end]``: whole days, so some lie outside."""
    for date in date_folders(start, end):
        for item in objects_below(out, s3, bucket, f"{folder}{date}/"):
            yield str(item["Key"])


def first_keys(out: SnapshotWriter, s3: Any, bucket: str, folder: str) -> list[str]:
    """The oldest objects that are kept (a thousand at most): below folders, keys have dates."""
    request = {"Bucket": bucket, "Prefix": folder}
    listing = ask_once(out, s3, "ListObjectsV2", request, items_at="Contents")
    return [str(item["Key"]) for item in listing.items if item]


def date_folders(start: datetime, end: datetime) -> Iterator[str]:
    """``2026/07`` for each whole month in ``[start, end]``, ``2026/08/01`` for other days (UTC).

    A call lists a thousand keys, so few folders mean few calls.
    """
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= end:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        if day.day == 1 and following <= end:
            yield f"{day:%Y/%m}"
            day = following
        else:
            yield f"{day:%Y/%m/%d}"
            day += timedelta(days=1)
