"""The portfolio of a period is gathered from what lies there, and published like any package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import AuditError
from include.metrics.compute import compute_metrics
from include.metrics.portfolio import Portfolio
from include.runs.portfolio import gather, package_name, publish_portfolio, require_results
from include.runs.portfolio_message import portfolio_message
from include.runs.publishing import seal_package
from include.runs.workspace import Workspace
from tests.include.assessment.estate import ACCOUNT
from tests.include.reports.comparison.pairs import OCTOBER
from tests.include.reports.portfolio.world import of
from tests.include.runs.results_there import BUCKET, bucket, leave

HEADERS: Any = [
    SimpleNamespace(id="first_1.0", title="The first", name="The first", schedule="month"),
    SimpleNamespace(id="third_1.0", title="The third", name="The third", schedule="quarter"),
]


@pytest.fixture
def runs() -> Iterator[Workspace]:
    with bucket() as s3:
        yield Workspace(s3, BUCKET, "runs")


def gathered(runs: Workspace, headers: Any = HEADERS) -> Portfolio:
    return gather(runs, OCTOBER, "test", headers, lambda one: one.schedule).portfolio


def why(found: Portfolio) -> dict[str, str]:
    return {row["framework"]: row["why"] for row in found.missing}


def test_it_has_the_published_figures_of_every_framework(runs: Workspace) -> None:
    one, two = of("first_1.0", "a"), of("second_1.0")
    for result in (one, two):
        leave(runs, result)
    found = gathered(runs)
    # The second is not enabled any more; what it found is part of the period all the same.
    assert [row["framework"] for row in found.frameworks] == ["first_1.0", "second_1.0"]
    assert found.frameworks[0]["score"] == compute_metrics(one).compliance["compliance_score"]
    assert found.frameworks[0]["package"].startswith(f"s3://{BUCKET}/packages/first_1.0_2026-10_")


def test_whoever_has_no_final_result_is_named_with_the_reason(runs: Workspace) -> None:
    leave(runs, replace(of("first_1.0"), status="INTERIM", interim=("1 of 3 accounts",)))
    leave(runs, of("second_1.0"), published=False)
    leave(runs, replace(of("third_1.0"), period="2026-09"))
    assert why(gathered(runs)) == {
        "first_1.0": "Only an INTERIM result (1 of 3 accounts).",
        "second_1.0": "It was judged, and its reports were not written: see its DAG's last run.",
        "third_1.0": "No result for 2026-10. It is assessed every quarter.",
    }


def test_an_interim_result_beside_the_final_one_changes_nothing(runs: Workspace) -> None:
    leave(runs, of("first_1.0", "a"))
    before = gathered(runs)
    leave(runs, replace(of("first_1.0"), status="INTERIM", interim=("1 of 2 sources",)))
    assert gathered(runs) == before


def test_of_several_scopes_one_counts_and_the_other_is_named(runs: Workspace) -> None:
    leave(runs, of("first_1.0"))
    leave(runs, of("first_1.0", accounts=(ACCOUNT, "222222222222")))
    (row,) = gathered(runs).frameworks
    (other,) = row["passed_over"]
    assert {len(row["accounts"]), other["accounts"]} == {1, 2}


def test_a_portfolio_of_nothing_is_refused(runs: Workspace) -> None:
    with pytest.raises(AuditError, match="No framework has a final result for 2026-10"):
        require_results(gathered(runs))


def test_changed_figures_are_refused(runs: Workspace) -> None:
    leave(runs, of("first_1.0"))
    pages = runs.s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/")["Contents"]
    (key,) = [one["Key"] for one in pages if "/metrics-" in one["Key"]]
    runs.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    with pytest.raises(AuditError, match="is not what this run wrote"):
        gathered(runs)


def test_equal_results_find_their_package_there_and_others_get_one_beside_it(
    runs: Workspace, tmp_path: Path
) -> None:
    leave(runs, of("first_1.0", "a"))
    packages = Workspace(runs.s3, BUCKET, "packages")
    first = publish_portfolio(gathered(runs), packages)
    assert publish_portfolio(gathered(runs), packages) == first
    assert first["package"].startswith("portfolio_2026-10_")
    leave(runs, of("second_1.0"))
    assert package_name(gathered(runs)) != first["package"]


def test_its_sums_are_checked_with_standard_tools(runs: Workspace) -> None:
    leave(runs, of("first_1.0", "a"))
    packages = Workspace(runs.s3, BUCKET, "packages")
    published = publish_portfolio(gathered(runs), packages)
    package = packages.below(published["package"])
    seal_package(package, published["reports"], dag_id="portfolio", run_id="r", started=None)

    def body(name: str) -> bytes:
        read: bytes = runs.s3.get_object(Bucket=BUCKET, Key=f"{package.prefix}/{name}")[
            "Body"
        ].read()
        return read

    sums = {
        name: digest
        for line in body("SHA256SUMS").decode().splitlines()
        for digest, name in [line.split("  ")]
    }
    assert set(sums) == {"portfolio.pdf", "portfolio.html", "portfolio.json"}
    for name, digest in sums.items():
        assert hashlib.sha256(body(name)).hexdigest() == digest


def test_the_message_says_who_is_missing_in_every_form(runs: Workspace) -> None:
    leave(runs, of("first_1.0", "a", status="PARTIAL"))
    packages = Workspace(runs.s3, BUCKET, "packages")
    summary = publish_portfolio(gathered(runs), packages)["summary"]
    message = portfolio_message("test", summary, {"run": "http://127.0.0.1/x"})
    assert "third_1.0" in message["email"] and "not assessed" in message["email"]
    facts = json.loads(message["sqs"])
    assert facts["gaps_blocking"] == 1
    assert facts["missing"][0]["framework"] == "third_1.0"
    assert len(message["sms"]) <= 140
