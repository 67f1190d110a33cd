"""Sorts evidence that may not fit into memory, so that its order never depends on paging.

Items become rows of Arrow tables early, a few thousand at a time; sorted runs of rows go to disk
and are merged block by block. Memory is bounded by the sizes below, whatever the number of items:
about 2 x RUN_BYTES while taking items, FAN_IN x BLOCK_BYTES while merging.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from include.evidence.item import Evidence, content_of, identity_of
from include.evidence.table import SCHEMA, columns_of, microseconds, sizes_of

#: Items held as objects before they become rows: at most so many, of so many bytes of content.
BATCH_ROWS = 2_000
BATCH_BYTES = 2 * 1024 * 1024
#: Rows held in memory before a sorted run goes to disk (bytes, about).
RUN_BYTES = 16 * 1024 * 1024
#: What is read of each run at a time while merging (bytes, about; at least one row).
BLOCK_BYTES = 256 * 1024
#: Runs merged at a time.
FAN_IN = 48

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
        self._runs: list[IO[bytes]] = []
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
            sources = [iter([_sorted(self._tables)])] if self._tables else []
        else:
            self._spill()
            while len(self._runs) > self._fan_in:
                some, self._runs = self._runs[: self._fan_in], self._runs[self._fan_in :]
                self._runs.append(_write(_merge([_read(run) for run in some])))
                for run in some:
                    run.close()
            sources = [_read(run) for run in self._runs]
        self._tables = []
        found = 0
        for table in _distinct(_merge(sources)):
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
        columns: dict[str, Any] = columns_of(self._items, [identity_of(i) for i in self._items])
        columns[_DIGEST] = pa.array(self._digests, pa.binary(32))
        columns[_KEY] = pa.array(map(_key, self._items, self._digests), pa.binary())
        table = pa.table(columns)
        self._tables.append(table)
        self._held += table.nbytes
        self._items, self._digests, self._size = [], [], 0
        if self._held >= self._run_bytes:
            self._spill()

    def _spill(self) -> None:
        if self._tables:
            tables, self._tables, self._held = self._tables, [], 0
            self._runs.append(_write(iter([_sorted(tables)])))


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


def _write(tables: Iterator[pa.Table]) -> IO[bytes]:
    """A sorted run in a temporary file, in blocks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until the sorter is closed
    writer = None
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    for table in tables:
        if writer is None:
            writer = pa.ipc.new_stream(file, table.schema, options=options)
        for block in _blocks(table.combine_chunks()):
            writer.write_table(block)
    if writer is not None:
        writer.close()
    return file


def _blocks(table: pa.Table) -> Iterator[pa.Table]:
    places = sizes_of(table).cumsum() // BLOCK_BYTES
    start = 0
    while start < table.num_rows:
        end = max(start + 1, int(places.searchsorted(places[start], "right")))
        yield table.slice(start, end - start)
        start = end


def _read(run: IO[bytes]) -> Iterator[pa.Table]:
    run.seek(0)
    with pa.ipc.open_stream(run) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _merge(sources: Sequence[Iterator[pa.Table]]) -> Iterator[pa.Table]:
    """Sorted tables out of sorted sources, holding one block of each.

    In each step, all rows up to the smallest of the blocks' last keys are final: nothing that
    is still to come can be before them.
    """
    blocks = [(block, source) for source in sources if (block := next(source, None)) is not None]
    while blocks:
        lasts = [block[_KEY][-1].as_py() for block, _ in blocks]
        bound = min(lasts)
        final: list[pa.Table] = []
        left: list[tuple[pa.Table, Iterator[pa.Table]]] = []
        for (block, source), last in zip(blocks, lasts, strict=True):
            if last == bound:
                final.append(block)
                following = next(source, None)
                if following is not None:
                    left.append((following, source))
                continue
            count = pc.sum(pc.less_equal(block[_KEY], bound)).as_py()
            if count:
                final.append(block.slice(0, count))
            left.append((block.slice(count), source))
        blocks = left
        yield _sorted(final)


def _distinct(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Rows whose content digest isn't that of the row before."""
    before = b""
    for table in tables:
        digests = table[_DIGEST].combine_chunks()
        keep = [digests[0].as_py() != before]
        keep += pc.not_equal(digests[1:], digests[:-1]).to_pylist()
        before = digests[-1].as_py()
        yield table if all(keep) else table.filter(pa.array(keep))
