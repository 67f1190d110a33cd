"""What a receipt says of each page: on disk while pages come, told apart by little when read.

Ten thousand pages of one listing differ by their token only: what they have in common is held once
(about 1 KB per page instead of 3).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import msgspec

from include.digests import canonical_json
from include.evidence.receipt import Page, Receipt

_ENCODER = msgspec.json.Encoder(order="sorted")


class PageLog:
    """Takes the pages of one collection, in order."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._count = 0

    def add(self, page: Page) -> None:
        """Take the next page."""
        self._file.write((b"," if self._count else b"") + _ENCODER.encode(page))
        self._count += 1

    def write_receipt(self, receipt: Receipt, path: Path) -> None:
        """Write a receipt (given without pages) with these pages, as canonical JSON."""
        # Quotes within strings are escaped: this is found nowhere but at the member itself.
        head, member, tail = canonical_json(receipt.to_json()).partition(b'"pages":[')
        self._file.seek(0)
        with path.open("wb") as file:
            file.write(head + member)
            while block := self._file.read(1024 * 1024):
                file.write(block)
            file.write(tail)

    def close(self) -> None:
        """Remove what is on disk."""
        self._file.close()


class _PageRead(msgspec.Struct):
    """A :class:`Page` whose request isn't read yet."""

    number: int
    operation: str
    request: dict[str, msgspec.Raw]
    request_id: str
    items: int
    sha256: str
    next_token: str
    service_date: str


_PAGE = msgspec.json.Decoder(_PageRead)


def read_receipt(body: bytes) -> Receipt:
    """A receipt as :meth:`PageLog.write_receipt` wrote it."""
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    pages = msgspec.json.decode(members.pop("pages", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    receipt = Receipt.from_json({name: msgspec.json.decode(raw) for name, raw in members.items()})
    known: dict[bytes, Any] = {}
    return replace(receipt, pages=tuple(_page(_PAGE.decode(raw), known) for raw in pages))


def _page(read: _PageRead, known: dict[bytes, Any]) -> Page:
    request = {}
    for name, raw in read.request.items():
        text = bytes(raw)
        if text[:1] in b"[{":
            if text not in known:
                known[text] = msgspec.json.decode(text)
            request[sys.intern(name)] = known[text]
        else:
            request[sys.intern(name)] = msgspec.json.decode(text)
    return Page(
        number=read.number,
        operation=sys.intern(read.operation),
        request=request,
        request_id=read.request_id,
        items=read.items,
        sha256=read.sha256,
        next_token=read.next_token,
        service_date=sys.intern(read.service_date),
    )
