"""Sorts evidence that may not fit into memory, so that its order never depends on paging.

Items become rows of Arrow tables early, a few thousand at a time; sorted runs of rows go to disk
and are merged a stretch of keys at a time. Memory is bounded by the sizes below, whatever the
number of items: about 4 x RUN_BYTES while taking items, and 4 x STRETCH_BYTES and a block of each
of FAN_IN runs while merging (and a key for every SAMPLE_BYTES of rows).
"""

from __future__ import annotations

import hashlib
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import count
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.evidence import columns
from include.evidence.item import Evidence, content_of, identity_of
from include.evidence.table import SCHEMA, columns_of, microseconds, sizes_of

#: Items held as objects before they become rows: at most so many, of so many bytes of content.
BATCH_ROWS = 2_000
BATCH_BYTES = 2 * 1024 * 1024
#: Rows held in memory before a sorted run goes to disk (bytes, about).
RUN_BYTES = 8 * 1024 * 1024
#: What is read of a run at a time while merging (bytes, about; at least one row).
BLOCK_BYTES = 64 * 1024
#: What is merged at a time, of all runs together (bytes, about).
STRETCH_BYTES = 2 * 1024 * 1024
#: How far apart the keys are by which stretches are cut.
SAMPLE_BYTES = 256 * 1024
#: Runs merged at a time.
FAN_IN = 128

#: The order of the rows: keyword, deployment, resource, source time, content digest, page.
_KEY = "_key"
_DIGEST = "_digest"
_BEFORE_1970 = 1 << 63


class EvidenceSorter:
    """Takes items in any order; yields them once, by keyword, deployment, resource and time.

    An item that comes again (equal content digest) is dropped and counted: unstable listings
    repeat rows.
    """

    def __init__(
        self, *, batch_rows: int = BATCH_ROWS, run_bytes: int = RUN_BYTES, fan_in: int = FAN_IN
    ) -> None:
        self._batch_rows = batch_rows
        self._run_bytes = run_bytes
        self._fan_in = fan_in
        self._items: list[Evidence] = []
        self._digests: list[bytes] = []
        self._size = 0
        self._tables: list[pa.Table] = []
        self._held = 0
        self._runs: list[_Run] = []
        self.added = 0
        #: Items that came again; known when :meth:`merged` has come to its end.
        self.duplicates = 0

    def add(self, item: Evidence) -> None:
        """Take one item."""
        try:
            content = content_of(item)
        except UnicodeEncodeError:
            item = _encodable(item)
            content = content_of(item)
        self._items.append(item)
        self._digests.append(hashlib.sha256(content).digest())
        self._size += len(content)
        self.added += 1
        if len(self._items) >= self._batch_rows or self._size >= BATCH_BYTES:
            self._to_rows()

    def merged(self) -> Iterator[tuple[pa.Table, list[bytes]]]:
        """Tables of :data:`SCHEMA` in order, each item once, with the rows' content digests."""
        self._to_rows()
        if not self._runs:
            found_tables = iter([_sorted(self._tables)] if self._tables else [])
        else:
            self._spill()
            while len(self._runs) > self._fan_in:
                some, self._runs = self._runs[: self._fan_in], self._runs[self._fan_in :]
                self._runs.append(_Run.of(_merge(some)))
                for run in some:
                    run.close()
            found_tables = _merge(self._runs)
        self._tables = []
        found = 0
        for table in _distinct(found_tables):
            found += table.num_rows
            yield table.select(SCHEMA.names), table[_DIGEST].to_pylist()
        self.duplicates = self.added - found

    def close(self) -> None:
        """Remove what is on disk."""
        for run in self._runs:
            run.close()
        self._runs, self._tables, self._items, self._digests = [], [], [], []

    def _to_rows(self) -> None:
        if not self._items:
            return
        made: dict[str, Any] = columns_of(self._items, [identity_of(i) for i in self._items])
        made[_DIGEST] = columns.fixed(self._digests, 32)
        made[_KEY] = columns.binaries(list(map(_key, self._items, self._digests)))
        table = pa.Table.from_arrays(list(made.values()), names=list(made))
        self._tables.append(table)
        self._held += table.nbytes
        self._items, self._digests, self._size = [], [], 0
        if self._held >= self._run_bytes:
            self._spill()

    def _spill(self) -> None:
        if self._tables:
            tables, self._tables, self._held = self._tables, [], 0
            self._runs.append(_Run.of(iter([_sorted(tables)])))
            pa.default_memory_pool().release_unused()


def _key(item: Evidence, digest: bytes) -> bytes:
    since = (microseconds(item.source_time) + _BEFORE_1970).to_bytes(8, "big")
    text = f"{item.keyword}\0{item.deployment}\0{item.resource}\0".encode()
    # The page decides between equals, so that what is kept doesn't depend on the order either.
    return b"".join((text, since, digest, item.page.encode(), item.offset.to_bytes(4, "big")))


def _encodable(item: Evidence) -> Evidence:
    """Halves of surrogate pairs, which JSON may carry but UTF-8 can't, are replaced."""

    def whole(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode(errors="replace").decode()
        if isinstance(value, dict):
            return {whole(key): whole(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(whole(inner) for inner in value)
        return value

    return Evidence(*(whole(getattr(item, name)) for name in item.__struct_fields__))


def _sorted(tables: Sequence[pa.Table]) -> pa.Table:
    """One table in the order of the keys; its dictionary columns share their dictionaries."""
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return table.take(pc.sort_indices(table[_KEY]))


_OFFSETS = (number * 161_803 % SAMPLE_BYTES for number in count())


class _Run:
    """Sorted rows in a temporary file, in blocks; ``samples`` are some of their keys."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.samples: list[bytes] = []

    @classmethod
    def of(cls, tables: Iterator[pa.Table]) -> _Run:
        """Write sorted tables."""
        run = cls()
        writer = None
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        # Runs of one size would all be sampled at the same keys, and stretches come out uneven.
        written = next(_OFFSETS)
        for table in tables:
            if writer is None:
                writer = pa.ipc.new_stream(run._file, table.schema, options=options)
            for block, size in _blocks(table.combine_chunks()):
                writer.write_table(block)
                if written // SAMPLE_BYTES != (written := written + size) // SAMPLE_BYTES:
                    run.samples.append(block[_KEY][-1].as_py())
        if writer is not None:
            writer.close()
        return run

    def blocks(self) -> Iterator[pa.Table]:
        """Read the rows back."""
        self._file.seek(0)
        options = pa.ipc.IpcReadOptions(use_threads=False)
        with pa.ipc.open_stream(self._file, options=options) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def _blocks(table: pa.Table) -> Iterator[tuple[pa.Table, int]]:
    """Blocks and their sizes (bytes, about)."""
    ends = sizes_of(table).cumsum()
    places = ends // BLOCK_BYTES
    start, before = 0, 0
    while start < table.num_rows:
        end = max(start + 1, int(places.searchsorted(places[start], "right")))
        after = int(ends[end - 1])
        yield table.slice(start, end - start), after - before
        start, before = end, after


def _merge(runs: Sequence[_Run]) -> Iterator[pa.Table]:
    """Sorted tables out of sorted runs: a stretch of keys at a time, of all runs together."""
    cursors = [_Cursor(run.blocks()) for run in runs]
    samples = sorted(sample for run in runs for sample in run.samples)
    step = max(1, STRETCH_BYTES // SAMPLE_BYTES)
    for bound in [*samples[step - 1 :: step], None]:
        found = [table for cursor in cursors for table in cursor.up_to(bound)]
        if found:
            yield _sorted(found)


class _Cursor:
    """A place in a sorted run; holds one block."""

    def __init__(self, blocks: Iterator[pa.Table]) -> None:
        self._blocks = blocks
        self._block: pa.Table | None = next(blocks, None)

    def up_to(self, bound: bytes | None) -> Iterator[pa.Table]:
        """The rows from here to the key ``bound`` (with it), None: to the end."""
        while self._block is not None:
            if bound is not None and self._block[_KEY][-1].as_py() > bound:
                place = bisect_right(self._block[_KEY].to_pylist(), bound)
                if place:
                    yield self._block.slice(0, place)
                    self._block = self._block.slice(place)
                return
            yield self._block
            self._block = next(self._blocks, None)


def _distinct(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Rows whose content digest isn't that of the row before."""
    before = b""
    for table in tables:
        digests = table[_DIGEST].combine_chunks()
        keep = [digests[0].as_py() != before]
        keep += pc.not_equal(digests[1:], digests[:-1]).to_pylist()
        before = digests[-1].as_py()
        yield table if all(keep) else table.filter(columns.flags(keep))
