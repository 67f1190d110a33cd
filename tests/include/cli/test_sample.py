"""``./audit sample``: draws from the newest result, says from what, and how to draw it again."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from include.assessment.result import Assessment
from include.cli.main import main
from include.runs.populations import store_population
from include.runs.results import record_judged
from include.runs.workspace import Workspace
from include.workpapers.population import write_population
from tests.include.cli.results_served import deployed
from tests.include.local_aws.conftest import Local
from tests.include.reports.sample import judged
from tests.include.runs.test_publishing import PLAN

BUCKET = "results-of-runs"
NAME = "cis_aws_5.0@2026-10"
Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def found() -> tuple[Assessment, list[pa.Table]]:
    tables: list[pa.Table] = []
    return judged(each=40, population=tables.append), tables


@pytest.fixture(scope="module")
def runs(
    served: Local, found: tuple[Assessment, list[pa.Table]], tmp_path_factory: Any
) -> Workspace:
    s3 = served.bucket(BUCKET)
    runs = Workspace(s3, BUCKET, "runs")
    folder = runs.below(PLAN.key)
    path = tmp_path_factory.mktemp("made") / "population.parquet"
    write_population(path, found[1])
    result = folder.put_json("assessment", found[0].to_json())
    record_judged(folder, result, store_population(folder, path))
    older = replace(found[0], period="2026-09", framework="cis_aws_3.0")
    september = replace(PLAN, framework="cis_aws_3.0", label="2026-09")
    runs.below(september.key).put_json("assessment", older.to_json())
    return runs


@pytest.fixture(autouse=True)
def deployment(
    served: Local, runs: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployed(monkeypatch, served, BUCKET, tmp_path, columns=220)


def drawn(tmp_path: Path, *more: str, name: str = "s.csv") -> list[dict[str, str]]:
    path = tmp_path / name
    assert main(["sample", NAME, "--output", str(path), *more]) == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_control_s_sample_is_shown_with_what_it_was_drawn_from(
    tmp_path: Path, capsys: Said, found: tuple[Assessment, list[pa.Table]]
) -> None:
    rows = drawn(tmp_path, "--control", "5.7", "--size", "8", "--seed", "7")
    said = capsys.readouterr().out
    assert f"s3://{BUCKET}/runs/{PLAN.key}/assessment-" in said
    assert f"s3://{BUCKET}/runs/{PLAN.key}/population-" in said
    assert "5.7: 8 of 240 resources, random" in said
    assert "sha256sum" in said and "SEED is 7" in said
    assert len(rows) == 8 and all(row["resource"] in said for row in rows)
    assert [row["rank"] for row in rows] == [str(n) for n in range(1, 9)]
    first = rows[0]
    assert first["method"] == "random" and first["population_size"] == "240"
    assert first["checks"].startswith("imdsv2-required=")
    assert (first["examined_by"], first["agrees"], first["remark"]) == ("", "", "")


def test_a_resource_is_one_line_in_a_narrow_terminal_to_be_copied(
    tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = drawn(tmp_path, "--control", "5.7", "--size", "8", "--seed", "7")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    for row in rows:
        above = lines[lines.index(row["resource"]) - 1].split()
        assert above[:4] == [row["rank"], row["result"], row["resource_type"], row["account"]]


def test_the_same_seed_draws_the_same_and_more_of_it_holds_it(tmp_path: Path) -> None:
    few = drawn(tmp_path, "--control", "5.7", "--size", "8", "--seed", "7")
    again = drawn(tmp_path, "--control", "5.7", "--size", "8", "--seed", "7", name="again.csv")
    more = drawn(tmp_path, "--control", "5.7", "--size", "20", "--seed", "7", name="more.csv")
    other = drawn(tmp_path, "--control", "5.7", "--size", "8", "--seed", "8", name="other.csv")
    assert few == again
    assert [row["resource"] for row in more][:8] == [row["resource"] for row in few]
    assert {row["resource"] for row in other} != {row["resource"] for row in few}


def test_a_stratified_sample_says_what_each_stratum_gave(tmp_path: Path, capsys: Said) -> None:
    rows = drawn(
        tmp_path, "--check", "imdsv2-required", "--method", "stratified", "--by", "account",
        "--size", "9",
    )  # fmt: skip
    said = capsys.readouterr().out
    assert {row["control"] for row in rows} == {"imdsv2-required"}
    for account in ("111111111111", "222222222222", "333333333333"):
        assert f"{account}: 3 of 80" in said
        assert sum(row["account"] == account for row in rows) == 3


def test_without_a_control_every_control_with_resources_is_drawn_from(
    tmp_path: Path, found: tuple[Assessment, list[pa.Table]]
) -> None:
    rows = drawn(tmp_path)
    assert {row["seed"] for row in rows} == {found[0].content_digest}
    counts = {row["control"]: 0 for row in rows}
    for row in rows:
        counts[row["control"]] += 1
        assert int(row["sample_size"]) == min(25, int(row["population_size"]))
    assert len(counts) > 20 and max(counts.values()) == 25


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["cis@2026-10"], "may be any of"),
        (["soc2@2026-10"], "results of: cis_aws_3.0, cis_aws_5.0"),
        (["cis_aws_5.0@2026-09"], "There are results for: 2026-10"),
        (["cis_aws_5.0"], "not a framework and a period"),
        ([NAME, "--control", "99"], "See ./audit frameworks show cis_aws_5.0."),
        ([NAME, "--control", "5.7", "--check", "mfa"], "No check 'mfa' decides control 5.7"),
        ([NAME, "--check", "zzz"], "60 do: access-analyzer-enabled, "),
        ([NAME, "--check", "zzz"], " and 52 more."),
        ([NAME, "--method", "some"], "Use random, stratified, all"),
        ([NAME, "--size", "0"], "Take 1 or more"),
        ([NAME, "--by", "account"], "Add --method stratified"),
        ([NAME, "--method", "stratified", "--by", "colour"], "no strata by 'colour'"),
        ([NAME, "--output", "/nowhere/x.csv"], "no folder /nowhere"),
        ([NAME, "--scope", "zz"], "Its scopes: "),
    ],
)
def test_what_cannot_be_drawn_says_what_to_do(
    arguments: list[str], says: str, capsys: Said
) -> None:
    assert main(["sample", *arguments]) == 64
    assert says in capsys.readouterr().err


def test_a_result_whose_population_was_not_kept_says_so(capsys: Said) -> None:
    assert main(["sample", "cis_aws_3.0@2026-09"]) == 1
    assert "map_to_controls" in capsys.readouterr().err


def test_a_bucket_that_is_not_there_is_named(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_REPORTS_BUCKET", "not-made-yet")
    assert main(["sample", NAME]) == 1
    assert "not-made-yet" in capsys.readouterr().err


def test_help_has_examples(capsys: Said) -> None:
    assert main(["sample", "--help"]) == 0
    assert "./audit sample cis_aws_5.0@2026-10 --control" in capsys.readouterr().out
