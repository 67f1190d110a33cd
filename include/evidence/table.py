"""Evidence as Parquet: one fixed schema, written and read a row group at a time.

``evidence_id`` is there as its 16 bytes (``hex(evidence_id)`` in SQL). The content digest is not:
it follows from the other columns (:attr:`Evidence.content_digest`), and 32 random bytes would be a
third of the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.evidence import columns
from include.evidence.item import Evidence

# Arrow's own allocator keeps what is freed: a long collection would hold its highest moments.
pa.set_memory_pool(pa.system_memory_pool())

#: A row group ends at so many rows or bytes: what a writer or a reader holds in memory.
ROWS_PER_GROUP = 10_000
BYTES_PER_GROUP = 8 * 1024 * 1024
#: Items turned into objects at a time when reading.
_ROWS_AT_ONCE = 2_000

_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: ``parameters`` and ``attributes`` are JSON objects. Columns with few values are
#: dictionary-encoded, so that pandas receives categoricals.
SCHEMA = pa.schema(
    [
        ("evidence_id", pa.binary(16)),
        ("source", _WORD),
        ("keyword", _WORD),
        ("account", _WORD),
        ("region", _WORD),
        ("event_source", _WORD),
        ("event_name", _WORD),
        ("resource", pa.string()),
        ("resource_type", _WORD),
        ("result", _WORD),
        ("raw_status", _WORD),
        ("known", _WORD),
        ("source_time", _TIME),
        ("collected_at", _TIME),
        ("in_population", pa.bool_()),
        ("severity", _WORD),
        ("deployment", _WORD),
        ("parameters", _WORD),
        ("failed", columns.INTERVALS),
        ("attributes", pa.string()),
        ("page", _WORD),
        ("offset", pa.int32()),
    ]
)
_WORDS = [name for name in SCHEMA.names if SCHEMA.field(name).type == _WORD]
_PLAIN = [name for name in _WORDS if name != "parameters"]
_ENCODER = msgspec.json.Encoder(order="deterministic")


def columns_of(items: Sequence[Evidence], ids: Sequence[bytes]) -> dict[str, pa.Array]:
    """The columns of :data:`SCHEMA` for some items and their ids."""
    made: dict[str, Any] = {
        name: columns.words([getattr(item, name) for item in items]) for name in _PLAIN
    }
    made["evidence_id"] = columns.fixed(ids, 16)
    made["resource"] = columns.texts([item.resource for item in items])
    for name in ("source_time", "collected_at"):
        made[name] = columns.moments([microseconds(getattr(item, name)) for item in items])
    made["in_population"] = columns.flags([item.in_population for item in items])
    made["parameters"] = columns.words([_json(item.parameters) for item in items])
    made["failed"] = columns.intervals([item.failed for item in items])
    made["attributes"] = columns.texts([_json(item.attributes) for item in items])
    made["offset"] = columns.small([item.offset for item in items])
    return {name: made[name] for name in SCHEMA.names}


def _json(value: Mapping[str, Any]) -> str:
    return _ENCODER.encode(value).decode() if value else "{}"


def microseconds(at: datetime) -> int:
    """Since 1970, UTC; exact, unlike ``datetime.timestamp``."""
    return (at - _EPOCH) // _MICROSECOND


def write_tables(file: IO[bytes], tables: Iterable[pa.Table]) -> int:
    """Write rows of :data:`SCHEMA` in the order they come; returns how many there were.

    Equal rows give equal bytes, however they were cut into tables.
    """
    written = 0
    with pq.ParquetWriter(file, SCHEMA, compression="zstd", use_dictionary=_WORDS) as writer:
        for group in _groups(tables):
            writer.write_table(group, row_group_size=ROWS_PER_GROUP)
            written += group.num_rows
            pa.default_memory_pool().release_unused()
        if not written:
            writer.write_table(SCHEMA.empty_table())
    return written


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Row groups: of the same rows, always cut at the same places."""
    held: list[pa.Table] = []
    rows, size = ROWS_PER_GROUP, BYTES_PER_GROUP
    for table in tables:
        while table.num_rows:
            ends = sizes_of(table).cumsum()
            fitting = min(rows, int(ends.searchsorted(size, "right")))
            if held and not fitting:
                yield _group(held)
                held, rows, size = [], ROWS_PER_GROUP, BYTES_PER_GROUP
                continue
            taken = min(max(fitting, 1), table.num_rows)
            held.append(table.slice(0, taken))
            rows, size = rows - taken, size - int(ends[taken - 1])
            table = table.slice(taken)
    if held:
        yield _group(held)


def sizes_of(table: pa.Table) -> Any:
    """About how many bytes each row takes in memory (numpy)."""
    lengths = pc.binary_length(table["attributes"]).combine_chunks()
    # Not to_numpy(), which looks for pandas first.
    found = np.frombuffer(lengths.buffers()[1], "int32", len(lengths), lengths.offset * 4)
    return found.astype("int64") + 512


def _group(tables: list[pa.Table]) -> pa.Table:
    """One table; its dictionaries hold just its own words, in the order they come."""
    table = pa.concat_tables(tables)
    arrays = [
        table[name].cast(pa.string()).combine_chunks().dictionary_encode()
        if name in _WORDS
        else table[name]
        for name in SCHEMA.names
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def read_tables(file: IO[bytes], names: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of an evidence file, as Arrow tables (``names`` of columns; None: all)."""
    # No read-ahead: its thread may outlive the interpreter, and holds a row group more.
    parquet = pq.ParquetFile(file, pre_buffer=False)
    for group in range(parquet.num_row_groups):
        yield parquet.read_row_group(
            group, columns=None if names is None else list(names), use_threads=False
        )


def read_evidence(file: IO[bytes], keywords: Collection[str] | None = None) -> Iterator[Evidence]:
    """The items of an evidence file (of some ``keywords``; None: all), in its order."""
    for table in read_tables(file):
        if keywords is not None:
            wanted = pa.array(sorted(keywords), pa.string())
            table = table.filter(pc.is_in(table["keyword"].cast(pa.string()), wanted))
        yield from items_of(table)


def items_of(table: pa.Table) -> Iterator[Evidence]:
    """The items of a table of :data:`SCHEMA`, some thousand of them in memory at a time."""
    for start in range(0, table.num_rows, _ROWS_AT_ONCE):
        yield from _items(table.slice(start, _ROWS_AT_ONCE).combine_chunks())


def _items(table: pa.Table) -> Iterator[Evidence]:
    values: dict[str, Iterable[Any]] = {name: _words(table[name]) for name in _PLAIN}
    values["resource"] = table["resource"].to_pylist()
    for name in ("source_time", "collected_at"):
        since = table[name].cast(pa.int64()).to_pylist()
        values[name] = [_EPOCH + timedelta(microseconds=value) for value in since]
    for name in ("in_population", "offset"):
        values[name] = table[name].to_pylist()
    values["parameters"] = _words(table["parameters"], msgspec.json.decode)
    values["attributes"] = map(msgspec.json.decode, table["attributes"].to_pylist())
    values["failed"] = [
        tuple((pair["start"], pair["end"]) for pair in pairs) if pairs else ()
        for pairs in table["failed"].to_pylist()
    ]
    fields = Evidence.__struct_fields__
    for row in zip(*(values[name] for name in fields), strict=True):
        yield Evidence(*row)


def _words(column: pa.ChunkedArray, read: Any = None) -> list[Any]:
    # One object for equal words: of 20,000 rows, most have the same account, region and rule.
    out: list[Any] = []
    for chunk in column.chunks:
        words = chunk.dictionary.to_pylist()
        if read:
            words = [read(word) for word in words]
        out.extend(words[at] for at in chunk.indices.to_pylist())
    return out
