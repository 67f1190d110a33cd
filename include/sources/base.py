"""What every evidence source is: a selection of what to ask, and a way to collect one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from msgspec import Struct

from include.aws.decoding import decoded_as
from include.aws.errors import classify, error_code
from include.aws.exchange import Answer, Traffic, call, traffic_of_one_call
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.item import Known, SourceName
from include.evidence.receipt import FailedCall, ReceiptStatus
from include.evidence.snapshot import SnapshotWriter, plain

if TYPE_CHECKING:
    from datetime import datetime

    from include.assessment.period import Period
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

__all__ = [
    "SETTLING",
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
    out.service = str(client.meta.service_model.service_name)
    asked = dict(request or {})
    with traffic_of_one_call() as traffic, decoded_as(decode):
        try:
            return call(client, operation, asked, traffic)
        except Exception as error:
            out.failed_call(error, failed_call(out.service, operation, asked, traffic, error))
            raise
        finally:
            out.traffic(traffic)


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
    request's token member and ``next_token`` the answer's, where it has another name. ``decode``
    is a Struct with the members ``items_at`` and the token: only these are read then. Empty
    pages with a token are followed: they are not the end. A token that comes again would go
    round forever: the listing stops there and the cell is PARTIAL.
    """
    parameters = dict(request or {})
    seen: set[str] = set()
    while True:
        answer = ask(out, client, operation, parameters, decode=decode)
        following = str(answer.output.get(next_token or token) or "")
        items = _at(answer.output, items_at) or []
        yield Listing(answer, items, out.page(answer, len(items), following))
        if not following:
            return
        if following in seen:
            out.stop_short(
                f"{answer.service}:{operation} gave the same page token twice, after "
                f"{len(seen) + 1} pages: the listing is not complete."
            )
            return
        seen.add(following)
        parameters[token] = following


def _at(output: Mapping[str, Any], path: str) -> Any:
    value: Any = output
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def known_as(collected_at: datetime, period: Period) -> Known:
    """How an item that is known to hold at the period's end counts, by when it was collected."""
    return "CONTEMPORANEOUS" if collected_at < period.end + SETTLING else "RECONSTRUCTED"
