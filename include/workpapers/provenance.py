"""Where a source's evidence comes from: what was asked, by whom, when, and how that ended.

What auditors call information produced by the entity: they have to satisfy themselves that it is
complete and accurate before they rely on it. Everything here stands in the receipts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from include.assessment.result import ReceiptLine
from include.digests import canonical_json, sha256
from include.evidence.item import SOURCE_NAMES
from include.evidence.receipt import Page, Receipt
from include.workpapers.receipt_names import named
from include.workpapers.replay import region_asked, replay_command, without_tokens

#: So many of an operation's different requests are kept as they were asked; all are counted.
EXAMPLES = 3
#: A request of more bytes than this is no part of a command.
LONG = 600


@dataclass
class Example:
    """One request as it was asked first (without page token), and the page that answered it.

    ``requests`` counts how often it was asked, in any place and for any page of its listing.
    ``command`` asks it again; for a ``long`` request it reads request.json, which is to be taken
    out of the ``receipt`` (the name of its file).
    """

    request: Mapping[str, Any]
    receipt: str
    account: str
    region: str
    endpoint: str
    page: int
    request_id: str
    sha256: str
    service_date: str
    command: str
    long: bool = False
    requests: int = 1


@dataclass
class Operation:
    """One API operation over all places: ``requests`` were answered, with ``items`` in all.

    ``different`` counts requests that differ in more than the page token; ``same`` are the
    parameters that all had alike, ``varying`` how many values the others had.
    """

    name: str
    requests: int = 0
    items: int = 0
    places: int = 0
    first: str = ""
    last: str = ""
    different: int = 0
    same: dict[str, Any] = field(default_factory=dict)
    varying: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """One cell's receipt and the snapshot it belongs to; ``receipt`` None: not at hand."""

    line: ReceiptLine
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Provenance:
    """All that one source was asked for one assessment."""

    source: str
    places: tuple[Place, ...]
    operations: tuple[Operation, ...]

    @property
    def receipts(self) -> list[Receipt]:
        """Those that are at hand."""
        return [place.receipt for place in self.places if place.receipt is not None]

    def told(self, name: str) -> list[str]:
        """What the receipts say under ``name`` (caller_arn, endpoint, client): each once."""
        return sorted({str(getattr(receipt, name)) for receipt in self.receipts} - {""})

    def total(self, name: str) -> int:
        """The sum of a number (items, pages, calls, retries, throttles) over the places."""
        return sum(int(getattr(place.line, name)) for place in self.places)


class _Seen:
    """What is remembered of one operation's requests while they stream past."""

    def __init__(self, name: str) -> None:
        self.operation = Operation(name)
        self.places: set[tuple[str, str]] = set()
        self.requests: set[bytes] = set()
        self.values: dict[str, set[bytes]] = {}
        self.met: dict[str, int] = {}
        self.kept: dict[bytes, Example] = {}


def provenance_of(
    lines: Sequence[ReceiptLine], receipts: Iterable[Receipt], home: str = ""
) -> list[Provenance]:
    """One for each source of the receipts' ``lines``; ``receipts`` are the whole ones, streamed.

    ``home`` is the home region.

    Memory holds the receipts without their pages, and a few bytes for each different request.
    """
    whole: dict[tuple[str, str, str, str], Receipt] = {}
    seen: dict[str, dict[str, _Seen]] = {}
    for name, receipt in named(receipts):
        of_source = seen.setdefault(receipt.source, {})
        for page in receipt.pages:
            one = of_source.setdefault(page.operation, _Seen(page.operation))
            _take(one, name, receipt, page, home)
        whole[receipt.source, receipt.account, receipt.region, receipt.selection] = _light(receipt)
    found: dict[str, list[Place]] = {}
    for line in lines:
        key = (line.source, line.account, line.region, line.selection)
        found.setdefault(line.source, []).append(Place(line, whole.get(key)))
    order = {source: n for n, source in enumerate(SOURCE_NAMES)}
    return [
        Provenance(source, tuple(found[source]), tuple(_operations(seen.get(source, {}))))
        for source in sorted(found, key=lambda one: (order.get(one, len(order)), one))
    ]


def _light(receipt: Receipt) -> Receipt:
    return replace(receipt, pages=())


def _take(seen: _Seen, file: str, receipt: Receipt, page: Page, home: str) -> None:
    operation = seen.operation
    operation.requests += 1
    operation.items += page.items
    if page.service_date:
        operation.first = min(operation.first or page.service_date, page.service_date)
        operation.last = max(operation.last, page.service_date)
    seen.places.add((receipt.account, receipt.region))
    request = without_tokens(page.operation, page.request)
    key = _mark(request)
    if key in seen.requests:
        if key in seen.kept:
            seen.kept[key].requests += 1
        return
    seen.requests.add(key)
    for name, value in request.items():
        seen.values.setdefault(name, set()).add(_mark(value))
        seen.met[name] = seen.met.get(name, 0) + 1
        operation.same.setdefault(name, value)
    if len(operation.examples) < EXAMPLES:
        asked_in = region_asked(page.operation, request, receipt.region, home or receipt.region)
        long = len(canonical_json(request)) > LONG
        seen.kept[key] = Example(
            request=request,
            receipt=file,
            account=receipt.account,
            region=asked_in,
            endpoint=receipt.endpoint,
            page=page.number,
            request_id=page.request_id,
            sha256=page.sha256,
            service_date=page.service_date,
            command=replay_command(
                page.operation,
                request,
                asked_in,
                receipt.endpoint,
                "request.json" if long else "",
            ),
            long=long,
        )
        operation.examples.append(seen.kept[key])


def _mark(value: Any) -> bytes:
    return bytes.fromhex(sha256(canonical_json(value))[:24])


def _operations(seen: Mapping[str, _Seen]) -> Iterable[Operation]:
    for name in sorted(seen):
        one = seen[name]
        operation = one.operation
        operation.places, operation.different = len(one.places), len(one.requests)
        for parameter, values in sorted(one.values.items()):
            # A parameter that some requests lack varies, too.
            lacking = one.met[parameter] < operation.different
            if len(values) + lacking > 1:
                operation.varying[parameter] = len(values)
                del operation.same[parameter]
        operation.same = dict(sorted(operation.same.items()))
        yield operation
