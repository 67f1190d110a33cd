"""Evidence as Parquet: one fixed schema, written and read a row group at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from include.digests import canonical_json
from include.evidence.item import Evidence

#: Rows per row group: what a writer or a reader holds in memory.
ROWS_PER_GROUP = 20_000

_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("us", tz="UTC")
_INTERVAL = pa.struct([("start", pa.string()), ("end", pa.string())])

#: ``parameters`` and ``attributes`` are JSON objects. Columns with few values are
#: dictionary-encoded, so that pandas receives categoricals.
SCHEMA = pa.schema(
    [
        ("evidence_id", pa.string()),
        ("content_digest", pa.string()),
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
        ("failed", pa.list_(_INTERVAL)),
        ("attributes", pa.string()),
        ("page", _WORD),
        ("offset", pa.int32()),
    ]
)
_AS_THEY_ARE = [
    name
    for name in SCHEMA.names
    if name not in {"evidence_id", "content_digest", "parameters", "failed", "attributes"}
]


def _row(item: Evidence, content_digest: str) -> dict[str, Any]:
    row = {name: getattr(item, name) for name in _AS_THEY_ARE}
    row["evidence_id"] = item.evidence_id
    row["content_digest"] = content_digest
    row["parameters"] = canonical_json(dict(item.parameters)).decode()
    row["attributes"] = canonical_json(dict(item.attributes)).decode()
    row["failed"] = [{"start": start, "end": end} for start, end in item.failed]
    return row


def write_evidence(file: IO[bytes], items: Iterable[tuple[Evidence, str]]) -> int:
    """Write (item, content digest) pairs in the order they come; returns how many there were."""
    written = 0
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        batch: list[dict[str, Any]] = []
        for item, digest in items:
            batch.append(_row(item, digest))
            if len(batch) == ROWS_PER_GROUP:
                writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))
                written += len(batch)
                batch = []
        if batch or not written:
            writer.write_table(pa.Table.from_pylist(batch, schema=SCHEMA))
            written += len(batch)
    return written


def read_tables(file: IO[bytes], columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of an evidence file, as Arrow tables (``columns`` None: all)."""
    parquet = pq.ParquetFile(file)
    for group in range(parquet.num_row_groups):
        yield parquet.read_row_group(group, columns=None if columns is None else list(columns))


def read_evidence(file: IO[bytes]) -> Iterator[Evidence]:
    """The items of an evidence file, in its order."""
    for table in read_tables(file):
        for row in table.to_pylist():
            del row["evidence_id"], row["content_digest"]
            row["parameters"] = json.loads(row["parameters"])
            row["attributes"] = json.loads(row["attributes"])
            row["failed"] = tuple((pair["start"], pair["end"]) for pair in row["failed"])
            row["source_time"] = _utc(row["source_time"])
            row["collected_at"] = _utc(row["collected_at"])
            yield Evidence(**row)


def _utc(at: datetime) -> datetime:
    # Arrow hands out pytz-like zones; equal times with another zone object compare equal but
    # don't pickle or print alike.
    return at.astimezone(UTC)
