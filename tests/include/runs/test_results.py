"""``framework@period`` finds the result in force, or says what there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from include.assessment.result import Assessment
from include.errors import AuditError, InputError
from include.runs.plan import Plan
from include.runs.populations import store_population, stored_population
from include.runs.results import find_results, framework_named, record_judged, resolve
from include.runs.workspace import Reference, Workspace
from include.workpapers.population import SCHEMA, read_population, table_of, write_population
from tests.include.reports.sample import assessment
from tests.include.runs.test_publishing import PLAN

IDS = ["cis_aws_1.4", "cis_aws_5.0", "soc_2_2017", "nist_800_53_r5", "nist_800_53_r5_low"]


@pytest.fixture
def runs() -> Iterator[Workspace]:
    with mock_aws():
        client = boto3.client(
            "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        client.create_bucket(Bucket="reports")
        yield Workspace(client, "reports", "runs")


#: Keys in the order they were written.
WRITTEN: list[str] = []


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each object is a second younger than the one written before it."""
    plain = Workspace.newest

    def newest(folder: Workspace, kind: str) -> list[tuple[str, datetime]]:
        found = [
            (
                name,
                datetime(2026, 11, 1, 0, 0, WRITTEN.index(f"{folder.prefix}/{name}"), tzinfo=UTC),
            )
            for name, _ in plain(folder, kind)
        ]
        return sorted(found, key=lambda one: -one[1].timestamp())

    WRITTEN.clear()
    monkeypatch.setattr(Workspace, "newest", newest)


def put(runs: Workspace, plan: Plan, found: Assessment, **links: Any) -> Reference:
    folder = runs.below(plan.key)
    reference = folder.put_json("assessment", found.to_json())
    WRITTEN.append(reference.uri.removeprefix("s3://reports/"))
    if links:
        judged = record_judged(folder, reference, **links)
        WRITTEN.append(judged.uri.removeprefix("s3://reports/"))
    return reference


def final(seed: int, **more: Any) -> Assessment:
    return replace(assessment(seed=seed), status="COMPLETE", **more)


def test_the_final_result_written_last_is_in_force(runs: Workspace, ticking: None) -> None:
    put(runs, PLAN, final(1))
    last = put(runs, PLAN, final(2))
    put(runs, PLAN, replace(assessment(seed=3), status="INTERIM"))
    (found,) = find_results(runs, "cis_aws_5.0", "2026-10")
    assert found.reference == last and found.final
    assert found.name == "cis_aws_5.0@2026-10"
    assert find_results(runs, "cis_aws_5.0", "2026-09") == []
    assert find_results(runs, "cis_aws", "2026-10") == []


def test_a_result_that_is_reached_again_is_in_force_again(runs: Workspace) -> None:
    # An exception is entered, and withdrawn: the third run finds the first one's very bytes.
    first = put(runs, PLAN, final(1), population=None)
    put(runs, PLAN, final(2), population=None)
    assert put(runs, PLAN, final(1), population=None) == first
    (found,) = find_results(runs, "cis_aws_5.0", "2026-10")
    assert found.reference == first
    notes = runs.below(PLAN.key).newest("judged")
    put(runs, PLAN, final(1), population=None)
    assert runs.below(PLAN.key).newest("judged") == notes, "the same again notes nothing"


def test_of_several_scopes_the_newest_full_one_is_meant_and_another_can_be_named(
    runs: Workspace, ticking: None
) -> None:
    wide = replace(PLAN, accounts=("111111111111", "222222222222"))
    narrow = replace(PLAN, sources=("inspector",))
    first = put(runs, PLAN, final(1))
    newest = put(runs, wide, final(2))
    put(runs, narrow, replace(assessment(seed=3), status="INTERIM"))
    assert resolve("cis_aws_5.0@2026-10", runs, IDS).reference == newest
    scope = PLAN.key.rpartition("_")[2]
    assert resolve("cis_aws_5.0@2026-10", runs, IDS, scope[:4]).reference == first
    interim = resolve("cis_aws_5.0@2026-10", runs, IDS, narrow.key.rpartition("_")[2])
    assert not interim.final
    with pytest.raises(InputError, match=f"in a scope 'zz'.*{scope}"):
        resolve("cis_aws_5.0@2026-10", runs, IDS, "zz")


def test_an_interim_result_is_found_where_there_is_no_other(runs: Workspace) -> None:
    put(runs, PLAN, replace(assessment(seed=3), status="INTERIM"))
    assert not resolve("cis_aws_5.0@2026-10", runs, IDS).final


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("soc2", "soc_2_2017"),
        ("SOC-2", "soc_2_2017"),
        ("cis_aws_5.0", "cis_aws_5.0"),
        ("cis-aws-5", "cis_aws_5.0"),
        ("nist_800_53_r5", "nist_800_53_r5"),
        ("nist 800-53 r5", "nist_800_53_r5"),
    ],
)
def test_a_framework_may_be_named_loosely_where_it_is_the_only_one(text: str, found: str) -> None:
    assert framework_named(text, IDS) == found


def test_what_may_be_several_frameworks_is_asked_back() -> None:
    with pytest.raises(InputError, match=r"'cis' may be any of 2.*cis_aws_1.4 or cis_aws_5.0\?"):
        framework_named("cis", IDS)
    with pytest.raises(InputError, match=r"no framework 'sok_2_17'.*Did you mean soc_2_2017"):
        framework_named("sok_2_17", IDS)
    with pytest.raises(InputError, match="no framework"):
        framework_named("..", IDS)


@pytest.mark.parametrize("text", ["soc2", "@2026-10", "soc2@", "soc2@now"])
def test_what_is_no_framework_and_period_is_refused(runs: Workspace, text: str) -> None:
    with pytest.raises(InputError):
        resolve(text, runs, IDS)


def test_where_nothing_is_the_error_says_what_there_is(runs: Workspace) -> None:
    with pytest.raises(InputError, match="none at all yet"):
        resolve("soc2@2026-10", runs, IDS)
    put(runs, PLAN, final(1))
    with pytest.raises(InputError, match=r"soc_2_2017 has no result.*results of: cis_aws_5\.0"):
        resolve("soc2@2026-10", runs, IDS)
    with pytest.raises(InputError, match=r"for 2026-08.*results for: 2026-10"):
        resolve("cis_aws_5.0@2026-08", runs, IDS)


def test_a_changed_result_is_refused(runs: Workspace) -> None:
    reference = put(runs, PLAN, final(1))
    runs.s3.put_object(Bucket="reports", Key=reference.uri.split("/", 3)[3], Body=b"{}")
    with pytest.raises(AuditError, match="is not what this run wrote"):
        find_results(runs, "cis_aws_5.0", "2026-10")


def test_a_result_leads_to_its_own_population(runs: Workspace, tmp_path: Path) -> None:
    folder = runs.below(PLAN.key)
    kept = []
    for n in (1, 2):
        rows = {name: [f"{name}-{n}"] for name in SCHEMA.names}
        write_population(tmp_path / f"{n}", [table_of(rows)])
        kept.append(store_population(folder, tmp_path / f"{n}"))
        put(runs, PLAN, final(n), population=kept[-1])
    (found,) = find_results(runs, "cis_aws_5.0", "2026-10")
    assert found.population in kept
    with stored_population(runs.s3, found.population.to_json()) as path:
        (table,) = read_population(path)
    n = 1 + kept.index(found.population)
    assert table["resource"].to_pylist() == [f"resource-{n}"]
    assert found.assessment == final(n)


def test_an_older_result_has_no_population_and_a_changed_one_is_refused(
    runs: Workspace, tmp_path: Path
) -> None:
    put(runs, PLAN, final(1))
    assert resolve("cis_aws_5.0@2026-10", runs, IDS).population is None
    write_population(tmp_path / "p", [])
    reference = store_population(runs.below(PLAN.key), tmp_path / "p")
    runs.s3.put_object(Bucket="reports", Key=reference.uri.split("/", 3)[3], Body=b"x")
    with (
        pytest.raises(AuditError, match="SHA-256 differs"),
        stored_population(runs.s3, reference.to_json()),
    ):
        pass
