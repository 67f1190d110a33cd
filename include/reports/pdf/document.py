"""``report.pdf``, and what every PDF of a package has: pages, running heads, bookmarks, tags.

``build_pdf`` lays a story out once. "Page x of y" and the contents' page numbers are drawn when
the last page is known. Bytes depend on the story alone (no time of writing, no random id).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from include.reports.pdf.canvas import ReportCanvas
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
from include.reports.pdf.tagging import TableTags, artifact, tag
from include.reports.pdf.text import draw, measure, wrap

if TYPE_CHECKING:
    from include.reports.model import ReportModel

INTERIM = "INTERIM - not the final result of this period"
_HEAD_Y, _FOOT_Y = PAGE_HEIGHT - 40.0, 31.0


class Running(NamedTuple):
    """What stands on every page: what the document is about, where it belongs, the digest."""

    header: str
    belongs: str = ""
    interim: bool = False
    digest: str = ""


def write_pdf(model: ReportModel, path: Path) -> Path:
    """Draw the report; equal models give equal bytes."""
    from include.reports.pdf.story import story

    a = model.assessment
    return build_for(
        model,
        path,
        story(model),
        title=f"{a.framework_title} - {a.period}",
        subject=f"Compliance assessment, {a.period_start} to {a.period_end}",
    )


def build_for(
    model: ReportModel,
    path: Path,
    story: Iterable[Flowable],
    *,
    title: str,
    subject: str,
    header: str = "",
) -> Path:
    """A PDF about one assessment; ``header`` stands before its name at the head of every page."""
    a, context = model.assessment, model.context
    about = f"{a.framework_title}  |  version {a.framework_version}  |  {a.period}"
    return build_pdf(
        path,
        story,
        title=title,
        author=context.environment,
        subject=subject,
        as_of=a.as_of,
        header=f"{header}  |  {about}" if header else about,
        package=context.package,
        interim=model.interim,
        digest=a.content_digest,
    )


def build_pdf(
    path: Path,
    story: Iterable[Flowable],
    *,
    title: str,
    subject: str = "",
    author: str = "",
    as_of: str = "",
    header: str = "",
    package: str = "",
    interim: bool = False,
    digest: str = "",
    cover: bool = True,
) -> Path:
    """Write ``story`` as a PDF; equal stories and words give equal bytes.

    Page templates are 'cover' (no running head), with which it starts unless ``cover`` is false,
    and 'body'; change by ``NextPageTemplate``. ``as_of`` (ISO UTC) dates the document; ``header``
    stands at the upper left of each page, the ``package``'s id at the upper right (without one the
    ``author``, which is the environment), the content ``digest`` at the foot.
    """
    document = BaseDocTemplate(
        str(path),
        pagesize=(PAGE_WIDTH, PAGE_HEIGHT),
        pageCompression=1,
        title=title,
        author=author,
        subject=subject,
        creator="Compliance assessments",
        lang="en-GB",
    )
    frame = _Frame(
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
    belongs = f"Package {package}" if package else f"Environment {author}" if author else ""
    furniture = _Furniture(Running(header or title, belongs, interim, digest))
    templates = [
        PageTemplate("cover", [frame], onPage=furniture.cover),
        PageTemplate("body", [frame]),
    ]
    document.addPageTemplates(templates if cover else templates[::-1])
    document.build(
        list(story), canvasmaker=partial(ReportCanvas, as_of=as_of, furniture=furniture.draw)
    )
    return path


class _Frame(Frame):  # type: ignore[misc]
    """A frame that tags what is drawn in it, and bookmarks headings."""

    def _add(self, flowable: Any, canv: Any, trySplit: int = 0) -> int:
        drawn = flowable.drawOn
        flowable.drawOn = partial(_tagged, flowable, drawn)
        try:
            added: int = super()._add(flowable, canv, trySplit)
            return added
        finally:
            del flowable.drawOn

    add = _add


def _tagged(flowable: Any, drawn: Any, canvas: Any, x: float, y: float, **more: Any) -> None:
    """Draw a flowable as what it is."""
    level = getattr(flowable, "level", 0)
    if level and getattr(flowable, "key", ""):
        _bookmark(canvas, flowable, level, y + flowable.height)
    if getattr(flowable, "tags_itself", False):
        drawn(canvas, x, y, **more)
    elif isinstance(flowable, Spacer):
        pass
    elif isinstance(flowable, Table):
        flowable._renderCB = TableTags(canvas, int(flowable.repeatRows or 0))
        drawn(canvas, x, y, **more)
    elif isinstance(flowable, HRFlowable):
        with artifact(canvas):
            drawn(canvas, x, y, **more)
    elif isinstance(flowable, Paragraph) or level:
        style = getattr(getattr(flowable, "style", None), "name", "")
        kind = f"H{level}" if level else {"h1": "H1", "h2": "H2", "h3": "H3"}.get(style, "P")
        with tag(canvas, kind):
            drawn(canvas, x, y, **more)
    else:
        alt = getattr(flowable, "alt", "")
        with tag(canvas, "Figure" if alt else "Div", alt):
            drawn(canvas, x, y, **more)


def _bookmark(canvas: Any, flowable: Any, level: int, top: float) -> None:
    """A destination at the heading's top, and an entry of the outline for levels 1 and 2."""
    key, n = flowable.key, 1
    while key in canvas.page_of:
        # The first of several headings of one key is the one that links lead to.
        n += 1
        key = f"{flowable.key} #{n}"
    canvas.page_of[key] = canvas.getPageNumber()
    canvas.bookmarkHorizontalAbsolute(key, top + 8)
    if level <= 2 or getattr(flowable, "outlined", False):
        # Entries hang below the last one of a lower level, which need not be the next lower.
        above = canvas.outline_levels
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        canvas.addOutlineEntry(flowable.plain, key, len(above) - 1, closed=True)


class _Furniture:
    """Running heads and feet: the same operators on all pages but for the page's number."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._covers: set[int] = set()
        self._same: str | None = None

    def cover(self, canvas: Any, document: Any) -> None:
        """Remember that this page is a cover, which has a band instead of a head."""
        self._covers.add(canvas.getPageNumber())

    def draw(self, canvas: Any, page: int) -> None:
        """Draw it when the number of pages is known."""
        code = canvas._code
        code.append("/Artifact <</Type/Pagination>> BDC q")
        if page in self._covers:
            canvas.setFillColor(ACCENT)
            canvas.rect(0, PAGE_HEIGHT - 9, PAGE_WIDTH, 9, stroke=0, fill=1)
            if self._running.interim:
                canvas.setFillColor(STATUS_COLOURS["NON_COMPLIANT"][0])
                draw(canvas, PAGE_WIDTH - MARGIN, _HEAD_Y, INTERIM, SANS, 8, "r")
            self._foot(canvas)
        elif self._same is None:
            start = len(code)
            self._head(canvas)
            self._foot(canvas)
            self._same = "\n".join(code[start:])
        else:
            code.append(self._same)
        canvas.setFillColor(MUTED)
        draw(canvas, PAGE_WIDTH - MARGIN, _FOOT_Y, f"Page {page} of {canvas.pages}", SANS, 7.5, "r")
        code.append("Q EMC")

    def _head(self, canvas: Any) -> None:
        running = self._running
        right = running.belongs
        if running.interim:
            right = INTERIM + (f"  |  {right}" if right else "")
        right = _fitted(right, WIDTH * 0.6)
        width = measure(right, SANS, 8)
        canvas.setFillColor(STATUS_COLOURS["NON_COMPLIANT"][0] if running.interim else MUTED)
        draw(canvas, PAGE_WIDTH - MARGIN, _HEAD_Y, right, SANS, 8, "r")
        canvas.setFillColor(MUTED)
        draw(canvas, MARGIN, _HEAD_Y, _fitted(running.header, WIDTH - width - 16), SANS, 8)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, _HEAD_Y - 5, PAGE_WIDTH - MARGIN, _HEAD_Y - 5)

    def _foot(self, canvas: Any) -> None:
        canvas.setFillColor(MUTED)
        if self._running.digest:
            draw(
                canvas,
                MARGIN,
                _FOOT_Y,
                f"Content digest {self._running.digest[:32]}...",
                SANS,
                7.5,
            )


def _fitted(line: str, width: float) -> str:
    """As much as fits on one line, with an ellipsis for the rest, which the title page has."""
    line = line.replace("\n", " ")
    lines = wrap(line, width, SANS, 8)
    return lines[0] if len(lines) == 1 else wrap(line, width - 10, SANS, 8)[0] + "\u2026"
