"""The benchmark of counting and exporting still runs, and notices an answer that is wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import metrics
from benchmarks.counting.made_up import write_evidence_file
from benchmarks.counting.sides import BY, COUNTING, COUNTS
from include.evidence.table import SCHEMA, read_tables


def answers(folder: Path, rows: int) -> dict[str, pd.DataFrame]:
    write_evidence_file(folder / f"{rows}.parquet", rows)
    found = {}
    for name, side in COUNTING.items():
        frame = side(folder, rows).astype({by: "str" for by in BY}).sort_values(list(BY))
        found[name] = frame.astype({count: "int64" for count in COUNTS}).reset_index(drop=True)
    return found


def test_all_sides_count_alike(tmp_path: Path) -> None:
    found = answers(tmp_path, 3_000)
    assert found["ours"]["items"].sum() == 3_000 * 12
    for name in ("merging", "duckdb"):
        pd.testing.assert_frame_equal(found["ours"], found[name])


def test_one_wrong_count_is_told(tmp_path: Path) -> None:
    for name, frame in answers(tmp_path, 500).items():
        frame.to_parquet(tmp_path / f"{name}-500.answer", index=False)
    assert metrics.compared(tmp_path, "ours", 500)[0]
    wrong = pd.read_parquet(tmp_path / "ours-500.answer")
    wrong["fail"] += wrong.index == 7
    wrong.to_parquet(tmp_path / "ours-500.answer", index=False)
    same, told = metrics.compared(tmp_path, "ours", 500)
    assert not same and "1 of" in told
    wrong[:-1].to_parquet(tmp_path / "ours-500.answer", index=False)
    assert not metrics.compared(tmp_path, "ours", 500)[0]


@pytest.mark.parametrize("detailed", [False, True])
def test_made_up_evidence_is_of_the_schema_and_the_same_each_time(
    tmp_path: Path, detailed: bool
) -> None:
    for name in ("a", "b"):
        write_evidence_file(tmp_path / name, 250, detailed=detailed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with (tmp_path / "a").open("rb") as file:
        (table,) = read_tables(file)
    assert table.schema.equals(SCHEMA) and table.num_rows == 250
    table.validate(full=True)


@pytest.mark.slow
def test_the_command_measures_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--rows", "4000", "--peer-rows", "2000", "--export-rows", "2000", "--rounds", "1"]
    assert metrics.main(small) == 0
    told = capsys.readouterr().out
    assert "equal to DuckDB's" in told and "2,000 only" in told
    assert "at least 400000" in told
