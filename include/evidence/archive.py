"""Raw pages in one file: compressed a few together, each found by its number, read with ``zstd``.

The file is in Zstandard's seekable format
(https://github.com/facebook/zstd/blob/dev/contrib/seekable_format): frames of some pages each,
then the pages' lengths and a table of the frames, both in frames that decompressors skip.
``zstd -dc pages.zst`` gives all pages, one after the other; this module also reads one alone.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import IO

import pyarrow as pa

from include.errors import AuditError

#: zstd's level: 12 times smaller at 0.4 ms per page of 100 findings.
LEVEL = 3
#: Pages are compressed together up to so many bytes: alone, each would repeat what all say.
FRAME_BYTES = 2 * 1024 * 1024

_SKIPPED = 0x184D2A5E
_LENGTHS = 0x184D2A5F
_SEEKABLE = 0x8F92EAB1
_FOOTER = struct.Struct("<IBI")
_ENTRY = struct.Struct("<II")
_HEAD = struct.Struct("<II")


def page_name(number: int, body: bytes) -> str:
    """What a page is called (``page-00001.json``): by its number, from 1, and what it holds."""
    return f"page-{number:05d}.{'xml' if body[:1] == b'<' else 'json'}"


def page_number(name: str) -> int:
    """The inverse of :func:`page_name`."""
    return int(name.removeprefix("page-").partition(".")[0])


class PageArchive:
    """Writes pages as they come; holds a frame of them, and four bytes for each, in memory."""

    def __init__(self, path: Path) -> None:
        self._codec = pa.Codec("zstd", compression_level=LEVEL)
        self._file = path.open("wb")
        self._lengths = array("I")
        self._frames = array("I")
        self._waiting: list[bytes] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, body: bytes) -> str:
        """Append one page; returns its name."""
        self._lengths.append(len(body))
        self._waiting.append(body)
        self._size += len(body)
        if self._size >= FRAME_BYTES:
            self._frame()
        return page_name(len(self), body)

    def close(self) -> None:
        """Write what waits and the tables, and close the file."""
        if self._file.closed:
            return
        if self._waiting:
            self._frame()
        lengths = _little(self._lengths).tobytes()
        self._file.write(_HEAD.pack(_LENGTHS, len(lengths)) + lengths)
        self._frames.extend((_HEAD.size + len(lengths), 0))
        count = len(self._frames) // 2
        table = _little(self._frames).tobytes() + _FOOTER.pack(count, 0, _SEEKABLE)
        self._file.write(_HEAD.pack(_SKIPPED, len(table)) + table)
        self._file.close()

    def _frame(self) -> None:
        packed = self._codec.compress(b"".join(self._waiting), asbytes=True)
        self._file.write(packed)
        self._frames.extend((len(packed), self._size))
        self._waiting, self._size = [], 0


class ArchivedPages:
    """Reads the pages of an archive: all in turn, or one by its number; holds one frame."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._codec = pa.Codec("zstd")
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - _FOOTER.size))
        footer = file.read(_FOOTER.size)
        if len(footer) < _FOOTER.size or _FOOTER.unpack(footer)[2] != _SEEKABLE:
            raise AuditError(
                "An archive of raw pages has no table at its end.",
                hint="It was cut off: restore it, or collect the cell again.",
            )
        count = _FOOTER.unpack(footer)[0]
        table = file.seek(end - _FOOTER.size - count * _ENTRY.size)
        frames = _little(array("I", file.read(count * _ENTRY.size)))
        #: Where frames begin in the file, and in what they hold.
        self._packed = [0, *accumulate(frames[::2])]
        self._whole = [0, *accumulate(frames[1::2])]
        file.seek(table - _HEAD.size - frames[-2] + _HEAD.size)
        lengths = _little(array("I", file.read(frames[-2] - _HEAD.size)))
        #: Where pages begin in what the frames hold together.
        self._starts = [0, *accumulate(lengths)]
        self._frame: tuple[int, bytes] = (-1, b"")

    def __len__(self) -> int:
        return len(self._starts) - 1

    def page(self, number: int) -> bytes:
        """One page's body as received; pages are counted from 1."""
        if not 1 <= number <= len(self):
            raise AuditError(
                f"There is no raw page {number}: the archive has {len(self)}.",
                hint="The evidence and the pages are not of the same snapshot.",
            )
        start, end = self._starts[number - 1 : number + 1]
        if start == end:
            return b""
        frame = bisect_right(self._whole, start) - 1
        if self._frame[0] != frame:
            self._frame = frame, self._unpacked(frame, number)
        begin = self._whole[frame]
        return self._frame[1][start - begin : end - begin]

    def _unpacked(self, frame: int, number: int) -> bytes:
        self._file.seek(self._packed[frame])
        packed = self._file.read(self._packed[frame + 1] - self._packed[frame])
        size = self._whole[frame + 1] - self._whole[frame]
        try:
            body: bytes = self._codec.decompress(packed, size, asbytes=True)
        except OSError as error:
            raise AuditError(
                f"The raw page {number} can't be unpacked: {error}.",
                hint="The archive was changed: restore it, or collect the cell again.",
            ) from error
        return body

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """(name, body as received) of every page, in order."""
        for number in range(1, len(self) + 1):
            body = self.page(number)
            yield page_name(number, body), body


def _little(numbers: array[int]) -> array[int]:
    """Little-endian, as the file has them, from or to the machine's order."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
