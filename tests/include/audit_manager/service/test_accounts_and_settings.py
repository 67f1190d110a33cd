"""Registration, and the settings of an account."""

from __future__ import annotations

import pytest

from tests.include.audit_manager.service.conftest import OWNER, Stack, make_control
from tests.include.audit_manager.service.refused import refused

KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"


def test_an_unregistered_account_is_told_to_register(stack: Stack) -> None:
    client = stack.client("000000000001")
    assert client.get_account_status()["status"] == "INACTIVE"
    with refused("AccessDeniedException", "Please complete AWS Audit Manager setup") as answer:
        client.list_assessments()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert client.register_account()["status"] == "ACTIVE"
    assert client.list_assessments()["assessmentMetadata"] == []


def test_registration_holds_for_one_region_only(stack: Stack) -> None:
    account, client = stack.account()
    make_control(client)
    other = stack.client(account, "us-east-1")
    assert other.get_account_status()["status"] == "INACTIVE"
    other.register_account()
    assert other.list_controls(controlType="Custom")["controlMetadataList"] == []


def test_the_delegated_admin_of_an_active_account_cannot_change(stack: Stack) -> None:
    client = stack.client("000000000002")
    client.register_account(delegatedAdminAccount="222222222222")
    client.register_account(delegatedAdminAccount="222222222222")
    with refused("ValidationException", "Cannot change delegated Admin", "222222222222"):
        client.register_account(delegatedAdminAccount="333333333333")


@pytest.mark.parametrize(("policy", "left"), [("DEFAULT", 1), ("ALL", 0)])
def test_deregistering_keeps_or_deletes_as_the_policy_says(
    stack: Stack, policy: str, left: int
) -> None:
    _, client = stack.account()
    make_control(client)
    client.update_settings(deregistrationPolicy={"deleteResources": policy})
    assert client.deregister_account()["status"] == "INACTIVE"
    with refused("AccessDeniedException"):
        client.list_controls(controlType="Custom")
    client.register_account()
    assert len(client.list_controls(controlType="Custom")["controlMetadataList"]) == left


def test_settings_start_empty_and_change_one_by_one(stack: Stack) -> None:
    _, client = stack.account()
    fresh = client.get_settings(attribute="ALL")["settings"]
    assert fresh["kmsKey"] == "DEFAULT"
    assert fresh["deregistrationPolicy"] == {"deleteResources": "DEFAULT"}
    owner = {"roleType": "PROCESS_OWNER", "roleArn": OWNER}
    client.update_settings(
        snsTopic="arn:aws:sns:eu-west-1:111111111111:audits",
        kmsKey=KEY,
        defaultProcessOwners=[owner, owner],
    )
    destination = {"destinationType": "S3", "destination": "s3://reports/am"}
    changed = client.update_settings(defaultAssessmentReportsDestination=destination)["settings"]
    assert changed["snsTopic"] == "audits"
    assert changed["kmsKey"] == KEY
    assert changed["defaultProcessOwners"] == [owner]
    assert client.get_settings(attribute="SNS_TOPIC")["settings"] == {"snsTopic": "audits"}
    assert client.get_settings(attribute="DEFAULT_ASSESSMENT_REPORTS_DESTINATION")["settings"] == {
        "defaultAssessmentReportsDestination": destination
    }
    client.update_settings(snsTopic="NONE")
    assert client.get_settings(attribute="SNS_TOPIC")["settings"] == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"snsTopic": "audits"},
        {"kmsKey": "not-a-key"},
        {"defaultProcessOwners": [{"roleType": "RESOURCE_OWNER", "roleArn": OWNER}]},
        {"defaultAssessmentReportsDestination": {}},
        {
            "defaultAssessmentReportsDestination": {
                "destinationType": "S3",
                "destination": "s3:///nowhere",
            }
        },
        {"evidenceFinderEnabled": True},
    ],
)
def test_settings_that_make_no_sense_are_refused(stack: Stack, wrong: dict[str, object]) -> None:
    _, client = stack.account()
    with refused("ValidationException"):
        client.update_settings(**wrong)
    assert client.get_settings(attribute="ALL")["settings"]["kmsKey"] == "DEFAULT"
