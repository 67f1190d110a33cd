"""CSV files, streamed: UTF-8 with a byte order mark, CRLF line ends, quoted as RFC 4180 says.

Evidence and population, which can be of any length, are written by Arrow a few thousand rows at a
time; the other tables row by row. Both ways write the same.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.clock import iso
from include.reports.model import ReportModel
from include.reports.tables import arrow_text, definitions, rows
from include.reports.tables.columns import Table, Value
from include.reports.tables.streams import evidence_batches, population_batches

#: A cell that begins so is taken for a formula by spreadsheet programs, some of which fold
#: full-width characters. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
_QUOTED = re.compile('[,"\r\n]')
#: Texts that have to be quoted or made safe; the first byte of full-width signs is 0xEF.
_SPECIAL = arrow_text.Bytes(b',"\r\n', b"=+-@\t\xef")


def safe(text: str) -> str:
    """The text as no spreadsheet runs it: a quote goes before what would begin a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_controls(model: ReportModel, path: Path) -> Path:
    """``controls.csv``: one row per control, in the framework's order."""
    return _write(path, definitions.CONTROLS, rows.control_rows(model))


def write_failing(model: ReportModel, path: Path) -> Path:
    """``failing.csv``: one row per control, check and resource that fails, excused ones too."""
    return _write(path, definitions.FAILING, rows.failing_rows(model))


def write_exceptions(model: ReportModel, path: Path) -> Path:
    """``exceptions.csv``: one row per decision of any register, in force or not."""
    return _write(path, definitions.EXCEPTIONS, rows.exception_rows(model))


def write_receipts(model: ReportModel, path: Path) -> Path:
    """``receipts.csv``: one row per cell that was to be collected, and how that ended."""
    return _write(path, definitions.RECEIPTS, rows.receipt_rows(model))


def write_evidence(model: ReportModel, path: Path) -> Path:
    """``evidence.csv``: one row per item, with the checks and controls it speaks to."""
    return _stream(path, definitions.EVIDENCE, evidence_batches(model))


def write_population(model: ReportModel, path: Path) -> Path:
    """``population.csv``: one row per check and resource that was judged."""
    return _stream(path, definitions.POPULATION, population_batches(model))


def cell(value: Value) -> str:
    """A value as it stands in a CSV file, before quoting. Only text is made safe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return iso(value)
    return str(value)


def _write(path: Path, table: Table, lines: Iterable[Sequence[Value]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(table.names)
        writer.writerows([cell(value) for value in line] for line in lines)
    return path


def _stream(path: Path, table: Table, batches: Iterable[pa.RecordBatch]) -> Path:
    with path.open("wb") as file:
        file.write(f"\ufeff{','.join(table.names)}\r\n".encode())
        for batch in batches:
            pieces: list[Any] = []
            for name in table.names:
                pieces += [_text(batch.column(name)), ","]
            file.write(arrow_text.content(arrow_text.joined([*pieces[:-1], "\r\n"])))
    return path


def _text(column: pa.Array) -> Any:
    """A column as it stands in the file."""
    if isinstance(column, pa.DictionaryArray):
        return arrow_text.words(column, _quoted)
    if pa.types.is_string(column.type):
        return arrow_text.texts(column, _quoted, _SPECIAL)
    if pa.types.is_timestamp(column.type):
        return arrow_text.moments(column)
    if pa.types.is_boolean(column.type):
        return arrow_text.flags(column, "yes", "no")
    if pa.types.is_fixed_size_binary(column.type):
        return arrow_text.hex_ids(column)
    return arrow_text.numbers(column)


def _quoted(text: str) -> str:
    text = safe(text)
    if _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
