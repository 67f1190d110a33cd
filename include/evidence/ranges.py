"""An object in S3 as a file for reading: only the bytes asked for are fetched."""

from __future__ import annotations

import io
import os
from typing import Any


class RangedObject(io.RawIOBase):
    """``size`` is the object's length in bytes. One request per read; nothing is kept."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        self._s3 = s3
        self._where = {"Bucket": bucket, "Key": key}
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def seekable(self) -> bool:
        """Any place can be read."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As for every file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes (-1: to the end)."""
        end = self._size if size < 0 else min(self._size, self._at + size)
        if end <= self._at:
            return b""
        wanted = f"bytes={self._at}-{end - 1}"
        body: bytes = self._s3.get_object(**self._where, Range=wanted)["Body"].read()
        self._at += len(body)
        return body
