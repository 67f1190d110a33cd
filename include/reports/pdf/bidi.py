"""Lines in which some words are written from right to left, in the order they are drawn.

A small part of the Unicode bidirectional algorithm (UAX 9), for paragraphs whose direction is
left to right and which have no explicit embeddings (``drawable`` writes those marks out).
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_RTL = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_JOIN_NUMBERS = {("EN", "ES"), ("EN", "CS"), ("AN", "CS")}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MIRRORED = dict(
    zip("()[]{}<>«»\u2039\u203a\u2264\u2265", ")(][}{><»«\u203a\u2039\u2265\u2264", strict=True)
)


class Visual(str):
    """A line as drawn from left to right; ``logical`` is the same in reading order."""

    __slots__ = ("logical",)
    logical: str


def needs_reordering(text: str) -> bool:
    """Whether anything in it is written from right to left."""
    return not text.isascii() and _RTL.search(text) is not None


def stretches(line: str) -> list[tuple[str, bool]]:
    """Parts in reading order, and whether each is drawn from right to left."""
    levels = zip(line, _levels(line), strict=True)
    return [
        ("".join(char for char, _ in part), backwards)
        for backwards, part in groupby(levels, lambda one: one[1] > 0)
    ]


def visual(line: str) -> Visual:
    """The line's characters from left to right."""
    levels = _levels(line)
    clusters: list[tuple[str, int]] = []
    for char, level in zip(line, levels, strict=True):
        # A mark stays behind its letter, whichever way the letters go (rule L3).
        if clusters and unicodedata.combining(char):
            clusters[-1] = (clusters[-1][0] + char, clusters[-1][1])
        else:
            clusters.append((_MIRRORED.get(char, char) if level % 2 else char, level))
    for level in range(max(levels, default=0), 0, -1):
        clusters = _reversed_from(clusters, level)
    drawn = Visual("".join(text for text, _ in clusters))
    drawn.logical = line
    return drawn


def _reversed_from(clusters: list[tuple[str, int]], level: int) -> list[tuple[str, int]]:
    """Every stretch of at least this level turned around (rule L2)."""
    out: list[tuple[str, int]] = []
    stretch: list[tuple[str, int]] = []
    for one in clusters:
        if one[1] >= level:
            stretch.append(one)
            continue
        out += reversed(stretch)
        stretch = []
        out.append(one)
    return out + stretch[::-1]


def _levels(line: str) -> list[int]:
    """Embedding level of each character: 0 left to right, 1 right to left, 2 numbers therein."""
    kinds = _weak([unicodedata.bidirectional(char) for char in line])
    _brackets(line, kinds)
    _neutral(kinds)
    levels = [{"L": 0, "R": 1}.get(kind, 2) for kind in kinds]
    end = len(line.rstrip())
    return levels[:end] + [0] * (len(line) - end)


def _weak(kinds: list[str]) -> list[str]:
    """Marks, separators and numbers (rules W1 to W7): L, R, EN, AN or ON is left of each."""
    strong, before = "L", "L"
    for n, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[n] = before
        elif kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[n] = "AN"
        before = kinds[n]
    for n in range(1, len(kinds) - 1):
        number, mark = kinds[n - 1], kinds[n]
        if number == kinds[n + 1] and (number, mark) in _JOIN_NUMBERS:
            kinds[n] = number
    for order in (range(1, len(kinds)), range(len(kinds) - 2, -1, -1)):
        step = -1 if order.step > 0 else 1
        for n in order:
            if kinds[n] == "ET" and kinds[n + step] == "EN":
                kinds[n] = "EN"
    strong = "L"
    for n, kind in enumerate(kinds):
        if kind == "AL":
            kinds[n] = "R"
        if kinds[n] in ("L", "R"):
            strong = kinds[n]
        elif kind == "EN" and strong == "L":
            kinds[n] = "L"
        elif kind not in ("EN", "AN"):
            kinds[n] = "ON"
    return kinds


def _brackets(line: str, kinds: list[str]) -> None:
    """A pair of brackets goes with what it encloses and what stands before it (rule N0)."""
    opened: list[int] = []
    for n, char in enumerate(line):
        if char in _CLOSING and kinds[n] == "ON":
            opened.append(n)
        elif opened and char == _CLOSING[line[opened[-1]]] and kinds[n] == "ON":
            start = opened.pop()
            inside = {_side(kind) for kind in kinds[start + 1 : n] if kind != "ON"}
            before = next((_side(k) for k in reversed(kinds[:start]) if k != "ON"), "L")
            if inside:
                kinds[start] = kinds[n] = before if inside == {"R"} else "L"


def _neutral(kinds: list[str]) -> None:
    """What has no direction takes its neighbours' if they agree, else the line's (N1, N2)."""
    n = 0
    while n < len(kinds):
        end = n
        while end < len(kinds) and kinds[end] == "ON":
            end += 1
        if end > n:
            left = _side(kinds[n - 1]) if n else "L"
            right = _side(kinds[end]) if end < len(kinds) else "L"
            kinds[n:end] = [left if left == right else "L"] * (end - n)
        n = max(end, n + 1)


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
