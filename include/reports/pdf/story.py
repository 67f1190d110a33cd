"""What stands in ``report.pdf``, chapter after chapter, in the order in which an auditor asks."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import Flowable, NextPageTemplate, PageBreak

from include.reports.model import ReportModel
from include.reports.pdf.chapters import controls, receipts, registers, summary
from include.reports.pdf.cover import cover
from include.reports.pdf.failing import failing, passing_again
from include.reports.pdf.missing import missing


def story(model: ReportModel) -> Iterator[Flowable]:
    """All flowables; the cover is on a page template of its own, ``cover``, the rest on ``body``.

    Pure: equal models give equal pages.
    """
    yield from cover(model)
    yield NextPageTemplate("body")
    yield PageBreak()
    yield from summary(model)
    yield from controls(model)
    yield from failing(model)
    yield from passing_again(model)
    yield from missing(model)
    yield from registers(model)
    yield from receipts(model)
