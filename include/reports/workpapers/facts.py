"""What several of the workpapers' pages have: a table of facts, and lines to sign on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table, TableStyle

from include.reports.model import ReportModel
from include.reports.pdf.style import BOLD, CELL, LABEL, LINE, MUTED, WIDTH
from include.reports.pdf.text import markup

_NAMES = 112.0


def fact_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and values under hairlines; what has no value is left out."""
    return Table(
        [[Paragraph(name, LABEL), Paragraph(markup(value), CELL)] for name, value in rows if value],
        colWidths=[_NAMES, WIDTH - _NAMES],
        style=TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        ),
    )


def sign_off(model: ReportModel, prepared: str = "") -> Iterator[Flowable]:
    """Who prepared a paper (a program, named by what it ran from), and who reviewed it."""
    package = model.context.package or model.assessment.content_digest[:16]
    clients = f", {prepared}" if prepared else ""
    made = f"Compliance assessments, by machine{clients}; package {package}"
    blank = Paragraph("", CELL)
    yield Spacer(1, 10)
    yield KeepTogether(
        [
            Table(
                [
                    [Paragraph("Prepared by", LABEL), Paragraph(markup(made), CELL), "", ""],
                    [Paragraph("Reviewed by", LABEL), blank, Paragraph("on", LABEL), blank],
                    [Paragraph("Conclusion", LABEL), blank, "", ""],
                ],
                colWidths=[_NAMES, WIDTH - _NAMES - 140, 20, 120],
                rowHeights=[None, 26, 26],
                style=TableStyle(
                    [
                        ("LEFTPADDING", (0, 0), (-1, -1), 0),
                        ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                        ("SPAN", (1, 0), (3, 0)),
                        ("SPAN", (1, 2), (3, 2)),
                        ("LINEBELOW", (1, 1), (1, 1), 0.6, MUTED),
                        ("LINEBELOW", (3, 1), (3, 1), 0.6, MUTED),
                        ("LINEBELOW", (1, 2), (3, 2), 0.6, MUTED),
                        ("FONTNAME", (0, 0), (0, -1), BOLD),
                    ]
                ),
            )
        ]
    )
