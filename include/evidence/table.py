"""Evidence as Parquet: one fixed schema, written and read a row group at a time.

``evidence_id`` is there as its 16 bytes (``hex(evidence_id)`` in SQL). The content digest is not:
it follows from the other columns (:attr:`Evidence.content_digest`), and 32 random bytes would be a
third of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.evidence.item import Evidence

#: A row group ends at so many rows or bytes: what a writer or a reader holds in memory.
ROWS_PER_GROUP = 20_000
BYTES_PER_GROUP = 16 * 1024 * 1024
#: Items turned into objects at a time when reading.
_ROWS_AT_ONCE = 2_000

_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")
_FAILED = pa.list_(pa.struct([("start", pa.string()), ("end", pa.string())]))
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
        ("failed", _FAILED),
        ("attributes", pa.string()),
        ("page", _WORD),
        ("offset", pa.int32()),
    ]
)
_WORDS = [name for name in SCHEMA.names if SCHEMA.field(name).type == _WORD]
_PLAIN = [name for name in _WORDS if name != "parameters"]
_JSON = msgspec.json.Encoder(order="deterministic")


def columns_of(items: Sequence[Evidence], ids: Sequence[bytes]) -> dict[str, pa.Array]:
    """The columns of :data:`SCHEMA` for some items and their ids."""
    columns: dict[str, Any] = {
        name: pa.array([getattr(item, name) for item in items], _WORD) for name in _PLAIN
    }
    columns["evidence_id"] = pa.array(ids, pa.binary(16))
    columns["resource"] = pa.array([item.resource for item in items], pa.string())
    columns["source_time"] = _times([item.source_time for item in items])
    columns["collected_at"] = _times([item.collected_at for item in items])
    columns["in_population"] = pa.array([item.in_population for item in items], pa.bool_())
    columns["parameters"] = pa.array(_texts(item.parameters for item in items), _WORD)
    columns["failed"] = pa.array(
        [[{"start": start, "end": end} for start, end in item.failed] for item in items], _FAILED
    )
    columns["attributes"] = pa.array(_texts(item.attributes for item in items), pa.string())
    columns["offset"] = pa.array([item.offset for item in items], pa.int32())
    return {name: columns[name] for name in SCHEMA.names}


def _texts(values: Iterable[Any]) -> list[str]:
    return [_JSON.encode(value).decode() if value else "{}" for value in values]


def _times(values: Sequence[datetime]) -> pa.Array:
    return pa.array([microseconds(at) for at in values], pa.int64()).cast(_TIME)


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
    return pc.binary_length(table["attributes"]).to_numpy().astype("int64") + 512


def _group(tables: list[pa.Table]) -> pa.Table:
    """One table; its dictionaries hold just its own words, in the order they come."""
    table = pa.concat_tables(tables)
    columns = [
        table[name].cast(pa.string()).combine_chunks().dictionary_encode()
        if name in _WORDS
        else table[name]
        for name in SCHEMA.names
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def read_tables(file: IO[bytes], columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of an evidence file, as Arrow tables (``columns`` None: all)."""
    parquet = pq.ParquetFile(file)
    for group in range(parquet.num_row_groups):
        yield parquet.read_row_group(group, columns=None if columns is None else list(columns))


def read_evidence(file: IO[bytes]) -> Iterator[Evidence]:
    """The items of an evidence file, in its order."""
    for table in read_tables(file):
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            yield from _items(table.slice(start, _ROWS_AT_ONCE).combine_chunks())


def _items(table: pa.Table) -> Iterator[Evidence]:
    columns: dict[str, Iterable[Any]] = {name: _words(table[name]) for name in _PLAIN}
    columns["resource"] = table["resource"].to_pylist()
    for name in ("source_time", "collected_at"):
        since = table[name].cast(pa.int64()).to_pylist()
        columns[name] = [_EPOCH + timedelta(microseconds=value) for value in since]
    for name in ("in_population", "offset"):
        columns[name] = table[name].to_pylist()
    columns["parameters"] = _words(table["parameters"], msgspec.json.decode)
    columns["attributes"] = map(msgspec.json.decode, table["attributes"].to_pylist())
    columns["failed"] = [
        tuple((pair["start"], pair["end"]) for pair in pairs) if pairs else ()
        for pairs in table["failed"].to_pylist()
    ]
    fields = Evidence.__struct_fields__
    for row in zip(*(columns[name] for name in fields), strict=True):
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
