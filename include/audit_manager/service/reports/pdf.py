"""The pages of a report: the summary with cover, overview, contents and controls, and evidence."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    LongTable,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    TableStyle,
)

from include.audit_manager.service.reports.content import Content, ControlPart, Item
from include.clock import iso

_FONT, _BOLD = "AuditManagerVera", "AuditManagerVeraBold"
_WIDTH = A4[0] - 40 * mm
_TEXT = ParagraphStyle("text", fontName=_FONT, fontSize=8, leading=11)
_LABEL = ParagraphStyle("label", parent=_TEXT, fontName=_BOLD)
_ITEM = ParagraphStyle("item", parent=_TEXT, spaceBefore=2 * mm, leftIndent=3 * mm)
_HEADING = ParagraphStyle("heading", fontName=_BOLD, fontSize=12, leading=16, spaceBefore=8)
_TITLE = ParagraphStyle("title", fontName=_BOLD, fontSize=20, leading=26)
_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.25, colors.lightgrey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)


def summary_pdf(content: Content) -> bytes:
    """``AssessmentReportSummary.pdf``. Evidence items must know their paths or problems by now."""
    _register_fonts()
    with_evidence = [control for control in content.controls if control.items]
    story: list[Flowable] = [*_cover(content), PageBreak(), *_overview(content, with_evidence)]
    story += [PageBreak(), *_contents(content)]
    for number, control in enumerate(content.controls):
        story += [PageBreak(), *_control(content, control, number)]
    return _document(content, story, f"{content.name} > Summary")


def evidence_pdf(content: Content, control: ControlPart, item: Item) -> bytes:
    """One automated evidence item: summary, then every element of it."""
    _register_fonts()
    row = item.row
    story: list[Flowable] = [
        Paragraph("Evidence summary", _HEADING),
        _facts(_evidence_facts(content, control, item)),
        Paragraph("Evidence detail", _HEADING),
        _facts([(name, value) for name, value in sorted(row.attributes.items())]),
    ]
    for resource in row.resources:
        story += [
            Spacer(1, 3 * mm),
            _facts([(name, str(value)) for name, value in sorted(resource.items())]),
        ]
    return _document(content, story, f"{content.name} > {control.name} > Evidence")


def _cover(content: Content) -> list[Flowable]:
    made = content.created_at.strftime("%m/%d/%Y at %I:%M:%S %p UTC")
    return [
        Spacer(1, 80 * mm),
        _paragraph(content.name, _TITLE),
        Spacer(1, 6 * mm),
        _paragraph(f"Report generated on {made} by {content.account}"),
    ]


def _overview(content: Content, with_evidence: Sequence[ControlPart]) -> list[Flowable]:
    issues = sum(control.issues for control in content.controls)
    accounts = sorted({item.row.account for item in content.items})
    snapshot = content.snapshot
    return [
        Paragraph("Report summary", _HEADING),
        _facts(
            [
                ("Report name", content.name),
                ("Description", content.description),
                ("Date generated", iso(content.created_at)),
                ("Total controls included", str(len(with_evidence))),
                ("AWS accounts included", ", ".join(accounts)),
                (
                    "Assessment report selection",
                    f"{len(content.items)} evidence items, {issues} compliance check issues",
                ),
                (
                    "Not included",
                    f"{sum(bool(item.problem) for item in content.items)} evidence items whose "
                    "files could not be had unchanged",
                ),
            ]
        ),
        Paragraph("Assessment summary", _HEADING),
        _facts(
            [
                ("Assessment name", content.assessment_name),
                ("Status", snapshot["status"]),
                ("Region", content.region),
                ("Accounts in scope", ", ".join(snapshot["accounts"])),
                ("Framework", snapshot["framework"]),
                ("Audit owners", ", ".join(snapshot["owners"])),
                ("Last updated", snapshot["updated_at"]),
            ]
        ),
    ]


def _contents(content: Content) -> list[Flowable]:
    story: list[Flowable] = [Paragraph("Table of contents", _HEADING)]
    last = None
    for number, control in enumerate(content.controls):
        if control.set_name != last:
            last = control.set_name
            story.append(_paragraph(control.set_name, _LABEL))
        story.append(
            Paragraph(
                f'<a href="#control-{number}" color="blue">{_safe(control.name)}</a> '
                f"({len(control.items)})",
                _TEXT,
            )
        )
    return story


def _control(content: Content, control: ControlPart, number: int) -> list[Flowable]:
    facts = control.facts
    plan = " – ".join(  # noqa: RUF001
        filter(None, (facts.get("action_plan_title"), facts.get("action_plan_instructions")))
    )
    story: list[Flowable] = [
        Paragraph(f'<a name="control-{number}"/>{_safe(control.name)}', _HEADING),
        _facts(
            [
                ("Control name", control.name),
                ("Description", facts.get("description")),
                ("Control set", control.set_name),
                ("Status of review", facts.get("status", "The control left the assessment")),
                ("Testing information", facts.get("testing_information")),
                ("Action plan", plan),
                (
                    "Assessment report selection",
                    f"{len(control.items)} evidence items, {control.issues} issues",
                ),
            ]
        ),
    ]
    days = sorted({item.day for item in control.items})
    for day in days:
        items = [item for item in control.items if item.day == day]
        issues = sum(item.result == "Non-compliant" for item in items)
        story.append(
            Paragraph(f"{day.isoformat()} ({len(items)} items, {issues} issues)", _HEADING)
        )
        story += [_evidence_line(content, control, item) for item in items]
    return story


def _evidence_line(content: Content, control: ControlPart, item: Item) -> Flowable:
    if item.path:
        target = escape(f"{item.path}", {'"': "&quot;"})
        name = item.path.rsplit("/", 1)[-1]
        head = f'<a href="{target}" color="blue">{_safe(name)}</a>'
    else:
        head = _safe(f"{item.row.file_name or item.row.id}. {item.problem}")
    # One paragraph and not a table: a report may hold 22,000 of them.
    lines = [
        f'<font name="{_BOLD}">{_safe(label)}</font> {_safe(value)}'
        for label, value in _evidence_facts(content, control, item)
        if value
    ]
    head = f"{head} – {item.result}"  # noqa: RUF001
    return Paragraph("<br/>".join((head, *lines)), _ITEM)


def _evidence_facts(
    content: Content, control: ControlPart, item: Item
) -> list[tuple[str, str | None]]:
    row = item.row
    manual: list[tuple[str, str | None]] = []
    if row.by_type == "Manual":
        manual = [
            ("Source", f"s3://{row.s3_bucket}/{row.s3_key}" if row.s3_key else "Text response"),
            ("Text", row.text_response),
            ("Size in bytes", str(row.size_bytes)),
            ("SHA-256", row.sha256),
        ]
    return [
        ("ID", row.id),
        ("Date collected", iso(row.at)),
        ("Region", content.region),
        ("IAM ID", row.iam_id),
        ("Account", row.account),
        ("Service", row.event_source),
        ("Event name", row.event_name),
        ("Data source", row.data_source),
        ("Evidence by type", row.by_type),
        ("Compliance check status", row.compliance_check or item.result),
        *manual,
    ]


def _facts(pairs: Sequence[tuple[str, str | None]]) -> Flowable:
    rows: list[list[Any]] = [
        [_paragraph(label, _LABEL), _paragraph(value or "-")] for label, value in pairs
    ]
    if not rows:
        return _paragraph("-")
    return LongTable(rows, colWidths=[_WIDTH * 0.3, _WIDTH * 0.7], style=_GRID)


def _document(content: Content, story: list[Flowable], breadcrumb: str) -> bytes:
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=22 * mm,
        bottomMargin=18 * mm,
        title=content.name,
        author=content.account,
        invariant=1,  # the archive's own time says when it was made
    )

    def frame(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(_FONT, 7)
        canvas.drawString(20 * mm, A4[1] - 14 * mm, _known(breadcrumb)[:110])
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    document.build(story, onFirstPage=frame, onLaterPages=frame)
    return file.getvalue()


def _paragraph(text: str | None, style: ParagraphStyle = _TEXT) -> Paragraph:
    return Paragraph(_safe(text or "-"), style)


def _safe(text: str) -> str:
    """Text as reportlab's mark-up; line breaks are kept."""
    return escape(_known(text)).replace("\n", "<br/>")


def _known(text: str) -> str:
    """Characters that the fonts lack are written as [U+….], so that nothing vanishes unseen."""
    known = _characters()
    return "".join(
        each if ord(each) in known or each == "\n" else f"[U+{ord(each):04X}]" for each in text
    )


@cache
def _register_fonts() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    pdfmetrics.registerFont(TTFont(_FONT, str(folder / "Vera.ttf")))
    pdfmetrics.registerFont(TTFont(_BOLD, str(folder / "VeraBd.ttf")))


@cache
def _characters() -> frozenset[int]:
    _register_fonts()
    faces = [pdfmetrics.getFont(name).face.charToGlyph for name in (_FONT, _BOLD)]
    return frozenset(faces[0]) & frozenset(faces[1])
