"""Any script is drawn in its order and its letters' forms; nothing vanishes."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from reportlab.platypus import Paragraph

from include.reports.pdf.bidi import visual
from include.reports.pdf.fonts import BOLD, SANS, font_for
from include.reports.pdf.style import BODY, MARGIN, WIDTH
from include.reports.pdf.text import drawable, logical, markup, measure, runs, wrap
from tests.include.reports.pdf.hostile import HOSTILE, build, characters, said

#: What steers shaping and is not seen: joiners and selectors of variants.
INVISIBLE = "\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"


@pytest.mark.parametrize("name", HOSTILE)
def test_lines_fit_and_hold_every_character(name: str) -> None:
    text = HOSTILE[name]
    for width in (40.0, 110.0, 500.0):
        lines = wrap(text, width)
        assert all(measure(line, SANS, 7.8) <= width + 0.01 for line in lines)
        joined = "".join(logical(line) for line in lines)
        assert said(joined) == said(text)


@pytest.mark.parametrize("name", HOSTILE)
def test_every_character_is_drawn_or_told_by_its_number(name: str) -> None:
    text = HOSTILE[name].replace("\r\n", "\n")
    shown = unicodedata.normalize("NFKC", drawable(text))
    for char in unicodedata.normalize("NFC", text):
        if char in INVISIBLE or char.isspace():
            continue
        plain = unicodedata.normalize("NFKC", char)
        assert plain in shown or f"[U+{ord(char):04X}]" in shown
    assert all(font_for(char) for char in drawable(text) if char != "\n")


def test_what_would_hide_something_is_written_out() -> None:
    assert drawable("safe\u202egnp.exe") == "safe[U+202E]gnp.exe"
    assert drawable("a\x00b\x7f\ud800") == "a[U+0000]b[U+007F][U+D800]"
    assert drawable("\U000123ab") == "[U+123AB]"


def test_the_fonts_are_tried_in_their_order() -> None:
    assert font_for("A", BOLD) == BOLD
    assert font_for("Ж", BOLD) == BOLD
    assert font_for("監", BOLD) == "WenQuanYiMicroHei"
    assert font_for("가") == "WenQuanYiMicroHei"
    assert font_for("\U0001f9ff") == "NotoEmoji"
    assert runs("a監b", SANS) == [(SANS, "a"), ("WenQuanYiMicroHei", "監"), (SANS, "b")]


@pytest.mark.parametrize(
    ("line", "drawn"),
    [
        ("abc אבג def", "abc גבא def"),
        ("אבג 123", "123 גבא"),
        ("abc 123", "abc 123"),
        ("אבג (12.5%) abc", "(12.5%) גבא abc"),
        ("אבג (ד)", "(ד) גבא"),
        ("x אבג, דהו y", "x והד ,גבא y"),
        ("arn:aws:s3:::אבג-12", "arn:aws:s3:::12-גבא"),
        ("אב  ", "בא  "),
    ],
)
def test_words_from_right_to_left_are_drawn_so(line: str, drawn: str) -> None:
    assert visual(line) == drawn
    assert logical(visual(line)) == line


def test_arabic_letters_are_joined_and_marks_stay_behind_their_letter() -> None:
    (line,) = wrap("\u0633\u0644\u0627\u0645", 500)
    assert line == "\u0645\ufefc\ufeb3"
    (line,) = wrap("\u05d1\u05bc\u05d0", 500)
    assert line == "\u05d0\u05d1\u05bc"


@pytest.mark.parametrize("before", ["", "Claim. ", "Some words in English come first, "])
@pytest.mark.parametrize("count", [3, 40, 200])
def test_a_paragraph_from_right_to_left_has_its_lines_in_reading_order(
    before: str, count: int, tmp_path: Path
) -> None:
    letters = [chr(code) for code in range(0x5D0, 0x5EB)]
    words = [one + other for one in letters[:10] for other in letters[5:]][:count]
    story = [Paragraph(markup(before + " ".join(words) + " and so on."), BODY)]
    (page,) = characters(build(tmp_path / "p.pdf", story))
    hebrew = [char for char in page if "\u05d0" <= char["text"] <= "\u05ea"]
    # From the top down, and on each line from the right.
    read = sorted(hebrew, key=lambda char: (round(char["top"]), -char["x0"]))
    assert "".join(char["text"] for char in read) == "".join(words)
    assert all(char["x1"] <= MARGIN + WIDTH + 1 for char in page)


def test_a_paragraph_gets_no_markup_from_a_name() -> None:
    assert markup("<b>&amp;</b>") == "&lt;b&gt;&amp;amp;&lt;/b&gt;"
    assert markup("a\nb") == "a<br/>b"
    assert markup("日本 <i>") == '<font name="WenQuanYiMicroHei">日本</font> &lt;i&gt;'


def test_short_words_break_at_their_hyphen_and_long_ones_after_punctuation() -> None:
    assert wrap("Non-compliant", 42) == ["Non-", "compliant"]
    first, *_ = wrap("arn:aws:elasticloadbalancing:eu-west-1:111111111111:x", 110)
    assert first == "arn:aws:elasticloadbalancing:"
