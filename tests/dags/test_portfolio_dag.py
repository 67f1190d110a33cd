"""The portfolio's DAG: made without errors, in the right order, for the period that is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError
from airflow.timetables.base import TimeRestriction

from include.frameworks.loader import list_frameworks
from include.runs.workspace import Workspace
from tests.include.local_aws.conftest import MANAGEMENT, Local
from tests.include.reports.portfolio.world import of
from tests.include.runs.results_there import BUCKET, leave

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dag() -> DAG:
    bag = DagBag(dag_folder=str(ROOT / "dags/portfolio.py"))
    assert bag.import_errors == {}
    found: DAG = bag.dags["portfolio"]
    return found


def test_it_gathers_renders_seals_and_tells_in_this_order(dag: DAG) -> None:
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "gather": ["render"],
        "render": ["notify", "seal"],
        "seal": ["notify"],
        "notify": [],
    }


def test_people_are_told_whatever_became_of_it(dag: DAG) -> None:
    assert dag.get_task("notify").trigger_rule == "all_done"


def test_it_runs_a_day_after_the_assessments_of_the_month(dag: DAG) -> None:
    assessments = DagBag(dag_folder=str(ROOT / "dags/assessments.py")).dags["assess_cis_aws_5.0"]
    restriction = TimeRestriction(earliest=pendulum.datetime(2026, 1, 1), latest=None, catchup=True)
    first, after = (
        one.timetable.next_dagrun_info(  # type: ignore[union-attr]
            last_automated_data_interval=None, restriction=restriction
        )
        for one in (assessments, dag)
    )
    assert first and after
    assert after.data_interval == first.data_interval
    assert (after.run_after - first.run_after).total_seconds() == 24 * 3600


def test_it_reads_the_report_of_every_framework_and_makes_one_of_its_own(dag: DAG) -> None:
    inlets = {asset.name for asset in dag.get_task("gather").inlets}
    assert inlets == {f"report_{header.id}" for header in list_frameworks([])}
    assert [asset.name for asset in dag.get_task("render").outlets] == ["portfolio"]


def test_it_never_catches_up_and_is_paused_at_first(dag: DAG) -> None:
    assert dag.catchup is False and dag.is_paused_upon_creation is not False


@pytest.mark.parametrize("wrong", ["2026-13", "October", "2026-Q5"])
def test_the_form_refuses_a_malformed_period(dag: DAG, wrong: str) -> None:
    param = dag.params.get_param("period")
    with pytest.raises(ParamValidationError):
        param.resolve(value=wrong)
    assert param.resolve(value="2026-Q3") == "2026-Q3"


@pytest.mark.slow
def test_the_whole_dag_makes_a_sealed_package_of_what_lies_in_the_bucket(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    with closing(Local(tmp_path / "aws")) as served:
        s3 = served.bucket(BUCKET)
        for framework, failing in (("soc_2_2017", ("a",)), ("cis_aws_5.0", ("a", "b"))):
            leave(Workspace(s3, BUCKET, "runs"), of(framework, *failing))
        connection = {
            "conn_type": "aws",
            "login": MANAGEMENT,
            "password": "local",
            "extra": {"region_name": "us-east-1", "endpoint_url": served.url},
        }
        done = subprocess.run(
            [
                *(sys.executable, "-m", "plugins.commands.run_dag", "portfolio"),
                json.dumps({"period": "2026-10"}),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "AIRFLOW_HOME": str(tmp_path / "airflow"),
                "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
                "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
                "AIRFLOW__OPENLINEAGE__DISABLED": "True",
                "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
                "AUDIT_REPORTS_BUCKET": BUCKET,
            },
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="packages/portfolio_2026-10_")
    names = {one["Key"].rpartition("/")[2] for one in listed["Contents"]}
    assert {"portfolio.pdf", "portfolio.html", "portfolio.json", "SHA256SUMS"} <= names
