"""PDF and spreadsheets: nothing left out, nothing that depends on the time of writing."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth

from include.checks.catalogue import load_catalogue
from include.metrics.compute import compute_metrics
from include.reports.pdf.document import write_pdf
from include.reports.pdf.failing import _passing_again, _resource_rows
from include.reports.pdf.fonts import SANS
from include.reports.pdf.rows import Column, Rows, wrap
from include.reports.tables.csv_files import safe, write_evidence
from include.reports.tables.definitions import EVIDENCE
from include.reports.wording import reason_text, remedy_of
from include.reports.write import write_reports
from tests.include.assessment.estate import row
from tests.include.reports.sample import CONTEXT, assessment, model, model_of, table_of


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
    context = replace(CONTEXT, evidence=lambda: [table_of([row("PASS"), row("FAIL")])])
    figures = compute_metrics(assessment())
    first = write_reports(assessment(), figures, context, tmp_path / "a")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        second = write_reports(
            assessment(), compute_metrics(assessment()), context, tmp_path / "b" / "deeper"
        )
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert [path.name for path in first] == [
        "report.pdf",
        "report.json",
        "controls.csv",
        "failing.csv",
        "evidence.csv",
    ]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
        assert os.fsencode(tmp_path) not in one.read_bytes()


def test_the_pdf_names_every_control_gap_and_failing_resource(tmp_path: Path) -> None:
    found = model()
    text = squeezed(text_of(write_pdf(found, tmp_path / "report.pdf")))
    for control in found.assessment.controls:
        assert squeezed(control.title)[:12] in text
    assert "DENIED" not in text  # statuses are written for people
    assert "Denied" in text
    assert "securityhub:GetFindings" in text
    for digest in (line.content_digest[:12] for line in found.assessment.receipts):
        assert digest in text
    names = {r.rsplit("/", 1)[-1] for check in found.assessment.checks for r in check.failing}
    assert names
    for name in names:
        assert squeezed(name) in text


def test_what_failed_and_was_fixed_is_shown_with_its_days(tmp_path: Path) -> None:
    found = model()
    assert any(cell.fixed for check in found.assessment.checks for cell in check.cells)
    text = text_of(write_pdf(found, tmp_path / "report.pdf"))
    chapter = text[text.index("Failed within the period") :]
    assert "2026-10-03 10:00:00" in chapter
    assert "2026-10-04 18:20:31" in chapter


def test_an_interim_result_is_badged_on_every_page(tmp_path: Path) -> None:
    interim = replace(assessment(), status="INTERIM", interim=("1 of 3 accounts",))
    text = text_of(write_pdf(model_of(interim, CONTEXT), tmp_path / "report.pdf"))
    pages = text.rstrip("\f").split("\f")
    assert len(pages) > 5
    assert all("interim" in page.lower() for page in pages)


def test_every_page_has_its_number(tmp_path: Path) -> None:
    text = text_of(write_pdf(model(), tmp_path / "report.pdf"))
    for number, page in enumerate(text.rstrip("\f").split("\f"), 1):
        assert f"Page {number}" in page


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


def test_a_failing_control_says_what_to_do_and_what_is_not_known_there(tmp_path: Path) -> None:
    found = model()
    text = squeezed(text_of(write_pdf(found, tmp_path / "report.pdf")))
    checks = {m.id for c in found.failing_controls() for m in c.checks if m.failing}
    assert checks
    for check in checks:
        assert squeezed(f"Remedy: {load_catalogue()[check].remedy}") in text
    assert "Limitationshere:" in text


def test_since_and_region_are_told_in_words_where_there_is_no_value() -> None:
    found = assessment()
    check = next(c for c in found.checks if c.locality == "account" and c.failing)
    cells = tuple(
        replace(
            cell,
            failing=tuple(
                replace(
                    f,
                    region="eu-west-1",
                    findings=tuple(replace(x, since=found.period_start) for x in f.findings),
                )
                for f in cell.failing
            ),
        )
        for cell in check.cells
    )
    checks = tuple(replace(c, cells=cells) if c.id == check.id else c for c in found.checks)
    mapped = next(m for c in found.controls for m in c.checks if m.id == check.id)
    rows = list(_resource_rows(model_of(replace(found, checks=checks), CONTEXT), mapped))
    assert rows
    assert {(row[1], row[2]) for row in rows} == {("before the period", "account")}


def test_a_check_that_the_catalogue_no_longer_knows_is_drawn_without_a_remedy() -> None:
    assert remedy_of("forgotten-check") == ""


def test_a_receipt_that_is_not_complete_is_named_also_without_a_gap(tmp_path: Path) -> None:
    found = assessment(denied=False)
    complete = text_of(write_pdf(model_of(found, CONTEXT), tmp_path / "a.pdf"))
    assert "None: every source was collected completely" in complete
    line = replace(
        found.receipts[0], status="NOT_ENABLED", message="Switched off here.", content_digest=""
    )
    changed = replace(found, gaps=(), receipts=(line, *found.receipts[1:]))
    text = text_of(write_pdf(model_of(changed, CONTEXT), tmp_path / "b.pdf"))
    assert "None: every source was collected completely" not in text
    assert "Switched off here." in text


def test_required_checks_left_open_are_listed_with_place_and_cause(tmp_path: Path) -> None:
    text = text_of(write_pdf(model(), tmp_path / "report.pdf"))
    chapter = text[text.index("Required checks left unanswered") :]
    assert "222222222222 us-east-1" in chapter[: chapter.index("Receipts")]


def test_a_resource_that_was_fixed_has_one_row_for_all_its_sources() -> None:
    found = model()
    for check in found.assessment.checks:
        rows = list(_passing_again(found, check))
        assert len({row[2] for row in rows}) == len(rows)
    told = [row for c in found.assessment.checks for row in _passing_again(found, c)]
    assert any("AWS Config, AWS Security Hub" in row[5] for row in told)


def test_reasons_name_no_ids_of_checks_and_stay_as_they_are_in_the_result() -> None:
    found = model()
    for control in found.assessment.controls:
        text = reason_text(found, control)
        if not control.decision:
            assert not [m.id for m in control.checks if m.id in text.split()]
    passing = next(c for c in found.assessment.controls if c.status == "COMPLIANT")
    assert reason_text(found, passing) == "Nothing fails."
    assert "answered everywhere" in passing.reason


def test_the_pdf_is_dated_by_its_evidence_and_carries_the_whole_digest(tmp_path: Path) -> None:
    found = assessment()
    path = write_pdf(model_of(found, CONTEXT), tmp_path / "report.pdf")
    stamp = re.sub(r"[-:TZ]", "", found.as_of[:19]).encode()
    assert b"/CreationDate (D:" + stamp in path.read_bytes()
    assert found.content_digest in squeezed(text_of(path))


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
def test_the_time_of_a_long_pdf_grows_with_its_pages(tmp_path: Path) -> None:
    def cost(each: int) -> tuple[float, int]:
        found = model(each=each, denied=False)
        start = time.process_time()
        path = write_pdf(found, tmp_path / f"{each}.pdf")
        return time.process_time() - start, path.read_bytes().count(b"/Type /Page\n")

    small, few = cost(50)
    large, many = cost(200)
    assert large / small < 1.6 * many / few
