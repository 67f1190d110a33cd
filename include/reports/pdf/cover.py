"""The cover: what was assessed, for which period, from what, and whether it is the final result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from include.reports.missing_evidence import missing_evidence
from include.reports.model import ReportModel
from include.reports.pdf.style import (
    ACCENT,
    BODY,
    BOLD,
    BOTTOM,
    CELL,
    LABEL,
    LINE,
    PAGE_HEIGHT,
    SMALL_MUTED,
    STATUS_COLOURS,
    SUBTITLE,
    TITLE,
    TOP,
    WIDTH,
)
from include.reports.pdf.text import markup
from include.reports.wording import counted, plain_time

#: More accounts or regions than this are counted on the cover, and listed in chapter 2.
_MOST_NAMED = 6
_OVERLINE = LABEL.clone("overline", fontName=BOLD, fontSize=10, leading=14, textColor=ACCENT)
_PERIOD = SUBTITLE.clone("period", fontSize=15, leading=20)
_DISTRIBUTION = (
    "Confidential. This report names accounts, resources and their weaknesses. It is meant for the "
    "owner of the assessment and the auditors they name; pass it on only with their consent, whole "
    "and unaltered, together with the package that it is sealed in."
)
#: The colours of each status of the result; the word always stands with them.
_COLOURS: Mapping[str, str] = {
    "COMPLETE": "COMPLIANT",
    "INCOMPLETE": "INCONCLUSIVE",
    "INTERIM": "NON_COMPLIANT",
}


def cover(model: ReportModel) -> Iterator[Flowable]:
    """The cover's flowables; they fill one page, whose foot is the note on distribution."""
    above = list(_above(model))
    foot = Paragraph(_DISTRIBUTION, SMALL_MUTED)
    room = PAGE_HEIGHT - TOP - BOTTOM - sum(tall(one) for one in (*above, foot))
    yield from above
    yield Spacer(1, max(room - 2, 0))
    yield foot


def tall(flowable: Flowable) -> float:
    """Points that a flowable takes in a frame, the space around it counted fully."""
    height: float = flowable.wrap(WIDTH, 10_000.0)[1]
    return height + float(flowable.getSpaceBefore()) + float(flowable.getSpaceAfter())


def _above(model: ReportModel) -> Iterator[Flowable]:
    a = model.assessment
    yield Spacer(1, 76)
    yield Paragraph("COMPLIANCE ASSESSMENT", _OVERLINE)
    yield Spacer(1, 6)
    yield Paragraph(markup(a.framework_title), TITLE)
    yield Paragraph(f"Version {markup(a.framework_version)}", SUBTITLE)
    yield Spacer(1, 26)
    yield Paragraph(f"Audit period {markup(a.period)}", _PERIOD)
    yield Paragraph(
        f"{plain_time(a.period_start)} up to {plain_time(a.period_end)} UTC, the end not included",
        SUBTITLE,
    )
    yield Spacer(1, 30)
    yield _badge(model)
    yield Spacer(1, 34)
    yield _facts(model)


def _badge(model: ReportModel) -> Table:
    """Complete, incomplete or interim: the word large, and what it means beside it."""
    a = model.assessment
    ink, ground = STATUS_COLOURS[_COLOURS[a.status]]
    word = BODY.clone("badge", textColor=ink, fontName=BOLD, fontSize=17, leading=21, spaceAfter=0)
    text = BODY.clone("badge-text", textColor=ink, spaceAfter=0)
    name = "INTERIM" if a.status == "INTERIM" else a.status.capitalize()
    return Table(
        [[Paragraph(name, word), Paragraph(markup(_meaning(model)), text)]],
        colWidths=[122, WIDTH - 122],
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), ground),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 12),
                ("RIGHTPADDING", (0, 0), (-1, -1), 12),
                ("TOPPADDING", (0, 0), (-1, -1), 9),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 11),
            ]
        ),
    )


def _meaning(model: ReportModel) -> str:
    a, missing = model.assessment, missing_evidence(model)
    if a.status == "INTERIM":
        return f"Not the final result of this period: {'; '.join(a.interim) or 'it is reduced'}."
    see = " See Missing evidence." if missing.value or missing.otherwise else ""
    return f"{missing.sentence}{see}"


def _facts(model: ReportModel) -> Table:
    a, context = model.assessment, model.context
    rows = [
        ("Environment", context.environment),
        ("Accounts", _named(a.accounts, "account")),
        ("Regions", _named(a.regions, "region")),
        ("Prepared from", context.assessment_name),
        ("Audit Manager", context.assessment_id),
        ("Evidence as of", f"{plain_time(a.as_of)} UTC"),
        (
            "Evidence",
            f"{counted(a.evidence.total, 'item')}, {counted(len(a.receipts), 'receipt')}",
        ),
        ("Package", context.package),
        ("Kept at", context.s3_location),
        ("Content digest", f"SHA-256 {a.content_digest}"),
    ]
    return Table(
        [[Paragraph(name, LABEL), Paragraph(markup(value), CELL)] for name, value in rows if value],
        colWidths=[98, WIDTH - 98],
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


def _named(names: Sequence[str], one: str) -> str:
    if len(names) > _MOST_NAMED:
        return f"{counted(len(names), one)}, listed in chapter 2"
    return ", ".join(names) or "none"
