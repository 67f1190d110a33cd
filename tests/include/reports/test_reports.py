"""PDF and spreadsheets: nothing left out, nothing that depends on the time of writing."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from reportlab.pdfbase.pdfmetrics import stringWidth

from include.metrics.compute import compute_metrics
from include.reports.files import PACKAGE_FILES
from include.reports.pdf.document import write_pdf
from include.reports.pdf.fonts import SANS
from include.reports.pdf.rows import Column, Rows, wrap
from include.reports.tables.csv_files import safe, write_evidence
from include.reports.tables.definitions import EVIDENCE
from include.reports.write import write_reports
from tests.include.assessment.estate import row
from tests.include.reports.sample import CONTEXT, assessment, model, model_of, streamed, table_of


def text_of(path: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    return subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout


def squeezed(text: str) -> str:
    return "".join(text.split())


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_all_reports_have_the_same_bytes_whenever_and_wherever_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = streamed()
    a, b = tmp_path / "a", tmp_path / "b" / "deeper"
    first = write_reports(found.assessment, found.metrics, found.context, a)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        again = streamed()
        second = write_reports(again.assessment, again.metrics, again.context, b)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    names = [path.relative_to(a).as_posix() for path in first]
    assert names == [path.relative_to(b).as_posix() for path in second]
    # All that is written is told, and is what the product says a package holds.
    assert sorted(names) == sorted(
        path.relative_to(a).as_posix() for path in a.rglob("*") if path.is_file()
    )
    kinds = dict.fromkeys("receipts/" if name[:9] == "receipts/" else name for name in names)
    assert list(kinds) == [file.path for file in PACKAGE_FILES]
    assert sum(name.startswith("receipts/") for name in names) == len(found.assessment.receipts)
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
        assert os.fsencode(tmp_path) not in one.read_bytes()


def test_text_never_runs_over_its_column() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/" + "x" * 90
    for text in (arn, "a few words " * 12, "", "word", "W" * 200):
        lines = wrap(text, 110)
        assert all(stringWidth(line, SANS, 7.8) <= 110 for line in lines)
        assert squeezed("".join(lines)) == squeezed(text)


def test_a_row_taller_than_a_page_goes_on_on_the_next(tmp_path: Path) -> None:
    found = assessment()
    long = replace(found.controls[0], reason="word " * 4000)
    tall = replace(found, controls=(long, *found.controls[1:]))
    text = text_of(write_pdf(model_of(tall, CONTEXT), tmp_path / "report.pdf"))
    assert text.count("word") >= 4000


def test_a_long_table_takes_its_rows_as_pages_need_them() -> None:
    taken = []

    def rows() -> Any:
        for n in range(10_000):
            taken.append(n)
            yield (str(n),)

    table = Rows([Column("Number", 200)], rows())
    table.wrap(500, 600)
    page, rest = table.split(500, 600)
    assert len(taken) < 100
    assert page.wrap(500, 600)[1] <= 600
    assert rest.wrap(500, 600)[1] > 600


def split_all(rows: int, height: float) -> list[list[str]]:
    """The first column of each page's piece."""
    pages, rest = [], Rows([Column("Number", 200)], ((str(n),) for n in range(rows)), again="Set")
    while True:
        if rest.wrap(500, height)[1] <= height:
            pages.append(rest)
            break
        page, rest = rest.split(500, height)
        assert page.wrap(500, height)[1] <= height
        pages.append(page)
    return [[line[0].lines[0] for line in page._lines] for page in pages]


@pytest.mark.parametrize("rows", range(1, 60))
def test_no_row_is_lost_between_pages_nor_left_alone_on_the_last(rows: int) -> None:
    pages = split_all(rows, 200)
    assert [name for page in pages for name in page] == [str(n) for n in range(rows)]
    assert len(pages) == 1 or len(pages[-1]) > 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    assert safe(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"
    assert safe("arn:aws:s3:::b") == "arn:aws:s3:::b"


def test_evidence_csv_has_a_row_per_item_with_the_controls_it_speaks_to(tmp_path: Path) -> None:
    items = [
        row("FAIL", keyword="IAM_ROOT_ACCESS_KEY_CHECK", resource='=cmd("x"),y\n"z"'),
        row("PASS", keyword="NOBODYS_RULE"),
    ]
    found = model_of(assessment(), replace(CONTEXT, evidence=lambda: [table_of(items)]))
    path = write_evidence(found, tmp_path / "evidence.csv")
    first, second = read(path)
    assert tuple(first) == EVIDENCE.names
    assert (first["checks"], first["controls"]) == ("root-no-access-key", "1.3")
    assert first["resource"] == '\'=cmd("x"),y\n"z"'
    assert (second["checks"], second["controls"]) == ("", "")
    assert first["evidence_id"] == items[0].evidence_id


def test_the_spreadsheets_agree_with_the_assessment(tmp_path: Path) -> None:
    found = assessment()
    write_reports(found, compute_metrics(found), CONTEXT, tmp_path)
    controls = read(tmp_path / "controls.csv")
    assert [(c["control"], c["status"]) for c in controls] == [
        (c.id, c.status) for c in found.controls
    ]
    failing = read(tmp_path / "failing.csv")
    assert len(failing) == sum(len(m.failing) for c in found.controls for m in c.checks)
    excused = {line["exception"] for line in failing if line["check"] == "imdsv2-required"}
    assert excused == {"EX-7"}


@pytest.mark.slow
def test_the_work_of_a_long_pdf_grows_with_its_pages(tmp_path: Path) -> None:
    def cost(each: int) -> tuple[int, int]:
        """How many functions were called (whatever else the machine does), and the pages."""
        found, path = model(each=each, denied=False), tmp_path / f"{each}.pdf"
        calls = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            write_pdf(found, path)
        finally:
            sys.setprofile(None)
        return calls, len(PdfReader(path).pages)

    small, few = cost(50)
    large, many = cost(200)
    assert large / small < 1.6 * many / few
