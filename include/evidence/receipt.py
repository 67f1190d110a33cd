"""Receipts: the proof of how complete one cell's collection is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

ReceiptStatus = Literal[
    "COMPLETE",
    "COMPLETE_EMPTY",
    "PARTIAL",
    "DENIED",
    "NOT_ENABLED",
    "BEYOND_REACH",
    "EXPIRED",
    "FAILED",
    "EXCLUDED",
]
#: A cell that ended so is filled; nothing is to be collected again.
FILLED: frozenset[str] = frozenset(
    {"COMPLETE", "COMPLETE_EMPTY", "NOT_ENABLED", "BEYOND_REACH", "EXCLUDED"}
)
#: A cell that ended so may hide a failure: it blocks every check the source could answer.
BLOCKING: frozenset[str] = frozenset({"PARTIAL", "DENIED", "EXPIRED", "FAILED"})


@dataclass(frozen=True)
class Page:
    """One answered request; ``sha256`` is over the raw body, ``next_token`` over the token."""

    number: int
    operation: str
    request: dict[str, Any]
    request_id: str
    items: int
    sha256: str
    next_token: str
    service_date: str


@dataclass(frozen=True)
class Receipt:
    """How one cell was collected and how that ended; times ISO 8601 UTC."""

    source: str
    account: str
    region: str
    period: str
    selection: str
    status: ReceiptStatus
    started: str
    ended: str
    caller_arn: str
    endpoint: str
    client: str
    clock_skew_seconds: float
    cursor_exhausted: bool
    items: int
    retries: int
    throttles: int
    message: str = ""
    missing_permission: str = ""
    pages: tuple[Page, ...] = ()
    excluded: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Receipt:
        """The inverse of :meth:`to_json`."""
        pages = tuple(Page(**page) for page in data.get("pages", ()))
        return cls(**{**data, "pages": pages})
