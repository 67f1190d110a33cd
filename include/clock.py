"""Times as the product writes them: UTC, whole seconds unless a source is finer."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(at: datetime) -> str:
    """``2026-10-31T23:59:59Z``; fractions of a second are kept only when there are any."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat().removesuffix("+00:00") + "Z"


def from_iso(text: str) -> datetime:
    """The inverse of :func:`iso`; a time without zone is refused."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at.astimezone(UTC)


def from_epoch(seconds: float) -> datetime:
    """Epoch seconds as an aware UTC time."""
    return datetime.fromtimestamp(seconds, UTC)
