"""What counting and exporting evidence costs: ours against merging first, and DuckDB as the judge.

Evidence is made up and written to Parquet once; every side reads it in a process of its own, in
turn, and each figure is the median of several rounds. Merging first needs about 1 GB of memory
per million rows: ``--peer-rows`` lets it (and ours beside it, for the ratio) count fewer. Ends
with 1 when answers differ; missed targets are told, but a busy machine is no failure.

Usage: python -m benchmarks.metrics [--rows N] [--peer-rows N] [--export-rows N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.collecting.figures import Figure
from benchmarks.counting.made_up import (
    ACCOUNTS,
    CONTROLS_EACH,
    KEYWORDS,
    SEVERITIES,
    write_evidence_file,
)

Took = dict[str, float]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a row of an answer differs from DuckDB's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peer-rows", type=int, help="rows that merging counts (all)")
    parser.add_argument("--export-rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors, "
        f"load {load:.1f}, median of {asked.rounds}"
    )
    with tempfile.TemporaryDirectory(prefix="metrics-") as name:
        folder = Path(name)
        right, figures = counting(folder, asked.rows, asked.peer_rows or asked.rows, asked.rounds)
        _print(figures)
        figures += exporting(folder, asked.export_rows, asked.rounds)
    _print(figures[-10:])
    missed = sum(figure.missed for figure in figures)
    print(f"\n{missed} of {sum(f.target is not None for f in figures)} targets missed")
    return 0 if right else 1


def counting(folder: Path, rows: int, peer_rows: int, rounds: int) -> tuple[bool, list[Figure]]:
    """Whether all answers are equal, and what they took."""
    for size in {rows, peer_rows}:
        write_evidence_file(folder / f"{size}.parquet", size)
    print(
        f"\nCounting {rows:,} items of {KEYWORDS} keywords, {ACCOUNTS} accounts and "
        f"{len(SEVERITIES)} severities, {CONTROLS_EACH} controls per keyword"
    )
    sides = [("ours", rows), ("duckdb", rows), ("merging", peer_rows)]
    if peer_rows != rows:
        print(f"Merging counts {peer_rows:,} only; the ratio is to ours over the same rows.")
        sides += [("ours", peer_rows), ("duckdb", peer_rows)]
    took: dict[tuple[str, int], list[Took]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            took[side].append(run(side[0], folder, side[1], keep=number == 0))
    right = True
    for name, size in sides:
        if name != "duckdb":
            same, told = compared(folder, name, size)
            right = right and same
            print(f"  {name} at {size:,}: {told}")
    here, peer, near = took["ours", rows], took["merging", peer_rows], took["ours", peer_rows]
    judge = took["duckdb", rows]
    return right, [
        Figure("ours, with reading Parquet: wall", _median(here, "wall"), "s", 3.0),
        Figure("ours: CPU", _median(here, "cpu"), "s"),
        Figure("ours: peak of memory", _median(here, "peak"), "MB", 1024.0),
        Figure(f"merging first, {peer_rows:,} rows: wall", _median(peer, "wall"), "s"),
        Figure(f"merging first, {peer_rows:,} rows: CPU", _median(peer, "cpu"), "s"),
        Figure(f"merging first, {peer_rows:,} rows: peak", _median(peer, "peak"), "MB"),
        Figure("DuckDB (all processors): wall", _median(judge, "wall"), "s"),
        Figure("DuckDB: CPU", _median(judge, "cpu"), "s"),
        Figure("DuckDB: peak of memory", _median(judge, "peak"), "MB"),
        Figure("merging first / ours: CPU", _ratio(peer, near, "cpu"), "times", 10.0, False),
        Figure("merging first / ours: wall", _ratio(peer, near, "wall"), "times", 10.0, False),
    ]


def exporting(folder: Path, rows: int, rounds: int) -> list[Figure]:
    """What writing evidence out costs, the same whatever its length."""
    small, few = max(rows // 10, 1), max(rows // 20, 1)
    for size in {rows, small, few}:
        write_evidence_file(folder / f"detailed-{size}.parquet", size, detailed=True)
    print(f"\nExporting {rows:,} items; row by row and as XLSX {few:,}")
    sizes = {"csv": rows, "jsonl": rows, "csv.writer": few, "json.dumps": few, "xlsx": few}
    took: dict[str, list[Took]] = {name: [] for name in sizes}
    for _ in range(rounds):
        for name, size in sizes.items():
            took[name].append(run(name, folder, size))
    rates = {
        name: statistics.median(one["rows"] / one["cpu"] for one in runs)
        for name, runs in took.items()
    }
    growth = {
        name: max(one["peak"] for one in took[name]) - run(name, folder, small)["peak"]
        for name in ("csv", "jsonl")
    }
    return [
        Figure("evidence.csv", rates["csv"], "rows/CPU s", 400_000, False),
        Figure("evidence.jsonl", rates["jsonl"], "rows/CPU s", 400_000, False),
        Figure("workbook.xlsx", rates["xlsx"], "rows/CPU s"),
        Figure("csv.writer, item by item", rates["csv.writer"], "rows/CPU s"),
        Figure("json.dumps, item by item", rates["json.dumps"], "rows/CPU s"),
        Figure("evidence.csv / csv.writer", rates["csv"] / rates["csv.writer"], "times"),
        Figure("evidence.jsonl / json.dumps", rates["jsonl"] / rates["json.dumps"], "times"),
        Figure(f"evidence.csv: memory, {rows:,} less {small:,} rows", growth["csv"], "MB", 50.0),
        Figure(f"evidence.jsonl: memory, {rows:,} less {small:,}", growth["jsonl"], "MB", 50.0),
        Figure("evidence.jsonl: peak of memory", _median(took["jsonl"], "peak"), "MB"),
    ]


def run(side: str, folder: Path, rows: int, keep: bool = False) -> Took:
    """One run of a side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.counting.sides", side, str(folder), str(rows)]
    done = subprocess.run(
        [*command, *(["--keep"] if keep else [])], stdout=subprocess.PIPE, text=True, check=True
    )
    found: Took = json.loads(done.stdout)
    return found


def compared(folder: Path, side: str, rows: int) -> tuple[bool, str]:
    """Whether a side's answer is DuckDB's, row by row, and a sentence that says so."""
    ours = pd.read_parquet(folder / f"{side}-{rows}.answer")
    theirs = pd.read_parquet(folder / f"duckdb-{rows}.answer")
    if len(ours) != len(theirs) or list(ours) != list(theirs):
        return False, f"DIFFERENT from DuckDB's: {len(ours):,} rows, not {len(theirs):,}"
    wrong = int((ours != theirs).any(axis=1).sum())
    items = int(theirs["items"].sum())
    if wrong:
        return False, f"{wrong:,} of {len(ours):,} rows are DIFFERENT from DuckDB's"
    return True, f"all {len(ours):,} rows are equal to DuckDB's ({items:,} items in all)"


def _median(runs: Sequence[Took], what: str) -> float:
    return statistics.median(one[what] for one in runs)


def _ratio(of: Sequence[Took], to: Sequence[Took], what: str) -> float:
    return statistics.median(a[what] / b[what] for a, b in zip(of, to, strict=True))


def _print(figures: Sequence[Figure]) -> None:
    for figure in figures:
        print(figure, flush=True)


if __name__ == "__main__":
    sys.exit(main())
