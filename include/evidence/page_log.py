"""What a receipt says of each page, on disk while pages come: memory doesn't grow with them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

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
