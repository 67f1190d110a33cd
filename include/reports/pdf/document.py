"""``report.pdf``: for people, in the order in which an auditor asks.

Cover with the answer and how to read it, summary, every control, one block for each failing
one, what is missing, and the receipts. Bytes depend on the result alone (no time of writing, no
random id).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate

from include.reports.model import ReportModel
from include.reports.pdf.rows import printable
from include.reports.pdf.story import story
from include.reports.pdf.style import (
    ACCENT,
    BOTTOM,
    LINE,
    MARGIN,
    MUTED,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    SANS,
    STATUS_COLOURS,
    TOP,
    WIDTH,
)

_INTERIM = "INTERIM - not the final result of this period"


def write_pdf(model: ReportModel, path: Path) -> Path:
    """Draw the report; equal models give equal bytes."""
    a = model.assessment
    document = BaseDocTemplate(
        str(path),
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        # Without this reportlab writes the present time and a random document id.
        invariant=1,
        pageCompression=1,
        title=f"{a.framework_title} - {a.period}",
        author=model.context.environment,
        subject=f"Compliance assessment, {a.period_start} to {a.period_end}",
        creator="Compliance assessments",
        lang="en",
    )
    frame = Frame(
        MARGIN,
        BOTTOM,
        WIDTH,
        PAGE_HEIGHT - TOP - BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
        id="body",
    )
    furniture = _Furniture(model)
    document.addPageTemplates(
        [
            PageTemplate("cover", [frame], onPage=furniture.cover),
            PageTemplate("body", [frame], onPage=furniture.page),
        ]
    )
    document.build(list(story(model)), canvasmaker=partial(_canvas, as_of=a.as_of))
    return path


def _canvas(*args: Any, as_of: str, **more: Any) -> Canvas:
    """A canvas whose document is dated ``as_of`` (ISO UTC): the newest evidence, not today."""
    canvas = Canvas(*args, **more)
    if as_of:
        at = datetime.fromisoformat(as_of).astimezone(UTC)
        # reportlab takes no date of its own; an invariant document's would be 2000-01-01.
        stamp = canvas._doc._timeStamp
        stamp.t, stamp.lt = at.timestamp(), at.timetuple()
        stamp.YMDhms, stamp.dhh, stamp.dmm = tuple(stamp.lt)[:6], 0, 0
    return canvas


class _Furniture:
    """What stands on every page: heading, page number, and the badge of an interim result."""

    def __init__(self, model: ReportModel) -> None:
        self._model = model

    def cover(self, canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(ACCENT)
        canvas.rect(0, PAGE_HEIGHT - 9, PAGE_WIDTH, 9, stroke=0, fill=1)
        self._foot(canvas, document)
        canvas.restoreState()

    def page(self, canvas: Any, document: Any) -> None:
        a = self._model.assessment
        canvas.saveState()
        y = PAGE_HEIGHT - 14 * 2.835
        canvas.setFont(SANS, 8)
        canvas.setFillColor(MUTED)
        canvas.drawString(MARGIN, y, printable(f"{a.framework_title}  |  {a.period}"))
        if self._model.interim:
            canvas.setFillColor(STATUS_COLOURS["NON_COMPLIANT"][0])
            canvas.drawRightString(PAGE_WIDTH - MARGIN, y, _INTERIM)
        else:
            canvas.drawRightString(
                PAGE_WIDTH - MARGIN, y, printable(self._model.context.environment)
            )
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, y - 5, PAGE_WIDTH - MARGIN, y - 5)
        self._foot(canvas, document)
        canvas.restoreState()

    def _foot(self, canvas: Any, document: Any) -> None:
        y = 11 * 2.835
        canvas.setFont(SANS, 7.5)
        canvas.setFillColor(MUTED)
        digest = self._model.assessment.content_digest
        canvas.drawString(MARGIN, y, f"Content digest {digest[:32]}...")
        canvas.drawRightString(PAGE_WIDTH - MARGIN, y, f"Page {document.page}")
