"""Answers of a collection under way, sealed in parts, so that a killed one goes on where it was.

While a cell is collected, what AWS answered is written to the store from time to time, next to
the cell's snapshots: each part whole or absent, under its digest. A retry of the same run is
answered from there first, by the very same bytes, and asks AWS for the rest. Collectors know
nothing of it: they are deterministic, so equal answers give equal evidence.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import IO, Any

import msgspec
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import is_condition_failed
from include.aws.exchange import Attempt
from include.digests import canonical_json, sha256
from include.evidence.cell import Cell

log = logging.getLogger(__name__)

#: What was sealed longer ago is not gone on with: it would mix two times, and tokens run out.
LONGEST_GAP = timedelta(hours=1)
_MAGIC = b"sealed answers 1 "


@dataclass(frozen=True)
class Sealing:
    """How often a part is written: after so many seconds, or so many bytes of answers.

    A cell that ends sooner writes nothing. ``bytes`` is what is held in memory, at most, beside
    the answer at hand.
    """

    seconds: float = 5.0
    bytes: int = 16 * 1024 * 1024


class _Entry(msgspec.Struct, array_like=True):
    """One answer: the digest of its request, HTTP status, headers and body as received."""

    key: str
    status: int
    headers: dict[str, str]
    body: bytes


class _Part(msgspec.Struct, array_like=True):
    """What one object holds; ``cell`` as canonical JSON."""

    cell: str
    entries: list[_Entry]


_ENTRY, _PART = msgspec.msgpack.Decoder(_Entry), msgspec.msgpack.Decoder(_Part)


class AnswerJournal:
    """The sealed answers of one cell in one run; thread-safe.

    ``folder`` is the key's beginning in ``bucket``. Equal requests are remembered in their order:
    one that is polled gets the answers one by one. ``replayed`` counts answers given from here.
    """

    def __init__(
        self,
        s3: Any,
        bucket: str,
        folder: str,
        cell: Cell,
        sealing: Sealing | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s3, self._bucket, self._folder = s3, bucket, folder.strip("/")
        self._cell = canonical_json(cell.to_json()).decode()
        self._sealing = sealing or Sealing()
        self._clock = clock
        self._lock = threading.Lock()
        self._codec = pa.Codec("zstd", compression_level=1)
        self._waiting: list[_Entry] = []
        self._size = 0
        self._sealed_at = clock()
        self._parts = 0
        self._broken = False
        self.replayed = 0
        self._spool: IO[bytes] | None = None
        self._index: dict[str, deque[tuple[int, int]]] = {}
        self._load()

    def close(self) -> None:
        """Let go of what is on local disk."""
        if self._spool is not None:
            self._spool.close()

    def replay(self, key: str) -> Attempt | None:
        """The next sealed answer of a request, if one is left."""
        with self._lock:
            places = self._index.get(key)
            if not places or self._spool is None:
                return None
            offset, length = places.popleft()
            self._spool.seek(offset)
            entry = _ENTRY.decode(self._spool.read(length))
            self.replayed += 1
        return Attempt(entry.status, "", entry.body, entry.headers)

    def seal(self, key: str, answer: Attempt) -> None:
        """Remember an answer; writes a part when it is time."""
        entry = _Entry(key, answer.status, dict(answer.headers), answer.body)
        with self._lock:
            self._waiting.append(entry)
            self._size += len(answer.body)
            due = self._clock() - self._sealed_at >= self._sealing.seconds
            if not due and self._size < self._sealing.bytes:
                return
            part = self._taken()
        self._write(*part)

    def flush(self) -> None:
        """Write what waits: the cell ended early, and another attempt will go on."""
        with self._lock:
            if not self._waiting:
                return
            part = self._taken()
        self._write(*part)

    def drop(self) -> None:
        """Forget everything, here and in the store: the snapshot is saved, or it is no use."""
        with self._lock:
            self._waiting, self._size, self._index = [], 0, {}
            parts, self._parts = self._parts, 0
        if parts:
            for key, _ in self._listed()[0]:
                with suppress(ClientError, BotoCoreError):
                    self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _taken(self) -> tuple[list[_Entry], int]:
        entries, self._waiting, self._size = self._waiting, [], 0
        self._parts += 1
        self._sealed_at = self._clock()
        return entries, self._parts

    def _write(self, entries: list[_Entry], number: int) -> None:
        if self._broken:
            return
        payload = msgspec.msgpack.encode(_Part(self._cell, entries))
        packed = self._codec.compress(payload, asbytes=True)
        head = _MAGIC + f"{sha256(packed)} {len(payload)}\n".encode()
        try:
            while not self._put(f"{self._folder}/part-{number:04d}", head + packed):
                # Another attempt of the same run wrote that one: both hold true answers.
                number += 1
        except (ClientError, BotoCoreError) as error:
            # The collection itself is well; only a restart would begin anew.
            self._broken = True
            log.warning(
                "Answers can't be sealed in s3://%s/%s: %s", self._bucket, self._folder, error
            )

    def _put(self, key: str, body: bytes) -> bool:
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if is_condition_failed(error):
                return False
            raise
        return True

    def _listed(self) -> tuple[list[tuple[str, Any]], Any]:
        """((key, last modified) of the parts in order, S3's clock)."""
        found: list[tuple[str, Any]] = []
        now = None
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._folder}/part-"):
            now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
            found += [(entry["Key"], entry["LastModified"]) for entry in page.get("Contents", ())]
        return sorted(found), now

    def _load(self) -> None:
        try:
            parts, now = self._listed()
            if not parts:
                return
            self._parts = max(int(key.rpartition("-")[2]) for key, _ in parts)
            if now - max(modified for _, modified in parts) > LONGEST_GAP:
                self.drop()
                return
            for entry in self._sound(key for key, _ in parts):
                self._remember(entry)
        except (ClientError, BotoCoreError) as error:
            log.warning("Sealed answers in s3://%s/%s: %s", self._bucket, self._folder, error)

    def _sound(self, keys: Iterator[str]) -> Iterator[_Entry]:
        """The entries of the parts, up to the first that isn't whole or is another cell's."""
        for key in keys:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            head, _, packed = body.partition(b"\n")
            digest, _, length = head.removeprefix(_MAGIC).partition(b" ")
            if not head.startswith(_MAGIC) or digest.decode() != sha256(packed):
                log.warning("s3://%s/%s is damaged and left out", self._bucket, key)
                return
            part = _PART.decode(self._codec.decompress(packed, int(length), asbytes=True))
            if part.cell != self._cell:
                return
            yield from part.entries

    def _remember(self, entry: _Entry) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(prefix="sealed-")  # noqa: SIM115 - closed by close()
        packed = msgspec.msgpack.encode(entry)
        offset = self._spool.seek(0, 2)
        self._spool.write(packed)
        self._index.setdefault(entry.key, deque()).append((offset, len(packed)))
