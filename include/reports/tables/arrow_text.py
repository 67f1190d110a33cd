"""Columns of Arrow tables as text, and rows of text as bytes, without an object per cell.

Words of dictionary columns are written once each; long texts are written by Python only where a
look at their bytes says that something in them needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.clock import iso

Write: TypeAlias = Callable[[str], str]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000
_SECOND = 1_000_000


def words(column: pa.DictionaryArray, write: Write) -> pa.Array:
    """A dictionary column's words as ``write`` has them."""
    return pa.array(map(write, column.dictionary.to_pylist()), pa.string()).take(column.indices)


class Bytes:
    """Which texts a writer has to look at: those that hold, or begin with, one of some bytes."""

    def __init__(self, anywhere: bytes, first: bytes = b"") -> None:
        self._anywhere = np.zeros(256, bool)
        self._anywhere[list(anywhere)] = True
        self._first = np.zeros(256, bool)
        self._first[list(first)] = True

    def rows(self, column: pa.StringArray) -> Any:
        """The places of such texts (numpy)."""
        offsets = np.frombuffer(column.buffers()[1], "int32", len(column) + 1, column.offset * 4)
        start, end = int(offsets[0]), int(offsets[-1])
        if start == end:
            return np.empty(0, "int64")
        data = np.frombuffer(column.buffers()[2], "uint8", end - start, start)
        hits = np.flatnonzero(self._anywhere[data])
        inside = np.searchsorted(offsets, hits + start, "right") - 1
        filled = np.flatnonzero(offsets[1:] > offsets[:-1])
        begun = filled[self._first[data[offsets[filled] - start]]]
        return np.unique(np.concatenate([inside, begun]))


def texts(column: pa.StringArray, write: Write, special: Bytes) -> pa.Array:
    """A text column as ``write`` has it, which leaves all but ``special`` texts as they are."""
    rows = special.rows(column)
    if not len(rows):
        return column
    found = np.zeros(len(column), bool)
    found[rows] = True
    changed = [write(text) for text in column.take(pa.array(rows)).to_pylist()]
    return pc.replace_with_mask(column, pa.array(found), pa.array(changed, pa.string()))


def hex_ids(column: pa.FixedSizeBinaryArray) -> pa.Array:
    """Bytes of one length in lower-case hexadecimal."""
    width, rows = column.type.byte_width, len(column)
    data = np.frombuffer(column.buffers()[1], "uint8", rows * width, column.offset * width)
    digits = np.frombuffer(b"0123456789abcdef", "uint8")
    out = np.empty((rows * width, 2), "uint8")
    out[:, 0], out[:, 1] = digits[data >> 4], digits[data & 15]
    offsets = np.arange(0, (rows + 1) * 2 * width, 2 * width, dtype="int32")
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(out))


def moments(column: pa.TimestampArray) -> pa.Array:
    """Times as :func:`include.clock.iso` writes them: fractions only where there are any."""
    since = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    days, rest = np.divmod(since, _DAY)
    seconds, fractions = np.divmod(rest, _SECOND)
    different, places = np.unique(days, return_inverse=True)
    dates = pa.array(
        [iso(_EPOCH + timedelta(days=int(day)))[:11] for day in different], pa.string()
    )
    written = pc.binary_join_element_wise(
        dates.take(pa.array(places)), _clock().take(pa.array(seconds)), ""
    )
    odd = np.flatnonzero(fractions)
    if len(odd):
        exact = [iso(_EPOCH + timedelta(microseconds=int(one))) for one in since[odd]]
        written = pc.replace_with_mask(
            written, pa.array(fractions != 0), pa.array(exact, pa.string())
        )
    return written


def numbers(column: pa.Array) -> pa.Array:
    """Whole numbers in decimal."""
    return column.cast(pa.string())


def flags(column: pa.BooleanArray, yes: str, no: str) -> pa.Array:
    """Booleans in words."""
    return pc.if_else(column, yes, no)


def joined(pieces: Sequence[Any]) -> Any:
    """Texts made of pieces, one after the other: arrays, or one text for all rows."""
    return pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")


def content(column: pa.StringArray) -> pa.Buffer:
    """All texts of a column, one after the other: UTF-8."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, "int32", len(column) + 1, column.offset * 4)
    return data.slice(int(ends[0]), int(ends[-1] - ends[0]))


@cache
def _clock() -> pa.Array:
    """Every second of a day: ``00:00:00Z`` …"""
    two = pa.array([f"{number:02d}" for number in range(60)])
    minutes, seconds = np.divmod(np.arange(86_400), 60)
    hours, minutes = np.divmod(minutes, 60)
    parts = [two.take(pa.array(part)) for part in (hours, minutes, seconds)]
    return joined([parts[0], ":", parts[1], ":", parts[2], "Z"])
