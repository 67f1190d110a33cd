"""What the PDF's chapters are laid out with: headings, column widths and times in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable

from include.reports.pdf.navigation import Heading, key_of
from include.reports.pdf.rows import Column
from include.reports.pdf.style import H1, H2, H3, WIDTH
from include.reports.pdf.text import drawable, markup

#: Points; a chapter begins on the page of the one before it when that much is left.
_ROOM_FOR_A_CHAPTER = 230.0


def chapter(title: str, *, room: float = _ROOM_FOR_A_CHAPTER, key: str = "") -> Iterator[Flowable]:
    """A chapter's heading, on a new page only where less than ``room`` points are left."""
    yield CondPageBreak(room)
    yield heading(title, key=key)


def heading(text: str, *, level: int = 1, key: str = "") -> Heading:
    """A heading of level 1, 2 or 3; those of 1 and 2 stand in the outline.

    Links and the contents find it by ``key``, else by ``navigation.key_of(text)``.
    """
    made = Heading(markup(text), {1: H1, 2: H2, 3: H3}[level])
    made.level, made.key, made.plain = level, key or key_of(text), drawable(text)
    return made


def columns(*wanted: tuple[str, float] | tuple[str, float, Any]) -> list[Column]:
    """Columns (title, share, kind) whose widths are shares of the page's."""
    whole = sum(column[1] for column in wanted)
    return [
        Column(column[0], WIDTH * column[1] / whole, *(column[2:] or ("text",)))
        for column in wanted
    ]
