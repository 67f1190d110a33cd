"""Writes all reports of an assessment into one folder."""

from __future__ import annotations

from pathlib import Path

from include.assessment.result import Assessment
from include.reports.csv_report import write_controls, write_evidence, write_failing
from include.reports.json_report import write_json
from include.reports.model import ReportContext, ReportModel
from include.reports.pdf import write_pdf


def write_reports(assessment: Assessment, context: ReportContext, directory: Path) -> list[Path]:
    """Write report.pdf, report.json, controls.csv, failing.csv and evidence.csv.

    Equal arguments give equal bytes. Returns the paths, in that order.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = ReportModel(assessment, context)
    return [
        write_pdf(model, directory / "report.pdf"),
        write_json(model, directory / "report.json"),
        write_controls(model, directory / "controls.csv"),
        write_failing(model, directory / "failing.csv"),
        write_evidence(model, directory / "evidence.csv"),
    ]
