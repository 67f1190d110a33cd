"""The DAG files import cleanly and make one DAG for each framework that is enabled."""

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from include.frameworks.loader import LIBRARY, list_frameworks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=str(ROOT / "dags"))


def test_every_framework_of_the_library_has_a_dag_and_no_file_an_error(bag: DagBag) -> None:
    assert bag.import_errors == {}
    ours = {f"assess_{path.stem}" for path in LIBRARY.glob("*.yaml")}
    assert set(bag.dags) == ours | {"portfolio"}
    assert len(bag.dags) > 10


def test_each_dag_is_made_from_its_framework_s_header(bag: DagBag) -> None:
    for header in list_frameworks([]):
        dag = bag.dags[header.dag_id]
        assert dag.dag_display_name == f"Assess {header.name}"
        assert dag.tags == {"compliance", header.publisher, *header.tags}
        assert dag.timetable.summary == f"every {header.schedule}"
        collecting = {task for task in dag.task_ids if task.startswith("collect.")}
        assert collecting == {f"collect.{source}" for source in header.sources}
        for fact in (header.description, header.publisher, header.name, f"-f {header.id} "):
            assert fact in dag.doc_md, header.id


def test_every_dag_survives_being_stored_and_its_texts_fit_into_airflow_s_columns(
    bag: DagBag,
) -> None:
    for dag in bag.dags.values():
        stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert stored.doc_md == dag.doc_md
        assert max(map(len, dag.tags)) <= 100
        assert len(dag.dag_display_name) <= 2000 and len(dag.dag_id) <= 250


def test_the_dag_is_the_one_in_the_design(bag: DagBag) -> None:
    dag = bag.dags["assess_cis_aws_5.0"]
    downstream = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert {task for task in downstream if task.startswith("collect.")} == {
        "collect.aws_config",
        "collect.security_hub",
        "collect.cloudtrail",
        "collect.api_calls",
        "collect.manual",
    }
    for task, after in downstream.items():
        if task.startswith("collect."):
            assert after == ["map_to_controls"]
    assert "compute_metrics" in downstream["map_to_controls"]
    assert "generate_reports" in downstream["compute_metrics"]
    assert "seal" in downstream["generate_reports"]
    assert "notify" in downstream["seal"]
    assert "completeness" in downstream["notify"]


def test_completeness_is_the_only_leaf_and_is_never_retried(bag: DagBag) -> None:
    dag = bag.dags["assess_cis_aws_5.0"]
    assert [task.task_id for task in dag.leaves] == ["completeness"]
    assert dag.get_task("completeness").retries == 0


def test_what_must_run_in_any_case_runs_in_any_case(bag: DagBag) -> None:
    dag = bag.dags["assess_cis_aws_5.0"]
    for task in ("map_to_controls", "generate_reports", "notify", "completeness"):
        assert dag.get_task(task).trigger_rule == "all_done", task


def test_runs_are_monthly_paused_at_first_and_never_catch_up(bag: DagBag) -> None:
    dag = bag.dags["assess_cis_aws_5.0"]
    assert dag.timetable.summary == "every month"
    assert dag.catchup is False
    assert dag.is_paused_upon_creation is not False


def test_every_field_of_the_form_is_typed_titled_and_validated(bag: DagBag) -> None:
    params = bag.dags["assess_cis_aws_5.0"].params
    assert set(params) == {
        "period",
        "accounts",
        "regions",
        "sources",
        "assessment_name",
        "refresh",
        "upload",
        "notify",
    }
    for name in params:
        schema = params.get_param(name).schema
        assert schema["type"] and schema["title"], name


@pytest.mark.parametrize("wrong", ["2026-13", "October", "2026-Q5", "2026-10-01"])
def test_the_form_refuses_a_malformed_period(bag: DagBag, wrong: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    param = bag.dags["assess_cis_aws_5.0"].params.get_param("period")
    with pytest.raises(ParamValidationError):
        param.resolve(value=wrong)
    assert param.resolve(value="2026-10") == "2026-10"
