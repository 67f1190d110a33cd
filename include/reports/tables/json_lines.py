"""``evidence.jsonl``: an item a line, as JSON with sorted members, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.reports.model import ReportModel
from include.reports.tables import arrow_text
from include.reports.tables.streams import evidence_batches

#: What JSON has to escape in a string: quotes, backslashes and control characters.
_SPECIAL = arrow_text.Bytes(b'"\\' + bytes(range(32)))
#: Members of a line, by name; those of evidence, and what it speaks to.
MEMBERS = (
    "account",
    "attributes",
    "checks",
    "collected_at",
    "controls",
    "deployment",
    "event_name",
    "event_source",
    "evidence_id",
    "failed",
    "in_population",
    "keyword",
    "known",
    "offset",
    "page",
    "parameters",
    "raw_status",
    "region",
    "resource",
    "resource_type",
    "result",
    "severity",
    "source",
    "source_time",
)


def write_jsonl(model: ReportModel, path: Path) -> Path:
    """Write every item of evidence: UTF-8, no white space, members sorted, ``\\n`` after each.

    All that is known of an item is there: ``attributes`` and ``parameters`` as objects, ``failed``
    as pairs of times, ``checks`` and ``controls`` as lists of ids; times are ISO 8601 UTC.
    """
    with path.open("wb") as file:
        for batch in evidence_batches(model):
            file.write(arrow_text.content(arrow_text.joined(list(_pieces(batch)))))
    return path


def _pieces(batch: pa.RecordBatch) -> Iterator[Any]:
    """What a line is made of: names with what stands around values, and the values."""
    before = "{"
    for name in MEMBERS:
        label, column = f'{before}"{name}":', batch.column(name)
        before = ","
        if name in ("checks", "controls"):
            yield arrow_text.words(column, _after(label, lambda ids: _json(ids.split())))
        elif name == "parameters":
            yield arrow_text.words(column, _after(label, str))
        elif isinstance(column, pa.DictionaryArray):
            yield arrow_text.words(column, _after(label, _json))
        elif name == "attributes":
            yield label
            yield column
        elif name == "failed":
            yield label
            yield _intervals(column)
        elif pa.types.is_boolean(column.type):
            yield arrow_text.flags(column, f"{label}true", f"{label}false")
        elif pa.types.is_integer(column.type):
            yield label
            yield arrow_text.numbers(column)
        else:
            yield f'{label}"'
            yield _text(column)
            before = '",'
    yield '"}\n' if before == '",' else "}\n"


def _after(label: str, write: arrow_text.Write) -> arrow_text.Write:
    return lambda word: label + write(word)


def _text(column: pa.Array) -> Any:
    if pa.types.is_timestamp(column.type):
        return arrow_text.moments(column)
    if pa.types.is_fixed_size_binary(column.type):
        return arrow_text.hex_ids(column)
    return arrow_text.texts(column, lambda text: _json(text)[1:-1], _SPECIAL)


def _intervals(column: pa.ListArray) -> Any:
    """Lists of (start, end) as JSON; few rows have any."""
    if not len(column.flatten()):
        return "[]"
    start, end = (_text(one) for one in column.flatten().flatten())
    pairs = arrow_text.joined(['["', start, '","', end, '"]'])
    offsets = np.concatenate([[0], np.cumsum(column.value_lengths().to_numpy())])
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pairs)
    return arrow_text.joined(["[", pc.binary_join(lists, ","), "]"])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
