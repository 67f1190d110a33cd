"""Digits of equal width, which a font has beside its usual ones, so that columns of numbers align.

Reads what OpenType calls the feature ``tnum``: a table of glyphs that stand for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import unpack_from

_SINGLE, _EXTENSION = 1, 7


def tabular(data: bytes) -> Mapping[int, tuple[int, float]]:
    """By a glyph's number: that of its tabular form, and its advance in thousandths of the size.

    ``data`` is the font's file. Empty where the font has no such forms.
    """
    count = _u16(data, 4)
    tables = {data[at : at + 4]: _u32(data, at + 8) for at in range(12, 12 + 16 * count, 16)}
    if b"GSUB" not in tables:
        return {}
    em, last = _u16(data, tables[b"head"] + 18), _u16(data, tables[b"hhea"] + 34) - 1
    return {
        old: (new, _u16(data, tables[b"hmtx"] + 4 * min(new, last)) * 1000 / em)
        for old, new in _substitutes(data, tables[b"GSUB"])
    }


def _substitutes(data: bytes, gsub: int) -> Iterator[tuple[int, int]]:
    features, lookups = gsub + _u16(data, gsub + 6), gsub + _u16(data, gsub + 8)
    wanted: set[int] = set()
    for record in range(features + 2, features + 2 + 6 * _u16(data, features), 6):
        if data[record : record + 4] == b"tnum":
            feature = features + _u16(data, record + 4)
            wanted |= set(_list(data, feature + 2))
    for n in sorted(wanted):
        lookup = lookups + _u16(data, lookups + 2 + 2 * n)
        for offset in _list(data, lookup + 4):
            kind, table = _u16(data, lookup), lookup + offset
            if kind == _EXTENSION:
                kind, table = _u16(data, table + 2), table + _u32(data, table + 4)
            if kind == _SINGLE:
                yield from _single(data, table)


def _single(data: bytes, table: int) -> Iterator[tuple[int, int]]:
    covered = _coverage(data, table + _u16(data, table + 2))
    if _u16(data, table) == 1:
        delta = _u16(data, table + 4)
        return ((glyph, (glyph + delta) % 65536) for glyph in covered)
    return zip(covered, _list(data, table + 4), strict=True)


def _coverage(data: bytes, at: int) -> list[int]:
    if _u16(data, at) == 1:
        return _list(data, at + 2)
    ranges = range(at + 4, at + 4 + 6 * _u16(data, at + 2), 6)
    return [n for one in ranges for n in range(_u16(data, one), _u16(data, one + 2) + 1)]


def _list(data: bytes, at: int) -> list[int]:
    """Numbers behind how many they are."""
    return list(unpack_from(f">{_u16(data, at)}H", data, at + 2))


def _u16(data: bytes, at: int) -> int:
    return int(unpack_from(">H", data, at)[0])


def _u32(data: bytes, at: int) -> int:
    return int(unpack_from(">L", data, at)[0])
