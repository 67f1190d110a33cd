"""``workbook.xlsx``: every table of a package on a sheet of its own, with typed cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from include.clock import from_iso
from include.reports.model import ReportModel
from include.reports.tables import definitions, rows
from include.reports.tables.book import SHEET_ROWS, Book
from include.reports.tables.columns import Table, Value
from include.reports.tables.front_sheets import READ_ME_WIDTHS, read_me, summary
from include.reports.tables.streams import evidence_batches, population_batches, values


def write_workbook(model: ReportModel, path: Path, sheet_rows: int = SHEET_ROWS) -> Path:
    """Write the workbook: Read me, Summary and the tables, each with filters and a fixed header.

    No cell is a formula. What doesn't fit on a sheet of ``sheet_rows`` goes on on "Evidence 2".
    Its only time is the assessment's, so that equal results give equal bytes.
    """
    found = model.assessment
    interim = "INTERIM - " if model.interim else ""
    book = Book(
        path,
        title=f"{found.framework_title}, {found.period}",
        created=from_iso(found.as_of),
        footer=f"{interim}{found.framework_title} | {found.period} | {model.context.package}",
        sheet_rows=sheet_rows,
    )
    with book:
        front = book.sheet("Read me", READ_ME_WIDTHS)
        summary(model, book)
        seen: dict[str, int] = {}
        results: dict[str, Counter[str]] = {}
        for table, lines in (
            (definitions.CONTROLS, rows.control_rows(model)),
            (definitions.FAILING, rows.failing_rows(model)),
            (definitions.POPULATION, values(definitions.POPULATION, population_batches(model))),
            (definitions.EVIDENCE, values(definitions.EVIDENCE, evidence_batches(model))),
            (definitions.EXCEPTIONS, rows.exception_rows(model)),
            (definitions.RECEIPTS, rows.receipt_rows(model)),
            (definitions.CHANGES, rows.change_rows(model)),
        ):
            results[table.name] = Counter()
            told = _counting(table, lines, results[table.name])
            seen[table.name] = book.table(table, told)
        read_me(model, front, seen, results)
    return path


def _counting(
    table: Table, lines: Iterable[Sequence[Value]], counts: Counter[str]
) -> Iterator[Sequence[Value]]:
    """The lines as they are; counts those of tables with a result by it."""
    if "result" not in table.names:
        yield from lines
        return
    at = table.names.index("result")
    for line in lines:
        counts[str(line[at])] += 1
        yield line
