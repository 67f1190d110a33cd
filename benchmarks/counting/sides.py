"""What is measured, each in a process of its own: ``python -m benchmarks.counting.sides SIDE …``.

A side prints one line of JSON: CPU and wall seconds of its work (imports left out), the peak of
the process's memory in MB, and how many rows it wrote or counted.
"""

from __future__ import annotations

import csv
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.collecting.figures import memory
from benchmarks.counting.made_up import links
from include.evidence.item import Evidence
from include.evidence.table import items_of, read_tables
from include.metrics.evidence import COLUMNS, RESULTS

BY = ("control_set", "control", "severity", "account")
COUNTS = ("items", *RESULTS.values())


def ours(folder: Path, rows: int) -> Any:
    """The product's own: counted a row group at a time, joined afterwards."""
    from include.metrics.evidence import aggregate, status_counts

    with (folder / f"{rows}.parquet").open("rb") as file:
        return status_counts(aggregate(read_tables(file, COLUMNS)), links(), BY)


def merging(folder: Path, rows: int) -> Any:
    """What one writes first: evidence as categoricals, merged with the mapping, then grouped."""
    import pandas as pd
    import pyarrow.parquet as pq

    wanted = ["keyword", "account", "severity", "result"]
    frame = pq.read_table(folder / f"{rows}.parquet", columns=wanted).to_pandas()
    mapping = links().drop(columns="source")
    # The same categories, or pandas merges on objects.
    there = frame["keyword"].cat.categories
    mapping = mapping[mapping["keyword"].isin(there)]
    mapping = mapping.assign(keyword=pd.Categorical(mapping["keyword"], there))
    merged = frame.merge(mapping, on="keyword")
    del frame
    counts = merged.groupby([*BY, "result"], observed=True).size().unstack(fill_value=0)
    counts.columns = [RESULTS[word] for word in counts.columns]
    counts = counts.reindex(columns=list(RESULTS.values()), fill_value=0)
    counts.insert(0, "items", counts.sum(axis=1))
    return counts.reset_index()


def duckdb(folder: Path, rows: int) -> Any:
    """The judge: joined and grouped by DuckDB."""
    database = importlib.import_module("duckdb").connect()
    database.register("links", links().astype({name: "str" for name in BY[:2]}))
    results = ", ".join(
        f"count(*) FILTER (result = '{word}') AS {name}" for word, name in RESULTS.items()
    )
    return database.execute(
        f"SELECT {', '.join(BY)}, count(*) AS items, {results} "
        f"FROM read_parquet('{folder / f'{rows}.parquet'}') JOIN links USING (source, keyword) "
        f"GROUP BY ALL"
    ).df()


def model_over(folder: Path, rows: int) -> Any:
    """A report of CIS over the made-up evidence."""
    from include.assessment.assess import assess
    from include.assessment.period import parse_period
    from include.assessment.scope import Scope
    from include.checks.catalogue import load_catalogue
    from include.frameworks.loader import load_framework
    from include.metrics.compute import compute_metrics
    from include.reports.model import ReportContext, ReportModel

    def evidence() -> Iterator[pa.Table]:
        with (folder / f"detailed-{rows}.parquet").open("rb") as file:
            yield from read_tables(file)

    scope = Scope(("111111111111",), ("eu-west-1",))
    period, framework = parse_period("2026-10"), load_framework("cis_aws_5.0")
    found = assess(framework, load_catalogue(), scope, period, [])
    context = ReportContext(environment="benchmark", assessment_name="cis", evidence=evidence)
    return ReportModel(found, compute_metrics(found), context)


def _exporting(module: str, function: str) -> Callable[[Path, int], Callable[[], None]]:
    """An export of the product, ready to run; the model is made before the clock starts."""

    def ready(folder: Path, rows: int) -> Callable[[], None]:
        write = getattr(importlib.import_module(f"include.reports.tables.{module}"), function)
        model, path = model_over(folder, rows), folder / f"{function}-{rows}"
        return lambda: write(model, path)

    return ready


def _row_wise(write: Callable[[Path, Iterator[Evidence]], None]) -> Any:
    """An export an item at a time."""

    def ready(folder: Path, rows: int) -> Callable[[], None]:
        model = model_over(folder, rows)
        return lambda: write(
            folder / f"row-wise-{rows}",
            (item for table in model.context.evidence() for item in items_of(table)),
        )

    return ready


def _csv_rows(path: Path, items: Iterator[Evidence]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(_fields(item).values() for item in items)


def _json_rows(path: Path, items: Iterator[Evidence]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            attributes = {"attributes": item.attributes, "parameters": item.parameters}
            file.write(json.dumps({**_fields(item), **attributes}, sort_keys=True) + "\n")


def _fields(item: Evidence) -> dict[str, Any]:
    return {
        "evidence_id": item.evidence_id,
        **{name: getattr(item, name) for name in COLUMNS},
        "resource": item.resource,
        "raw_status": item.raw_status,
        "in_population": item.in_population,
        "source_time": item.source_time.isoformat(),
        "collected_at": item.collected_at.isoformat(),
        "event_source": item.event_source,
        "event_name": item.event_name,
        "deployment": item.deployment,
        "page": item.page,
        "offset": item.offset,
    }


COUNTING: Mapping[str, Callable[[Path, int], Any]] = {
    "ours": ours,
    "merging": merging,
    "duckdb": duckdb,
}
EXPORTS: Mapping[str, Callable[[Path, int], Callable[[], None]]] = {
    "csv": _exporting("csv_files", "write_evidence"),
    "jsonl": _exporting("json_lines", "write_jsonl"),
    "xlsx": _exporting("workbook", "write_workbook"),
    "csv.writer": _row_wise(_csv_rows),
    "json.dumps": _row_wise(_json_rows),
}


def main(side: str, folder: Path, rows: int, keep: bool) -> None:
    """Run a side once and print what it took; ``keep`` its answer as Parquet beside."""
    importlib.import_module("pandas")
    work: Callable[[], Any]
    work = (
        partial(COUNTING[side], folder, rows) if side in COUNTING else EXPORTS[side](folder, rows)
    )
    wall, cpu = time.perf_counter(), time.process_time()
    found: Any = work()
    took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps({**took, "peak": memory("VmHWM"), "rows": rows}))
    if keep:
        ordered = found.astype({name: "str" for name in BY}).sort_values(list(BY))
        ordered.astype({name: "int64" for name in COUNTS}).to_parquet(
            folder / f"{side}-{rows}.answer", index=False
        )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), "--keep" in sys.argv)
