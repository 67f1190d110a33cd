"""The PDF is tagged: every mark of every page belongs to an element, in the order of reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from include.reports.pdf import tagging
from include.reports.pdf.charts import TrendLine
from include.reports.pdf.drawings import Bar, Figures, Legend, StatusBar, StatusHeading
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.navigation import Contents
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, CELL
from tests.include.reports.pdf.hostile import build

COUNTS = [("COMPLIANT", 3), ("NON_COMPLIANT", 2), ("INCONCLUSIVE", 0), ("NOT_APPLICABLE", 1)]
_TOKEN = re.compile(rb"\((?:\\.|[^\\()])*\)|/\w+ <<[^<>]*>> BDC|/\w+ BMC|\bEMC\b|<<.*?>> BDC")


def story(rows: int = 100) -> Iterator[Flowable]:
    """One of everything."""
    yield from chapter("First")
    yield Contents([(1, "First"), (2, "Second")])
    yield Paragraph("A paragraph of <b>words</b>.", BODY)
    yield heading("Second", level=2)
    yield StatusHeading("1.1  A control", "Non-compliant")
    yield Figures([("62.5 %", "Score", "of all")])
    yield Bar(COUNTS)
    yield Legend(COUNTS)
    yield StatusBar("Set", COUNTS, "50 %")
    yield TrendLine([("2026-09", 50.0, 80.0), ("2026-10", 62.5, 81.0)])
    yield Spacer(1, 10)
    yield Table([[Paragraph("cell", CELL), "plain"]], colWidths=[100, 100])
    three = columns(("Name", 2, "strong"), ("Status", 1, "status"), ("N", 1, "number"))
    yield Rows(three, ((f"row {n}", "Compliant", str(n)) for n in range(rows)), again="Rows go on")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    path = tmp_path_factory.mktemp("tags") / "tagged.pdf"
    return pypdf.PdfReader(build(path, story(), package="a package", interim=True))


def elements(node: Any, depth: int = 0) -> Iterator[Any]:
    """Every structure element below, in order."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        one = kid.get_object() if hasattr(kid, "get_object") else kid
        if hasattr(one, "get") and "/S" in one:
            yield one
            yield from elements(one, depth + 1)


def root_of(reader: pypdf.PdfReader) -> Any:
    catalog: Any = reader.trailer["/Root"]
    return catalog["/StructTreeRoot"]


def marks(data: bytes) -> Iterator[tuple[int | None, bool]]:
    """For every text shown on a page: the MCID around it, and whether it is in an artifact."""
    stack: list[tuple[int | None, bool]] = []
    for token in _TOKEN.findall(data):
        if token == b"EMC":
            stack.pop()
        elif token.endswith((b"BDC", b"BMC")):
            mcid = re.search(rb"/MCID (\d+)", token)
            outer = stack[-1] if stack else (None, False)
            stack.append((int(mcid[1]) if mcid else outer[0], outer[1] or b"/Artifact" in token))
        else:
            yield stack[-1] if stack else (None, False)
    assert not stack


def test_the_catalog_says_so_and_names_language_and_title(reader: pypdf.PdfReader) -> None:
    catalog: Any = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"] is True or str(catalog["/MarkInfo"]["/Marked"]) == "True"
    assert catalog["/Lang"] == "en-GB"
    assert str(catalog["/ViewerPreferences"]["/DisplayDocTitle"]) == "True"
    assert reader.metadata is not None
    assert reader.metadata.title == "Hostile"


def test_no_text_is_outside_an_element_or_an_artifact(reader: pypdf.PdfReader) -> None:
    for page in reader.pages:
        contents = page.get_contents()
        assert contents is not None
        shown = list(marks(contents.get_data()))
        assert len(shown) > 5
        assert all(mcid is not None or artifact for mcid, artifact in shown)
        assert not [one for one in shown if one[0] is not None and one[1]]


def test_every_mark_of_a_page_is_in_the_tree_of_parents(reader: pypdf.PdfReader) -> None:
    numbers = root_of(reader)["/ParentTree"]["/Nums"]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    assert list(parents) == sorted(parents)
    for page in reader.pages:
        contents = page.get_contents()
        assert contents is not None
        found = re.findall(rb"/MCID (\d+)", contents.get_data())
        owners = parents[page["/StructParents"]].get_object()
        assert sorted(map(int, found)) == list(range(len(owners)))
        for mcid, owner in enumerate(owners):
            element = owner.get_object()
            kids = [
                kid if isinstance(kid, int) else kid.get_object().get("/MCID")
                for kid in element["/K"]
            ]
            assert mcid in kids
            assert "/P" in element


def test_the_tree_has_headings_tables_figures_and_links(reader: pypdf.PdfReader) -> None:
    found = list(elements(root_of(reader)))
    kinds = [one["/S"] for one in found]
    for kind in ("/H1", "/H2", "/H3", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure", "/Link"):
        assert kind in kinds
    assert kinds.count("/TR") == 101 + 1
    assert all(one.get("/Alt") for one in found if one["/S"] == "/Figure")
    alts = [one["/Alt"] for one in found if one["/S"] == "/Figure"]
    assert "Set: 3 compliant, 2 non-compliant, 0 inconclusive, 1 not applicable; 50 %" in alts
    assert any("2026-10 62.5 % and 81 %" in alt for alt in alts)


def test_links_have_an_element_and_lead_to_the_headings(reader: pypdf.PdfReader) -> None:
    numbers = root_of(reader)["/ParentTree"]["/Nums"]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    links = [one.get_object() for page in reader.pages for one in page.get("/Annots", [])]
    assert len(links) == 2
    for link in links:
        element = parents[link["/StructParent"]].get_object()
        assert element["/S"] == "/Link"
        assert link["/Contents"]


def test_of_very_long_tables_rows_stay_marked_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "MOST_CELLS", 60)
    reader = pypdf.PdfReader(build(tmp_path / "long.pdf", story(300)))
    kinds = [one["/S"] for one in elements(root_of(reader))]
    assert kinds.count("/TR") < 100
    rows = 0
    for page in reader.pages:
        contents = page.get_contents()
        assert contents is not None
        rows += len(re.findall(rb"/TR <</MCID", contents.get_data()))
    assert "/TBody" in kinds
    assert rows + kinds.count("/TR") - 2 == 300


def test_rows_are_read_one_after_the_other(reader: pypdf.PdfReader) -> None:
    contents = reader.pages[2].get_contents()
    assert contents is not None
    shown = re.findall(rb"\((row \d+|Compliant|\d+)\) Tj", contents.get_data())
    body = shown[shown.index(next(one for one in shown if one.startswith(b"row"))) :]
    first = int(body[0].removeprefix(b"row "))
    assert len(body) > 90
    for n in range(30):
        number = b"%d" % (first + n)
        assert body[3 * n : 3 * n + 3] == [b"row " + number, b"Compliant", number]
