"""Assessment reports: built in the background, complete, signed, and checked byte by byte."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.include.audit_manager.service.conftest import (
    Clock,
    Prepared,
    Stack,
    prepare,
    wait_for_report,
)
from tests.include.audit_manager.service.refused import refused


@pytest.fixture(scope="module")
def reported(stack: Stack) -> Prepared:
    """An assessment with one report of a file, a text, and a file that was changed afterwards."""
    prepared = prepare(stack)
    prepared.put("changed.txt", b"before")
    prepared.add(
        {"s3ResourcePath": prepared.put("scan results.json", b'{"failed": []}')},
        {"textResponse": "Reviewed by Zoë on Friday <ok>"},
        {"s3ResourcePath": f"s3://{prepared.bucket}/changed.txt"},
    )
    prepared.put("changed.txt", b"after")
    prepared.select_all()
    assert prepared.report()["status"] == "COMPLETE"
    return prepared


def archive_of(prepared: Prepared) -> tuple[str, bytes]:
    """The report's key and bytes, fetched as a person would: by its URL."""
    [report] = prepared.client.list_assessment_reports()["assessmentReports"]
    url = prepared.client.get_assessment_report_url(
        assessmentId=prepared.id, assessmentReportId=report["id"]
    )["preSignedUrl"]
    key = f"am/CIS-2026-10-{prepared.id}/{url['hyperlinkName']}"
    with urllib.request.urlopen(url["link"]) as answer:
        return key, answer.read()


def check(prepared: Prepared, key: str) -> dict[str, Any]:
    answer = prepared.client.validate_assessment_report_integrity(
        s3RelativePath=f"s3://{prepared.bucket}/{key}"
    )
    answer.pop("ResponseMetadata")
    return dict(answer)


def rewritten(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def test_the_archive_holds_summary_readme_digest_and_unchanged_evidence(
    reported: Prepared,
) -> None:
    _, data = archive_of(reported)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name.split("/", 2)[2]: archive.read(name) for name in archive.namelist()}
        roots = {"/".join(name.split("/")[:2]) for name in archive.namelist()}
    [report] = reported.client.list_assessment_reports()["assessmentReports"]
    assert roots == {f"CIS-2026-10-{reported.id[:8]}/October-{report['id'][:8]}"}
    digest = json.loads(files.pop("digest.txt"))
    assert set(digest["files"]) == set(files)
    assert files["AssessmentReportSummary.pdf"].startswith(b"%PDF-")
    assert b"digest.txt" in files["README.txt"]
    evidence = {name: body for name, body in files.items() if "/" in name}
    folder = f"Control-0-{reported.control[:8]}/Manual/{reported.stack.clock.now.date()}"
    assert {name.rsplit("/", 1)[0] for name in evidence} == {folder}
    assert sorted(evidence.values()) == sorted(
        [b'{"failed": []}', "Reviewed by Zoë on Friday <ok>".encode()]
    )
    names = sorted(name.rsplit("_", 1)[1] for name in evidence)
    assert names == ["scan-resul.json", "text-respo.txt"]


def test_the_summary_says_what_is_in_and_what_is_not(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service.reports import pdf

    told: list[str] = []
    real = pdf._evidence_line

    def listen(*arguments: Any) -> Any:
        line = real(*arguments)
        told.append(line.getPlainText())
        return line

    monkeypatch.setattr(pdf, "_evidence_line", listen)
    changed = prepared.put("changed.txt", b"before")
    gone = prepared.put("gone.txt", b"gone")
    prepared.add({"s3ResourcePath": changed}, {"s3ResourcePath": gone}, {"textResponse": "<ok> 中"})
    prepared.put("changed.txt", b"after")
    prepared.s3.delete_object(Bucket=prepared.bucket, Key="gone.txt")
    prepared.select_all()
    assert prepared.report()["status"] == "COMPLETE"
    summary = "\n".join(told)
    assert len(told) == 3
    assert "changed.txt. Not included: the object was changed after it was imported" in summary
    assert f"gone.txt. Not included: There is no object {gone}" in summary
    assert "<ok> [U+4E2D]" in summary
    assert summary.count("Inconclusive") == 6


def test_an_untouched_report_is_valid(reported: Prepared) -> None:
    key, _ = archive_of(reported)
    answer = check(reported, key)
    assert answer["signatureValid"] is True
    assert answer["validationErrors"] == []
    assert answer["signatureAlgorithm"] == "ECDSA_P256_SHA256"
    assert answer["signatureDateTime"].endswith("Z")
    assert len(answer["signatureKeyId"]) == 64


def test_no_byte_can_be_flipped_unseen(reported: Prepared) -> None:
    key, data = archive_of(reported)
    step = max(1, len(data) // 40)
    for at in [*range(0, len(data), step), len(data) - 1]:
        flipped = bytearray(data)
        flipped[at] ^= 1
        reported.s3.put_object(Bucket=reported.bucket, Key=key, Body=bytes(flipped))
        answer = check(reported, key)
        assert answer["signatureValid"] is False, f"byte {at} of {len(data)}"
        assert answer["validationErrors"]
    reported.s3.put_object(Bucket=reported.bucket, Key=key, Body=data)
    assert check(reported, key)["signatureValid"] is True


def test_altered_added_and_removed_files_are_named(reported: Prepared) -> None:
    _, data = archive_of(reported)

    def change(files: dict[str, bytes]) -> None:
        [text] = [name for name in files if name.endswith("text-respo.txt")]
        [scan] = [name for name in files if name.endswith(".json")]
        files[text] += b"!"
        del files[scan]
        files[scan.replace("scan", "spam")] = b"{}"

    reported.s3.put_object(Bucket=reported.bucket, Key="other.zip", Body=rewritten(data, change))
    answer = check(reported, "other.zip")
    assert answer["signatureValid"] is False
    kinds = [problem.split(":")[0] for problem in answer["validationErrors"]]
    assert sorted(kinds) == ["Added", "Altered", "Removed"]
    assert "text-respo.txt" in " ".join(answer["validationErrors"])


def test_a_digest_that_was_written_anew_is_refused(
    reported: Prepared, run_service: Callable[..., Stack], tmp_path: Path
) -> None:
    _, data = archive_of(reported)

    def forge(files: dict[str, bytes]) -> None:
        [name] = [each for each in files if each.endswith("digest.txt")]
        digest = json.loads(files[name])
        digest["files"].popitem()
        files[name] = json.dumps(digest, sort_keys=True, separators=(",", ":")).encode()

    reported.s3.put_object(Bucket=reported.bucket, Key="forged.zip", Body=rewritten(data, forge))
    answer = check(reported, "forged.zip")
    assert (answer["signatureValid"], len(answer["validationErrors"])) == (False, 1)
    reported.s3.put_object(Bucket=reported.bucket, Key="text.zip", Body=b"not a zip")
    assert check(reported, "text.zip")["signatureValid"] is False
    with refused("ResourceNotFoundException"):
        check(reported, "missing.zip")
    # A report that another service signed is whole, but it isn't ours.
    stranger = run_service(f"sqlite:///{tmp_path}/other.sqlite")
    client = stranger.client(reported.account)
    client.register_account()
    key, _ = archive_of(reported)
    theirs = client.validate_assessment_report_integrity(
        s3RelativePath=f"s3://{reported.bucket}/{key}"
    )
    assert theirs["signatureValid"] is False
    assert "isn't this service's" in theirs["validationErrors"][0]


def test_a_report_needs_chosen_evidence_and_a_plain_name(prepared: Prepared) -> None:
    prepared.add({"textResponse": "not chosen"})
    with refused("ValidationException", "no evidence selected"):
        prepared.report()
    prepared.select_all()
    with refused("ValidationException"):
        prepared.report("with space")
    with refused("ValidationException", "evidence finder"):
        prepared.client.create_assessment_report(
            name="r", assessmentId=prepared.id, queryStatement="SELECT 1"
        )


def test_a_report_is_limited_to_22000_items(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service.reports import operations

    assert (operations.MOST_EVIDENCE, operations.MOST_EVIDENCE_OWN_KEY) == (22_000, 3_500)
    monkeypatch.setattr(operations, "MOST_EVIDENCE", 1)
    prepared.add({"textResponse": "1"}, {"textResponse": "2"})
    prepared.select_all()
    with refused("ValidationException", "at most 1", "2 are selected"):
        prepared.report()


def test_a_closed_assessment_still_makes_reports_and_they_are_logged(prepared: Prepared) -> None:
    prepared.add({"textResponse": "1"})
    prepared.client.update_assessment_status(assessmentId=prepared.id, status="INACTIVE")
    prepared.select_all()
    assert prepared.report()["status"] == "COMPLETE"
    [newest, *_] = prepared.client.get_change_logs(assessmentId=prepared.id)["changeLogs"]
    assert (newest["objectType"], newest["action"]) == ("ASSESSMENT_REPORT", "CREATE")


def test_a_report_without_a_bucket_fails_and_can_be_deleted(prepared: Prepared) -> None:
    prepared.client.update_assessment(
        assessmentId=prepared.id,
        scope={"awsAccounts": [{"id": "111111111111"}]},
        assessmentReportsDestination={
            "destinationType": "S3",
            "destination": "s3://no-such-bucket-here",
        },
    )
    prepared.add({"textResponse": "1"})
    prepared.select_all()
    report = prepared.report()
    assert report["status"] == "FAILED"
    where = {"assessmentId": prepared.id, "assessmentReportId": report["id"]}
    with refused("ValidationException", "FAILED"):
        prepared.client.get_assessment_report_url(**where)
    prepared.client.delete_assessment_report(**where)
    assert prepared.client.list_assessment_reports()["assessmentReports"] == []


def test_deleting_a_report_takes_its_archive_along(prepared: Prepared) -> None:
    prepared.add({"textResponse": "1"})
    prepared.select_all()
    report = prepared.report()
    assert prepared.s3.list_objects_v2(Bucket=prepared.bucket)["KeyCount"] == 1
    where = {"assessmentId": prepared.id, "assessmentReportId": report["id"]}
    prepared.client.delete_assessment_report(**where)
    assert prepared.s3.list_objects_v2(Bucket=prepared.bucket)["KeyCount"] == 0
    with refused("ResourceNotFoundException"):
        prepared.client.delete_assessment_report(**where)


def test_an_unfinished_report_is_finished_by_the_next_process(
    run_service: Callable[..., Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service.reports.worker import ReportWorker

    database = f"sqlite:///{tmp_path}/audit_manager.sqlite"
    with monkeypatch.context() as patch:
        patch.setattr(ReportWorker, "wake", lambda self: None)
        before = prepare(run_service(database))
        before.add({"textResponse": "1"})
        before.select_all()
        made = before.client.create_assessment_report(name="r", assessmentId=before.id)
        report = made["assessmentReport"]
        with refused("ValidationException", "currently being generated"):
            before.client.delete_assessment_report(
                assessmentId=before.id, assessmentReportId=report["id"]
            )
        before.stack.service.close()
    after = run_service(database, Clock())
    client = after.client(before.account)
    assert wait_for_report(client, report["id"])["status"] == "COMPLETE"


def test_a_failing_s3_is_tried_again(
    run_service: Callable[..., Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import EndpointConnectionError

    from include.audit_manager.service.reports import worker

    monkeypatch.setattr(worker, "PAUSES", (0.01, 0.01))
    real, tries = worker.ReportWorker._store, []

    def unsteady(self: Any, *arguments: Any) -> None:
        tries.append(1)
        if len(tries) % 4:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        real(self, *arguments)

    monkeypatch.setattr(worker.ReportWorker, "_store", unsteady)
    prepared = prepare(run_service(f"sqlite:///{tmp_path}/audit_manager.sqlite"))
    prepared.add({"textResponse": "1"})
    prepared.select_all()
    assert prepared.report("first")["status"] == "FAILED"
    assert len(tries) == 3
    assert prepared.report("second")["status"] == "COMPLETE"
    assert len(tries) == 4
