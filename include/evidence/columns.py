"""Arrow arrays out of Python values, without pandas.

``pyarrow.array`` looks for pandas first, which costs a process 40 MB and half a CPU second; these
are made of their buffers instead (https://arrow.apache.org/docs/format/Columnar.html).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

INTERVALS = pa.list_(pa.struct([("start", pa.string()), ("end", pa.string())]))


def texts(values: Sequence[str]) -> pa.Array:
    """A column of strings."""
    return _variable(pa.string(), [value.encode() for value in values])


def binaries(values: Sequence[bytes]) -> pa.Array:
    """A column of bytes of any length."""
    return _variable(pa.binary(), values)


def fixed(values: Sequence[bytes], width: int) -> pa.Array:
    """A column of bytes, all of one length."""
    return _made(pa.binary(width), len(values), _buffer(b"".join(values)))


def words(values: Sequence[str]) -> pa.Array:
    """A column of few strings, each stored once."""
    known: dict[str, int] = {}
    codes = [known.setdefault(value, len(known)) for value in values]
    return pa.DictionaryArray.from_arrays(small(codes), texts(list(known)))


def small(values: Sequence[int]) -> pa.Array:
    """A column of 32-bit integers."""
    return _made(pa.int32(), len(values), _buffer(array("i", values)))


def moments(microseconds: Sequence[int]) -> pa.Array:
    """A column of times, given since 1970 (UTC)."""
    buffer = _buffer(array("q", microseconds))
    return _made(pa.timestamp("us", tz="UTC"), len(microseconds), buffer)


def flags(values: Sequence[bool]) -> pa.Array:
    """A column of booleans."""
    bits = int("".join("1" if value else "0" for value in reversed(values)) or "0", 2)
    buffer = _buffer(bits.to_bytes((len(values) + 7) // 8 or 1, "little"))
    return _made(pa.bool_(), len(values), buffer)


def intervals(values: Sequence[Sequence[tuple[str, str]]]) -> pa.Array:
    """A column of lists of (start, end)."""
    flat = [pair for pairs in values for pair in pairs]
    starts, ends = texts([start for start, _ in flat]), texts([end for _, end in flat])
    structs = pa.StructArray.from_arrays([starts, ends], fields=list(INTERVALS.value_type))
    offsets = _buffer(array("i", accumulate(map(len, values), initial=0)))
    return pa.Array.from_buffers(INTERVALS, len(values), [None, offsets], children=[structs])


def _variable(kind: Any, values: Sequence[bytes]) -> pa.Array:
    offsets = _buffer(array("i", accumulate(map(len, values), initial=0)))
    return _made(kind, len(values), offsets, _buffer(b"".join(values)))


def _buffer(data: Any) -> pa.Buffer:
    # A copy in Arrow's own memory, which gives back what is freed.
    stream = pa.BufferOutputStream()
    stream.write(data)
    return stream.getvalue()


def _made(kind: Any, length: int, *buffers: Any) -> pa.Array:
    return pa.Array.from_buffers(kind, length, [None, *buffers], null_count=0)
