"""Evidence and population as they are streamed: with what they speak to, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from include.reports.links import links_of
from include.reports.model import ReportModel
from include.reports.tables.columns import Table, Value

#: Rows written at a time: what an export holds in memory, beside the row group it reads.
ROWS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evidence_batches(model: ReportModel) -> Iterator[pa.RecordBatch]:
    """The evidence, with ``checks`` and ``controls`` (ids, with spaces between) as columns."""
    links = links_of(model)
    for batch in _batches(model.context.evidence()):
        source, keyword = batch.column("source"), batch.column("keyword")
        width = len(keyword.dictionary)
        pairs = source.indices.to_numpy().astype("int64") * width + keyword.indices.to_numpy()
        different, places = np.unique(pairs, return_inverse=True)
        sources, keywords = source.dictionary.to_pylist(), keyword.dictionary.to_pylist()
        found = [links(sources[pair // width], keywords[pair % width]) for pair in different]
        indices = pa.array(places.astype("int32"))
        for number, name in enumerate(("checks", "controls")):
            words = pa.array([one[number] for one in found], pa.string())
            batch = batch.append_column(name, pa.DictionaryArray.from_arrays(indices, words))
        yield batch


def population_batches(model: ReportModel) -> Iterator[pa.RecordBatch]:
    """The population, with ``controls`` (ids, with spaces between) as a column."""
    for batch in _batches(model.context.population()):
        checks = batch.column("check")
        controls = [
            " ".join(model.controls_by_check.get(check, ()))
            for check in checks.dictionary.to_pylist()
        ]
        column = pa.DictionaryArray.from_arrays(checks.indices, pa.array(controls, pa.string()))
        yield batch.append_column("controls", column)


def values(table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Value, ...]]:
    """Rows of batches as typed values, in the table's columns."""
    for batch in batches:
        yield from zip(*(_values(batch.column(name)) for name in table.names), strict=True)


def _batches(tables: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    for table in tables:
        for start in range(0, table.num_rows, ROWS):
            # One array per column, whatever chunks the rows lie in.
            yield from table.slice(start, ROWS).combine_chunks().to_batches()


def _values(column: pa.Array) -> Iterable[Value]:
    if isinstance(column, pa.DictionaryArray):
        words = column.dictionary.to_pylist()
        return [words[at] for at in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type):
        since = column.cast(pa.int64()).to_pylist()
        return [_EPOCH + timedelta(microseconds=one) for one in since]
    if pa.types.is_fixed_size_binary(column.type):
        return [one.hex() for one in column.to_pylist()]
    found: list[Value] = column.to_pylist()
    return found
