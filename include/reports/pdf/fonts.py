"""The PDF's typefaces: FiraGO, and others for what it lacks, loaded when a text needs them.

All are embedded as subsets, so that a report looks the same on every machine. Noto is drawn in
its regular weight only; scripts that need more than Arabic joining (Devanagari's conjuncts, for
one) are drawn letter by letter, in their logical order.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from include.reports.pdf.digits import tabular

SANS, BOLD = "FiraGO", "FiraGO-Bold"
ITALIC, BOLD_ITALIC = "FiraGO-Italic", "FiraGO-BoldItalic"

_FAMILY = {SANS: "Regular", BOLD: "Bold", ITALIC: "Italic", BOLD_ITALIC: "BoldItalic"}
_NOTO = "Noto"
_HAN = "WenQuanYiMicroHei"
#: First and last code point of a script, and the Noto font that has it.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0530, 0x058F, "SansArmenian"),
    (0x0590, 0x05FF, "SansHebrew"),
    (0x0600, 0x08FF, "SansArabic"),
    (0x0900, 0x097F, "SansDevanagari"),
    (0x0980, 0x09FF, "SansBengali"),
    (0x0A00, 0x0A7F, "SansGurmukhi"),
    (0x0A80, 0x0AFF, "SansGujarati"),
    (0x0B00, 0x0B7F, "SansOriya"),
    (0x0B80, 0x0BFF, "SansTamil"),
    (0x0C00, 0x0C7F, "SansTelugu"),
    (0x0C80, 0x0CFF, "SansKannada"),
    (0x0D00, 0x0D7F, "SansMalayalam"),
    (0x0D80, 0x0DFF, "SansSinhala"),
    (0x0E00, 0x0E7F, "SansThai"),
    (0x0E80, 0x0EFF, "SansLao"),
    (0x1000, 0x109F, "SansMyanmar"),
    (0x10A0, 0x10FF, "SansGeorgian"),
    (0x1200, 0x139F, "SansEthiopic"),
    (0x1780, 0x17FF, "SansKhmer"),
    (0x1C90, 0x1CBF, "SansGeorgian"),
    (0x2D00, 0x2D2F, "SansGeorgian"),
    (0x2D80, 0x2DDF, "SansEthiopic"),
    (0xFB13, 0xFB17, "SansArmenian"),
    (0xFB1D, 0xFB4F, "SansHebrew"),
    (0xFB50, 0xFDFF, "SansArabic"),
    (0xFE70, 0xFEFC, "SansArabic"),
)


#: A code point beyond the first 65,536, as reportlab writes it.
_ASTRAL = re.compile("<([0-9A-F]{5,6})>")


class _Font(TTFont):  # type: ignore[misc]
    """reportlab's, whose emoji can be copied out of the file: as UTF-16 (ISO 32000-1, 9.10.3)."""

    def addObjects(self, doc: Any) -> None:
        """Add the font's subsets to the document."""
        before = set(doc.idToObject)
        super().addObjects(doc)
        for name in sorted(set(doc.idToObject) - before):
            if name.startswith("toUnicodeCMap:"):
                stream = doc.idToObject[name]
                stream.content = _ASTRAL.sub(_utf_16, stream.content)


def _utf_16(code: re.Match[str]) -> str:
    return f"<{chr(int(code[1], 16)).encode('utf-16-be').hex().upper()}>"


@cache
def register() -> None:
    """Make FiraGO known to reportlab as a family, so that Paragraphs find bold and italic."""
    for name, style in _FAMILY.items():
        data = importlib.import_module(f"pymupdf_fonts.FiraGO_{style}").fontbuffer
        made = _Font(name, io.BytesIO(data), asciiReadable=True)
        _align_digits(made, data)
        pdfmetrics.registerFont(made)
    pdfmetrics.registerFontFamily(SANS, SANS, BOLD, ITALIC, BOLD_ITALIC)
    # Asked for by the bold font's own name, bold and italic are the same family's.
    pdfmetrics.registerFontFamily(BOLD, BOLD, BOLD, BOLD_ITALIC, BOLD_ITALIC)


def _align_digits(made: TTFont, data: bytes) -> None:
    """Draw all digits in the font's forms of equal width."""
    forms, face = tabular(data), made.face
    for code in map(ord, "0123456789"):
        if form := forms.get(face.charToGlyph[code]):
            face.charToGlyph[code], face.charWidths[code] = form


@cache
def font(name: str) -> TTFont:
    """The font reportlab knows by this name; loads it the first time."""
    if name in _FAMILY:
        register()
    elif name not in pdfmetrics.getRegisteredFontNames():
        if name == _HAN:
            path = files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
        else:
            path = files("manimgx_fonts") / f"{name}[wght].ttf"
        pdfmetrics.registerFont(_Font(name, str(path), subfontIndex=0, asciiReadable=False))
        pdfmetrics.registerFontFamily(name, name, name, name, name)
    return pdfmetrics.getFont(name)


@cache
def widths(name: str) -> Mapping[int, float]:
    """Advance of each code point the font has a glyph for, in thousandths of the size."""
    face = font(name).face
    return {
        code: face.charWidths[code]
        for code, glyph in face.charToGlyph.items()
        if glyph and code in face.charWidths
    }


@cache
def font_for(char: str, wanted: str = SANS) -> str | None:
    """The name of the first font that has ``char``: the wanted one if it can; None if none has."""
    code = ord(char)
    if code in widths(wanted):
        return wanted
    for name in _candidates(code):
        if code in widths(name):
            return name
    return None


def _candidates(code: int) -> list[str]:
    """Fonts to ask for a character, likeliest first: a font is only read when it is asked."""
    own = [_NOTO + name for first, last, name in _SCRIPTS if first <= code <= last]
    if own:
        return own
    if code < 0x2000 or 0x2C60 <= code <= 0x2C7F or 0xA720 <= code <= 0xABFF:
        return [_NOTO + "Sans", _HAN, _NOTO + "SansSymbols"]
    return [_HAN, _NOTO + "Emoji", _NOTO + "SansSymbols", _NOTO + "Sans"]
