"""What every evidence source is: a selection of what to ask, and a way to collect one cell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct

from include.aws.decoding import decoded_as
from include.aws.errors import classify, error_code
from include.aws.exchange import Answer, Traffic, call, traffic_of_one_call
from include.clock import iso
from include.digests import plain
from include.evidence.cell import Cell
from include.evidence.item import Known, SourceName
from include.evidence.receipt import FailedCall, ReceiptStatus
from include.evidence.snapshot import SnapshotWriter

if TYPE_CHECKING:
    from datetime import datetime

    from include.assessment.period import Period
    from include.aws.sessions import ClientFactory
    from include.checks.check import Check

__all__ = [
    "SETTLING",
    "AskedForAll",
    "Cell",
    "Ended",
    "Listing",
    "ScopeAware",
    "Source",
    "ask",
    "classify",
    "known_as",
    "pages",
]

#: For how long after a period's end a collection still counts as of the period itself.
SETTLING = timedelta(days=7)


class Source(Protocol):
    """One evidence source. Stateless; safe to use from several threads."""

    name: SourceName
    #: The boto3 client whose endpoint a receipt names, and whose errors are read.
    service: str
    #: Whether a closed period is collected once. False where evidence may be handed in later.
    settled: bool
    #: The member of a selection that lists what is asked for; empty where there is no such list.
    keywords_in: str

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """What to ask for ``checks`` (JSON values); ``{}`` means all the source has.

        Equal selections share snapshots, so nothing that differs without need belongs here.
        """
        ...

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The part of a selection that is asked in one region (``home``: the scope's first)."""
        ...

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The IAM actions that collecting a selection needs (``config:DescribeConfigRules``)."""
        ...

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Ask for everything in ``asked`` and hand it to ``out``.

        ``asked`` is the selection in this region, with ``home_region`` and
        ``regional_account_keywords`` (whose account setting is each region's own) beside it.
        Returns when the cell is complete; raises :class:`Ended` for another orderly ending, and
        lets AWS's errors pass.
        """
        ...


class AskedForAll:
    """A source that is asked for all it has everywhere: one snapshot serves every framework."""

    keywords_in = ""

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """Everything, whatever the checks."""
        return {}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere."""
        return dict(selection)


@runtime_checkable
class ScopeAware(Protocol):
    """A source that asks one region for what others of the scope would tell."""

    def in_scope(
        self, asked: Mapping[str, Any], region: str, *, home: str, regions: Sequence[str]
    ) -> dict[str, Any]:
        """What to ask in ``region``, given all ``regions`` of the scope."""
        ...


class Ended(Exception):
    """A collection that ends in an orderly way, but not COMPLETE."""

    def __init__(self, status: ReceiptStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Listing:
    """One page of a listing: the answer, its items, and its name for ``Evidence.page``."""

    __slots__ = ("answer", "items", "page")

    def __init__(self, answer: Answer, items: Sequence[Any], page: str) -> None:
        self.answer = answer
        self.items = items
        self.page = page


def ask(
    out: SnapshotWriter,
    client: Any,
    operation: str,
    request: Mapping[str, Any] | None = None,
    *,
    decode: type[Struct] | None = None,
) -> Answer:
    """One call that is not paged by the caller; its traffic is counted, its page is not kept.

    With ``decode``, the output holds that Struct's members only, as msgspec reads them: for bulk
    listings, of which a few members are wanted (see :mod:`include.aws.decoding`).
    """
    return exchanged(client, operation, dict(request or {}), decode).told_to(out)


@dataclass(frozen=True)
class Exchanged:
    """A call that was made, by whatever thread, and that its receipt doesn't know of yet."""

    service: str
    operation: str
    request: dict[str, Any]
    traffic: Traffic
    answer: Answer | None = None
    error: Exception | None = None

    def told_to(self, out: SnapshotWriter) -> Answer:
        """The answer, once ``out`` has counted the call; raises what the call raised."""
        out.service = self.service
        out.traffic(self.traffic)
        if self.error is not None:
            call = failed_call(self.service, self.operation, self.request, self.traffic, self.error)
            out.failed_call(self.error, call)
            raise self.error
        assert self.answer is not None
        return self.answer


def exchanged(
    client: Any, operation: str, request: dict[str, Any], decode: type[Struct] | None = None
) -> Exchanged:
    """Make one call; its error, if it meets one, is kept, not raised."""
    service = str(client.meta.service_model.service_name)
    with traffic_of_one_call() as traffic, decoded_as(decode):
        try:
            answer = call(client, operation, request, traffic)
        except Exception as error:
            return Exchanged(service, operation, request, traffic, error=error)
    return Exchanged(service, operation, request, traffic, answer)


def failed_call(
    service: str, operation: str, request: dict[str, Any], traffic: Traffic, error: Exception
) -> FailedCall:
    """What a receipt says of a request that could not be answered."""
    return FailedCall(
        operation=f"{service}:{operation}",
        request=plain(request),
        attempts=len(traffic.attempts),
        http_status=traffic.last.status,
        code=error_code(error) or type(error).__name__,
        request_id=traffic.request_id,
        service_date=iso(traffic.last_date) if traffic.last_date else "",
    )


def ask_once(
    out: SnapshotWriter,
    client: Any,
    operation: str,
    request: Mapping[str, Any] | None = None,
    *,
    items_at: str = "",
) -> Listing:
    """One call whose answer is kept as one page; ``items_at`` as in :func:`pages`."""
    answer = ask(out, client, operation, request)
    items = _at(answer.output, items_at) if items_at else [answer.output]
    items = items if isinstance(items, list) else [items]
    return Listing(answer, items, out.page(answer, len(items)))


def pages(
    out: SnapshotWriter,
    client: Any,
    operation: str,
    items_at: str,
    request: Mapping[str, Any] | None = None,
    *,
    token: str = "NextToken",
    next_token: str = "",
    decode: type[Struct] | None = None,
) -> Iterator[Listing]:
    """Follow a listing to its end, a page at a time.

    ``items_at`` is the dotted path of the items in the output (``Reservations``), ``token`` the
    request's token member and ``next_token`` the answer's (dotted, too), if it differs. ``decode``
    is a Struct with the members ``items_at`` and the token: only these are read then. Empty
    pages with a token are followed: they are not the end. A token that comes again would go
    round forever: the listing stops there and the cell is PARTIAL.
    """
    cursor = Cursor(client, operation, items_at, dict(request or {}), token, next_token, decode)
    while not cursor.ended:
        yield cursor.fetch().told_to(out)


class Cursor:
    """A listing under way; see :func:`pages` for what it is made of."""

    def __init__(
        self,
        client: Any,
        operation: str,
        items_at: str,
        request: dict[str, Any],
        token: str,
        next_token: str = "",
        decode: type[Struct] | None = None,
    ) -> None:
        self.ended = False
        self._client, self._operation, self._decode = client, operation, decode
        self._items_at, self._request = items_at, request
        self._into, self._from = token, next_token or token
        self._seen: set[bytes] = set()

    def fetch(self) -> Fetched:
        """Ask for the next page, in any thread. An error ends the listing, as its last page."""
        made = exchanged(self._client, self._operation, self._request, self._decode)
        if made.answer is None:
            self.ended = True
            return Fetched(made)
        following = str(_at(made.answer.output, self._from) or "")
        mark = hashlib.sha256(following.encode()).digest()[:16]
        looping = mark in self._seen
        self._seen.add(mark)
        self.ended = looping or not following
        # The request of a page that was handed on stays as it was asked.
        self._request = {**self._request, self._into: following}
        items = _at(made.answer.output, self._items_at) or []
        return Fetched(made, items, following, len(self._seen) if looping else 0)


@dataclass(frozen=True)
class Fetched:
    """A page that its receipt doesn't know of yet; ``looped`` after so many different tokens."""

    made: Exchanged
    items: Sequence[Any] = ()
    following: str = ""
    looped: int = 0

    def told_to(self, out: SnapshotWriter) -> Listing:
        """The page, once ``out`` has it; raises what the call raised."""
        answer = self.made.told_to(out)
        listing = Listing(answer, self.items, out.page(answer, len(self.items), self.following))
        if self.looped:
            out.stop_short(
                f"{answer.service}:{answer.operation} gave the same page token twice, after "
                f"{self.looped + 1} pages: the listing is not complete."
            )
        return listing


def _at(output: Mapping[str, Any], path: str) -> Any:
    value: Any = output
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def known_as(collected_at: datetime, period: Period) -> Known:
    """How an item that is known to hold at the period's end counts, by when it was collected."""
    return "CONTEMPORANEOUS" if collected_at < period.end + SETTLING else "RECONSTRUCTED"
