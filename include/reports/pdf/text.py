"""Text as the PDF draws it: any script, nothing lost, broken into lines that fit.

A text goes through three steps: ``drawable`` (every character has a glyph or a visible
``[U+1F9FF]`` for it; Arabic letters are joined), ``wrap`` (lines, each put into the order in
which it is drawn from left to right) and ``runs`` (which font draws which part). Text of plain
ASCII passes each of them untouched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from include.reports.pdf import fonts
from include.reports.pdf.bidi import needs_reordering, stretches, visual
from include.reports.pdf.fonts import SANS, font_for

__all__ = ["draw", "drawable", "markup", "measure", "runs", "wrap"]

#: Characters of a word that is broken at its hyphen rather than filled up ("Non-compliant").
_SHORT = 24
_BREAK_AFTER = "/:_-.,)"
#: Widths of the type's size that a paragraph has at least; of text from right to left alone.
_ONE_LINE = 36.0
#: Joiners and variation selectors: they steer shaping and have no look of their own.
_DROPPED = re.compile("[\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")
#: Scripts written without spaces: a line may end after any of their characters, except before
#: closing punctuation.
_ATOMS = re.compile(
    "[\u2e80-\u303f\u3040-\u30ff\u3100-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]"
    "[\u3001\u3002\u300d\u300f\u3011\u3015\u30fc\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f"
    "\u0300-\u036f\u3099\u309a]*"
    "|[^\u2e80-\u303f\u3040-\u30ff\u3100-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
    "\U00020000-\U0003ffff]+"
)


def drawable(text: str) -> str:
    """Text in reading order of which every character can be drawn; line ends stay.

    Control characters, invisible marks of direction and what no font has are written out as
    ``[U+0007]``, so that nobody can hide anything in a name.
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return _drawable(text)


@lru_cache(maxsize=4096)
def _drawable(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\t", " ")
    if not unicodedata.is_normalized("NFC", text):
        # Letters and their accents as one glyph where there is one: fonts place it better.
        text = unicodedata.normalize("NFC", text)
    if _ARABIC.search(text):
        text = _joined(text)
    text = _DROPPED.sub("", text)
    return "".join(map(_seen, text))


@cache
def _seen(char: str) -> str:
    """The character, or its number in brackets where nothing would be seen of it."""
    if char == "\n":
        return char
    if unicodedata.category(char) == "Zs":
        return " " if char != "\xa0" else char
    if unicodedata.category(char)[0] == "C" or font_for(char) is None:
        return f"[U+{ord(char):04X}]"
    return char


@cache
def _reshaper() -> Any:
    from arabic_reshaper import ArabicReshaper

    # Ligatures of words would hide letters that a reader searches for; lam-alef is obligatory.
    return ArabicReshaper(
        {
            "delete_harakat": False,
            "support_ligatures": True,
            "RIAL SIGN": False,
            "ARABIC LIGATURE ALLAH": False,
        }
    )


def _joined(text: str) -> str:
    """Arabic letters in the forms they take beside each other; isolated ones as the letter."""
    shaped: str = _reshaper().reshape(text)
    return "".join(
        unicodedata.normalize("NFKC", char)
        if unicodedata.decomposition(char).startswith("<isolated> ")
        and len(unicodedata.normalize("NFKC", char)) == 1
        else char
        for char in shaped
    )


def measure(text: str, font: str = SANS, size: float = 1.0) -> float:
    """Points that drawable ``text`` takes on a line."""
    table = fonts.widths(font)
    if text.isascii():
        return sum([table.get(code, 0) for code in text.encode()]) * size / 1000
    total = 0.0
    for name, part in runs(text, font):
        table = fonts.widths(name)
        total += sum(table.get(ord(char), 0) for char in part)
    return total * size / 1000


def runs(text: str, font: str = SANS) -> list[tuple[str, str]]:
    """Drawable text as (font, part) from left to right; nothing but ASCII is one run."""
    if text.isascii():
        return [(font, text)]
    return [
        (name, "".join(part)) for name, part in groupby(text, lambda c: font_for(c, font) or font)
    ]


def wrap(text: str, width: float, font: str = SANS, size: float = 7.8) -> list[str]:
    """Lines no wider than ``width`` points, each ready to be drawn from left to right.

    Broken at spaces and within scripts that have none, else after punctuation, else hard.
    """
    text = drawable(text)
    if len(text) * 1.02 * size <= width and text.isascii() and "\n" not in text:
        return [text]
    limit = width * 1000 / size + 0.01
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _lines(paragraph, limit, font)
    return [visual(line) if needs_reordering(line) else line for line in lines]


def _lines(text: str, limit: float, font: str) -> Iterable[str]:
    """Lines of one paragraph in reading order; widths are thousandths of the size."""
    if measure(text, font, 1000) <= limit:
        yield text
        return
    space = measure(" ", font, 1000)
    line, filled = "", 0.0
    for number, word in enumerate(text.split(" ")):
        atoms = [word] if word.isascii() else _ATOMS.findall(word) or [""]
        for position, atom in enumerate(atoms):
            gap = " " if number and not position else ""
            need = measure(atom, font, 1000)
            if filled + (space if gap else 0) + need <= limit:
                line += gap + atom
                filled += (space if gap else 0) + need
                continue
            if line:
                yield line
            *full, line = _chop(atom, limit, font)
            yield from full
            filled = measure(line, font, 1000)
    yield line


def _chop(word: str, limit: float, font: str) -> list[str]:
    """A word wider than a line in pieces."""
    pieces, start, at, filled = [], 0, 0, 0.0
    while at < len(word):
        step = measure(word[at], font, 1000)
        if filled + step > limit and at > start:
            end = _good_end(word, start, at)
            pieces.append(word[start:end])
            start, filled = end, measure(word[end:at], font, 1000)
        filled += step
        at += 1
    return [*pieces, word[start:]]


def _good_end(word: str, start: int, fits: int) -> int:
    """Where to break: after punctuation, unless that leaves most of the line empty."""
    after = max((word.rfind(mark, start, fits) + 1 for mark in _BREAK_AFTER), default=0)
    if after > start + (fits - start) * (0.25 if len(word) < _SHORT else 0.6):
        return after
    end = fits
    while end > start + 1 and unicodedata.combining(word[end]):
        end -= 1
    return end


def markup(text: str) -> str:
    """Text for a Paragraph: no markup in it, and every character in a font that has it.

    Line ends become ``<br/>``. What is written from right to left is put into its visual order
    and kept together on a line; what is longer than a line has lines of its own.
    """
    text = drawable(text)
    if text.isascii() and "\n" not in text:
        return _escaped(text)
    return "<br/>".join(_marked(line) for line in text.split("\n"))


@lru_cache(maxsize=1024)
def _marked(text: str) -> str:
    if needs_reordering(text):
        return "".join(
            _turned(part) if backwards else _in_fonts(part) for part, backwards in stretches(text)
        )
    return _in_fonts(text)


def _turned(text: str) -> str:
    """What is written from right to left, in lines that nothing breaks again."""
    lines = wrap(text, _ONE_LINE, SANS, 1)
    shown = "<br/>".join(_in_fonts(line.replace(" ", "\xa0")) for line in lines)
    return shown if len(lines) == 1 else f"<br/>{shown}<br/>"


def _in_fonts(text: str) -> str:
    return "".join(
        _escaped(part) if name == SANS else f'<font name="{name}">{_escaped(part)}</font>'
        for name, part in runs(text)
    )


#: The name by which pages know it.
escape = markup


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def logical(line: str) -> str:
    """The reading order of a line that was put into its visual order."""
    return getattr(line, "logical", line)


def actual_text(line: str) -> str:
    """The operator that opens a span whose text is the line's in reading order, in hex."""
    data = unicodedata.normalize("NFKC", logical(line)).encode("utf-16-be")
    return f"/Span <</ActualText <FEFF{data.hex().upper()}>>> BDC"


def draw(
    canvas: Any, x: float, y: float, line: str, font: str = SANS, size: float = 9, align: str = "l"
) -> float:
    """Draw one wrapped line at (x, y); ``align`` l, r or c tells what x is. Returns its width."""
    width = measure(line, font, size)
    x -= {"l": 0.0, "r": width, "c": width / 2}[align]
    reordered = logical(line) is not line
    if reordered:
        canvas._code.append(actual_text(line))
    for name, part in runs(line, font):
        canvas.setFont(name, size)
        canvas.drawString(x, y, part)
        x += measure(part, name, size)
    if reordered:
        canvas._code.append("EMC")
    return width
