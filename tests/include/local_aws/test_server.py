"""The process: it starts, says where it is, keeps its state, and stops when told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

pytestmark = pytest.mark.slow
SIZE = ["--accounts", "2", "--regions", "1", "--resources", "40", "--months", "1"]
CLOCK = ["--clock", "2026-11-01T06:00:00Z"]


def command(state: Path, *arguments: str) -> list[str]:
    module = [sys.executable, "-m", "include.local_aws.server"]
    return [*module, "--state", str(state), "--port", "0", *arguments]


@contextmanager
def running(state: Path, *arguments: str) -> Iterator[str]:
    process = subprocess.Popen(command(state, *arguments), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("READY http://127.0.0.1:"), line
        yield line.split()[1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stdout.read() == ""
    finally:
        if process.poll() is None:
            process.kill()


def failing(state: Path, *arguments: str) -> str:
    ended = subprocess.run(
        command(state, *arguments), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="111111111111",
        aws_secret_access_key="any",
    )


def aws(endpoint: str, *arguments: str) -> str:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
    }
    tool = Path(sys.executable).with_name("aws")
    ended = subprocess.run(
        [sys.executable, str(tool), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_state_folder_survives_its_process(tmp_path: Path) -> None:
    with running(tmp_path, *SIZE, *CLOCK) as endpoint:
        with urllib.request.urlopen(f"{endpoint}/_local/health", timeout=5) as answer:
            health = json.load(answer)
        assert health["clock"].startswith("2026-11-01T06:")
        assert (len(health["accounts"]), len(health["regions"]), health["seed"]) == (2, 1, 7)
        client("s3", endpoint).create_bucket(Bucket="kept-bucket")
        client("auditmanager", endpoint).register_account()
        port = endpoint.rpartition(":")[2]
        said = failing(tmp_path / "other", "--port", port)
        assert said.startswith(f"error: Port {port} on 127.0.0.1 is taken")
        assert "locked" in failing(tmp_path)

    with running(tmp_path) as endpoint:
        buckets = client("s3", endpoint).list_buckets()["Buckets"]
        assert "kept-bucket" in [bucket["Name"] for bucket in buckets]
        assert json.loads(aws(endpoint, "sts", "get-caller-identity"))["Account"] == "111111111111"
        assert "kept-bucket" in aws(endpoint, "s3", "ls")
        assert json.loads(aws(endpoint, "auditmanager", "list-assessments")) == {
            "assessmentMetadata": []
        }
        rules = aws(endpoint, "configservice", "describe-config-rules", "--max-items", "3")
        assert len(json.loads(rules)["ConfigRules"]) == 3
        accounts = client("organizations", endpoint).list_accounts()["Accounts"]
        assert [account["Id"] for account in accounts] == health["accounts"]
        organizations = client("organizations", endpoint)
        (root,) = organizations.list_roots()["Roots"]
        units = organizations.list_organizational_units_for_parent(ParentId=root["Id"])
        names = {unit["Name"]: unit["Id"] for unit in units["OrganizationalUnits"]}
        assert (root["Id"], set(names)) == ("r-demo", {"Security", "Workloads", "Sandbox"})
        (below,) = [
            unit["Id"]
            for unit in organizations.list_organizational_units_for_parent(
                ParentId=names["Workloads"]
            )["OrganizationalUnits"]
            if unit["Name"] == "Production"
        ]
        inside = organizations.list_accounts_for_parent(ParentId=below)["Accounts"]
        assert [account["Id"] for account in inside] == health["accounts"][1:]

    assert "holds an estate made with seed 7, not 8" in failing(tmp_path, "--seed", "8")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in failing(tmp_path / "file")
