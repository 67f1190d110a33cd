"""Assessments and their review: which states follow which, and what is written down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.audit_manager.service.conftest import (
    ACCOUNT,
    OWNER,
    Prepared,
    Stack,
    make_assessment,
    make_control,
    make_framework,
)
from tests.include.audit_manager.service.refused import refused

SCOPE = {"awsAccounts": [{"id": ACCOUNT}]}


def test_a_new_assessment_is_active_and_a_copy_of_its_framework(prepared: Prepared) -> None:
    assessment = prepared.assessment
    assert assessment["metadata"]["status"] == "ACTIVE"
    assert assessment["metadata"]["scope"] == {**SCOPE, "awsServices": []}
    assert assessment["tags"] == {"team": "audit", "cost": "2"}
    sets = assessment["framework"]["controlSets"]
    assert [(each["id"], each["status"]) for each in sets] == [
        (prepared.set_name, "ACTIVE"),
        ("Second", "ACTIVE"),
    ]
    assert {each["status"] for each in sets[0]["controls"]} == {"UNDER_REVIEW"}
    answer = prepared.client.get_assessment(assessmentId=prepared.id)
    assert answer["assessment"] == assessment
    assert answer["userRole"]["roleType"] == "PROCESS_OWNER"
    prepared.client.delete_assessment_framework(frameworkId=prepared.framework["id"])
    assert prepared.client.get_assessment(assessmentId=prepared.id)["assessment"] == assessment


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": {}},
        {"scope": {"awsAccounts": [{"name": "nobody"}]}},
        {"roles": []},
        {"roles": [{"roleType": "RESOURCE_OWNER", "roleArn": OWNER}]},
        {"assessmentReportsDestination": {}},
        {"assessmentReportsDestination": {"destinationType": "S3", "destination": "reports"}},
        {"name": "back\\slash"},
    ],
)
def test_an_assessment_that_could_not_work_is_refused(
    prepared: Prepared, wrong: dict[str, Any]
) -> None:
    with refused("ValidationException"):
        make_assessment(prepared.client, prepared.framework["id"], **wrong)


def test_an_unknown_framework_is_not_found(prepared: Prepared) -> None:
    with refused("ResourceNotFoundException"):
        make_assessment(prepared.client, "00000000-0000-4000-8000-000000000000")


def test_default_owners_join_those_asked_for(prepared: Prepared) -> None:
    other = {"roleType": "PROCESS_OWNER", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/Lead"}
    prepared.client.update_settings(defaultProcessOwners=[other])
    made = make_assessment(prepared.client, prepared.framework["id"])
    assert [role["roleArn"] for role in made["metadata"]["roles"]] == [OWNER, other["roleArn"]]


def test_active_assessments_have_a_quota_that_closing_relieves(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service import assessments

    assert assessments.MOST_ACTIVE == 100
    monkeypatch.setattr(assessments, "MOST_ACTIVE", 2)
    framework = prepared.framework["id"]
    make_assessment(prepared.client, framework)
    with refused("ServiceQuotaExceededException", "2 active assessments"):
        make_assessment(prepared.client, framework)
    prepared.client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")
    make_assessment(prepared.client, framework)


def test_all_scopes_together_hold_250_accounts(prepared: Prepared) -> None:
    framework = prepared.framework["id"]

    def scope(first: int, number: int) -> dict[str, Any]:
        return {"awsAccounts": [{"id": f"{first + at:012d}"} for at in range(number)]}

    make_assessment(prepared.client, framework, scope=scope(0, 200))
    with refused("ServiceQuotaExceededException", "251"):
        make_assessment(prepared.client, framework, scope=scope(200, 50))
    make_assessment(prepared.client, framework, scope=scope(200, 49))


def test_closing_is_final_and_completes_the_review(prepared: Prepared) -> None:
    client = prepared.client
    client.update_assessment_control(**prepared.where, controlStatus="INACTIVE")
    with refused("ValidationException", "already in ACTIVE state"):
        client.update_assessment_status(assessmentId=prepared.id, status="ACTIVE")
    closed = client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")
    sets = closed["assessment"]["framework"]["controlSets"]
    assert {each["status"] for each in sets} == {"REVIEWED"}
    assert [each["status"] for each in sets[0]["controls"]] == ["INACTIVE", "REVIEWED"]
    with refused("ValidationException", "already in INACTIVE state"):
        client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")
    with refused("ValidationException", "can't be undone"):
        client.update_assessment_status(assessmentId=prepared.id, status="ACTIVE")
    with refused("ValidationException", "read-only"):
        client.update_assessment(assessmentId=prepared.id, scope=SCOPE)
    with refused("ValidationException", "read-only"):
        client.update_assessment_control(**prepared.where, commentBody="late")
    with refused("ValidationException", "read-only"):
        client.batch_import_evidence_to_assessment_control(
            **prepared.where, manualEvidence=[{"textResponse": "late"}]
        )
    with refused("ValidationException", "read-only"):
        client.update_assessment_control_set_status(
            assessmentId=prepared.id, controlSetId="Second", status="ACTIVE", comment="again"
        )


def test_editing_replaces_the_scope_and_keeps_what_is_not_given(prepared: Prepared) -> None:
    prepared.stack.clock.turn(seconds=5)
    edited = prepared.client.update_assessment(
        assessmentId=prepared.id,
        assessmentName="Renamed",
        scope={"awsAccounts": [{"id": "222222222222"}]},
    )["assessment"]["metadata"]
    before = prepared.assessment["metadata"]
    assert edited["name"] == "Renamed"
    assert edited["scope"]["awsAccounts"] == [{"id": "222222222222"}]
    assert edited["roles"] == before["roles"]
    assert edited["creationTime"] == before["creationTime"] < edited["lastUpdated"]
    with refused("ValidationException", "at least one account"):
        prepared.client.update_assessment(assessmentId=prepared.id, scope={})


def test_assessments_are_listed_by_status_and_page(prepared: Prepared) -> None:
    client = prepared.client
    for at in range(3):
        make_assessment(client, prepared.framework["id"], name=f"More {at}")
    client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")

    def names(**asked: Any) -> list[str]:
        found, token = [], None
        while True:
            answer = client.list_assessments(
                maxResults=2, **asked, **({"nextToken": token} if token else {})
            )
            found += [each["name"] for each in answer["assessmentMetadata"]]
            token = answer.get("nextToken")
            if token is None:
                return sorted(found)

    assert names(status="INACTIVE") == ["CIS 2026-10"]
    assert names(status="ACTIVE") == ["More 0", "More 1", "More 2"]
    assert len(names()) == 4
    with refused("ValidationException"):
        client.list_assessments(status="FOO")


def test_a_deleted_assessment_is_gone_with_its_evidence(prepared: Prepared) -> None:
    prepared.add({"textResponse": "yes"})
    prepared.client.delete_assessment(assessmentId=prepared.id)
    with refused("ResourceNotFoundException"):
        prepared.client.get_assessment(assessmentId=prepared.id)
    with refused("ResourceNotFoundException"):
        prepared.folders()


def test_a_reviewed_control_stays_reviewed_but_takes_comments(prepared: Prepared) -> None:
    client = prepared.client
    for status in ("INACTIVE", "UNDER_REVIEW", "REVIEWED"):
        answer = client.update_assessment_control(**prepared.where, controlStatus=status)
        assert answer["control"]["status"] == status
    for status in ("UNDER_REVIEW", "INACTIVE"):
        with refused("ValidationException", "can't be changed or reverted"):
            client.update_assessment_control(**prepared.where, controlStatus=status)
    answer = client.update_assessment_control(**prepared.where, commentBody="Grüße")
    [comment] = answer["control"]["comments"]
    assert (comment["commentBody"], comment["postedDate"]) == ("Grüße", prepared.stack.clock.now)
    with refused("ValidationException"):
        client.update_assessment_control(**prepared.where)
    with refused("ValidationException"):
        client.update_assessment_control(**prepared.where, controlStatus="COMPLIANT")


def test_a_control_set_goes_from_active_to_review_to_reviewed(prepared: Prepared) -> None:
    where = {"assessmentId": prepared.id, "controlSetId": prepared.set_name}
    for status in ("UNDER_REVIEW", "ACTIVE", "UNDER_REVIEW", "REVIEWED"):
        answer = prepared.client.update_assessment_control_set_status(
            **where, status=status, comment="step"
        )
        assert answer["controlSet"]["status"] == status
    assert {each["status"] for each in answer["controlSet"]["controls"]} == {"UNDER_REVIEW"}
    with refused("ValidationException", "REVIEWED"):
        prepared.client.update_assessment_control_set_status(
            **where, status="ACTIVE", comment="back"
        )
    with refused("ValidationException", "comment"):
        prepared.client.update_assessment_control_set_status(
            **where, status="REVIEWED", comment=" "
        )
    with refused("ResourceNotFoundException"):
        prepared.client.update_assessment_control_set_status(
            **{**where, "controlSetId": "A.5"}, status="REVIEWED", comment="c"
        )


def test_the_change_log_tells_who_did_what_newest_first(prepared: Prepared) -> None:
    client = prepared.client
    prepared.add({"textResponse": "yes"})
    client.update_assessment_control(**prepared.where, controlStatus="REVIEWED")
    client.update_assessment_control_set_status(
        assessmentId=prepared.id, controlSetId="Second", status="UNDER_REVIEW", comment="done"
    )
    client.update_assessment(assessmentId=prepared.id, scope=SCOPE)
    client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")

    def log(**asked: str) -> list[tuple[str, str]]:
        answer = client.get_change_logs(assessmentId=prepared.id, **asked)
        return [(each["objectType"], each["action"]) for each in answer["changeLogs"]]

    assert log() == [
        ("ASSESSMENT", "INACTIVE"),
        ("ASSESSMENT", "UPDATE_METADATA"),
        ("CONTROL_SET", "UNDER_REVIEW"),
        ("CONTROL", "REVIEWED"),
        ("CONTROL", "IMPORT_EVIDENCE"),
        ("ASSESSMENT", "CREATE"),
    ]
    assert log(controlSetId="Second") == [("CONTROL_SET", "UNDER_REVIEW")]
    assert log(controlId=prepared.control) == [
        ("CONTROL", "REVIEWED"),
        ("CONTROL", "IMPORT_EVIDENCE"),
    ]
    entry = client.get_change_logs(assessmentId=prepared.id)["changeLogs"][0]
    assert entry["createdBy"] == f"arn:aws:iam::{prepared.account}:root"
    assert entry["objectName"] == "CIS 2026-10"


def test_two_regions_of_an_account_know_nothing_of_each_other(stack: Stack) -> None:
    account, client = stack.account()
    framework = make_framework(client, "F", {"S": [make_control(client)["id"]]})
    made = make_assessment(client, framework["id"])
    other = stack.client(account, "us-east-1")
    other.register_account()
    with refused("ResourceNotFoundException"):
        other.get_assessment(assessmentId=made["metadata"]["id"])
    assert other.list_assessments()["assessmentMetadata"] == []
