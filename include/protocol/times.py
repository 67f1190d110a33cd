"""Timestamps on the wire: epoch seconds, ISO 8601 and RFC 822, always UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from include.clock import iso


def parse_timestamp(value: object) -> datetime:
    """Any of the three forms, whichever the client sent; raises ValueError on anything else."""
    if isinstance(value, bool):
        raise ValueError("a boolean is no time")
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no time")
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        at = parsedate_to_datetime(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def write_timestamp(value: object, form: str) -> str | int | float:
    """``value`` (aware datetime or epoch seconds) as ``unixTimestamp``, ``iso8601``, ``rfc822``."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        at = value.astimezone(UTC)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        at = datetime.fromtimestamp(value, UTC)
    else:
        raise ValueError(f"{value!r} is no time")
    if form == "iso8601":
        return iso(at)
    if form == "rfc822":
        return format_datetime(at, usegmt=True)
    seconds = at.timestamp()
    return int(seconds) if seconds.is_integer() else round(seconds, 6)
