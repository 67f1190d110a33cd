"""The doctor names what a run would miss, before any run, over HTTP to the local AWS."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.sources import ORGANIZATION_WIDE, SOURCES
from include.sources.probes import PROBES
from tests.local_stack import ROOT, LocalAws, local_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("aws"), accounts=2, regions=1, resources=30) as server:
        yield server


def doctor(aws: LocalAws, tmp_path: Path, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", "doctor", "--json", "-f", "cis_aws_5.0"],
        cwd=ROOT,
        env={
            **os.environ,
            "AUDIT_STATE": str(tmp_path / "no-stack"),
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": aws.accounts[0],
            "AWS_SECRET_ACCESS_KEY": "local",
            "AUDIT_ACCOUNTS": ",".join(aws.accounts),
            "AUDIT_REGIONS": ",".join(aws.regions),
            "AUDIT_AUDIT_MANAGER_ENDPOINT": aws.endpoint,
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_healthy_deployment_lacks_nothing(aws: LocalAws, tmp_path: Path) -> None:
    code, found = doctor(aws, tmp_path)
    assert code == 0
    assert [one for one in found if one["state"] == "missing"] == []
    looked_at = {(one["what"], one["where"]) for one in found}
    for account in aws.accounts:
        assert ("role", account) in looked_at
        assert ("security_hub", f"{account} {aws.regions[0]}") in looked_at


def test_a_bucket_of_other_people_s_files_has_to_be_there(aws: LocalAws, tmp_path: Path) -> None:
    _, found = doctor(aws, tmp_path, AUDIT_CUSTOM_EVIDENCE_BUCKET="nobody-made-it")
    [bucket] = [one for one in found if one["where"] == "nobody-made-it"]
    assert bucket["state"] == "missing" and bucket["remedy"]


def test_what_is_denied_is_named_with_its_permission_and_place(
    aws: LocalAws, tmp_path: Path
) -> None:
    aws.faults({"service": "securityhub", "account": aws.accounts[1], "kind": "access_denied"})
    try:
        code, found = doctor(aws, tmp_path)
    finally:
        aws.faults()
    assert code == 2
    [missing] = [one for one in found if one["state"] == "missing"]
    assert missing["where"] == f"{aws.accounts[1]} {aws.regions[0]}"
    assert "securityhub:DescribeHub" in missing["said"]


def test_a_role_that_does_not_exist_is_named_and_the_rest_is_looked_at(
    aws: LocalAws, tmp_path: Path
) -> None:
    code, found = doctor(aws, tmp_path, AUDIT_ROLE_NAME="NobodyMadeIt")
    assert code == 2
    assert [one["what"] for one in found if one["state"] == "missing"] == ["role", "role"]
    assert "NobodyMadeIt" in found[-1]["remedy"]


def test_a_wrong_scope_is_told_before_any_account_is_entered(aws: LocalAws, tmp_path: Path) -> None:
    code, found = doctor(aws, tmp_path, AUDIT_REGIONS="us-east-1,af-south-1")
    assert code == 2
    assert found[-1]["what"] == "scope"
    assert "af-south-1" in found[-1]["said"]


def test_every_source_that_is_asked_in_an_account_has_a_probe() -> None:
    assert set(PROBES) >= set(SOURCES) - ORGANIZATION_WIDE
