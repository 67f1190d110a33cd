"""Manual evidence: what is taken, counted, refused, chosen."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from typing import Any

import pytest

from tests.include.audit_manager.service.conftest import Prepared
from tests.include.audit_manager.service.refused import refused


def evidence_of(prepared: Prepared, folder: dict[str, Any]) -> list[dict[str, Any]]:
    answer = prepared.client.get_evidence_by_evidence_folder(
        assessmentId=prepared.id,
        controlSetId=prepared.set_name,
        evidenceFolderId=folder["id"],
    )
    return list(answer["evidence"])


def test_an_object_becomes_evidence_with_its_hash(prepared: Prepared) -> None:
    url = prepared.put("findings/2026 Übersicht.json".replace("Ü", "U"), b'{"a": 1}')
    assert prepared.add({"s3ResourcePath": url}) == []
    [folder] = prepared.folders()
    assert folder["name"] == prepared.stack.clock.now.date().isoformat()
    assert folder["controlSetId"] == prepared.set_name
    [item] = evidence_of(prepared, folder)
    assert (item["evidenceByType"], item["dataSource"]) == ("Manual", "Manual")
    assert item["time"] == prepared.stack.clock.now
    assert item["assessmentReportSelection"] == "No"
    assert "complianceCheck" not in item
    expected = hashlib.sha256(b'{"a": 1}').hexdigest()
    assert json.loads(item["attributes"]["sha256"]) == expected
    [resource] = item["resourcesIncluded"]
    assert json.loads(resource["value"])["s3ResourcePath"] == url
    assert resource["arn"].startswith(f"arn:aws:s3:::{prepared.bucket}/")
    again = prepared.client.get_evidence(
        assessmentId=prepared.id,
        controlSetId=prepared.set_name,
        evidenceFolderId=folder["id"],
        evidenceId=item["id"],
    )
    assert again["evidence"] == item


def test_what_cannot_be_taken_is_told_and_the_rest_goes_in(prepared: Prepared) -> None:
    good = prepared.put("good.csv")
    program = prepared.put("program.exe")
    items = [
        {"s3ResourcePath": good},
        {"s3ResourcePath": good, "textResponse": "both"},
        {},
        {"s3ResourcePath": f"s3://{prepared.bucket}/missing.csv"},
        {"s3ResourcePath": "s3://no-such-bucket-anywhere/x.csv"},
        {"s3ResourcePath": program},
        {"s3ResourcePath": f"s3://{prepared.bucket}"},
        {"evidenceFileName": "never-announced.pdf"},
        {"textResponse": "taken"},
    ]
    errors = prepared.add(*items)
    assert [(error["manualEvidence"], error["errorCode"]) for error in errors] == [
        (items[1], "400"),
        (items[2], "400"),
        (items[3], "404"),
        (items[4], "404"),
        (items[5], "400"),
        (items[6], "400"),
        (items[7], "404"),
    ]
    assert "missing.csv" in errors[2]["errorMessage"]
    assert prepared.folders()[0]["totalEvidence"] == 2


def test_a_bucket_of_somebody_else_is_denied(prepared: Prepared) -> None:
    other = prepared.stack.client("222222222222", kind="s3")
    bucket = f"{prepared.bucket}-private"
    other.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    other.put_object(Bucket=bucket, Key="secret.csv", Body=b"x")
    [error] = prepared.add({"s3ResourcePath": f"s3://{bucket}/secret.csv"})
    assert error["errorCode"] == "403"
    assert "s3:GetObject" in error["errorMessage"]


def test_a_file_that_is_too_large_is_refused(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service import manual_evidence

    assert manual_evidence.LARGEST_FILE == 100_000_000
    monkeypatch.setattr(manual_evidence, "LARGEST_FILE", 10)
    assert prepared.add({"s3ResourcePath": prepared.put("ten.txt", b"0123456789")}) == []
    [error] = prepared.add({"s3ResourcePath": prepared.put("eleven.txt", b"0123456789a")})
    assert (error["errorCode"], "larger" in error["errorMessage"]) == ("400", True)


def test_a_control_takes_100_items_a_day_on_the_services_clock(prepared: Prepared) -> None:
    text = [{"textResponse": f"answer {at}"} for at in range(50)]
    prepared.stack.clock.now = prepared.stack.clock.now.replace(hour=23, minute=59, second=59)
    assert prepared.add(*text) == []
    assert prepared.add(*text[:49]) == []
    errors = prepared.add(*text[:3])
    assert [(each["manualEvidence"], each["errorCode"]) for each in errors] == [
        (text[1], "402"),
        (text[2], "402"),
    ]
    assert "another day" in errors[0]["errorMessage"]
    other = {**prepared.where, "controlSetId": "Second"}
    other["controlId"] = prepared.assessment["framework"]["controlSets"][1]["controls"][0]["id"]
    answer = prepared.client.batch_import_evidence_to_assessment_control(
        **other, manualEvidence=text[:1]
    )
    assert answer["errors"] == []
    prepared.stack.clock.turn(seconds=1)
    assert prepared.add(*text[:3]) == []
    assert [folder["totalEvidence"] for folder in prepared.folders()] == [100, 3]
    with refused("ValidationException"):
        prepared.add(*text, {"textResponse": "the 51st"})


def test_counters_follow_what_is_there_and_what_is_chosen(prepared: Prepared) -> None:
    client = prepared.client
    prepared.add(*({"textResponse": f"{at}"} for at in range(3)))
    [folder] = prepared.folders()
    counters = {
        key: value
        for key, value in folder.items()
        if key.endswith("Count") or key == "totalEvidence"
    }
    assert counters == {
        "totalEvidence": 3,
        "assessmentReportSelectionCount": 0,
        "evidenceResourcesIncludedCount": 3,
        "evidenceByTypeManualCount": 3,
        "evidenceByTypeConfigurationDataCount": 0,
        "evidenceByTypeComplianceCheckCount": 0,
        "evidenceByTypeComplianceCheckIssuesCount": 0,
        "evidenceByTypeUserActivityCount": 0,
        "evidenceAwsServiceSourceCount": 0,
    }
    ids = [each["id"] for each in evidence_of(prepared, folder)]
    nobody = "00000000-0000-4000-8000-000000000000"
    where = {"assessmentId": prepared.id, "evidenceFolderId": folder["id"]}
    answer = client.batch_associate_assessment_report_evidence(
        **where, evidenceIds=[ids[1], nobody, ids[0]]
    )
    assert answer["evidenceIds"] == [ids[1], ids[0]]
    [error] = answer["errors"]
    assert (error["evidenceId"], error["errorCode"]) == (nobody, "404")

    def chosen() -> tuple[int, int, int]:
        control_set = client.get_assessment(assessmentId=prepared.id)["assessment"]["framework"][
            "controlSets"
        ][0]
        control = control_set["controls"][0]
        return (
            prepared.folders()[0]["assessmentReportSelectionCount"],
            control["assessmentReportEvidenceCount"],
            control_set["manualEvidenceCount"],
        )

    assert chosen() == (2, 2, 3)
    client.batch_disassociate_assessment_report_evidence(**where, evidenceIds=[ids[0]])
    assert chosen() == (1, 1, 3)
    client.associate_assessment_report_evidence_folder(**where)
    assert chosen() == (3, 3, 3)
    client.disassociate_assessment_report_evidence_folder(**where)
    assert chosen() == (0, 0, 3)


def test_an_inactive_control_takes_nothing_until_it_is_under_review_again(
    prepared: Prepared,
) -> None:
    prepared.client.update_assessment_control(**prepared.where, controlStatus="INACTIVE")
    with refused("ValidationException", "INACTIVE"):
        prepared.add({"textResponse": "no"})
    prepared.client.update_assessment_control(**prepared.where, controlStatus="REVIEWED")
    assert prepared.add({"textResponse": "yes"}) == []


def test_folders_are_one_per_control_and_day_and_paged(prepared: Prepared) -> None:
    for _ in range(3):
        prepared.add({"textResponse": "daily"})
        prepared.stack.clock.turn(days=1)
    token, days = None, []
    while True:
        answer = prepared.client.get_evidence_folders_by_assessment(
            assessmentId=prepared.id, maxResults=2, **({"nextToken": token} if token else {})
        )
        days += [folder["date"] for folder in answer["evidenceFolders"]]
        token = answer.get("nextToken")
        if token is None:
            break
    assert len(days) == 3 and days == sorted(days)
    assert {day.hour for day in days} == {0}


def test_a_folder_belongs_to_its_control_set(prepared: Prepared) -> None:
    prepared.add({"textResponse": "x"})
    [folder] = prepared.folders()
    where = {"assessmentId": prepared.id, "evidenceFolderId": folder["id"]}
    answer = prepared.client.get_evidence_folder(**where, controlSetId=prepared.set_name)
    assert answer["evidenceFolder"] == folder
    with refused("ResourceNotFoundException"):
        prepared.client.get_evidence_folder(**where, controlSetId="Second")


def test_a_file_is_uploaded_by_url_and_then_imported(prepared: Prepared) -> None:
    client = prepared.client
    with refused("ValidationException", ".exe"):
        client.get_evidence_file_upload_url(fileName="program.exe")
    given = client.get_evidence_file_upload_url(fileName="Prüfbericht.pdf")
    name = given["evidenceFileName"]
    [error] = prepared.add({"evidenceFileName": name})
    assert error["errorCode"] == "404"
    put = urllib.request.Request(
        given["uploadUrl"],
        data=b"%PDF-1.7",
        method="PUT",
        headers={"x-amz-server-side-encryption": "aws:kms", "Content-Type": "application/pdf"},
    )
    with urllib.request.urlopen(put) as answer:
        assert answer.status == 200
    assert prepared.add({"evidenceFileName": name}) == []
    [item] = evidence_of(prepared, prepared.folders()[0])
    assert json.loads(item["attributes"]["fileName"]) == "Prüfbericht.pdf"
    assert json.loads(item["attributes"]["sizeBytes"]) == 8
    other, client_of_other = prepared.stack.account()
    assert other != prepared.account
    assert client_of_other.get_evidence_file_upload_url(fileName="a.pdf")["uploadUrl"]
