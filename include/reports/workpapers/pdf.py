"""``workpapers.pdf``: what an auditor needs to rely on the evidence, or not to.

Where each source's evidence comes from and how to ask for it again, the population reconciled to
the receipts, and a sheet for each control's sample. Bytes depend on the result alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportlab.platypus import Flowable, NextPageTemplate, PageBreak, Paragraph, Spacer

from include.reports.model import ReportModel, words
from include.reports.pdf.document import build_for
from include.reports.pdf.layout import heading
from include.reports.pdf.navigation import Contents, Heading
from include.reports.pdf.style import BODY, H1, SUBTITLE, TITLE
from include.reports.pdf.text import markup
from include.reports.wording import counted, plain_time
from include.reports.workpapers.facts import fact_table, sign_off
from include.reports.workpapers.population import population
from include.reports.workpapers.sheets import sheets
from include.reports.workpapers.sources import sources

_USE = (
    "These papers go with the report of the same package. They are for whoever has to decide "
    "whether its evidence is complete and accurate enough to rely on.",
    "<b>Information produced by the entity</b> has a page for each source: what was asked, when, "
    "by whom, how that ended everywhere in scope, and the commands that ask again. "
    "<b>Population</b> leads from the items of the receipts to the resources that were judged, and "
    "says where the numbers differ and why. <b>Samples</b> has a sheet for each control, drawn so "
    "that anybody draws the same, with room for what you find.",
    "Nothing here is a conclusion. The verdicts in the report rest on every resource of the "
    "population, not on samples; a sample tests whether the sources tell the truth. Times are UTC, "
    "by the clocks of the services that answered.",
)


def write_workpapers(model: ReportModel, path: Path) -> Path:
    """Draw the papers; equal models give equal bytes."""
    a = model.assessment
    return build_for(
        model,
        path,
        _story(model),
        title=f"Workpapers: {a.framework_title} - {a.period}",
        subject=f"Workpapers of the assessment of {a.period_start} to {a.period_end}",
        header="Workpapers",
    )


def _story(model: ReportModel) -> Iterator[Flowable]:
    chapters = [*sources(model, 2), *population(model, 3), *sheets(model, 4)]
    use = heading("1  How to use these papers")
    yield from _cover(model)
    yield NextPageTemplate("body")
    yield PageBreak()
    yield Paragraph("Index", H1)
    yield Contents(
        [
            (one.level, one.plain, one.key)
            for one in (use, *chapters)
            if isinstance(one, Heading) and one.level in (1, 2)
        ]
    )
    yield PageBreak()
    yield use
    for text in _USE:
        yield Paragraph(text, BODY)
    yield Spacer(1, 10)
    yield from sign_off(model)
    yield from chapters


def _cover(model: ReportModel) -> Iterator[Flowable]:
    a, context = model.assessment, model.context
    yield Spacer(1, 96)
    yield Paragraph("Workpapers", TITLE)
    yield Paragraph(markup(a.framework_title), SUBTITLE)
    yield Paragraph(f"Audit period {markup(a.period)}", SUBTITLE)
    yield Spacer(1, 30)
    status = words(a.status)
    if a.status == "INTERIM":
        status = f"INTERIM: {'; '.join(a.interim)}"
    yield fact_table(
        [
            ("Result", status),
            (
                "Period",
                f"{plain_time(a.period_start)} up to {plain_time(a.period_end)} UTC, the end not "
                "included",
            ),
            (
                "Scope",
                f"{counted(len(a.accounts), 'account')}, {counted(len(a.regions), 'region')}",
            ),
            ("Evidence as of", f"{plain_time(a.as_of)} UTC"),
            (
                "Evidence",
                f"{counted(a.evidence.total, 'item')}, {counted(len(a.receipts), 'receipt')}",
            ),
            ("Environment", context.environment),
            ("Prepared from", context.assessment_name),
            ("Package", context.package),
            ("Kept at", context.s3_location),
            ("Content digest", f"SHA-256 {a.content_digest}"),
        ]
    )
