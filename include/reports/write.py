"""Writes all reports of an assessment into one folder."""

from __future__ import annotations

from pathlib import Path

from include.assessment.result import Assessment
from include.metrics.model import Metrics
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


def write_reports(
    assessment: Assessment, metrics: Metrics, context: ReportContext, directory: Path
) -> list[Path]:
    """Write every report into ``directory``; returns the paths, in a fixed order.

    Equal arguments give equal bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = ReportModel(assessment, metrics, context)
    written = [
        write_pdf(model, directory / "report.pdf"),
        write_html(model, directory / "report.html"),
        write_workbook(model, directory / "workbook.xlsx"),
        write_json(model, directory / "report.json"),
        csv_files.write_controls(model, directory / "controls.csv"),
        csv_files.write_failing(model, directory / "failing.csv"),
        csv_files.write_evidence(model, directory / "evidence.csv"),
        write_jsonl(model, directory / "evidence.jsonl"),
        csv_files.write_population(model, directory / "population.csv"),
        csv_files.write_exceptions(model, directory / "exceptions.csv"),
        csv_files.write_receipts(model, directory / "receipts.csv"),
        write_samples(model, directory / "samples.csv"),
        write_workpapers(model, directory / "workpapers.pdf"),
        *write_receipts(model, directory / "receipts"),
    ]
    # Last, for it names the others with their digests.
    oscal = write_oscal(model, directory / "oscal" / "assessment-results.json", written)
    return [*written, oscal]
