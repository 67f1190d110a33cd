"""One log file of a trail: unpacked, hashed, its records read one by one."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

import msgspec

from include.sources.trail_record import Record, read_record

#: CloudTrail's files are a few MB; more than this is no log file of its.
MOST_BYTES = 512 * 1024 * 1024


class BadFile(Exception):
    """Bytes that are no log file, with the reason in the CLI's words (``invalid format`` …)."""


class _Log(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_decoder = msgspec.json.Decoder(_Log)


def unpacked(data: bytes) -> bytes:
    """What is in a gzip file. Raises BadFile also for bytes after its end."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(data, MOST_BYTES)
    except zlib.error as error:
        raise BadFile("invalid format") from error
    if not inflater.eof:
        raise BadFile("invalid format")
    if inflater.unused_data:
        raise BadFile("unexpected data after end of compressed stream")
    return plain


def records(plain: bytes) -> Iterator[tuple[msgspec.Raw, Record, bytes]]:
    """Each record as its bytes, read, and with its SHA-256. Raises BadFile."""
    sha256 = hashlib.sha256
    try:
        for raw in _decoder.decode(plain).records:
            yield raw, read_record(raw), sha256(raw).digest()
    except msgspec.MsgspecError as error:
        raise BadFile("invalid format") from error
