"""Writes all reports of an assessment into one folder."""

from __future__ import annotations

from pathlib import Path

from include.assessment.result import Assessment
from include.metrics.model import Metrics
from include.reports.json_report import write_json
from include.reports.model import ReportContext, ReportModel
from include.reports.pdf.document import write_pdf
from include.reports.tables.csv_files import write_controls, write_evidence, write_failing


def write_reports(
    assessment: Assessment, metrics: Metrics, context: ReportContext, directory: Path
) -> list[Path]:
    """Write every report into ``directory``; returns the paths, in a fixed order.

    Equal arguments give equal bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = ReportModel(assessment, metrics, context)
    return [
        write_pdf(model, directory / "report.pdf"),
        write_json(model, directory / "report.json"),
        write_controls(model, directory / "controls.csv"),
        write_failing(model, directory / "failing.csv"),
        write_evidence(model, directory / "evidence.csv"),
    ]
