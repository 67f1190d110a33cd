"""The service as a process and as a database: restarts, concurrency, the command line, the wire."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from include.audit_manager.service.database import Database
from include.audit_manager.service.models import Base
from include.errors import AuditError
from tests.include.audit_manager.service.conftest import (
    Prepared,
    Stack,
    make_assessment,
    make_control,
    make_framework,
    prepare,
)
from tests.include.audit_manager.service.refused import refused

ROOT = Path(__file__).parents[4]


def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    began = time.process_time()
    database = Database(f"sqlite:///{tmp_path}/new.sqlite")
    assert time.process_time() - began < 1
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": "audit_manager_version"}
        )
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_only_its_owner_can_read_the_database(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    Database(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:////proc/nowhere/x.sqlite"])
def test_a_database_that_cannot_work_is_told(url: str) -> None:
    with pytest.raises(AuditError, match="database"):
        Database(url)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    database = Database(url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_manager_version SET version_num = '9999'")
    database.close()
    with pytest.raises(AuditError, match="newer release"):
        Database(url)


def test_everything_is_there_after_a_restart(
    run_service: Callable[..., Stack], tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/audit_manager.sqlite"
    before = prepare(run_service(database))
    before.add({"textResponse": "kept"})
    folders = before.folders()
    before.stack.service.close()
    after = run_service(database).client(before.account)
    assert after.get_evidence_folders_by_assessment_control(**before.where)["evidenceFolders"] == (
        folders
    )


def test_calls_at_the_same_time_keep_the_quota(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.audit_manager.service import assessments

    monkeypatch.setattr(assessments, "MOST_ACTIVE", 5)

    def create(_: int) -> str:
        try:
            make_assessment(prepared.client, prepared.framework["id"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    def add(_: int) -> list[Any]:
        return prepared.add(*({"textResponse": f"{at}"} for at in range(15)))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(create, range(12)))
        errors = [error for batch in pool.map(add, range(8)) for error in batch]
    assert sorted(set(outcomes)) == ["ServiceQuotaExceededException", "made"]
    assert outcomes.count("made") == 4
    assert prepared.folders()[0]["totalEvidence"] == 100
    assert len(errors) == 20


def test_a_call_that_fails_leaves_nothing_behind(prepared: Prepared) -> None:
    with refused("ResourceNotFoundException"):
        make_framework(
            prepared.client,
            "Half",
            {"S": [prepared.control], "T": ["00000000-0000-4000-8000-000000000000"]},
        )
    listed = prepared.client.list_assessment_frameworks(frameworkType="Custom")
    assert [each["name"] for each in listed["frameworkMetadataList"]] == [
        prepared.framework["name"]
    ]


def test_operations_of_later_releases_answer_501_with_their_name(stack: Stack) -> None:
    _, client = stack.account()
    with refused("NotImplementedException", "GetDelegations") as answer:
        client.get_delegations()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_unsigned_and_unknown_callers_are_refused(stack: Stack) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{stack.url}/assessments")
    assert error.value.code == 403
    error.value.close()
    with refused("UnrecognizedClientException", "--account"):
        stack.client("AKIAEXAMPLE").get_account_status()


def test_the_services_clock_dates_its_answers(stack: Stack) -> None:
    _, client = stack.account()
    headers = client.list_assessments()["ResponseMetadata"]["HTTPHeaders"]
    assert stack.clock.now.strftime("%d %b %Y %H:%M:%S GMT") in headers["date"]


@pytest.mark.slow
def test_it_runs_alone_and_answers_the_aws_command_line(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "include.audit_manager.service"),
            *("--database", f"sqlite:///{tmp_path}/alone.sqlite"),
            *("--port", "0", "--account", "222222222222"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("READY ").strip()
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
        }
        # Registered over plain HTTP, since each start of the command line costs a second.
        scope = "AKIAEXAMPLE/20261101/eu-west-1/auditmanager/aws4_request"
        register = urllib.request.Request(
            f"{url}/account/registerAccount",
            data=b"{}",
            headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}"},
        )
        with urllib.request.urlopen(register) as answer:
            assert json.load(answer) == {"status": "ACTIVE"}
        aws = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", url]
        listed = subprocess.run(
            [*aws, "--region", "eu-west-1", "auditmanager", "list-assessments"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert listed.returncode == 0, listed.stderr
        assert json.loads(listed.stdout) == {"assessmentMetadata": []}
        process.terminate()
        assert process.wait(timeout=20) == 0
    finally:
        guard.cancel()
        process.kill()
        process.wait()


@pytest.mark.skipif(
    "TEST_POSTGRESQL_URL" not in os.environ,
    reason="TEST_POSTGRESQL_URL holds no URL of an empty PostgreSQL database",
)
def test_postgresql_works_as_well(run_service: Callable[..., Stack]) -> None:
    url = os.environ["TEST_POSTGRESQL_URL"]
    prepared = prepare(run_service(url))
    names = [f"Control {at}" for at in range(4)]
    for name in names[3:]:
        make_control(prepared.client, name)
    found, token = [], None
    while True:
        answer = prepared.client.list_controls(
            controlType="Custom", maxResults=2, **({"nextToken": token} if token else {})
        )
        found += [each["name"] for each in answer["controlMetadataList"]]
        token = answer.get("nextToken")
        if token is None:
            break
    assert sorted(found) == names
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: prepared.add(*[{"textResponse": "x"}] * 25), range(6)))
    assert prepared.folders()[0]["totalEvidence"] == 100
    prepared.select_all()
    report = prepared.report()
    assert report["status"] == "COMPLETE"
    # A second process over the same database, and one that continues after the first.
    other = run_service(url).client(prepared.account)
    assert other.list_assessment_reports()["assessmentReports"] == [report]
    prepared.client.delete_assessment(assessmentId=prepared.id)
