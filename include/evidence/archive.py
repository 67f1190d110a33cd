"""Raw pages in one file: each compressed by itself, found by its number, readable with ``zstd``.

The file is in Zstandard's seekable format
(https://github.com/facebook/zstd/blob/dev/contrib/seekable_format): one frame per page, then a
table of their lengths in a frame that decompressors skip. ``zstd -dc pages.zst`` gives all pages,
one after the other; this module also reads one alone.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import IO

import pyarrow as pa

from include.errors import AuditError

#: zstd's level: 12 times smaller at a third of a millisecond per page of 100 findings.
LEVEL = 3

_SKIPPED = 0x184D2A5E
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
    """Writes pages as they come; holds eight bytes for each of them in memory."""

    def __init__(self, path: Path) -> None:
        self._codec = pa.Codec("zstd", compression_level=LEVEL)
        self._file = path.open("wb")
        self._lengths = array("I")

    def __len__(self) -> int:
        return len(self._lengths) // 2

    def add(self, body: bytes) -> str:
        """Append one page; returns its name."""
        packed = self._codec.compress(body, asbytes=True)
        self._file.write(packed)
        self._lengths.extend((len(packed), len(body)))
        return page_name(len(self), body)

    def close(self) -> None:
        """Write the table and close the file; what is written before is whole without it."""
        if self._file.closed:
            return
        entries = b"".join(
            _ENTRY.pack(*self._lengths[at : at + 2]) for at in range(0, len(self._lengths), 2)
        )
        table = entries + _FOOTER.pack(len(self), 0, _SEEKABLE)
        self._file.write(_HEAD.pack(_SKIPPED, len(table)) + table)
        self._file.close()


class ArchivedPages:
    """Reads the pages of an archive: all in turn, or one by its number."""

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
        file.seek(end - _FOOTER.size - count * _ENTRY.size)
        lengths = array("I", file.read(count * _ENTRY.size))
        self._whole = lengths[1::2]
        self._starts = [0, *accumulate(lengths[::2])]

    def __len__(self) -> int:
        return len(self._whole)

    def page(self, number: int) -> bytes:
        """One page's body as received; pages are counted from 1."""
        if not 1 <= number <= len(self):
            raise AuditError(
                f"There is no raw page {number}: the archive has {len(self)}.",
                hint="The evidence and the pages are not of the same snapshot.",
            )
        start, end = self._starts[number - 1 : number + 1]
        self._file.seek(start)
        packed = self._file.read(end - start)
        try:
            body: bytes = self._codec.decompress(packed, self._whole[number - 1], asbytes=True)
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
