"""Controls, frameworks, tags, keywords: the library."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from include.audit_manager.service.standard import StandardControl, StandardFramework
from tests.include.audit_manager.service.conftest import (
    MANUAL,
    Prepared,
    Stack,
    make_control,
    make_framework,
)
from tests.include.audit_manager.service.refused import refused

AUTOMATED = {
    "sourceName": "rule",
    "sourceType": "AWS_Config",
    "sourceKeyword": {
        "keywordInputType": "SELECT_FROM_LIST",
        "keywordValue": "IAM_USER_MFA_ENABLED",
    },
}


def test_a_control_comes_back_as_it_was_made(stack: Stack) -> None:
    _, client = stack.account()
    made = client.create_control(
        name="MFA für alle",
        description="Users sign in with a second factor.",
        testingInformation="Look at a sample.",
        actionPlanTitle="Switch it on",
        actionPlanInstructions="In IAM.",
        controlMappingSources=[AUTOMATED, MANUAL],
        tags={"k": "v"},
    )["control"]
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", made["id"]
    )
    assert made["type"] == "Custom"
    assert made["controlSources"] == "AWS Config, Manual"
    options = [source["sourceSetUpOption"] for source in made["controlMappingSources"]]
    assert options == ["System_Controls_Mapping", "Procedural_Controls_Mapping"]
    assert made["createdAt"] == stack.clock.now
    assert client.get_control(controlId=made["id"])["control"] == made
    [listed] = client.list_controls(controlType="Custom")["controlMetadataList"]
    assert (listed["id"], listed["name"]) == (made["id"], "MFA für alle")


@pytest.mark.parametrize(
    "source",
    [
        {"sourceName": "x"},
        {"sourceType": "AWS_Config"},
        {**AUTOMATED, "sourceSetUpOption": "Procedural_Controls_Mapping"},
        {**AUTOMATED, "sourceFrequency": "DAILY"},
        {**MANUAL, "sourceKeyword": AUTOMATED["sourceKeyword"]},
    ],
)
def test_sources_that_contradict_themselves_are_refused(
    stack: Stack, source: dict[str, Any]
) -> None:
    _, client = stack.account()
    with refused("ValidationException"):
        client.create_control(name="C", controlMappingSources=[source])


def test_a_control_has_a_limited_number_of_sources(stack: Stack) -> None:
    _, client = stack.account()
    client.create_control(name="C", controlMappingSources=[MANUAL] * 100)
    with refused("ValidationException", "at most 100"):
        client.create_control(name="C", controlMappingSources=[MANUAL] * 101)
    common = {**AUTOMATED, "sourceType": "Common_Control"}
    with refused("ValidationException", "at most 5 common control"):
        client.create_control(name="C", controlMappingSources=[common] * 6)


def test_custom_controls_and_frameworks_have_quotas(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service import controls, frameworks

    assert (controls.MOST_CUSTOM_CONTROLS, frameworks.MOST_CUSTOM_FRAMEWORKS) == (500, 100)
    monkeypatch.setattr(controls, "MOST_CUSTOM_CONTROLS", 2)
    monkeypatch.setattr(frameworks, "MOST_CUSTOM_FRAMEWORKS", 1)
    _, client = stack.account()
    one, two = make_control(client, "one"), make_control(client, "two")
    with refused("ServiceQuotaExceededException", "2 custom controls") as answer:
        make_control(client, "three")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 402
    make_framework(client, "F", {"S": [one["id"]]})
    with refused("ServiceQuotaExceededException", "1 custom frameworks"):
        make_framework(client, "G", {"S": [two["id"]]})
    client.delete_control(controlId=two["id"])
    make_control(client, "three")


def test_lists_are_paged_and_tokens_belong_to_their_list(stack: Stack) -> None:
    _, client = stack.account()
    names = [f"Control {at}" for at in range(7)]
    for name in names:
        make_control(client, name)
        stack.clock.turn(seconds=1)
    found, token, pages = [], None, 0
    while True:
        more = {"nextToken": token} if token else {}
        answer = client.list_controls(controlType="Custom", maxResults=3, **more)
        found += [each["name"] for each in answer["controlMetadataList"]]
        pages += 1
        token = answer.get("nextToken")
        if token is None:
            break
        last = token
        make_control(client, "added meanwhile") if pages == 1 else None
    assert found == [*names, "added meanwhile"]
    assert pages == 3
    with refused("ValidationException", "nextToken"):
        client.list_controls(controlType="Standard", nextToken=last)
    with refused("ValidationException", "nextToken"):
        client.list_controls(controlType="Custom", nextToken="AAAA")


def test_a_framework_keeps_order_and_ids_through_an_update(stack: Stack) -> None:
    _, client = stack.account()
    ids = [make_control(client, f"C{at}")["id"] for at in range(3)]
    made = make_framework(client, "F", {"Zweite": [ids[2], ids[0]], "Erste": [ids[1]]})
    assert [part["name"] for part in made["controlSets"]] == ["Zweite", "Erste"]
    assert [each["id"] for each in made["controlSets"][0]["controls"]] == [ids[2], ids[0]]
    changed = client.update_assessment_framework(
        frameworkId=made["id"],
        name="F",
        description="new",
        controlSets=[
            {"id": made["controlSets"][1]["id"], "name": "Renamed", "controls": [{"id": ids[0]}]},
            {"name": "Zweite", "controls": [{"id": ids[2]}]},
        ],
    )["framework"]
    assert [(part["id"], part["name"]) for part in changed["controlSets"]] == [
        (made["controlSets"][1]["id"], "Renamed"),
        (made["controlSets"][0]["id"], "Zweite"),
    ]
    [listed] = client.list_assessment_frameworks(frameworkType="Custom")["frameworkMetadataList"]
    assert (listed["controlSetsCount"], listed["controlsCount"]) == (2, 2)
    client.delete_assessment_framework(frameworkId=made["id"])
    with refused("ResourceNotFoundException") as answer:
        client.get_assessment_framework(frameworkId=made["id"])
    assert answer["resourceId"] == made["id"]
    assert answer["resourceType"] == "ASSESSMENT_FRAMEWORK"


def test_framework_input_that_cannot_become_an_assessment_is_refused(stack: Stack) -> None:
    _, client = stack.account()
    control = make_control(client)["id"]
    make_framework(client, "Taken", {"S": [control]})
    with refused("ValidationException", "already exists"):
        make_framework(client, "Taken", {"S": [control]})
    with refused("ValidationException", "twice"):
        client.create_assessment_framework(
            name="F", controlSets=[{"name": "S", "controls": [{"id": control}]}] * 2
        )
    with refused("ValidationException", "no controls"):
        client.create_assessment_framework(name="F", controlSets=[{"name": "S"}])
    with refused("ResourceNotFoundException"):
        make_framework(client, "F", {"S": ["00000000-0000-4000-8000-000000000000"]})


def test_another_account_sees_nothing(stack: Stack) -> None:
    _, client = stack.account()
    control = make_control(client)
    framework = make_framework(client, "F", {"S": [control["id"]]})
    _, other = stack.account()
    with refused("ResourceNotFoundException"):
        other.get_control(controlId=control["id"])
    with refused("ResourceNotFoundException"):
        other.delete_assessment_framework(frameworkId=framework["id"])
    with refused("ResourceNotFoundException"):
        other.tag_resource(resourceArn=control["arn"], tags={"a": "b"})
    with refused("ResourceNotFoundException"):
        make_framework(other, "G", {"S": [control["id"]]})


def test_changing_a_control_reaches_open_assessments_only(prepared: Prepared) -> None:
    client, control = prepared.client, prepared.control

    def name() -> str:
        answer = client.get_assessment(assessmentId=prepared.id)["assessment"]
        return str(answer["framework"]["controlSets"][0]["controls"][0]["name"])

    client.update_control(controlId=control, name="New", controlMappingSources=[MANUAL])
    assert name() == "New"
    client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")
    client.update_control(controlId=control, name="Newer", controlMappingSources=[MANUAL])
    assert name() == "New"


def test_a_deleted_control_leaves_frameworks_and_assessments(prepared: Prepared) -> None:
    client = prepared.client
    [second] = client.get_assessment(assessmentId=prepared.id)["assessment"]["framework"][
        "controlSets"
    ][1]["controls"]
    client.delete_control(controlId=second["id"])
    framework = client.get_assessment_framework(frameworkId=prepared.framework["id"])["framework"]
    assert [part["name"] for part in framework["controlSets"]] == [prepared.set_name]
    sets = client.get_assessment(assessmentId=prepared.id)["assessment"]["framework"]["controlSets"]
    assert [len(part["controls"]) for part in sets] == [2, 0]


def test_tags_can_be_changed_on_everything_that_has_them(prepared: Prepared) -> None:
    client = prepared.client
    for arn in (prepared.assessment["arn"], prepared.framework["arn"]):
        client.tag_resource(resourceArn=arn, tags={"a/b": "1", "c": "2", "team": "new"})
        client.untag_resource(resourceArn=arn, tagKeys=["a/b", "missing"])
        tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
        assert tags["c"] == "2" and tags["team"] == "new" and "a/b" not in tags
    with refused("ValidationException", "aws:"):
        client.tag_resource(resourceArn=prepared.assessment["arn"], tags={"aws:x": "1"})
    with refused("ValidationException", "at most 50"):
        client.tag_resource(
            resourceArn=prepared.assessment["arn"], tags={f"k{at}": "" for at in range(50)}
        )


def test_standard_frameworks_are_everybodys_and_have_the_same_ids_anywhere(
    run_service: Callable[..., Stack], tmp_path: Path
) -> None:
    standard = StandardFramework(
        "Sample", "A sample", "Sample", {"S": [StandardControl("One", "First", [AUTOMATED])]}
    )
    seen = []
    for name in ("a", "b", "b"):
        stack = run_service(f"sqlite:///{tmp_path}/{name}.sqlite", standard_frameworks=[standard])
        _, client = stack.account()
        [listed] = client.list_assessment_frameworks(frameworkType="Standard")[
            "frameworkMetadataList"
        ]
        seen.append(client.get_assessment_framework(frameworkId=listed["id"])["framework"])
        [control] = client.list_controls(controlType="Standard")["controlMetadataList"]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]["arn"] == f"arn:aws:auditmanager:eu-west-1::assessmentFramework/{listed['id']}"
    assert listed["id"][14] == "3"
    with refused("ValidationException", "standard"):
        client.delete_assessment_framework(frameworkId=listed["id"])
    with refused("ValidationException", "standard"):
        client.update_control(
            controlId=control["id"], name="Mine", controlMappingSources=[AUTOMATED]
        )


def test_keywords_and_services_can_be_listed(stack: Stack) -> None:
    _, client = stack.account()
    found, token = [], None
    while True:
        answer = client.list_keywords_for_data_source(
            source="AWS_Config", maxResults=200, **({"nextToken": token} if token else {})
        )
        found += answer["keywords"]
        token = answer.get("nextToken")
        if token is None:
            break
    assert "IAM_USER_MFA_ENABLED" in found
    assert len(found) == len(set(found)) == 326
    api = client.list_keywords_for_data_source(source="AWS_API_Call", maxResults=1000)["keywords"]
    assert "iam_GetAccountPasswordPolicy" in api
    assert client.list_keywords_for_data_source(source="MANUAL")["keywords"] == []
    services = client.get_services_in_scope()["serviceMetadata"]
    assert {"iam", "s3"} <= {each["name"] for each in services}
