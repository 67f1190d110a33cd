"""What belongs to a result is found again: its figures, earlier revisions, the period before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from include.assessment.result import Assessment
from include.errors import InputError
from include.runs.published import published_of
from include.runs.results import Result, find_results, known_results
from include.runs.revisions import result_before, revision
from include.runs.workspace import Workspace
from tests.include.assessment.estate import ACCOUNT
from tests.include.reports.portfolio.world import of
from tests.include.runs.results_there import BUCKET, bucket, leave


@pytest.fixture
def runs() -> Iterator[Workspace]:
    with bucket() as s3:
        yield Workspace(s3, BUCKET, "runs")


def newest(runs: Workspace) -> Result:
    return find_results(runs, "first_1.0", "2026-10")[0]


def test_a_result_leads_to_the_figures_it_was_published_with(runs: Workspace) -> None:
    leave(runs, of("first_1.0", "a", "b"))
    published = published_of(runs, newest(runs))
    assert published is not None
    assert published.metrics.resources["failing"] == 2
    leave(runs, of("other_1.0"), published=False)
    (other,) = find_results(runs, "other_1.0", "2026-10")
    assert published_of(runs, other) is None


def test_revisions_are_the_final_results_of_the_same_scope(runs: Workspace) -> None:
    for failing in ("a", "b"):
        leave(runs, of("first_1.0", failing))
    leave(runs, replace(of("first_1.0", "c"), status="INTERIM"))
    leave(runs, of("first_1.0", "d", accounts=(ACCOUNT, "222222222222")))
    (one,) = [
        one
        for one in find_results(runs, "first_1.0", "2026-10")
        if len(one.assessment.accounts) == 1
    ]
    there = [revision(runs, one, back) for back in (0, 1)]
    assert there[0].assessment == one.assessment
    found = {f for one in there for check in one.assessment.checks for f in check.failing}
    assert {name[-1] for name in found} == {"a", "b"}
    with pytest.raises(InputError, match="has 2 final results in this scope: there is no ~2"):
        revision(runs, one, 2)


def before(found: Assessment) -> Assessment:
    return replace(
        found,
        period="2026-09",
        period_start="2026-09-01T00:00:00Z",
        period_end="2026-10-01T00:00:00Z",
    )


@pytest.mark.parametrize("period", ["2026-10", "2026-Q3", "2026"])
@pytest.mark.parametrize("framework", ["soc_2_2017", "gdpr_2016", "nist_800_53_r5", "cis_aws_5.0"])
def test_ids_that_look_like_periods_are_told_from_them(
    runs: Workspace, framework: str, period: str
) -> None:
    leave(runs, replace(of(framework), period=period))
    assert known_results(runs) == [(framework, period)]
    (found,) = find_results(runs, framework, period)
    assert found.assessment.framework == framework


def test_a_period_of_one_s_own_is_told_from_the_framework(runs: Workspace) -> None:
    label = "2026-02-01T00:00:00Z/2027-02-01T00:00:00Z"
    leave(runs, replace(of("soc_2_2017"), period=label))
    (found,) = find_results(runs, "soc_2_2017", label)
    assert found.assessment.period == label


def test_the_result_before_is_of_the_month_before_and_the_same_scope(runs: Workspace) -> None:
    leave(runs, of("first_1.0"))
    assert result_before(runs, newest(runs)) is None
    september = before(of("first_1.0", "a"))
    leave(runs, before(of("first_1.0", accounts=(ACCOUNT, "222222222222"))))
    assert result_before(runs, newest(runs)) is None
    leave(runs, september)
    assert result_before(runs, newest(runs)) == september
