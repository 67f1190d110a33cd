"""Whatever people name their things: nothing overlaps, is clipped, or is lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.platypus import Flowable, Paragraph

from include.reports.pdf.charts import TrendLine
from include.reports.pdf.drawings import Bar, Figures, Legend, StatusBar, StatusHeading
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.navigation import Contents
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, BOTTOM, CELL, MARGIN, PAGE_HEIGHT, TOP, WIDTH
from include.reports.pdf.text import markup
from tests.include.reports.pdf.hostile import (
    HOSTILE,
    build,
    characters,
    fonts_of,
    found,
    said,
)

COUNTS = [("COMPLIANT", 3), ("NON_COMPLIANT", 2), ("INCONCLUSIVE", 0), ("NOT_APPLICABLE", 1)]
FOUR = columns(("Strong", 1, "strong"), ("Text", 1), ("Status", 1, "status"), ("N", 1, "number"))
NAMES = list(HOSTILE)

#: Every part that takes a text of people's making.
PARTS: dict[str, Callable[[str], Iterator[Flowable]]] = {
    "paragraph": lambda text: iter([Paragraph(markup(text), BODY)]),
    "small paragraph": lambda text: iter([Paragraph("<b>Claim.</b> " + markup(text), CELL)]),
    "chapter": chapter,
    "heading 2": lambda text: iter([heading(text, level=2)]),
    "heading 3": lambda text: iter([heading(text, level=3)]),
    "status heading": lambda text: iter([StatusHeading(text, "Non-compliant")]),
    "label": lambda text: iter([StatusHeading("Control", text)]),
    "status bar": lambda text: iter([StatusBar(text, COUNTS, "62.5 %")]),
    "figure": lambda text: iter([Figures([(text, "Name", "Remark"), ("1", "Two", "Three")])]),
    "figure's name": lambda text: iter([Figures([("62.5 %", text, ""), ("1", "Two", "Three")])]),
    "figure's remark": lambda text: iter([Figures([("62.5 %", "Name", text)])]),
}


def inside(char: dict[str, Any], left: float, right: float) -> bool:
    """Whether the character's box lies between two edges, by the width of a hairline."""
    return bool(char["x0"] >= left - 0.5 and char["x1"] <= right + 0.5)


def in_frame(char: dict[str, Any]) -> bool:
    """Whether the character's base lies within the frame of the page."""
    return inside(char, MARGIN, MARGIN + WIDTH) and (
        char["bottom"] >= TOP - 3 and char["top"] <= PAGE_HEIGHT - BOTTOM + 3
    )


def is_body(char: dict[str, Any]) -> bool:
    """Whether it is not of the running head or foot."""
    return bool(char["bottom"] > TOP - 12 and char["top"] < PAGE_HEIGHT - BOTTOM + 12)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_keeps_each_text_in_its_column_and_all_of_it(name: str, tmp_path: Path) -> None:
    text = HOSTILE[name]
    path = build(tmp_path / "rows.pdf", [Rows(FOUR, [(text,) * 4], again="Go on")])
    edges = [MARGIN]
    for column in FOUR:
        edges.append(edges[-1] + column.width)
    cells: list[list[dict[str, Any]]] = [[] for _ in FOUR]
    for page in characters(path):
        chars = [char for char in page if is_body(char)]
        assert all(in_frame(char) for char in chars)
        headings = max((char["bottom"] for char in chars if char["size"] == 7.5), default=0)
        for char in chars:
            if char["top"] > headings - 1:
                middle = (char["x0"] + char["x1"]) / 2
                n = sum(middle > edge for edge in edges[1:-1])
                assert inside(char, edges[n], edges[n + 1])
                cells[n].append(char)
    for cell in cells:
        assert found(cell) == said(text)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_keeps_within_the_page_and_loses_nothing(part: str, tmp_path: Path) -> None:
    story = [flowable for text in HOSTILE.values() for flowable in PARTS[part](text)]
    path = build(tmp_path / "part.pdf", story)
    drawn = [char for page in characters(path) for char in page if is_body(char)]
    assert not [char for char in drawn if not in_frame(char)]
    missing = sum((said(text) for text in HOSTILE.values()), start=Counter()) - found(drawn)
    assert not missing


def test_contents_and_running_heads_hold_any_text(tmp_path: Path) -> None:
    text = " ".join(HOSTILE.values())
    entries = [(1 + n % 2, one, str(n)) for n, one in enumerate(HOSTILE.values())]
    headings = [heading(one, level=level, key=key) for level, one, key in entries]
    path = build(tmp_path / "a.pdf", [Contents(entries), *headings], header=text, package=text[:60])
    drawn = [char for page in characters(path) for char in page]
    assert all(inside(char, MARGIN, MARGIN + WIDTH) for char in drawn)
    assert all(in_frame(char) for char in drawn if is_body(char))


def everything() -> Iterator[Flowable]:
    """All hostile texts in all parts."""
    for name, text in HOSTILE.items():
        for part in PARTS.values():
            yield from part(text)
        yield Rows(FOUR, [(text, name, "Compliant", "1")])
    yield Bar(COUNTS)
    yield Legend(COUNTS)
    yield TrendLine([(text[:40], 50.0, None) for text in HOSTILE.values()])


def test_all_fonts_are_embedded_and_bytes_are_equal_twice(tmp_path: Path) -> None:
    one = build(tmp_path / "one.pdf", everything())
    two = build(tmp_path / "two.pdf", everything())
    assert one.read_bytes() == two.read_bytes()
    fonts = fonts_of(one)
    assert all(fonts.values()), fonts
    for family in ("FiraGO-Regular", "FiraGO-Bold", "WenQuanYiMicroHei", "NotoEmoji"):
        assert any(family in font for font in fonts)


def test_two_colums_of_a_table_of_paragraphs_do_not_touch(tmp_path: Path) -> None:
    rows = [(text, text) for text in HOSTILE.values()]
    path = build(tmp_path / "rows.pdf", [Rows(columns(("A", 1), ("B", 1)), rows)])
    middle = MARGIN + WIDTH / 2
    for page in characters(path):
        for char in page:
            if is_body(char):
                assert char["x1"] <= middle - 4 or char["x0"] >= middle + 4


@pytest.mark.parametrize("count", [0, 1, 2, 10_000])
def test_as_many_rows_are_in_the_file_as_went_in(count: int, tmp_path: Path) -> None:
    wide = columns(("Number", 1, "number"), ("Name", 3, "strong"))
    rows = ((str(n), f"name-{n:05d}") for n in range(count))
    path = build(tmp_path / "rows.pdf", [heading("Rows"), Rows(wide, rows, again="Rows go on")])
    names: list[bytes] = []
    pages = pypdf.PdfReader(path).pages
    for page in pages:
        contents = page.get_contents()
        assert contents is not None
        data = contents.get_data()
        assert data.count(b"(Number) Tj") == 1
        names += re.findall(rb"\((name-\d{5})\) Tj", data)
    assert names == [b"name-%05d" % n for n in range(count)]
    assert len(pages) < count / 30 + 2
