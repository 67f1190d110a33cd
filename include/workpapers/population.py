"""The population of an assessment: every resource that a check judged, and how.

Counted as the assessment counts: of one check in one cell, the rows that are PASS, FAIL and
UNANSWERED are as many as the cell says. It is written to one Parquet file, a row group at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from include.assessment.result import CellAnswer
from include.assessment.tally import Tally
from include.checks.check import Check
from include.errors import AuditError
from include.evidence import columns
from include.evidence.identity import ACCOUNT_TYPE, account_identity

_WORD = pa.dictionary(pa.int32(), pa.string())

#: One row per check, account, region of the cell ('' when the check is the account's) and
#: resource. ``result`` is PASS, FAIL or UNANSWERED, the worst of what the sources said, which
#: ``sources`` lists with each one's own word (``aws_config=PASS security_hub=FAIL``). Rows come by
#: account, then in the order of the framework's checks, then by region and resource.
SCHEMA = pa.schema(
    [
        ("check", _WORD),
        ("account", _WORD),
        ("region", _WORD),
        ("resource", pa.string()),
        ("resource_type", _WORD),
        ("result", _WORD),
        ("sources", _WORD),
    ]
)
_WORDS = [name for name in SCHEMA.names if SCHEMA.field(name).type == _WORD]
#: Rows of a row group: what a writer or a reader holds in memory.
ROWS_PER_GROUP = 50_000

#: Takes tables of :data:`SCHEMA` in order.
Sink = Callable[[pa.Table], None]


class PopulationRows:
    """Takes the cells of an assessment as they are judged, and hands their rows on as tables.

    What is held is one table at most: :meth:`flush` at the end of each account empties it.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rows: dict[str, list[str]] = {name: [] for name in SCHEMA.names}

    def add(self, check: Check, cell: CellAnswer, tally: Tally) -> None:
        """Take the resources of one cell, ordered by identity."""
        rows = self._rows
        before = len(rows["resource"])
        for resource, resource_type, result, sources in tally.population():
            rows["resource"].append(resource)
            rows["resource_type"].append(resource_type)
            rows["result"].append(result)
            rows["sources"].append(sources)
        self._add_activity(check, cell, tally, before)
        added = len(rows["resource"]) - before
        rows["check"] += [check.id] * added
        rows["account"] += [cell.account] * added
        rows["region"] += [cell.region] * added
        if len(rows["resource"]) >= ROWS_PER_GROUP:
            self.flush()

    def _add_activity(self, check: Check, cell: CellAnswer, tally: Tally, before: int) -> None:
        """The account itself, where the whole period was looked at and nothing had been seen."""
        rows = self._rows
        for failing in cell.failing[len(tally.findings) :]:
            rows["resource"].append(failing.resource)
            rows["resource_type"].append(failing.resource_type)
            rows["result"].append("FAIL")
            rows["sources"].append(f"{failing.findings[0].source}=FAIL")
        if cell.passing > rows["result"][before:].count("PASS"):
            source = next(
                s.source
                for s in check.sources
                if s.answers == "events" and s.source in cell.sources
            )
            rows["resource"].append(account_identity(cell.account, cell.region or None))
            rows["resource_type"].append(ACCOUNT_TYPE)
            rows["result"].append("PASS")
            rows["sources"].append(f"{source}=PASS")

    def flush(self) -> None:
        """Hand on what is held."""
        if not self._rows["resource"]:
            return
        self._sink(table_of(self._rows))
        self._rows = {name: [] for name in SCHEMA.names}


def table_of(rows: Mapping[str, Sequence[str]]) -> pa.Table:
    """Rows of :data:`SCHEMA` from the values of each column."""
    made = {
        name: columns.words(rows[name]) if SCHEMA.field(name).type == _WORD else None
        for name in SCHEMA.names
    }
    made["resource"] = columns.texts(rows["resource"])
    return pa.table([made[name] for name in SCHEMA.names], schema=SCHEMA)


class PopulationWriter:
    """Writes tables of :data:`SCHEMA` to one Parquet file, in the order they come.

    Equal rows give equal bytes, however they were cut into tables. A context manager that is
    called with each table; memory holds one row group.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._held: list[pa.Table] = []
        self._waiting = 0
        self._writer = pq.ParquetWriter(
            path, SCHEMA, compression="zstd", use_dictionary=_WORDS, write_statistics=False
        )

    def __call__(self, table: pa.Table) -> None:
        """Take the next rows."""
        while table.num_rows:
            part = table.slice(0, ROWS_PER_GROUP - self._waiting)
            table = table.slice(part.num_rows)
            self._held.append(part)
            self._waiting += part.num_rows
            if self._waiting == ROWS_PER_GROUP:
                self._write()

    def _write(self) -> None:
        whole = pa.concat_tables(self._held)
        # Dictionaries hold just the group's own words, in the order they come.
        arrays = [
            whole[name].cast(pa.string()).combine_chunks().dictionary_encode()
            if name in _WORDS
            else whole[name].combine_chunks()
            for name in SCHEMA.names
        ]
        group = pa.Table.from_arrays(arrays, schema=SCHEMA)
        self._writer.write_table(group, row_group_size=ROWS_PER_GROUP)
        self.rows += group.num_rows
        self._held, self._waiting = [], 0

    def close(self) -> None:
        """Write what is held; the file is whole then, also one without any rows."""
        if self._held:
            self._write()
        elif not self.rows:
            self._writer.write_table(SCHEMA.empty_table())
        self._writer.close()

    def __enter__(self) -> PopulationWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()


def write_population(path: Path, tables: Iterable[pa.Table]) -> int:
    """Write a population; returns how many rows it has."""
    with PopulationWriter(path) as writer:
        for table in tables:
            writer(table)
    return writer.rows


def read_population(file: IO[bytes] | Path) -> Iterator[pa.Table]:
    """The row groups of a population's file, in order. AuditError where it is none."""
    # No read-ahead: its thread may outlive the interpreter, and holds a row group more.
    try:
        parquet = pq.ParquetFile(file, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise AuditError(
            f"The population can't be read: {error}.",
            hint="Clear the task map_to_controls of the run: it writes it anew.",
        ) from None
    if not parquet.schema_arrow.equals(SCHEMA):
        raise AuditError(
            "The population was written by another version of the product.",
            hint="Clear the task map_to_controls of the run: it writes it anew.",
        )
    for group in range(parquet.num_row_groups):
        table = parquet.read_row_group(group, use_threads=False)
        if table.num_rows:
            yield table


def words_of(table: pa.Table, name: str) -> list[str]:
    """The values of a column of words, as one string each."""
    out: list[str] = []
    for chunk in table[name].chunks:
        values = chunk.dictionary.to_pylist()
        out.extend(values[code] for code in chunk.indices.to_pylist())
    return out
