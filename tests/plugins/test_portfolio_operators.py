"""The tasks of the portfolio: which period they mean, what they hand over, when they fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.runs.workspace import Workspace
from include.settings import Settings
from plugins.operators.base import AssessmentOperator
from plugins.operators.portfolio import (
    GatherPortfolioOperator,
    NotifyPortfolioOperator,
    RenderPortfolioOperator,
    SealPortfolioOperator,
)
from tests.include.reports.portfolio.world import of
from tests.include.runs.results_there import BUCKET, bucket, leave

TOPIC = "arn:aws:sns:us-east-1:111111111111:audit"


class Topic:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **said: Any) -> dict[str, str]:
        self.published.append(said)
        return {"MessageId": "m-1"}


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, topic: Topic) -> Iterator[Workspace]:
    with bucket() as s3:
        clients = {"s3": s3, "sns": topic}
        monkeypatch.setattr(AssessmentOperator, "client", lambda self, name, *_: clients[name])
        settings = Settings(reports_bucket=BUCKET, sns_topic=TOPIC, environment="test")
        monkeypatch.setattr(AssessmentOperator, "settings", settings)
        yield Workspace(s3, BUCKET, "runs")


class Events(dict[Any, Any]):
    """What is said of each outlet."""

    def __missing__(self, outlet: Any) -> Any:
        partitions: list[str] = []
        self[outlet] = SimpleNamespace(add_partitions=partitions.append, partitions=partitions)
        return self[outlet]


def context(states: dict[str, str] | None = None, **params: Any) -> Any:
    run = SimpleNamespace(
        dag_id="portfolio",
        run_id="manual",
        start_date=datetime(2026, 11, 2, 12, tzinfo=UTC),
        run_after=datetime(2026, 11, 2, 12, tzinfo=UTC),
    )
    ti = SimpleNamespace(task_id="notify", get_task_states=lambda **_: {"manual": states or {}})
    return {"params": params, "dag_run": run, "ti": ti, "outlet_events": Events()}


def gathered(**params: Any) -> dict[str, Any]:
    return GatherPortfolioOperator(task_id="gather").execute(context(**params))


def rendered() -> dict[str, Any]:
    reference = gathered(period="2026-10")
    return RenderPortfolioOperator(task_id="render", portfolio=reference).execute(context())


def test_the_form_s_period_is_meant_else_the_run_s_own(runs: Workspace) -> None:
    leave(runs, of("first_1.0"))
    asked = gathered(period="2026-10")
    assert gathered() == asked, "the last month that was over when the run was due"
    interval: Any = {
        **context(),
        "data_interval_start": datetime(2026, 10, 1, tzinfo=UTC),
        "data_interval_end": datetime(2026, 11, 1, tzinfo=UTC),
    }
    operator = GatherPortfolioOperator(task_id="gather")
    assert operator.execute(interval) == asked
    partition: Any = {**context(), "partition_key": "2026-10"}
    assert operator.execute(partition) == asked


def test_a_period_without_any_result_fails_for_good_in_one_sentence(runs: Workspace) -> None:
    with pytest.raises(AirflowFailException, match="No framework has a final result for 2026-09"):
        gathered(period="2026-09")


def test_the_faces_are_published_and_sealed(runs: Workspace) -> None:
    leave(runs, of("first_1.0", "a"))
    published = rendered()
    names = [one["name"] for one in published["reports"]]
    assert names == ["portfolio.pdf", "portfolio.html", "portfolio.json"]
    sums = SealPortfolioOperator(task_id="seal", published=published).execute(context())
    assert sums["uri"].endswith(f"packages/{published['package']}/SHA256SUMS")
    assert rendered() == published


def test_people_are_told(runs: Workspace, topic: Topic) -> None:
    leave(runs, of("first_1.0", "a"))
    notify = NotifyPortfolioOperator(task_id="notify", published=rendered())
    assert notify.execute(context()) == "m-1"
    (said,) = topic.published
    assert said["Subject"] == "Portfolio: all frameworks 2026-10"
    assert "first_1.0" in json.loads(said["Message"])["email"]


def test_a_run_that_failed_tells_which_task_and_does_not_end_as_a_success(
    runs: Workspace, topic: Topic
) -> None:
    notify = NotifyPortfolioOperator(task_id="notify", published=None)
    with pytest.raises(AirflowFailException, match="Failed: gather"):
        notify.execute(context({"gather": "failed"}, period="2026-10"))
    assert "gather" in json.loads(topic.published[0]["Message"])["email"]


def test_a_portfolio_without_its_seal_is_told_as_incomplete(runs: Workspace, topic: Topic) -> None:
    leave(runs, of("first_1.0", "a"))
    notify = NotifyPortfolioOperator(task_id="notify", published=rendered())
    with pytest.raises(AirflowFailException, match=r"not complete\. Failed: seal"):
        notify.execute(context({"seal": "failed"}))
    assert topic.published[0]["Subject"] == "Incomplete: all frameworks 2026-10"


def test_nobody_is_told_when_it_is_switched_off(runs: Workspace, topic: Topic) -> None:
    leave(runs, of("first_1.0", "a"))
    notify = NotifyPortfolioOperator(task_id="notify", published=rendered())
    with pytest.raises(AirflowSkipException):
        notify.execute(context(notify=False))
    assert topic.published == []
