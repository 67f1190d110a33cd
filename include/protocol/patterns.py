"""The models' regular expressions, which are written for Java, as Python's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_POSIX = {"Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9", "Lower": "a-z", "Upper": "A-Z"}


@lru_cache(maxsize=2048)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern compiled; match with ``fullmatch``, as AWS's own services do."""
    # Java's \w, \d and \s are ASCII unless told otherwise
    return re.compile(_translate(pattern), re.ASCII)


def _translate(pattern: str) -> str:
    pattern = _SURROGATES.sub(_join_surrogates, pattern)
    out: list[str] = []
    in_class = False
    after_set = False  # the last thing in this class was a set like \s: a following - is literal
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and pattern[at + 1 : at + 2] in ("p", "P"):
            negated = pattern[at + 1] == "P"
            name, at = _property_name(pattern, at + 2)
            ranges = _ranges(name, negated)
            out.append(ranges if in_class else f"[{ranges}]")
            after_set = in_class
            continue
        if char == "\\":
            escaped = pattern[at : at + 2]
            out.append(escaped)
            at += 2
            after_set = in_class and escaped[1] in "sSdDwW"
            continue
        if in_class and char == "-" and after_set and pattern[at + 1 : at + 2] != "]":
            out.append(r"\-")
        elif char == "[" and in_class:
            out.append(r"\[")
        else:
            out.append(char)
            if char == "[":
                in_class = True
            elif char == "]" and in_class:
                in_class = False
        after_set = False
        at += 1
    return "".join(out)


def _join_surrogates(found: re.Match[str]) -> str:
    high, low = int(found[1], 16), int(found[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _property_name(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "{":
        end = pattern.index("}", at)
        return pattern[at + 1 : end], end + 1
    return pattern[at : at + 1], at + 1


@lru_cache(maxsize=64)
def _ranges(name: str, negated: bool) -> str:
    """The inside of a character class for a Unicode category (``L``, ``Lu`` …)."""
    if name in _POSIX and not negated:
        return _POSIX[name]
    category = name.removeprefix("Is")
    out: list[str] = []
    start: int | None = None
    for code in range(0x110001):
        inside = code < 0x110000 and (
            unicodedata.category(chr(code)).startswith(category) is not negated
        )
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            out.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(out)
