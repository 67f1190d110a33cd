"""How the PDF looks: page, grid, type and colours, each named once."""

from __future__ import annotations

from collections.abc import Mapping

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from include.reports.pdf.fonts import BOLD as BOLD
from include.reports.pdf.fonts import SANS as SANS
from include.reports.pdf.fonts import register

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN = 18 * mm
TOP, BOTTOM = 24 * mm, 20 * mm
WIDTH = PAGE_WIDTH - 2 * MARGIN

register()

INK = HexColor("#1b2430")
MUTED = HexColor("#5b6675")
LINE = HexColor("#d5dbe3")
ZEBRA = HexColor("#f5f7fa")
HEAD = HexColor("#e9edf3")
ACCENT = HexColor("#1f4e79")
PAPER = HexColor("#ffffff")

#: Text colour and background of each status; all pairs have a contrast above 4.5 to 1.
STATUS_COLOURS: Mapping[str, tuple[Color, Color]] = {
    "COMPLIANT": (HexColor("#14532d"), HexColor("#d6f0df")),
    "NON_COMPLIANT": (HexColor("#8b1a1a"), HexColor("#fadedd")),
    "INCONCLUSIVE": (HexColor("#7a4a00"), HexColor("#fdebc8")),
    "NOT_APPLICABLE": (HexColor("#3d4653"), HexColor("#e4e8ee")),
}
#: Stronger tones of the same, for bars.
BAR_COLOURS: Mapping[str, Color] = {
    "COMPLIANT": HexColor("#217346"),
    "NON_COMPLIANT": HexColor("#c0392b"),
    "INCONCLUSIVE": HexColor("#e0a030"),
    "NOT_APPLICABLE": HexColor("#9aa5b4"),
}


#: What is written on these bars.
BAR_INK: Mapping[str, Color] = {
    "COMPLIANT": PAPER,
    "NON_COMPLIANT": PAPER,
    "INCONCLUSIVE": INK,
    "NOT_APPLICABLE": INK,
}


def _style(name: str, size: float, leading: float, **more: object) -> ParagraphStyle:
    values = {"fontName": SANS, "textColor": INK, "splitLongWords": 1, **more}
    return ParagraphStyle(name, fontSize=size, leading=leading, **values)


BODY = _style("body", 9, 13, spaceAfter=5)
SMALL_MUTED = _style("small-muted", 8, 11, textColor=MUTED)
LABEL = _style("label", 7.5, 10, textColor=MUTED)
CELL = _style("cell", 8, 10.5)
TITLE = _style("title", 25, 30, fontName=BOLD, spaceAfter=4)
SUBTITLE = _style("subtitle", 12, 16, textColor=MUTED)
H1 = _style("h1", 16, 20, fontName=BOLD, textColor=ACCENT, spaceBefore=22, spaceAfter=8)
H2 = _style("h2", 11.5, 15, fontName=BOLD, spaceBefore=10, spaceAfter=5)
H3 = _style("h3", 9.5, 13, fontName=BOLD, spaceBefore=6, spaceAfter=3)
