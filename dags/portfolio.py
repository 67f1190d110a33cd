"""One executive report over all frameworks and accounts of a period, from their newest results.

Wiring only. By a timetable and not by assets: a run that waited for every framework's asset would
never begin while one framework is assessed every quarter, or fails. A framework without a result
is named in the report; a run triggered later for the same period has it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import DAG, Asset, BaseOperator, Param, TriggerRule
from airflow.sdk.definitions.param import ParamsDict

from include.frameworks.assessed import assessed_frameworks
from include.settings import load_settings
from plugins.operators.portfolio import (
    GatherPortfolioOperator,
    NotifyPortfolioOperator,
    RenderPortfolioOperator,
    SealPortfolioOperator,
)
from plugins.period_field import period_field
from plugins.retry import AwsRetryPolicy
from plugins.timetables.audit_period import AuditPeriodTimetable

ABOUT = """\
All frameworks and accounts of a period in one report: `portfolio.pdf`, `portfolio.html` and
`portfolio.json`, from the newest final result of each framework. Frameworks without one are named.

Runs by itself a day after the assessments of a month have begun. To include what came later, or
for a quarter or a year, trigger it with the period. On the command line: `./audit portfolio`.
"""
#: Assessments begin 6 hours after a period's end; a day later they have ended, or people were told.
SETTLE_HOURS = 30


def handed(task: BaseOperator) -> Any:
    """What ``task`` returns."""
    return task.output


def portfolio_dag() -> DAG:
    """The DAG; its assets are the frameworks' reports, and the portfolio."""
    headers = assessed_frameworks(load_settings())[0]
    reports = [
        Asset(f"report_{header.id}", f"x-compliance://reports/{header.id}") for header in headers
    ]
    dag = DAG(
        "portfolio",
        dag_display_name="Portfolio of all frameworks",
        description="One executive report over all frameworks and accounts of a period",
        doc_md=ABOUT,
        schedule=AuditPeriodTimetable("month", settle_hours=SETTLE_HOURS),
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 - read by DAG parsers
        catchup=False,
        max_active_runs=3,
        tags=["compliance", "portfolio"],
        default_args={
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_policy": AwsRetryPolicy(),
        },
    )
    with dag:
        gather = GatherPortfolioOperator(task_id="gather", inlets=reports)
        render = RenderPortfolioOperator(
            task_id="render",
            portfolio=handed(gather),
            outlets=[Asset("portfolio", "x-compliance://portfolio")],
        )
        seal = SealPortfolioOperator(task_id="seal", published=handed(render))
        notify = NotifyPortfolioOperator(
            task_id="notify", published=handed(render), trigger_rule=TriggerRule.ALL_DONE
        )
        seal >> notify
    dag.params = ParamsDict(
        {
            "period": period_field(),
            "notify": Param(True, type="boolean", title="Notify by SNS"),
        }
    )
    return dag


portfolio = portfolio_dag()
