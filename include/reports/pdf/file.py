"""Writes reportlab's document to a file: object by object, the small ones packed together.

reportlab itself holds the whole file twice before it writes, and writes every element of the
structure tree as an object of its own in plain text. Object streams (ISO 32000-1, 7.5.7) and a
cross-reference stream (7.5.8) make tagged files a third of the size.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFStream, format

#: Objects packed into one stream.
_PACKED = 200


def write_file(canvas: Any, path: Path) -> None:
    """Write the document of ``canvas``, all of whose pages are complete; bytes depend on it alone.

    As ``PDFDocument.GetPDFData`` does, but streamed, and with an id made of the content.
    """
    document = canvas._doc
    for font in document.delayedFonts:
        font.addObjects(document)
    document.info.invariant = document.invariant
    root, info = document.Reference(document.Catalog), document.Reference(document.info)
    document.Outlines.prepare(document, canvas)
    if document.Outlines.ready < 0:
        document.Catalog.Outlines = None
    with path.open("wb") as file:
        writer = _Writer(file)
        number = 1
        # Formatting an object may add others to the end.
        while number in document.numberToId:
            thing = document.idToObject[document.numberToId[number]]
            data = format(thing, document, toplevel=1)
            if isinstance(thing, PDFStream):
                writer.plain(number, data)
                thing.content = b""
            elif thing is document.info:
                writer.plain(number, data)
            else:
                writer.pack(number, data)
            number += 1
        writer.finish(number, format(root, document), format(info, document))


class _Writer:
    """A file of PDF 1.5: where each object lies, and what is yet to be written."""

    def __init__(self, file: Any) -> None:
        self._file, self._at, self._digest = file, 0, hashlib.sha256()
        #: Object number: (1, offset, 0), or (2, which pack, index in it).
        self._places: dict[int, tuple[int, int, int]] = {}
        self._waiting: list[tuple[int, bytes]] = []
        self._packs: list[bytes] = []
        self._write(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._at += len(data)

    def plain(self, number: int, data: bytes) -> None:
        """An object that stands for itself: streams must."""
        self._places[number] = (1, self._at, 0)
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, data.rstrip(b"\n")))

    def pack(self, number: int, data: bytes) -> None:
        """An object to be written together with others."""
        self._places[number] = (2, len(self._packs), len(self._waiting))
        self._waiting.append((number, data))
        if len(self._waiting) == _PACKED:
            self._close_pack()

    def _close_pack(self) -> None:
        if not self._waiting:
            return
        heads, at = [], 0
        for number, data in self._waiting:
            heads.append(b"%d %d" % (number, at))
            at += len(data) + 1
        head = b" ".join(heads) + b"\n"
        body = zlib.compress(head + b"\n".join(data for _, data in self._waiting))
        self._packs.append(
            b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
            % (len(self._waiting), len(head), len(body), body)
        )
        self._waiting = []

    def finish(self, number: int, root: bytes, info: bytes) -> None:
        """Write the packs, whose numbers begin with ``number``, and where everything is."""
        self._close_pack()
        for n, data in enumerate(self._packs):
            self.plain(number + n, data)
        last = number + len(self._packs)
        table = [(0, 0, 65535)]
        for n in range(1, last):
            kind, place, index = self._places[n]
            table.append((kind, place + number if kind == 2 else place, index))
        table.append((1, self._at, 0))
        rows = zlib.compress(
            b"".join(
                bytes((kind,)) + place.to_bytes(5, "big") + index.to_bytes(2, "big")
                for kind, place, index in table
            )
        )
        identity = self._digest.hexdigest()[:32].encode()
        start = self._at
        self._write(
            b"%d 0 obj\n<</Type/XRef/Size %d/W[1 5 2]/Root %s/Info %s/ID[<%s><%s>]"
            b"/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n"
            % (last, last + 1, root, info, identity, identity, len(rows), rows)
        )
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)
