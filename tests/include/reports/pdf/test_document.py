"""Pages, bookmarks and contents of every PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.platypus import Flowable, PageBreak, Paragraph

from include.reports.pdf import style
from include.reports.pdf.drawings import StatusHeading
from include.reports.pdf.layout import chapter, heading
from include.reports.pdf.navigation import Contents
from include.reports.pdf.style import BODY
from tests.include.reports.pdf.hostile import build

ENTRIES: list[tuple[int, str] | tuple[int, str, str]] = [
    (1, "One"),
    (2, "One a", "one-a"),
    (1, "Two"),
    (2, "Same"),
    (1, "Three 日本"),
]


def story() -> Iterator[Flowable]:
    """Three chapters, each on a page of its own, behind the contents."""
    yield Contents(ENTRIES)
    yield PageBreak()
    yield from chapter("One")
    yield heading("One a", level=2, key="one-a")
    yield StatusHeading("1.1  A control", "Compliant")
    yield StatusHeading("1.2  Another", "Inconclusive")
    yield PageBreak()
    yield from chapter("Two")
    yield heading("Same", level=2)
    yield PageBreak()
    yield heading("Same", level=2)
    yield from chapter("Three 日本")
    yield StatusHeading("3.1  Without a set", "Compliant")
    yield StatusHeading("3.2  Beside it", "Compliant")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    path = tmp_path_factory.mktemp("document") / "d.pdf"
    more = {"header": "CIS  |  2026-10", "package": "cis_1a2b", "interim": True}
    return pypdf.PdfReader(build(path, story(), as_of="2026-11-01T06:05:00Z", **more))


def titles(outline: Any) -> list[Any]:
    return [titles(one) if isinstance(one, list) else one.title for one in outline]


def test_every_page_says_which_of_how_many_it_is_and_what_it_is_of(
    reader: pypdf.PdfReader,
) -> None:
    assert len(reader.pages) == 4
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text()
        assert f"Page {number} of 4" in text
        assert "CIS  |  2026-10" in text.replace("CIS | ", "CIS  | ")
        assert "INTERIM" in text
        assert "Package cis_1a2b" in text


def test_the_outline_nests_controls_under_sets_under_chapters(reader: pypdf.PdfReader) -> None:
    assert titles(reader.outline) == [
        "One",
        ["One a", ["1.1  A control", "1.2  Another"]],
        "Two",
        ["Same", "Same"],
        "Three 日本",
        ["3.1  Without a set", "3.2  Beside it"],
    ]


def test_the_contents_name_the_pages_their_links_lead_to(reader: pypdf.PdfReader) -> None:
    first = reader.pages[0]
    lines = [line.strip() for line in first.extract_text().splitlines()]
    assert [line for line in lines if line in ("2", "3", "4")] == ["2", "2", "3", "3", "4"]
    ids = [page.indirect_reference for page in reader.pages]
    led = []
    for annotation in first["/Annots"]:  # type: ignore[attr-defined]
        target = annotation.get_object()["/Dest"].get_object()
        led.append(ids.index(target[0].get_object().indirect_reference) + 1)
    assert led == [2, 2, 3, 3, 4]


def test_contents_that_name_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="Nowhere"):
        build(tmp_path / "d.pdf", [Contents([(1, "Nowhere")]), Paragraph("text", BODY)])


def test_the_document_is_dated_by_its_evidence(reader: pypdf.PdfReader) -> None:
    assert reader.metadata is not None
    assert str(reader.metadata["/CreationDate"]).startswith("D:20261101060500")


def test_bars_have_the_same_colours_in_a_browser() -> None:
    reports = Path(style.__file__).parents[1]
    for sheet, names in (
        ("html/style.css", "c n i a"),
        ("html/print.css", "c n i a"),
        ("pages/page.css", "good bad open off"),
    ):
        # The first of each name is the light one.
        css = (reports / sheet).read_text(encoding="utf-8")
        found = [re.search(rf"--{name}-bar: ?(#[0-9a-f]{{6}})", css) for name in names.split()]
        wanted = [f"#{colour.hexval()[2:]}" for colour in style.BAR_COLOURS.values()]
        assert [one and one[1] for one in found] == wanted, sheet


def luminance(colour: Any) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [
        one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4
        for one in (colour.red, colour.green, colour.blue)
    ]
    value: float = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    return value


def test_all_text_has_a_contrast_of_4_5_to_its_ground() -> None:
    plain = [(ink, style.PAPER) for ink in (style.INK, style.MUTED, style.ACCENT)]
    grounds = [(ink, g) for ink in (style.INK, style.MUTED) for g in (style.ZEBRA, style.HEAD)]
    bars = [(style.BAR_INK[status], style.BAR_COLOURS[status]) for status in style.BAR_COLOURS]
    on_paper = [(ink, style.PAPER) for ink, _ in style.STATUS_COLOURS.values()]
    for ink, ground in chain(plain, grounds, style.STATUS_COLOURS.values(), bars, on_paper):
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
