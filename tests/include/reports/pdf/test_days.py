"""Days of non-compliance in the PDF: those of the metrics, not rounded once more."""

from __future__ import annotations

from pathlib import Path

import pdfplumber

from include.reports.pdf.document import write_pdf
from tests.include.reports.sample import model


def test_days_are_the_metrics_own_to_both_decimals(tmp_path: Path) -> None:
    found = model()
    days = {
        one["days"]
        for one in found.metrics.non_compliance["failures"]
        if one["state"] == "fixed" and one["days"] is not None and one["days"] * 10 % 1
    }
    assert days, "the sample has no days that one decimal would round"
    with pdfplumber.open(write_pdf(found, tmp_path / "report.pdf")) as pdf:
        words = {word["text"] for page in pdf.pages for word in page.extract_words()}
    assert {f"{one:,.2f}" for one in days} <= words
