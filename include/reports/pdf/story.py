"""What stands in ``report.pdf``, chapter after chapter, in the order in which an auditor asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import Flowable, NextPageTemplate, PageBreak, Paragraph

from include.reports.model import ReportModel
from include.reports.pdf.appendices import decisions, files, glossary, receipts
from include.reports.pdf.appendix_change import change, failed_within
from include.reports.pdf.appendix_population import population
from include.reports.pdf.control_sets import control_sets
from include.reports.pdf.cover import cover
from include.reports.pdf.executive import executive
from include.reports.pdf.figures import figures
from include.reports.pdf.material import Material
from include.reports.pdf.method import method
from include.reports.pdf.missing import missing
from include.reports.pdf.navigation import Contents, Heading
from include.reports.pdf.style import H1

#: More lines of contents than this don't stand on one page.
_MOST_ENTRIES = 40


def story(model: ReportModel) -> Iterator[Flowable]:
    """All flowables; the cover is on a page template of its own, ``cover``, the rest on ``body``.

    Pure: equal models give equal pages.
    """
    material = Material(model)
    first = list(executive(model, 1))
    rest = list(_chapters(material))
    yield from cover(model)
    yield NextPageTemplate("body")
    yield PageBreak()
    yield from first
    yield Paragraph("Contents", H1)
    yield Contents(_entries([*first, *rest]))
    yield PageBreak()
    yield from rest


def _entries(flowables: Sequence[Flowable]) -> list[tuple[int, str, str]]:
    """The chapters, and their sections too where all of them stand on one page."""
    headings = [one for one in flowables if isinstance(one, Heading) and one.level in (1, 2)]
    entries = [(one.level, one.plain, one.key) for one in headings]
    return entries if len(entries) <= _MOST_ENTRIES else [one for one in entries if one[0] == 1]


def _chapters(material: Material) -> Iterator[Flowable]:
    """What follows the contents: the chapters from 2 on, and the appendices."""
    model = material.model
    yield from method(material, 2)
    yield from missing(model, 3)
    yield from figures(model, 4)
    yield from control_sets(material, 5)
    yield from receipts(material)
    yield from population(material)
    yield from change(material)
    yield from failed_within(material)
    yield from decisions(material)
    yield from glossary()
    yield from files(material)
