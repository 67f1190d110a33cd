"""What the executive page lists as missing: not only places without an answer."""

from __future__ import annotations

import re

from include.reports.pdf.executive import _to_decide
from tests.include.reports.sample import model


def test_controls_left_open_by_unanswered_checks_are_counted() -> None:
    found = model()
    open_checks = {
        check.id
        for check in found.assessment.checks
        for cell in check.cells
        if cell.answer not in ("ANSWERED", "NO_RESOURCES")
    }
    waiting = {
        control.id
        for control in found.assessment.controls
        for mapped in control.checks
        if control.status == "INCONCLUSIVE" and mapped.role == "required"
        if mapped.id in open_checks
    }
    assert waiting
    (line,) = [what for what, _ in _to_decide(found) if what.startswith("A check is not")]
    assert re.findall(r"\d+", line) == [str(len(waiting))]
