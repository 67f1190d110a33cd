"""One side of the benchmark, in a process of its own; prints what it cost as JSON.

``ours`` is ``include.reports.pdf``; ``paragraphs`` the tables of Paragraphs that Prowler's report
is made of, in pieces of 300 rows; ``bare`` a canvas into whose content stream the same text is
written at known places: nothing measured, nothing wrapped, no tags.

Usage: python -m benchmarks.reporting.sides SIDE ROWS PATH
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.collecting.figures import memory
from benchmarks.reporting.rows import COLUMNS, rows


def ours(count: int, path: Path) -> Callable[[], object]:
    """Our document with one table of all rows."""
    from include.reports.pdf.document import build_pdf
    from include.reports.pdf.layout import chapter
    from include.reports.pdf.rows import Column, Rows

    wanted: list[Any] = [Column(*column) for column in COLUMNS]

    def story() -> Iterator[Any]:
        yield from chapter("Evidence")
        yield Rows(wanted, rows(count), again="Evidence (continued)")

    return lambda: build_pdf(
        path, story(), title="Evidence", header="Evidence  |  2026-10", digest="0" * 64, cover=False
    )


def paragraphs(count: int, path: Path) -> Callable[[], object]:
    """LongTables of 300 rows whose cells are Paragraphs."""
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, TableStyle

    from include.reports.pdf.style import MARGIN, SANS, TOP

    cell = ParagraphStyle("cell", fontName=SANS, fontSize=7.8, leading=9.8)
    style = TableStyle(
        [
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#ffffff"), HexColor("#f5f7fa")]),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor("#d5dbe3")),
        ]
    )

    def build() -> None:
        head = [Paragraph(title, cell) for title, _, _ in COLUMNS]
        widths = [width for _, width, _ in COLUMNS]
        story: list[Any] = []
        some: list[list[Any]] = []
        for row in rows(count):
            some.append([Paragraph(text, cell) for text in row])
            if len(some) == 300:
                story.append(LongTable([head, *some], widths, style=style, repeatRows=1))
                some = []
        if some:
            story.append(LongTable([head, *some], widths, style=style, repeatRows=1))
        SimpleDocTemplate(
            str(path), leftMargin=MARGIN, rightMargin=MARGIN, topMargin=TOP, invariant=1
        ).build(story)

    return build


def bare(count: int, path: Path) -> Callable[[], object]:
    """The same rows, as many on a page as ours has, written into the content stream."""
    from reportlab.pdfgen.canvas import Canvas

    from include.reports.pdf.fonts import BOLD, SANS, font
    from include.reports.pdf.style import MARGIN, PAGE_HEIGHT, TOP

    def build() -> None:
        canvas = Canvas(str(path), invariant=1, pageCompression=1)
        names = {}
        for name in (SANS, BOLD):
            font(name).splitString(" ", canvas._doc)
            names[name] = font(name).getSubsetInternalName(0, canvas._doc)
        lefts = [MARGIN + sum(c[1] for c in COLUMNS[:n]) + 5 for n in range(len(COLUMNS))]
        top = PAGE_HEIGHT - TOP - 30
        code: list[str] = []
        y = 0.0
        for row in rows(count):
            if y < 75:
                if code:
                    canvas._code.append("\n".join([*code, "ET"]))
                    canvas.showPage()
                code, y = [f"BT {names[SANS]} 7.8 Tf"], top
                code += [
                    f"1 0 0 1 {x:.2f} {y:.2f} Tm ({title}) Tj"
                    for x, (title, _, _) in zip(lefts, COLUMNS, strict=True)
                ]
            y -= 17
            code += [
                f"1 0 0 1 {x:.2f} {y:.2f} Tm ({_escaped(text)}) Tj"
                for x, text in zip(lefts, row, strict=True)
            ]
        canvas._code.append("\n".join([*code, "ET"]))
        canvas.showPage()
        canvas.save()

    return build


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


SIDES: Mapping[str, Callable[[int, Path], Callable[[], object]]] = {
    "ours": ours,
    "paragraphs": paragraphs,
    "bare": bare,
}


def main(side: str, count: int, path: Path) -> None:
    """Draw and print; imports and the loading of fonts are not counted."""
    from include.reports.pdf.fonts import register

    register()
    build = SIDES[side](count, path)
    start = time.process_time()
    build()
    cost = {"cpu": time.process_time() - start, "memory": memory("VmHWM")}
    print(json.dumps(cost))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
