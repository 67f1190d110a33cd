"""Importing into a real (embedded) Audit Manager over HTTP: nothing twice, quotas by name."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.audit_manager import importer
from include.audit_manager.bundles import bundle_parts
from include.audit_manager.importer import Bundle, import_control
from include.audit_manager.paging import listed
from include.audit_manager.report import check_integrity, report_name, report_uri, start_report
from include.audit_manager.setup import Target, ensure_assessment, ensure_registered
from include.digests import sha256
from include.errors import AuditError
from include.runs.buckets import ensure_bucket
from include.runs.workspace import Workspace
from tests.include.audit_manager.frameworks import control, framework
from tests.local_stack import LocalAws, local_aws

SETS = [
    ("Identity", [control("1.1", "Contacts"), control("1.10", "Keys")]),
    ("Data/Storage", [control("2.1", "Größe")]),
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(
        tmp_path_factory.mktemp("aws"), accounts=1, regions=1, resources=30, months=1
    ) as running:
        ensure_bucket(running.client("s3"), "reports", region=running.regions[0])
        ensure_registered(running.client("auditmanager"))
        yield running


@pytest.fixture
def client(aws: LocalAws) -> Any:
    return aws.client("auditmanager")


@pytest.fixture
def workspace(aws: LocalAws) -> Workspace:
    return Workspace(aws.client("s3"), "reports", "bundles")


def target(client: Any, aws: LocalAws, name: str, **changes: Any) -> Target:
    return ensure_assessment(
        client,
        changes.pop("framework", None) or framework(*SETS, title="Test framework"),
        assessment_name=name,
        accounts=aws.accounts,
        destination="s3://reports/audit-manager",
        owner_role=f"arn:aws:iam::{aws.accounts[0]}:role/ComplianceAuditRole",
        **changes,
    )


def bundle(*items: str) -> Bundle:
    digest, body = next(bundle_parts({"control": "x"}, [{"item": item} for item in items]))
    return Bundle(digest, body)


def evidence(client: Any, aim: Target, name: str) -> list[dict[str, Any]]:
    set_id, control_id = aim.controls[name]
    where = {
        "assessmentId": aim.assessment_id,
        "controlSetId": set_id,
        "controlId": control_id,
    }
    return [item for _, item, _ in importer._evidence(client, where)]


def test_all_is_created_once_and_found_again(client: Any, aws: LocalAws) -> None:
    first = target(client, aws, "found-again")
    controls = len(list(listed(client.list_controls, "controlMetadataList", controlType="Custom")))
    assert set(first.controls) == {"1.1", "1.10", "2.1"}
    assert first.controls["2.1"][0] == "2 Data/Storage"
    assert target(client, aws, "found-again") == first
    assert target(client, aws, "another").assessment_id != first.assessment_id
    after = list(listed(client.list_controls, "controlMetadataList", controlType="Custom"))
    assert len(after) == controls == 3


def test_the_same_bundle_is_imported_once(client: Any, aws: LocalAws, workspace: Workspace) -> None:
    aim = target(client, aws, "once")
    one = bundle("a")
    assert import_control(client, workspace, aim, "1.1", [one]).imported == 1
    again = import_control(client, workspace, aim, "1.1", [one])
    assert (again.imported, again.present) == (0, 1)
    assert len(evidence(client, aim, "1.1")) == 1


def test_a_new_revision_takes_the_place_of_the_old_in_the_report(
    client: Any, aws: LocalAws, workspace: Workspace
) -> None:
    aim = target(client, aws, "revised")
    old, new = bundle("a"), bundle("a", "b")
    import_control(client, workspace, aim, "2.1", [old])
    import_control(client, workspace, aim, "2.1", [new])
    found = evidence(client, aim, "2.1")
    assert len(found) == 2
    selected = [item for item in found if item["assessmentReportSelection"] == "Yes"]
    assert len(selected) == 1
    assert new.digest in json.dumps(selected[0], default=str)


def test_a_crash_between_import_and_mark_does_not_import_twice(
    client: Any, aws: LocalAws, workspace: Workspace
) -> None:
    aim = target(client, aws, "crashed")
    one = bundle("crash")
    import_control(client, workspace, aim, "1.1", [one])
    aws.client("s3").delete_object(
        Bucket="reports", Key=f"bundles/{aim.assessment_id}/1.1/{one.digest}.done"
    )
    assert import_control(client, workspace, aim, "1.1", [one]).imported == 0
    assert len(evidence(client, aim, "1.1")) == 1


def test_the_daily_quota_is_named_before_anything_is_imported(
    client: Any, aws: LocalAws, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    aim = target(client, aws, "quota")
    import_control(client, workspace, aim, "1.1", [bundle("1")])
    monkeypatch.setattr(importer, "PER_CONTROL_AND_DAY", 2)
    with pytest.raises(AuditError, match=r"2 manual evidence items .*control 1\.1 has 1"):
        import_control(client, workspace, aim, "1.1", [bundle("2"), bundle("3")])
    assert len(evidence(client, aim, "1.1")) == 1


def test_what_was_imported_on_another_day_does_not_count_against_today(
    client: Any, aws: LocalAws, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    aim = target(client, aws, "next-day")
    import_control(client, workspace, aim, "1.1", [bundle("1")])
    monkeypatch.setattr(importer, "PER_CONTROL_AND_DAY", 1)
    monkeypatch.setattr(importer, "_service_day", lambda client: "2026-11-02")
    assert import_control(client, workspace, aim, "1.1", [bundle("2")]).imported == 1


def test_a_closed_assessment_is_refused_with_what_to_do(client: Any, aws: LocalAws) -> None:
    aim = target(client, aws, "closed")
    client.update_assessment_status(assessmentId=aim.assessment_id, status="INACTIVE")
    with pytest.raises(AuditError, match="another assessment name"):
        target(client, aws, "closed")


def test_the_report_is_made_once_for_a_selection_and_its_signature_holds(
    client: Any, aws: LocalAws, workspace: Workspace
) -> None:
    aim = target(client, aws, "reported")
    import_control(client, workspace, aim, "1.1", [bundle("a")])
    name = report_name(aim, sha256(b"selection"))
    report_id = start_report(client, aim, name)
    assert start_report(client, aim, name) == report_id
    for _ in range(200):
        states = {
            report["id"]: report["status"]
            for report in listed(client.list_assessment_reports, "assessmentReports")
        }
        if states[report_id] != "IN_PROGRESS":
            break
        time.sleep(0.05)
    assert states[report_id] == "COMPLETE"
    uri = report_uri(client, aim, report_id, "reports")
    assert check_integrity(client, uri)["uri"] == uri
    key = uri.removeprefix("s3://reports/")
    s3 = aws.client("s3")
    body = bytearray(s3.get_object(Bucket="reports", Key=key)["Body"].read())
    body[len(body) // 2] ^= 1
    s3.put_object(Bucket="reports", Key=key, Body=bytes(body))
    with pytest.raises(AuditError, match="not as it was signed"):
        check_integrity(client, uri)


def test_parts_of_a_bundle_stay_below_the_limit_and_lose_nothing() -> None:
    items = [{"n": n, "text": "x" * 50} for n in range(100)]
    parts = list(bundle_parts({"control": "1"}, items, max_bytes=1000))
    assert len(parts) > 1
    assert all(len(body) < 1200 for _, body in parts)
    assert [item for _, body in parts for item in json.loads(body)["evidence"]] == items
    assert parts == list(bundle_parts({"control": "1"}, items, max_bytes=1000))
    assert all(digest == sha256(body) for digest, body in parts)


def test_a_workspace_never_replaces_an_object(aws: LocalAws, tmp_path: Path) -> None:
    workspace = Workspace(aws.client("s3"), "reports", "never")
    assert workspace.put("a", b"one") == workspace.put("a", b"one")
    with pytest.raises(AuditError, match="already holds other content"):
        workspace.put("a", b"two")
    assert workspace.exists("a") and not workspace.exists("b")
