"""What came from what: the asset graph, its partitions, and OpenLineage's events."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tests.stack.lab import FRAMEWORK, Lab

SOURCES = ("aws_config", "security_hub", "cloudtrail", "api_calls")
DAG = f"assess_{FRAMEWORK}"


@pytest.fixture(scope="module")
def assets(lab: Lab) -> dict[str, dict[str, Any]]:
    found = lab.api.call("GET", "/assets", limit=1000)["assets"]
    return {one["name"]: one for one in found}


def makers(asset: dict[str, Any]) -> set[str]:
    return {task["task_id"] for task in asset["producing_tasks"] if task["dag_id"] == DAG}


def users(asset: dict[str, Any]) -> set[str]:
    return {task["task_id"] for task in asset["consuming_tasks"] if task["dag_id"] == DAG}


def test_the_asset_graph_leads_from_each_source_to_the_report(
    assets: dict[str, dict[str, Any]],
) -> None:
    for source in SOURCES:
        assert users(assets[source]) == {f"collect.{source}"}
        assert assets[source]["uri"].startswith("x-aws://")
        snapshots = assets[f"snapshots_{source}"]
        assert makers(snapshots) == {f"collect.{source}"}
        assert users(snapshots) == {"map_to_controls"}
    assert makers(assets[f"assessment_{FRAMEWORK}"]) == {"map_to_controls"}
    assert users(assets[f"assessment_{FRAMEWORK}"]) == {"generate_reports"}
    assert makers(assets[f"report_{FRAMEWORK}"]) == {"generate_reports"}


def test_a_full_run_emits_its_period_as_partition_of_the_report(
    lab: Lab, assets: dict[str, dict[str, Any]]
) -> None:
    run = lab.runs("scheduled")[0]
    run.end()
    events = lab.api.call(
        "GET", "/assets/events", asset_id=assets[f"report_{FRAMEWORK}"]["id"], limit=1000
    )["asset_events"]
    mine = [event for event in events if event["source_run_id"] == run.id]
    assert [event["partition_key"] for event in mine] == [lab.month(1)]
    assert mine[0]["extra"]["score"] == run.report["compliance_metrics"]["compliance_score"]


@pytest.fixture(scope="module")
def events(lab: Lab) -> list[dict[str, Any]]:
    run = lab.runs("scheduled")[0]
    run.end()
    text = (lab.folder / "openlineage.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("task", ["map_to_controls", "compute_metrics", "generate_reports"])
def test_a_publishing_task_names_its_inputs_and_outputs(
    lab: Lab, events: list[dict[str, Any]], task: str
) -> None:
    run = lab.runs("scheduled")[0]
    result = run.value("map_to_controls")
    judged = {result["uri"], result["population"]["uri"]}
    metrics = run.value("compute_metrics")["uri"]
    wrote = {
        "map_to_controls": judged,
        "compute_metrics": {metrics},
        "generate_reports": {one["uri"] for one in run.value("generate_reports")["reports"]},
    }
    collected = {
        ref["uri"]
        for name, index in run.tasks
        if name.startswith("collect.")
        for ref in run.value(name, index)
    }
    read = {
        "map_to_controls": collected,
        "compute_metrics": collected | {result["uri"]},
        "generate_reports": judged | {metrics},
    }
    completed = [
        event
        for event in events
        if event["eventType"] == "COMPLETE"
        and event["job"]["name"] == f"{DAG}.{task}"
        and wrote[task] == uris(event["outputs"])
    ]
    assert completed
    for event in completed:
        more = uris(event["inputs"]) - read[task]
        assert read[task] <= uris(event["inputs"])
        # Earlier periods' results are inputs, too, once there are any.
        assert all(task != "generate_reports" and "/assessment" in uri for uri in more)


def uris(datasets: list[dict[str, Any]]) -> set[str]:
    return {f"{one['namespace']}/{one['name']}" for one in datasets}


def test_every_event_has_the_form_that_openlineage_demands(events: list[dict[str, Any]]) -> None:
    """The required members of OpenLineage 2-0-2: RunEvent, Run, Job, Dataset and BaseFacet."""
    assert events
    for event in events:
        assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        assert re.match(r"https?://", event["producer"])
        assert re.match(r"https://openlineage\.io/spec/.+/OpenLineage\.json#", event["schemaURL"])
        UUID(event["run"]["runId"])
        assert event["job"]["namespace"]
        assert event["job"]["name"]
        facets = [event["run"].get("facets"), event["job"].get("facets")]
        for dataset in (*event.get("inputs", ()), *event.get("outputs", ())):
            assert dataset["namespace"].startswith("s3://")
            assert dataset["name"]
            facets.append(dataset.get("facets"))
        for group in facets:
            for facet in (group or {}).values():
                assert re.match(r"https?://", facet["_producer"])
                assert re.match(r"https?://", facet["_schemaURL"])


def test_what_started_ended(lab: Lab, events: list[dict[str, Any]]) -> None:
    run = lab.runs("scheduled")[0]
    of_run = [
        event
        for event in events
        if event["run"]["facets"].get("parent", {}).get("job", {}).get("name") == DAG
    ]
    assert run.state == "success"
    kinds: dict[str, list[str]] = {}
    for event in of_run:
        kinds.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert kinds
    assert all(sorted(seen)[0] in ("COMPLETE", "FAIL") for seen in kinds.values()), kinds
