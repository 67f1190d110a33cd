"""The first two sheets of the workbook: what it is and how it adds up, and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.clock import from_iso
from include.reports.files import PACKAGE_FILES
from include.reports.missing_evidence import missing_evidence
from include.reports.model import LIMITATIONS, ReportModel, source_name, words
from include.reports.tables import definitions
from include.reports.tables.book import Book, Sheet
from include.reports.tables.columns import Value

_ALARM = "#8b1a1a"
_INK = "#1b2430"
READ_ME_WIDTHS = (30, 22, 22, 90)
_TABLES = (
    definitions.CONTROLS,
    definitions.FAILING,
    definitions.POPULATION,
    definitions.EVIDENCE,
    definitions.EXCEPTIONS,
    definitions.RECEIPTS,
    definitions.CHANGES,
)
_TOGETHER = (
    "Controls names the checks of each control; Failing lists what fails them, by the same ids.",
    "Failing names the evidence it stands on: evidence_ids are the Evidence ID on Evidence.",
    "Population is everything a check judged, passing resources too: the sample is drawn from it.",
    "Evidence names its source, account and region; Receipts shows for each of these what was "
    "asked, how complete the answer was, and the snapshot the raw pages are in (page, offset).",
    "Exceptions excuse failures: the ids stand in the column Exception of Failing.",
)
_CELLS = (
    "Times are UTC. Numbers, times and yes/no are values of their own kind; account ids are text.",
    "No cell is a formula. A text that begins with = or + is just that text.",
    "A text longer than a cell can be is cut, says so, and names the file that has all of it.",
    "A sheet that is full goes on on the next: Evidence, Evidence 2, and so on.",
    "The same tables are CSV files in this package; evidence.jsonl has the attributes too.",
)


#: Columns of the summary's tables from the left; all others follow by name.
_ORDER = (
    *("id", "title", "account", "region", "severity", "resource_type", "source", "period", "end"),
    *("status", "score", "coverage", "compliance_score"),
    *("compliant", "non_compliant", "inconclusive", "not_applicable"),
    *("compliant_controls", "non_compliant_controls", "inconclusive_controls"),
    *("not_applicable_controls", "total_controls"),
    *("failing", "failing_unexcused", "excused", "failed_and_fixed", "failed_and_gone"),
    *("failing_resources", "failing_checks", "checks"),
    *("passing_results", "failing_results", "unanswered_results"),
    *("cells_answered", "cells_total", "cells_percent", "items"),
)


def read_me(
    model: ReportModel, sheet: Sheet, rows: Mapping[str, int], results: Mapping[str, Counter[str]]
) -> None:
    """What the workbook is, how its sheets fit together, and that its rows add up."""
    found, figures = model.assessment, model.metrics
    sheet.title(found.framework_title)
    if model.interim:
        reasons = "; ".join(found.interim)
        sheet.paragraph(f"INTERIM: not a final result. {reasons}", bold=True, font_color=_ALARM)
    sheet.line("Workbook of a compliance assessment of AWS accounts.", font_color="#5b6675")
    sheet.heading("What was assessed")
    for name, value in (
        ("Framework", f"{found.framework_title} ({found.framework}, {found.framework_version})"),
        ("Period", f"{found.period}: {found.period_start} up to {found.period_end} (UTC)"),
        ("Scope", f"{len(found.accounts)} accounts, {len(found.regions)} regions"),
        ("Evidence as of", f"{found.as_of} (UTC)"),
        ("Result", words(found.status)),
        ("Package", model.context.package or "-"),
        ("Environment", model.context.environment),
        ("Content digest", found.content_digest),
    ):
        sheet.line(name, value)
    sheet.heading("Missing evidence")
    missing = missing_evidence(model)
    colour = _ALARM if missing.value else _INK
    sheet.line(missing.headline, bold=True, font_color=colour)
    sheet.paragraph(
        f"{missing.sentence} Summary lists where it was not collected, Receipts says why, Controls "
        "gives each open control's reason.",
        font_color=colour,
    )
    sheet.heading("Sheets")
    sheet.header("Sheet", "Rows", "File", "What a row is")
    for table in _TABLES:
        sheet.line(table.sheet, rows[table.name], table.file, table.about)
    if not figures.change.get("previous"):
        sheet.paragraph(
            "There is no earlier result to compare with: Changes names what fails as newly asked."
        )
    sheet.heading("How the sheets fit together")
    for text in _TOGETHER:
        sheet.paragraph(text)
    sheet.heading("Sums that agree")
    sheet.header("What", "On the sheets", "In the result", "")
    for what, here, there in _sums(model, rows, results):
        sheet.line(what, here, there, "agrees" if here == there else _differs(what))
    sheet.heading("How to read the cells")
    for text in _CELLS:
        sheet.paragraph(text)
    sheet.heading("Files of the package")
    for file in PACKAGE_FILES:
        sheet.line(file.path, file.holds)
    sheet.heading("Limitations")
    for text in LIMITATIONS:
        sheet.paragraph(text)


def _differs(what: str) -> str:
    if what.startswith("Population"):
        return "DIFFERS: this package holds no whole population of this result"
    return "DIFFERS: this package holds other evidence than the result was made from"


def _sums(
    model: ReportModel, rows: Mapping[str, int], results: Mapping[str, Counter[str]]
) -> Iterator[tuple[str, int, int]]:
    """What is counted twice: on the sheets, and in the result."""
    found, figures = model.assessment, model.metrics
    yield (
        "Controls",
        rows["controls"],
        sum(figures.compliance[name] for name in ("total_controls", "not_applicable_controls")),
    )
    failing = sum(len(m.failing) for control in found.controls for m in control.checks)
    yield "Failing: per control and check", rows["failing"], failing
    yield "Evidence: items", rows["evidence"], figures.evidence["total_evidence_items"]
    for result, count in sorted(figures.evidence["by_result"].items()):
        yield f"Evidence: {result}", results["evidence"][result], count
    for result, name in (("PASS", "passing"), ("FAIL", "failing"), ("UNANSWERED", "unanswered")):
        there = sum(line[f"{name}_results"] for line in figures.by_account)
        yield f"Population: {result}", results["population"][result], there
    yield "Exceptions: decisions", rows["exceptions"], len(found.registers)
    yield "Receipts: cells", rows["receipts"], len(found.receipts)


def summary(model: ReportModel, book: Book) -> None:
    """The figures of the result, section by section, as the metrics have them."""
    found, figures = model.assessment, model.metrics
    sheet = book.sheet("Summary", (36, 18, *(14,) * 10))
    badge = "INTERIM: " if model.interim else ""
    sheet.title(f"{badge}{found.framework_title}, {found.period}")
    sheet.heading("Score and coverage")
    sheet.line("Compliance score (%)", figures.compliance["compliance_score"])
    sheet.line("Controls that could be judged (%)", figures.coverage["controls_percent"])
    sheet.line("Required answers that were got (%)", figures.coverage["cells_percent"])
    missing = missing_evidence(model)
    sheet.line("Places not collected", missing.not_collected)
    sheet.line("Places left out on purpose", missing.by_decision + missing.not_asked)
    sheet.line("Controls open for want of answers to checks", missing.unanswered)
    sheet.line("Controls waiting for evidence from people", missing.waiting)
    for status in ("compliant", "non_compliant", "inconclusive", "not_applicable"):
        sheet.line(f"{words(status.upper())} controls", figures.compliance[f"{status}_controls"])
    _lines(sheet, "Missing evidence", _gaps(model), missing.collected)
    sheet.line(missing.left_open)
    for title, lines in (
        ("By control set", figures.by_control_set),
        ("By account", figures.by_account),
        ("By region", [{**line, "region": line["region"] or "-"} for line in figures.by_region]),
        ("By severity", figures.by_severity),
        ("By type of resource", figures.by_resource_type),
        ("Resources", [figures.resources]),
        ("Evidence by source", _by_source(figures.evidence)),
        ("Evidence by result", [figures.evidence["by_result"]]),
        ("Periods so far", [_short(line) for line in figures.trend]),
    ):
        _lines(sheet, title, lines, "Nothing to show.")


def _gaps(model: ReportModel) -> list[Mapping[str, Value]]:
    return [
        {
            "source": source_name(gap.source),
            "account": gap.account,
            "region": gap.region or "-",
            "status": gap.status,
            "controls": len(gap.controls),
            "message": gap.message,
        }
        for gap in model.assessment.gaps
    ]


def _by_source(evidence: Mapping[str, Any]) -> list[Mapping[str, Value]]:
    known = sorted(evidence["by_known"])
    return [
        {
            "source": source_name(source),
            "items": items,
            **{
                name.lower(): evidence["by_source_and_known"].get(source, {}).get(name, 0)
                for name in known
            },
        }
        for source, items in sorted(evidence["by_source"].items())
    ]


def _short(line: Mapping[str, Any]) -> Mapping[str, Value]:
    return {
        **{name: value for name, value in line.items() if name not in ("start", "end")},
        "end": from_iso(line["end"]).date(),
    }


def _lines(sheet: Sheet, title: str, lines: Sequence[Mapping[str, Any]], nothing: str) -> None:
    sheet.heading(title)
    if not lines:
        sheet.line(nothing, font_color="#5b6675")
        return
    names = sorted(lines[0], key=_place)
    sheet.header(*(name.replace("_", " ").capitalize() for name in names))
    for line in lines:
        sheet.line(*(line[name] for name in names))


def _place(name: str) -> tuple[int, str]:
    """Where a column stands, however the figures were kept: what a line is about comes first."""
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
