"""The structure of a tagged PDF, which reportlab's open core doesn't write.

Every piece of text is drawn as marked content that belongs to an element (H1, P, TD, Figure …) of
one tree under the document; what only decorates (zebra, hairlines, running heads) is marked as an
artifact. Readers of screens follow the tree, not the page. ISO 32000-1, 14.7 and 14.8.

Long tables have an element for each row and cell up to ``MOST_CELLS`` in a document; further rows
are marked row by row in reading order within one TBody for each page: a tree of millions of
objects would be larger than the report, and no reader opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFObject, PDFString

#: Cells with an element of their own; about 300 bytes of a file each.
MOST_CELLS = 12_000


class Element(PDFObject):  # type: ignore[misc]
    """A node of the structure tree. Kids are elements, marked contents, or annotations."""

    __RefOnly__ = 1
    __slots__ = ("__InternalName__", "alt", "kids", "kind", "page", "parent", "scope")

    def __init__(self, kind: str, parent: Element | None, alt: str = "") -> None:
        self.kind, self.parent, self.alt = kind, parent, alt
        self.kids: list[Any] = []
        self.page: Any = None
        if parent is not None:
            parent.kids.append(self)

    def format(self, document: Any) -> bytes:
        """As a dictionary of the file."""
        parts = [f"/S/{self.kind}".encode()]
        if self.parent is None:
            parts = [b"/Type/StructTreeRoot"]
        else:
            parts.append(b"/P " + _ref(document, self.parent))
        if self.kind == "TH":
            parts.append(b"/A<</O/Table/Scope/Column>>")
        if self.alt:
            parts.append(b"/Alt " + PDFString(self.alt).format(document))
        if self.page is not None:
            parts.append(b"/Pg " + self.page.format(document))
        kids = [self._kid(kid, document) for kid in self.kids]
        parts.append(b"/K [" + b" ".join(kids) + b"]")
        joined: bytes = b"\n".join(parts)
        return b"<<" + joined + b">>"

    def _kid(self, kid: Any, document: Any) -> bytes:
        if isinstance(kid, Element):
            return _ref(document, kid)
        if isinstance(kid, Link):
            return b"<</Type/OBJR/Obj %s>>" % kid.annotation.format(document)
        page, mcid = kid
        if isinstance(mcid, range):
            return b" ".join(self._kid((page, one), document) for one in mcid)
        if page is self.page:
            return b"%d" % mcid
        return b"<</Type/MCR/Pg %s/MCID %d>>" % (page.format(document), mcid)


class Link:
    """The annotation of a link, as a kid of its element."""

    __slots__ = ("annotation",)

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation


class _Root(Element):
    """The tree itself, with the way back from the marks of each page to their elements."""

    parents: bytes = b""

    def __init__(self) -> None:
        super().__init__("", None)
        self.numbers: list[tuple[int, Any]] = []

    def format(self, document: Any) -> bytes:
        nums = []
        names: dict[int, bytes] = {}
        for number, owner in self.numbers:
            if isinstance(owner, Element):
                nums.append(b"%d %s" % (number, _ref(document, owner)))
                continue
            for element in owner:
                if id(element) not in names:
                    names[id(element)] = _ref(document, element)
            nums.append(b"%d [%s]" % (number, b" ".join(names[id(one)] for one in owner)))
        tree = b"/ParentTree <</Nums [" + b"\n".join(nums) + b"]>>\n"
        following = f"/ParentTreeNextKey {len(self.numbers)}\n".encode()
        return b"<</Type/StructTreeRoot\n" + tree + following + self._kids(document) + b">>"

    def _kids(self, document: Any) -> bytes:
        return b"/K [" + b" ".join(_ref(document, kid) for kid in self.kids) + b"]"


def _ref(document: Any, element: Any) -> bytes:
    formatted: bytes = document.Reference(element).format(document)
    return formatted


class Tags:
    """What has been tagged of one document so far. ``page_number`` is a page's StructParents."""

    def __init__(self) -> None:
        self.root = _Root()
        self.document = Element("Document", self.root)
        self.cells_left = MOST_CELLS
        self._owners: list[Element] = []
        self._key = 0
        self._page: Any = None
        self._open = False

    def start_page(self, page: Any) -> None:
        """Begin with the page that ``page`` is a reference to."""
        self._page, self._owners = page, []

    def end_page(self) -> int:
        """The page's key in the tree of parents."""
        self.root.numbers.append((self._key, self._owners))
        self._key += 1
        return self._key - 1

    def mark(self, element: Element) -> int:
        """A new marked content of this page for ``element``; its MCID."""
        if element.page is None:
            element.page = self._page
        self._owners.append(element)
        mcid = len(self._owners) - 1
        element.kids.append((self._page, mcid))
        return mcid

    def mark_many(self, element: Element, marks: int) -> int:
        """As many marked contents in a row; the first one's MCID."""
        element.page = element.page or self._page
        first = len(self._owners)
        self._owners += [element] * marks
        element.kids.append((self._page, range(first, first + marks)))
        return first

    def link(self, annotation: Any, parent: Element, alt: str) -> int:
        """An element for a link's annotation; the annotation's StructParent."""
        element = Element("Link", parent, alt)
        element.page = self._page
        element.kids.append(Link(annotation))
        self.root.numbers.append((self._key, element))
        self._key += 1
        return self._key - 1

    @contextmanager
    def content(self, code: list[str], element: Element) -> Iterator[None]:
        """Everything drawn within belongs to ``element``; inside another content, to that."""
        if self._open:
            yield
            return
        self._open = True
        code.append(f"/{element.kind} <</MCID {self.mark(element)}>> BDC")
        try:
            yield
        finally:
            code.append("EMC")
            self._open = False

    @contextmanager
    def decoration(self, code: list[str]) -> Iterator[None]:
        """Everything drawn within is an artifact."""
        if self._open:
            yield
            return
        self._open = True
        code.append("/Artifact BMC")
        try:
            yield
        finally:
            code.append("EMC")
            self._open = False

    def finish(self, document: Any) -> None:
        """Hang the tree into reportlab's ``document``, whose pages have all been drawn."""
        document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        document.Catalog.StructTreeRoot = self.root


def tag(canvas: Any, kind: str, alt: str = "", parent: Element | None = None) -> Any:
    """Draw within this as an element of the canvas's document; a plain canvas has no tags."""
    tags: Tags | None = getattr(canvas, "tags", None)
    if tags is None:
        return nullcontext()
    if tags._open:
        return nullcontext()
    return tags.content(canvas._code, Element(kind, parent or tags.document, alt))


def artifact(canvas: Any) -> Any:
    """Draw within this what only decorates."""
    tags: Tags | None = getattr(canvas, "tags", None)
    return nullcontext() if tags is None else tags.decoration(canvas._code)


class TableTags:
    """reportlab's callbacks while it draws a Table: its rows and cells become elements."""

    def __init__(self, canvas: Any, heads: int) -> None:
        self._canvas, self._heads = canvas, heads
        self._table = Element("Table", canvas.tags.document)
        self._row: tuple[int, Element] = (-1, self._table)
        self._within: Any = nullcontext()

    def __call__(self, table: Any, event: str, *args: Any) -> None:
        """Called by reportlab before and after each part."""
        if event in ("startBG", "startLines"):
            self._enter(artifact(self._canvas))
        elif event == "startCell":
            row = args[0]
            if row != self._row[0]:
                self._row = (row, Element("TR", self._table))
            kind = "TH" if row < self._heads else "TD"
            self._enter(tag(self._canvas, kind, parent=self._row[1]))
        elif event in ("endBG", "endCell", "endLines"):
            self._within.__exit__(None, None, None)

    def _enter(self, within: Any) -> None:
        self._within = within
        within.__enter__()
