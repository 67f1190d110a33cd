"""``portfolio.pdf``: a few pages for those who answer for all frameworks together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    NextPageTemplate,
    Spacer,
    Table,
    TableStyle,
)

from include.assessment.result import STATUSES
from include.digests import digest_of
from include.metrics.comparison import KINDS, NAMES
from include.metrics.portfolio import Portfolio
from include.reports.missing_evidence import places_text
from include.reports.model import words
from include.reports.pages.drawing import moment, number
from include.reports.pdf.document import build_pdf
from include.reports.pdf.drawings import Figures, Legend
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import (
    BODY,
    BOLD,
    SMALL_MUTED,
    STATUS_COLOURS,
    SUBTITLE,
    TITLE,
    WIDTH,
)
from include.reports.portfolio.drawings import FrameworkLine, FrameworksHead
from include.reports.portfolio.failing import accounts, checks, regions, resources
from include.reports.portfolio.parts import by_reason, paragraph
from include.reports.portfolio.waiting import exceptions, missing, people
from include.reports.wording import counted


def write_portfolio_pdf(portfolio: Portfolio, path: Path, package: str = "") -> Path:
    """Draw it; equal portfolios give equal bytes. ``package`` is the id of the one it is in."""
    label = portfolio.period["label"]
    return build_pdf(
        path,
        _story(portfolio),
        title=f"Compliance portfolio - {label}",
        author=portfolio.environment,
        subject=f"All frameworks, {portfolio.period['start']} to {portfolio.period['end']}",
        as_of=portfolio.as_of,
        header=f"Compliance portfolio  |  {label}",
        package=package,
        digest=digest_of(portfolio.to_json()),
    )


def _story(portfolio: Portfolio) -> Iterator[Flowable]:
    yield NextPageTemplate("body")
    yield from _summary(portfolio)
    yield from _changes(portfolio)
    yield from accounts(portfolio)
    yield from regions(portfolio)
    yield from resources(portfolio)
    yield from checks(portfolio)
    yield from missing(portfolio)
    yield from people(portfolio)
    yield from exceptions(portfolio)
    yield from _sources(portfolio)


def _summary(portfolio: Portfolio) -> Iterator[Flowable]:
    period, totals = portfolio.period, portfolio.totals
    yield paragraph(f"Compliance portfolio, {portfolio.environment}", SUBTITLE)
    yield paragraph(f"All frameworks, {period['label']}", TITLE)
    as_of = f" Evidence as of {moment(portfolio.as_of)}." if portfolio.as_of else ""
    yield paragraph(
        f"{moment(period['start'])} up to {moment(period['end'])} (not included), UTC. "
        f"{counted(totals['accounts'], 'account')}, {counted(totals['regions'], 'region')}."
        f"{as_of}",
        SMALL_MUTED,
    )
    yield Spacer(1, 10)
    if portfolio.missing:
        n = totals["frameworks_missing"]
        yield _notice(
            f"{n} of {counted(totals['frameworks'], 'framework')} "
            f"{'has' if n == 1 else 'have'} no final result for this period: see Not assessed."
        )
    if totals["gaps_blocking"]:
        yield _notice(
            f"{places_text(totals['gaps_blocking'])}; the controls that need it can't be "
            "compliant. See Missing evidence."
        )
    yield Spacer(1, 4)
    yield Figures(
        [
            (
                f"{totals['frameworks_assessed']} of {totals['frameworks']}",
                "Frameworks assessed",
                f"{totals['frameworks_incomplete']} with places not collected",
            ),
            (
                number(totals["compliant_controls"]),
                "Compliant controls",
                f"of {number(totals['total_controls'])}, added up over the frameworks",
            ),
            (
                number(totals["failing_resources"]),
                "Failing resources",
                f"each once, in {counted(totals['failing_checks'], 'check')}",
            ),
            (
                number(totals["awaiting"]),
                "Waiting for people",
                "controls without accepted evidence",
            ),
        ]
    )
    yield heading("1  Frameworks")
    yield Spacer(1, 4)
    yield FrameworksHead()
    for row in portfolio.frameworks:
        yield FrameworkLine(row)
    yield Spacer(1, 6)
    yield Legend([(status, totals[f"{status.lower()}_controls"]) for status in STATUSES])
    yield paragraph(
        "The score is compliant of all applicable controls; change is in points since the last "
        "period; coverage is how many controls could be judged at all. There is no score over all "
        "frameworks: their controls are different questions, and an average would mean nothing.",
        SMALL_MUTED,
    )
    if portfolio.missing:
        yield CondPageBreak(80)
        yield heading(f"Not assessed: {totals['frameworks_missing']}", level=2)
        for why, names in by_reason(portfolio.missing):
            yield paragraph(f"{why} {'; '.join(names)}.")


def _notice(text: str) -> Table:
    ink, ground = STATUS_COLOURS["NON_COMPLIANT"]
    style = BODY.clone("notice", textColor=ink, fontName=BOLD, spaceAfter=0)
    return Table(
        [[paragraph(text, style)]],
        colWidths=[WIDTH],
        spaceAfter=6,
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), ground),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
            ]
        ),
    )


def _changes(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("2  Since the last period", room=150)
    rows = [
        (
            row["framework"],
            row["previous_period"],
            *(number(row["change"][kind]) for kind in KINDS),
        )
        for row in portfolio.frameworks
        if row["change"]
    ]
    none = [row["framework"] for row in portfolio.frameworks if not row["change"]]
    if rows:
        yield paragraph(
            "Findings, which are resources that fail a check, against the result before."
        )
        yield Rows(
            columns(
                ("Framework", 34, "strong"),
                ("Compared with", 20),
                *((NAMES[kind], 15, "number") for kind in KINDS),
            ),
            rows,
        )
        yield Spacer(1, 5)
    if none:
        yield paragraph(f"No result of the period before: {', '.join(none)}.", SMALL_MUTED)


def _sources(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("10  What this is drawn from", room=110)
    yield paragraph(
        "The newest final result of each framework, as it was published. Each figure of a "
        "framework is that framework's own; what several share is counted once."
    )
    yield Rows(
        columns(
            ("Framework", 30, "strong"),
            ("Result", 20, "status"),
            ("Package", 70),
            ("Content digest", 62),
        ),
        [
            (
                row["framework"],
                words(row["status"]),
                row["package"] or "-",
                row["content_digest"],
            )
            for row in portfolio.frameworks
        ],
    )
    for row in portfolio.frameworks:
        for other in row["passed_over"]:
            yield paragraph(
                f"{row['framework']} has another final result of this period, of scope "
                f"{other['scope']} ({counted(other['accounts'], 'account')}, "
                f"{counted(other['regions'], 'region')}), which is not part of this portfolio.",
                SMALL_MUTED,
            )
