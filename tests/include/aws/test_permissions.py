"""The printed policies: one statement per source, small enough for IAM, by the settings."""

import json
from fnmatch import fnmatchcase
from typing import Any

from include.assessment.period import parse_period
from include.aws.permissions import collector_policy, runner_policy, trust_policy
from include.checks.catalogue import load_catalogue
from include.evidence.cell import Cell
from include.evidence.store import SnapshotStore
from include.settings import Settings
from include.sources import ORGANIZATION_WIDE, SOURCES

#: Characters without white space that IAM takes in one managed policy.
LIMIT = 6_144


def actions(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def whole_library() -> dict[str, Any]:
    return collector_policy(list(load_catalogue().values()), list(SOURCES))


def test_every_source_has_a_statement_of_its_own() -> None:
    sids = [statement["Sid"] for statement in whole_library()["Statement"]]
    for source in set(SOURCES) - ORGANIZATION_WIDE:
        assert source.title().replace("_", "") in sids


def test_collecting_only_reads() -> None:
    for action in actions(whole_library()):
        verb = action.partition(":")[2]
        reading = ("Get", "List", "Describe", "BatchGet", "Select", "Lookup", "Search", "Validate")
        assert verb.startswith(reading) or action in {
            "iam:GenerateCredentialReport",
            "kms:Decrypt",
        }, action


def test_no_action_is_a_wildcard_and_log_files_are_the_only_objects_read() -> None:
    policy = whole_library()
    assert not [action for action in actions(policy) if "*" in action]
    for statement in policy["Statement"]:
        if "s3:GetObject" in statement["Action"]:
            assert statement["Resource"].endswith("AWSLogs/*")


def test_the_policy_for_the_whole_library_fits_into_one_managed_policy() -> None:
    assert len(json.dumps(whole_library(), separators=(",", ":"))) <= LIMIT


def test_the_runner_gets_what_the_settings_need() -> None:
    plain = runner_policy(Settings(accounts=("111111111111",), audit_manager={"enabled": False}))
    assert not [a for a in actions(plain) if a.startswith(("organizations:", "auditmanager:"))]
    assert "sns:Publish" not in actions(plain)
    rich = runner_policy(
        Settings(
            accounts=("organization",),
            sns_topic="arn:aws:sns:us-east-1:111111111111:audits",
            kms_key="alias/audit",
        )
    )
    assert {"organizations:ListAccounts", "sns:Publish", "kms:GenerateDataKey"} <= set(
        actions(rich)
    )
    assert "auditmanager:CreateAssessment" in actions(rich)


def test_a_run_deletes_nothing_but_leases_and_sealed_answers() -> None:
    [statement] = [
        one for one in runner_policy(Settings())["Statement"] if "s3:DeleteObject" in one["Action"]
    ]
    cell = Cell("security_hub", "111111111111", "eu-west-1", parse_period("2026-10"), "ab12")
    store = SnapshotStore("audit-evidence", None)
    lease, sealed = store.lease(cell)._key, store._sealed_answers(cell, "run")
    patterns = [arn.removeprefix("arn:aws:s3:::audit-evidence/") for arn in statement["Resource"]]
    for key in (lease, f"{sealed}/part"):
        assert any(fnmatchcase(key, pattern) for pattern in patterns), key
    for key in (f"snapshots/{cell.key}/current.json", f"snapshots/{cell.key}/v1/ab/snapshot.json"):
        assert not any(fnmatchcase(key, pattern) for pattern in patterns), key


def test_other_buckets_of_what_is_handed_in_are_read_only() -> None:
    policy = runner_policy(Settings(manual_evidence={"bucket": "people", "prefix": "manual/"}))
    about = [s for s in policy["Statement"] if any("people" in arn for arn in s["Resource"])]
    assert sorted(actions({"Statement": about})) == ["s3:GetObject", "s3:ListBucket"]


def test_the_trust_policy_demands_the_external_id() -> None:
    runner = "arn:aws:iam::111111111111:role/Airflow"
    [open_] = trust_policy(Settings(), runner)["Statement"]
    assert "Condition" not in open_
    [closed] = trust_policy(Settings(external_id="handshake"), runner)["Statement"]
    assert closed["Condition"] == {"StringEquals": {"sts:ExternalId": "handshake"}}
    assert closed["Principal"] == {"AWS": runner}
