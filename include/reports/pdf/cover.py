"""The PDF's first page: what was assessed, and the answer with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from include.assessment.result import STATUSES, Assessment
from include.reports.model import LIMITATIONS, ReportModel, not_complete, percent_text
from include.reports.pdf.drawings import Bar, Figures, Legend
from include.reports.pdf.style import (
    BODY,
    BOLD,
    CELL,
    H2,
    LABEL,
    LINE,
    SMALL_MUTED,
    STATUS_COLOURS,
    SUBTITLE,
    TITLE,
    WIDTH,
)
from include.reports.pdf.text import escape as escape

_STATUS_WORDS = {
    "COMPLETE": "Complete: every source was collected everywhere in scope",
    "INCOMPLETE": "Incomplete: evidence is missing, see the chapter of that name",
    "INTERIM": "Interim: not the final result of this period",
}
#: More accounts than this are counted on the cover, and listed in the summary.
_MOST_ACCOUNTS = 12


def cover(model: ReportModel) -> Iterator[Flowable]:
    """The cover's flowables; they fill one page."""
    a, metrics = model.assessment, model.metrics
    compliance, coverage = metrics.compliance, metrics.coverage
    awaiting = coverage["controls_awaiting_manual_evidence"]
    yield Spacer(1, 36)
    yield Paragraph("Compliance assessment", SUBTITLE)
    yield Paragraph(escape(a.framework_title), TITLE)
    yield Paragraph(
        f"Version {escape(a.framework_version)}, audit period {escape(a.period)}", SUBTITLE
    )
    yield Spacer(1, 20)
    if model.interim:
        yield _badge(f"INTERIM: {'; '.join(a.interim)}. Not the final result of this period.")
        yield Spacer(1, 14)
    elif a.status == "INCOMPLETE":
        blocking = sum(gap.blocking for gap in a.gaps)
        yield _badge(f"INCOMPLETE: evidence is missing from {blocking} of the places asked.")
        yield Spacer(1, 14)
    yield Figures(
        [
            (
                percent_text(compliance["compliance_score"]),
                "Compliance score",
                f"{compliance['compliant_controls']} of {compliance['total_controls']} applicable "
                "controls are compliant",
            ),
            (
                percent_text(coverage["controls_percent"]),
                "Coverage",
                f"{coverage['controls_judged']} of {coverage['controls_total']} controls could be "
                f"judged; {awaiting} wait for evidence from people",
            ),
            (
                f"{metrics.resources['failing']:,}",
                "Failing resources",
                f"in {compliance['non_compliant_controls']} failing controls",
            ),
        ]
    )
    yield Spacer(1, 18)
    counts = [(status, int(compliance[f"{status.lower()}_controls"])) for status in STATUSES]
    yield Bar(counts)
    yield Spacer(1, 4)
    yield Legend(counts)
    yield Spacer(1, 22)
    yield _facts(model)
    yield from _limitations()


def _badge(text: str) -> Table:
    ink, ground = STATUS_COLOURS["NON_COMPLIANT"]
    style = BODY.clone("badge", textColor=ink, fontName=BOLD, spaceAfter=0)
    return Table(
        [[Paragraph(escape(text), style)]],
        colWidths=[WIDTH],
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), ground),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
            ]
        ),
    )


def _facts(model: ReportModel) -> Table:
    a, context = model.assessment, model.context
    accounts = ", ".join(a.accounts)
    if len(a.accounts) > _MOST_ACCOUNTS:
        accounts = f"{len(a.accounts)} accounts, listed in the summary"
    rows = [
        ("Assessment", context.assessment_name),
        ("Environment", context.environment),
        ("Result", _result(a)),
        ("Period", f"{_plain(a.period_start)} up to {_plain(a.period_end)} (not included), UTC"),
        ("Evidence as of", f"{_plain(a.as_of)} UTC"),
        ("Accounts", accounts),
        ("Regions", ", ".join(a.regions)),
        ("Evidence", f"{a.evidence.total:,} items from {len(a.receipts)} collected cells"),
        ("Kept at", context.s3_location),
        ("Audit Manager", context.assessment_id),
        ("Content digest", f"SHA-256 {a.content_digest}"),
    ]
    return Table(
        [[Paragraph(name, LABEL), Paragraph(escape(value), CELL)] for name, value in rows if value],
        colWidths=[92, WIDTH - 92],
        style=TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 4),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ]
        ),
    )


def _result(a: Assessment) -> str:
    """The status in words; "every source" only where all receipts say so."""
    others = len(not_complete(a))
    if a.status == "COMPLETE" and others:
        what = "1 receipt says" if others == 1 else f"{others} receipts say"
        return f"Complete for what the controls need; {what} otherwise, see missing evidence"
    return _STATUS_WORDS[a.status]


def _plain(at: str) -> str:
    return at.replace("T", " ").replace("Z", "")


def _limitations() -> Iterator[Flowable]:
    """What to keep in mind."""
    yield CondPageBreak(120)
    yield Spacer(1, 14)
    yield Paragraph("How to read this result", H2)
    for text in LIMITATIONS:
        yield Paragraph(escape(text), SMALL_MUTED)
        yield Spacer(1, 3)
