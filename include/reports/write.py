"""Writes all reports of an assessment into one folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from include.assessment.result import Assessment
from include.metrics.model import Metrics
from include.reports.files import PACKAGE_FILES
from include.reports.html.document import write_html
from include.reports.json_report import write_json
from include.reports.model import ReportContext, ReportModel
from include.reports.oscal.document import write_oscal
from include.reports.pdf.document import write_pdf
from include.reports.tables import csv_files
from include.reports.tables.json_lines import write_jsonl
from include.reports.tables.workbook import write_workbook
from include.reports.workpapers.pdf import write_workpapers
from include.reports.workpapers.receipt_files import write_receipts
from include.reports.workpapers.samples_csv import write_samples

#: Who writes which file; the OSCAL document takes the others, too.
_WRITERS: Mapping[str, Callable[[ReportModel, Path], Path | list[Path]]] = {
    "report.pdf": write_pdf,
    "report.html": write_html,
    "workbook.xlsx": write_workbook,
    "report.json": write_json,
    "controls.csv": csv_files.write_controls,
    "failing.csv": csv_files.write_failing,
    "evidence.csv": csv_files.write_evidence,
    "evidence.jsonl": write_jsonl,
    "population.csv": csv_files.write_population,
    "exceptions.csv": csv_files.write_exceptions,
    "receipts.csv": csv_files.write_receipts,
    "samples.csv": write_samples,
    "workpapers.pdf": write_workpapers,
    "receipts/": write_receipts,
}
_OSCAL = "oscal/assessment-results.json"


def write_reports(
    assessment: Assessment, metrics: Metrics, context: ReportContext, directory: Path
) -> list[Path]:
    """Write every report into ``directory``; returns the paths, in the order of ``PACKAGE_FILES``.

    Equal arguments give equal bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = ReportModel(assessment, metrics, context)
    written: list[Path] = []
    for name, _ in PACKAGE_FILES:
        path = directory / name
        if name == _OSCAL:
            written.append(write_oscal(model, path, list(written)))
            continue
        made = _WRITERS[name](model, path)
        written += made if isinstance(made, list) else [made]
    return written
