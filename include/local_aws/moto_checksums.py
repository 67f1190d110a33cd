"""Checksums that S3 verifies on upload, and the aws-chunked framing that may carry them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache

from include.protocol.errors import ServiceError
from include.protocol.http import Request

_CRC32C = 0x82F63B78
_CRC64NVME = 0x9A6C9329AC4BC9B5


def refuse_wrong_checksum(request: Request) -> None:
    """Raise ServiceError ``BadDigest`` if the body isn't what its checksums say.

    Looks at Content-MD5, at ``x-amz-checksum-*`` headers and at those in an aws-chunked trailer;
    a body cut short is ``IncompleteBody``.
    """
    told = {
        name.removeprefix("x-amz-checksum-"): value
        for name, value in request.headers.items()
        if name.startswith("x-amz-checksum-")
    }
    body = request.body
    if _is_chunked(request.headers):
        body, trailers = decode_chunked(request.body)
        told.update(
            (name.removeprefix("x-amz-checksum-"), value)
            for name, value in trailers.items()
            if name.startswith("x-amz-checksum-")
        )
        wanted = request.headers.get("x-amz-decoded-content-length")
        if wanted is not None and wanted.isdigit() and int(wanted) != len(body):
            raise ServiceError(
                "IncompleteBody",
                "You did not provide the number of bytes specified by the Content-Length HTTP "
                "header",
                status=400,
            )
    if "content-md5" in request.headers:
        told["md5"] = request.headers["content-md5"]
    for algorithm, value in told.items():
        checksum = _ALGORITHMS.get(algorithm)
        if checksum is None:
            continue  # x-amz-checksum-algorithm, -mode and -type are no checksums
        if not _decodes(value):
            raise ServiceError(
                "InvalidDigest" if algorithm == "md5" else "InvalidRequest",
                f"Value for x-amz-checksum-{algorithm} header is invalid.",
                status=400,
            )
        if checksum(body) != base64.b64decode(value):
            what = "Content-MD5" if algorithm == "md5" else algorithm.upper()
            raise ServiceError(
                "BadDigest",
                f"The {what} you specified did not match the calculated checksum.",
                status=400,
            )


def _decodes(value: str) -> bool:
    try:
        return bool(base64.b64decode(value, validate=True))
    except (ValueError, binascii.Error):
        return False


def _is_chunked(headers: Mapping[str, str]) -> bool:
    return "aws-chunked" in headers.get("content-encoding", "") or headers.get(
        "x-amz-content-sha256", ""
    ).startswith("STREAMING-")


def decode_chunked(data: bytes) -> tuple[bytes, dict[str, str]]:
    """The content and the trailers of an aws-chunked body."""
    content = bytearray()
    at = 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            raise _malformed()
        try:
            size = int(data[at:end].split(b";")[0], 16)
        except ValueError as error:
            raise _malformed() from error
        at = end + 2
        if size == 0:
            break
        if at + size > len(data):
            raise _malformed()
        content += data[at : at + size]
        at += size + 2
    trailers = {}
    for line in data[at:].split(b"\r\n"):
        name, separator, value = line.partition(b":")
        if separator:
            trailers[name.decode().strip().lower()] = value.decode().strip()
    return bytes(content), trailers


def _malformed() -> ServiceError:
    return ServiceError("IncompleteBody", "The chunked body isn't whole.", status=400)


@lru_cache(maxsize=2)
def _table(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ polynomial if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


def _crc(data: bytes, polynomial: int, bits: int) -> bytes:
    """A reflected CRC with all bits set at the start and inverted at the end."""
    table = _table(polynomial)
    full = (1 << bits) - 1
    value = full
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return (value ^ full).to_bytes(bits // 8, "big")


_ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "crc32c": lambda data: _crc(data, _CRC32C, 32),
    "crc64nvme": lambda data: _crc(data, _CRC64NVME, 64),
}
