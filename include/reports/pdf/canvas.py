"""The canvas all PDFs are drawn on: dated by evidence, tagged, its pages written small at once.

What isn't known before the last page (how many there are, on which one a chapter begins) is
drawn at the end, into a second content stream that every page has: nothing is laid out twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFPage, PDFStream
from reportlab.pdfgen.canvas import Canvas

from include.reports.pdf.file import write_file
from include.reports.pdf.style import BOLD, SANS
from include.reports.pdf.tagging import Element, Tags

#: Draws on the canvas; told the number of the page it draws on.
Late = Callable[["ReportCanvas", int], None]
_EMBEDDED = {"Helvetica": SANS, "Helvetica-Bold": BOLD}
_PAGE_ENTRIES = [*PDFPage.__NoDefault__, "StructParents", "Tabs"]


class ReportCanvas(Canvas):  # type: ignore[misc]
    """A reportlab canvas; ``page_of`` tells at the end on which page a bookmark is."""

    def __init__(self, *args: Any, as_of: str = "", furniture: Late | None = None, **more: Any):
        # Without these reportlab writes the present time and a random id, and refers to a
        # Helvetica that is not embedded.
        super().__init__(*args, **{**more, "invariant": 1, "initialFontName": SANS})
        self._furniture = furniture
        self.tags = Tags()
        self.page_of: dict[str, int] = {}
        #: The element that links belong to which are made now.
        self.link_parent: Element | None = None
        self.outline_levels: list[int] = []
        self._late: list[Late] = []
        self._later: list[tuple[PDFStream, list[Late]]] = []
        self._doc.Catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})
        self.showOutline()
        if as_of:
            self._date(datetime.fromisoformat(as_of).astimezone(UTC))
        self.tags.start_page(self._doc.thisPageRef())

    def _date(self, at: datetime) -> None:
        """Date the document by the newest evidence; reportlab takes no date of its own."""
        stamp = self._doc._timeStamp
        stamp.t, stamp.lt = at.timestamp(), at.timetuple()
        stamp.YMDhms, stamp.dhh, stamp.dmm = tuple(stamp.lt)[:6], 0, 0

    def setFont(self, name: str, size: float, leading: float | None = None) -> None:
        """As reportlab's; its own defaults (in cells of a Table) become fonts that are embedded."""
        super().setFont(_EMBEDDED.get(name, name), size, leading)

    @property
    def pages(self) -> int:
        """How many pages there are so far; all of them while late drawing goes on."""
        return len(self._later)

    def later(self, draw: Late) -> None:
        """Have something drawn on the present page when the last one is known.

        In the page's own coordinates, as decoration or with tags of its own.
        """
        self._late.append(draw)

    def _addAnnotation(self, annotation: Any, name: Any = None, addtopage: int = 1) -> None:
        """Every link is an element of the tree, or of the part that is being drawn."""
        name = name or f"LINK{self._annotationCount}"
        parent = self.link_parent or self.tags.document
        annotation.permitted = (*annotation.permitted, "StructParent")
        annotation.otherkw["StructParent"] = self.tags.link(
            self._doc.refAnnotation(name), parent, str(annotation.Contents or "Link")
        )
        super()._addAnnotation(annotation, name, addtopage)

    def showPage(self) -> None:
        """End the page; what it shows is compressed now, so that memory holds little of it."""
        super().showPage()
        page = self._doc.Pages.pages[-1]
        late = PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode")}), b"")
        page.__NoDefault__ = _PAGE_ENTRIES
        page.StructParents, page.Tabs = self.tags.end_page(), PDFName("S")
        page.Contents = PDFArray([_compressed(page.stream), late])
        page.stream = None
        self._later.append(
            (late, [self._furniture, *self._late] if self._furniture else self._late)
        )
        self._late = []
        self.tags.start_page(self._doc.thisPageRef())

    def save(self) -> None:
        """Draw what had to wait and write the file."""
        if self._code:
            self.showPage()
        for number, (stream, drawings) in enumerate(self._later, 1):
            for draw in drawings:
                draw(self, number)
            stream.content = zlib.compress(_bytes(self._code))
            self._code.clear()
        self.tags.finish(self._doc)
        write_file(self, Path(self._filename))


def _compressed(code: str) -> PDFStream:
    return PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode")}), zlib.compress(_bytes(code)))


def _bytes(code: str | list[str]) -> bytes:
    text = code if isinstance(code, str) else "\n".join(code) + "\n"
    return text.encode("latin-1")
