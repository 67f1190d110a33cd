"""The workbook, as another program reads it: values, types, filters; no formulas; same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from include.clock import from_iso
from include.metrics.model import Metrics
from include.reports.model import ReportModel
from include.reports.tables import definitions, rows, streams
from include.reports.tables.book import CELL_UNITS, cut
from include.reports.tables.columns import Table, Value
from include.reports.tables.workbook import write_workbook
from tests.include.assessment.estate import row
from tests.include.reports.sample import model as cis
from tests.include.reports.tables.world import HOSTILE, LONG, items_with, report, small

TABLES = {
    table.sheet: table
    for table in (
        definitions.CONTROLS,
        definitions.FAILING,
        definitions.POPULATION,
        definitions.EVIDENCE,
        definitions.EXCEPTIONS,
        definitions.RECEIPTS,
        definitions.CHANGES,
    )
}
POPULATION = [
    ("both", "111111111111", "eu-west-1", text, "AWS::EC2::Instance", "PASS", "aws_config=PASS")
    for text in HOSTILE
]


def opened(path: Path) -> Any:
    return openpyxl.load_workbook(path)


def read(sheet: Any) -> list[list[Any]]:
    return [
        [unescape(cell) if isinstance(cell, str) else cell for cell in line]
        for line in sheet.iter_rows(min_row=2, values_only=True)
    ]


def expected(model: ReportModel) -> Iterator[tuple[Table, list[tuple[Value, ...]]]]:
    yield definitions.CONTROLS, list(rows.control_rows(model))
    yield definitions.FAILING, list(rows.failing_rows(model))
    yield (
        definitions.POPULATION,
        list(streams.values(definitions.POPULATION, streams.population_batches(model))),
    )
    yield (
        definitions.EVIDENCE,
        list(streams.values(definitions.EVIDENCE, streams.evidence_batches(model))),
    )
    yield definitions.EXCEPTIONS, list(rows.exception_rows(model))
    yield definitions.RECEIPTS, list(rows.receipt_rows(model))
    yield definitions.CHANGES, list(rows.change_rows(model))


def same(cell: Any, value: Value) -> bool:
    """Whether a cell holds a value, as a value of its kind."""
    if value is None or value == "":
        return cell is None
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        # Excel counts in days: a millisecond is what stays of a time.
        return isinstance(cell, datetime) and abs(cell - moment) < timedelta(milliseconds=1)
    if isinstance(value, date):
        return isinstance(cell, datetime) and cell.date() == value
    if isinstance(value, str):
        return isinstance(cell, str) and cell == value
    return type(cell) in (type(value), int) and cell == value


def test_every_value_comes_back_as_it_was_and_of_its_kind(tmp_path: Path) -> None:
    model = report(small("=1+1"), items_with(HOSTILE), POPULATION, text="@SUM(A1)")
    book = opened(write_workbook(model, tmp_path / "w.xlsx"))
    assert book.sheetnames == ["Read me", "Summary", *TABLES]
    plain = openpyxl.load_workbook(tmp_path / "w.xlsx", read_only=True)
    for table, lines in expected(model):
        found = read(book[table.sheet])
        assert len(found) == len(lines), table.sheet
        assert plain[table.sheet].max_row == len(lines) + 1  # what the file says of itself
        for line, values in zip(found, lines, strict=True):
            for cell, value, column in zip(line, values, table.columns, strict=True):
                assert same(cell, value), (table.sheet, column.name, cell, value)


def test_no_cell_is_a_formula_or_a_link(tmp_path: Path) -> None:
    model = report(small("=HYPERLINK(1)"), items_with(HOSTILE), POPULATION, text="=1")
    path = write_workbook(model, tmp_path / "w.xlsx")
    for sheet in opened(path):
        for line in sheet.iter_rows():
            assert not [cell.coordinate for cell in line if cell.data_type == "f"]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            text = archive.read(name)
            assert b"<f>" not in text and b"hyperlink" not in text, name
            ElementTree.fromstring(text)


def test_headers_stay_in_sight_are_filtered_and_printed_on_every_page(tmp_path: Path) -> None:
    model = report(small(), items_with(HOSTILE))
    book = opened(write_workbook(model, tmp_path / "w.xlsx"))
    for name, table in TABLES.items():
        sheet = book[name]
        assert [cell.value for cell in sheet[1]] == [c.heading for c in table.columns]
        assert all(cell.font.bold for cell in sheet[1])
        assert sheet.freeze_panes == "A2"
        last = openpyxl.utils.get_column_letter(len(table.columns))
        assert sheet.auto_filter.ref in (f"A1:{last}{sheet.max_row}", f"A1:{last}1")
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$1"
    assert [c.heading for c in definitions.EVIDENCE.columns if c.type == "time"] == [
        "Source time (UTC)",
        "Collected at (UTC)",
    ]


def test_counts_are_those_of_the_assessment_and_the_read_me_says_so(tmp_path: Path) -> None:
    model = cis()
    found = model.assessment
    book = opened(write_workbook(model, tmp_path / "w.xlsx"))
    assert book["Controls"].max_row - 1 == len(found.controls)
    failing = sum(len(m.failing) for c in found.controls for m in c.checks)
    assert book["Failing"].max_row - 1 == failing
    assert book["Receipts"].max_row - 1 == len(found.receipts)
    lines = [[cell for cell in line if cell is not None] for line in book["Read me"].values]
    told = {line[0]: line[1:] for line in lines if len(line) > 2}
    assert told["Controls"][0] == len(found.controls)
    assert told["Failing: per control and check"] == [failing, failing, "agrees"]
    # The sample streams no evidence, and that is told.
    assert told["Evidence: items"][2].startswith("DIFFERS")
    summary = {line[0]: line[1] for line in book["Summary"].iter_rows(max_col=2, values_only=True)}
    assert summary["Compliance score (%)"] == model.metrics.compliance["compliance_score"]
    assert summary["Places not collected"] == sum(gap.blocking for gap in found.gaps) > 0
    assert (
        summary["Controls waiting for evidence from people"]
        == (model.metrics.coverage["controls_awaiting_manual_evidence"])
    )


def test_the_summary_s_columns_begin_with_what_a_line_is_about(tmp_path: Path) -> None:
    model = report(small())
    # As it comes back from where it is kept: members sorted by name.
    kept = Metrics.from_json(json.loads(json.dumps(model.metrics.to_json(), sort_keys=True)))
    files = [
        write_workbook(each, tmp_path / f"{n}.xlsx")
        for n, each in enumerate((model, replace(model, metrics=kept)))
    ]
    lines = list(opened(files[1])["Summary"].iter_rows(values_only=True))
    heads = {one[0]: two for one, two in pairwise(lines)}
    assert heads["By control set"][:4] == ("Id", "Title", "Compliance score", "Compliant controls")
    assert heads["By account"][:2] == ("Account", "Compliance score")
    assert heads["By type of resource"][0] == "Resource type"
    # Kept or fresh, the same figures stand in the same columns.
    assert files[0].read_bytes() == files[1].read_bytes()


def test_sums_agree_when_the_evidence_is_that_of_the_result(tmp_path: Path) -> None:
    found = small()
    items = [row("FAIL"), row("PASS", "security_hub", "EC2.8")]
    lines = [("both", "111111111111", "eu-west-1", "x", "t", "FAIL", "s")]
    lines += [(*lines[0][:3], "y", "t", "PASS", "s")]
    sheet = opened(write_workbook(report(found, items, lines), tmp_path / "w.xlsx"))["Read me"]
    texts = [str(cell) for line in sheet.values for cell in line if cell is not None]
    assert texts.count("agrees") == 10 and not [text for text in texts if "DIFFERS" in text]


def test_an_interim_result_is_badged_on_the_first_sheets_and_every_page(tmp_path: Path) -> None:
    found = replace(small(), status="INTERIM", interim=("1 of 3 accounts",))
    book = opened(write_workbook(report(found), tmp_path / "w.xlsx"))
    assert "1 of 3 accounts" in book["Read me"]["A2"].value
    assert book["Summary"]["A1"].value.startswith("INTERIM")
    for sheet in book:
        assert "INTERIM" in sheet.oddFooter.left.text


def test_text_longer_than_a_cell_is_cut_with_a_mark_that_says_where_it_is(tmp_path: Path) -> None:
    model = report(small(), items_with([LONG, "x" * CELL_UNITS, "x" * (CELL_UNITS + 1)]))
    sheet = opened(write_workbook(model, tmp_path / "w.xlsx"))["Evidence"]
    first, second, third = (line[5] for line in read(sheet))
    for text in (first, third):
        assert len(text.encode("utf-16-le")) // 2 <= CELL_UNITS
        assert text.endswith("characters; the whole is in evidence.csv]")
    assert "40,000" in first and first.startswith("長" * 20_000 + "\U0001f512")
    assert second == "x" * CELL_UNITS
    assert cut("\U0001f512" * 16_384, "f.csv") == cut("\U0001f512" * 16_384, "f.csv")
    assert len(cut("\U0001f512" * 16_384, "f.csv").encode("utf-16-le")) <= 2 * CELL_UNITS


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_a_full_sheet_goes_on_on_the_next_and_no_row_is_lost(tmp_path: Path, count: int) -> None:
    items = [row("PASS", resource=f"r-{n}") for n in range(count)]
    path = write_workbook(report(small(), items), tmp_path / "w.xlsx", sheet_rows=101)
    book = opened(path)
    sheets = [name for name in book.sheetnames if name.startswith("Evidence")]
    assert sheets == ["Evidence", "Evidence 2", "Evidence 3"][: max(1, -(-count // 100))]
    found = [line[5] for name in sheets for line in read(book[name])]
    assert found == [f"r-{n}" for n in range(count)]
    assert all(book[name].freeze_panes == "A2" for name in sheets)
    assert all(book[name].max_row <= 101 for name in sheets)


def test_the_only_time_in_the_file_is_the_assessments(tmp_path: Path) -> None:
    found = small()
    path = write_workbook(report(found), tmp_path / "w.xlsx")
    made = from_iso(found.as_of).replace(tzinfo=None)
    properties = opened(path).properties
    assert properties.created == properties.modified == made
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time[:3] for info in archive.infolist()} <= {(1980, 1, 1), (1980, 1, 31)}


SCRIPT = """
import sys
from pathlib import Path
from tests.include.reports.tables.world import HOSTILE, items_with, report, small
from include.reports.tables import csv_files, json_lines, workbook
model, folder = report(small(), items_with(HOSTILE), text="x"), Path(sys.argv[1])
for name in ("controls", "failing", "exceptions", "receipts", "evidence", "population"):
    getattr(csv_files, f"write_{name}")(model, folder / f"{name}.csv")
json_lines.write_jsonl(model, folder / "evidence.jsonl")
workbook.write_workbook(model, folder / "workbook.xlsx")
"""


def test_all_tables_have_the_same_bytes_in_other_zones_and_with_other_hashes(
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[4]

    def written(name: str, **environment: str) -> dict[str, bytes]:
        folder = tmp_path / name
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env={**os.environ, **environment},
            cwd=root,
            check=True,
        )
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    first = written("a", TZ="UTC", PYTHONHASHSEED="1")
    second = written("b", TZ="Pacific/Kiritimati", PYTHONHASHSEED="2")
    assert len(first) == 8 and list(first) == list(second)
    for name, data in first.items():
        assert data == second[name], name


def changes() -> dict[str, Sequence[dict[str, Any]]]:
    control = {"control": "1.1", "title": "=T", "before": "COMPLIANT", "now": "NON_COMPLIANT"}
    item = {
        "kind": "newly_asked",
        "check": "both",
        "question": "Is it?",
        "resource": "r",
        "account": "1",
        "region": "",
        "severity": "HIGH",
        "controls": ["1.1", "1.2"],
    }
    return {"controls": [{**control, "direction": "worse"}], "items": [item]}


def test_changes_name_controls_and_failures(tmp_path: Path) -> None:
    model = report(small(), change={"previous": {"period": "2026-09"}, **changes()})
    book = opened(write_workbook(model, tmp_path / "w.xlsx"))
    first, second = read(book["Changes"])
    assert first[:4] == ["control worse", "1.1", None, "=T"]
    assert first[-2:] == ["COMPLIANT", "NON_COMPLIANT"]
    assert second[:2] == ["newly asked", "1.1 1.2"]
