"""Texts that layouts break on, and PDFs read back by other programs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pdfplumber
import pypdf
from reportlab.platypus import Flowable, NextPageTemplate, PageBreak

from include.reports.pdf.document import build_pdf
from include.reports.pdf.text import drawable

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/"
HOSTILE = {
    "arn of 300": ARN + "x" * (300 - len(ARN)),
    "nothing to break at": "W" * 300,
    "long title": "A title that never comes to its end, " * 135,
    "japanese": "監査証跡は保存され、改ざんされていません。" * 12,
    "chinese and latin": "存储桶 bucket-プロダクション-01 は公開されている。" * 6,
    "korean": "접근 통제가 설정되어 있지 않습니다 " * 8,
    "arabic": "التحكم في الوصول (النسخة 12.5) للحسابات " * 6,
    "persian": "\u067e\u0631\u0648\u0646\u062f\u0647\u0654 \u200c\u0647\u0627",
    "hebrew": "בקרת גישה לחשבון 111111111111 (דוח 5) " * 6,
    "mixed directions": "bucket 'שלום' in السعودية-1 (x86) 50%",
    "emoji": "👩‍💻 👨‍👩‍👧‍👦 ❤️ 🏳️‍🌈 🇯🇵 👍🏽 ✅ ⚠️",
    "marks": "e\u0301 q\u0323\u0307 Z\u0351\u036b\u0343 a\u0308\u0304 " * 6,
    "thai and hindi": "การควบคุมการเข้าถึง नियंत्रण अनुपालन",
    "controls": "bell\x07 null\x00 escape\x1b[31m delete\x7f c1\x85",
    "direction marks": "safe\u202egnp.exe\u202c \u2066x\u2069 \u200e",
    "markup": "<b>&amp;</b> <para> &lt;i&gt; <br/> <font name='x'> ]]> <!-- -->",
    "operators": "\\( (unbalanced \\ ET BT %s %d {} <</MCID 3>> BDC",
    "no font has it": "\U000123ab\U0001f9ff\ue000",
    "lines": "first\nsecond\r\nthird\n\nfifth\ttabbed",
    "spaces": "   three   apart   ",
    "nothing": "",
    "one": "i",
}


def build(path: Path, story: Iterable[Flowable], **more: Any) -> Path:
    """A document of body pages only."""
    words = {"title": "Hostile", "header": "Header", "digest": "0" * 64, **more}
    return build_pdf(path, story, cover=False, **words)


def on_body(story: Iterable[Flowable]) -> Iterator[Flowable]:
    """The story behind a page without a running head."""
    yield NextPageTemplate("body")
    yield PageBreak()
    yield from story


def characters(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Every character of each page with its box, origin at the upper left."""
    with pdfplumber.open(path) as pdf:
        for page in pdf.pages:
            yield page.chars
            page.close()


#: A bracket at a line's end is turned as its own line reads, away from the one it goes with.
_ONE_WAY = str.maketrans(")]}>", "([{<")


def said(text: str) -> Counter[str]:
    """The characters that a reader must find, whatever their order and form; no spaces."""
    shown = unicodedata.normalize("NFKC", drawable(text)).translate(_ONE_WAY)
    return Counter(char for char in shown if not char.isspace() and char != "\xad")


def found(chars: Iterable[dict[str, Any]]) -> Counter[str]:
    """The same of what was drawn."""
    shown = unicodedata.normalize("NFKC", "".join(char["text"] for char in chars))
    shown = shown.translate(_ONE_WAY)
    return Counter(char for char in shown if not char.isspace() and char != "\xad")


def fonts_of(path: Path) -> dict[str, bool]:
    """Each font of the file, and whether its outlines are in it."""
    fonts: dict[str, bool] = {}
    for page in pypdf.PdfReader(path).pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            one = font.get_object()
            descriptor = one.get("/FontDescriptor")
            fonts[one["/BaseFont"]] = bool(descriptor and "/FontFile2" in descriptor.get_object())
    return fonts
