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


@dataclass(frozen=True, slots=True)
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
class Count:
    """An independent count beside what was collected; a difference needs an ``explanation``."""

    what: str
    expected: int
    found: int
    explanation: str = ""

    @property
    def unexplained(self) -> bool:
        """Whether something is missing or too much, and nobody said why."""
        return self.expected != self.found and not self.explanation

    def __str__(self) -> str:
        text = f"{self.what}: {self.expected} expected, {self.found} collected"
        return f"{text} ({self.explanation})" if self.explanation else text


@dataclass(frozen=True)
class FailedCall:
    """The request that ended a collection: what was asked, and what came back of it.

    ``http_status`` is 0 and ``request_id`` empty when no answer came; ``service_date`` is ISO 8601
    UTC by the service's clock, empty when it said nothing.
    """

    operation: str
    request: dict[str, Any]
    attempts: int
    http_status: int
    code: str
    request_id: str
    service_date: str


@dataclass(frozen=True)
class Receipt:
    """How one cell was collected and how that ended; times ISO 8601 UTC.

    ``calls`` are answered requests, whether or not their page was kept; ``resumed`` are those of
    them that an interrupted attempt had got before. ``duplicates`` are items that came more than
    once and were taken once. ``failed_call`` is the request that ended the collection, if one did.
    """

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
    counts: tuple[Count, ...] = ()
    duplicates: int = 0
    calls: int = 0
    resumed: int = 0
    failed_call: FailedCall | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Receipt:
        """The inverse of :meth:`to_json`."""
        pages = tuple(Page(**page) for page in data.get("pages", ()))
        counts = tuple(Count(**count) for count in data.get("counts", ()))
        failed = data.get("failed_call")
        return cls(
            **{
                **data,
                "pages": pages,
                "counts": counts,
                "failed_call": FailedCall(**failed) if failed else None,
            }
        )
