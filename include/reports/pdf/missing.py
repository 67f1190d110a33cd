"""The PDF's chapter about what is missing: evidence not collected, checks not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.reports.model import ReportModel, not_complete, source_name, words
from include.reports.pdf.layout import chapter, columns, heading, listed
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.wording import answer_text, place_text

_MOST_PLACES = 6


def missing(model: ReportModel, number: int) -> Iterator[Flowable]:
    """What could not be collected, by gaps and receipts, and which checks that left open."""
    gaps = model.assessment.gaps
    named = {(gap.source, gap.account, gap.region) for gap in gaps}
    others = [
        line
        for line in not_complete(model.assessment)
        if (line.source, line.account, line.region) not in named
    ]
    unanswered = list(_unanswered(model))
    short = not (gaps or others or unanswered)
    yield from chapter(f"{number}  Missing evidence", room=90.0 if short else 230.0)
    if not (gaps or others):
        yield Paragraph("None: every source was collected completely everywhere in scope.", BODY)
    if gaps:
        yield from _gaps(model)
    if others:
        yield CondPageBreak(120)
        yield heading("Receipts that did not end as complete", level=2)
        yield Paragraph(
            "Nothing that the controls need is known to be missing because of these."
            if not unanswered
            else "Whether a check stays open without them is told below.",
            BODY,
        )
        yield Rows(
            columns(
                ("Source", 24, "strong"),
                ("Account", 20),
                ("Region", 16),
                ("Ended as", 18),
                ("What happened", 52),
            ),
            [
                (
                    source_name(line.source),
                    line.account,
                    line.region,
                    words(line.status),
                    _happened(line.message, line.missing_permission),
                )
                for line in others
            ],
        )
    if unanswered:
        yield CondPageBreak(120)
        yield heading("Required checks left unanswered", level=2)
        yield Rows(
            columns(("Controls", 18, "strong"), ("Check", 44), ("Where", 34), ("Why", 40)),
            unanswered,
        )
    elif not short:
        yield Spacer(1, 8)
        yield Paragraph("Every required check was answered all the same.", BODY)


def _happened(message: str, permission: str) -> str:
    return f"{message} (missing permission: {permission})" if permission else message or "-"


def _gaps(model: ReportModel) -> Iterator[Flowable]:
    yield Paragraph(
        "What these cells would have said is unknown. Controls that depend on them can't be "
        "compliant; they are inconclusive, or fail by what is known.",
        BODY,
    )
    yield Rows(
        columns(
            ("Source", 18, "strong"),
            ("Account", 17),
            ("Region", 14),
            ("Status", 15),
            ("What happened", 42),
            ("Controls", 24),
        ),
        (
            (
                source_name(gap.source),
                gap.account,
                gap.region,
                words(gap.status),
                gap.message + (f" (decision {gap.decision})" if gap.decision else ""),
                ", ".join(gap.controls),
            )
            for gap in model.assessment.gaps
        ),
    )


def _unanswered(model: ReportModel) -> Iterator[Sequence[str]]:
    """A row for each required check and cause, with the places that share it."""
    controls: dict[str, list[str]] = {}
    for control in model.assessment.controls:
        for mapped in control.checks:
            if mapped.role == "required" and control.status != "NOT_APPLICABLE":
                controls.setdefault(mapped.id, []).append(control.id)
    for check in model.assessment.checks:
        if check.id not in controls or not check.judges:
            continue
        places: dict[str, list[str]] = {}
        for cell in check.cells:
            if not cell.settled:
                places.setdefault(answer_text(cell), []).append(place_text(cell))
        for why, where in places.items():
            yield (
                ", ".join(controls[check.id]),
                check.question,
                listed(where, _MOST_PLACES),
                why,
            )
