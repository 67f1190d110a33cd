"""A table whose rows lead to where each is told in full: links, with page numbers at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Flowable

from include.reports.pdf.columns import PAD_X, PAD_Y, SIZE
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import MUTED, SANS
from include.reports.pdf.tagging import artifact
from include.reports.pdf.text import draw


class LinkedRows(Flowable):  # type: ignore[misc]
    """``rows`` with a link from each to its target: what it leads to, in words, and its bookmark.

    The last column is to be left empty: the page's number is drawn there when the last page is
    known. Raises ``LookupError`` then for a bookmark that is not in the document.
    """

    tags_itself = True

    def __init__(self, rows: Rows, targets: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._rows, self._targets = rows, targets

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """The rows' size."""
        self.width, self.height = self._rows.wrap(width, height)
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        """As the rows split; each part keeps the targets of all."""
        parts = self._rows.split(width, height)
        return [LinkedRows(part, self._targets) for part in parts]

    def draw(self) -> None:
        """Draw the rows, then what leads away from them."""
        canvas: Any = self.canv
        rows = self._rows
        rows.canv = canvas
        rows.draw()
        left, bottom = canvas.absolutePosition(0, 0)
        y = rows.height - rows._head
        for n, height in enumerate(rows._heights, rows._first):
            name, key = self._targets[n]
            canvas.linkRect(name, key, (0, y - height, self.width, y), relative=1)
            canvas.later(_number(key, left + self.width - PAD_X, bottom + y - PAD_Y - SIZE))
            y -= height


def _number(key: str, x: float, y: float) -> Any:
    """Draws the page's number, when it is known."""

    def number(canvas: Any, _: int) -> None:
        if key not in canvas.page_of:
            raise LookupError(f"A row leads to what is not there: {key!r}")
        with artifact(canvas):
            canvas.setFillColor(MUTED)
            draw(canvas, x, y, str(canvas.page_of[key]), SANS, SIZE, "r")

    return number
