"""``frameworks sync`` and ``import``: what is printed, what is written, how errors read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.cli import deployment
from include.cli.main import main
from include.settings import load_settings

OWN = """\
id: house
title: House rules
version: "1"
publisher: We
compliance_type: House
description: What we ask of ourselves.
schedule: month
judge: period_end
sources: [aws_config, security_hub, api_calls, manual]
control_sets:
- id: "1"
  title: Access
  controls:
  - id: "1.1"
    title: Root has a second factor
    objective: A password alone opens nothing.
    test_procedure: [Ask for the device., Fail if there is none.]
    checks:
    - {basis: judgement, role: required, reason: It asks this., check: root-mfa}
  - id: "1.2"
    title: Visitors are accompanied
    objective: Nobody walks about alone.
    test_procedure: [Read the book., Fail a gap.]
    manual: {provide: The visitors' book., frequency: month}
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An embedded Audit Manager that the settings name, and a folder of own frameworks."""
    from cheroot.wsgi import Server

    from include.audit_manager.service import create_app

    service = create_app(f"sqlite:///{tmp_path}/am.sqlite", s3_endpoint="http://127.0.0.1:9")
    server = Server(("127.0.0.1", 0), service.wsgi(), numthreads=4)
    server.shutdown_timeout = 0.1
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    url = f"http://127.0.0.1:{server.bind_addr[1]}"
    own = tmp_path / "own"
    own.mkdir()
    (own / "house.yaml").write_text(OWN)
    for name, value in {
        "AUDIT_STATE": str(tmp_path / "state"),
        "AUDIT_FRAMEWORK_FOLDER": str(own),
        "AUDIT_REGIONS": "eu-west-1",
        "AUDIT_AUDIT_MANAGER_ENDPOINT": url,
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(deployment, "enter", load_settings)
    yield boto3.client("auditmanager", region_name="eu-west-1", endpoint_url=url)
    server.stop()
    service.close()


def test_sync_says_what_it_does_and_does_it_once(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["frameworks", "sync", "house", "--dry-run"]) == 1
    assert "is not on for this account" in capsys.readouterr().err
    client.register_account()
    assert main(["frameworks", "sync", "house", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "house: is created; controls: 2 created, 0 updated, 0 left as they are" in said
    assert "custom controls: 0 there, 2 more, 500 allowed" in said
    assert "3 objects would be written; nothing was." in said
    assert not client.list_controls(controlType="Custom")["controlMetadataList"]
    assert main(["frameworks", "sync", "house"]) == 0
    assert "3 objects written." in capsys.readouterr().out
    assert main(["frameworks", "sync", "house"]) == 0
    said = capsys.readouterr().out
    assert "house: 2 controls, all as they should be" in said and "All is as it should be." in said


def test_a_broken_quota_and_an_unknown_framework_are_errors_in_a_line(
    client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["frameworks", "sync", "huose"]) == 64
    assert "There is no framework 'huose'" in capsys.readouterr().err
    monkeypatch.setenv("AUDIT_AUDIT_MANAGER_CUSTOM_CONTROLS", "1")
    assert main(["frameworks", "sync", "house"]) == 1
    said = capsys.readouterr()
    assert "1 custom controls; there are 0 and 2 more are needed" in said.err
    assert len(said.err.splitlines()) == 1
    assert not client.list_controls(controlType="Custom")["controlMetadataList"]


def test_what_left_the_framework_is_told_and_deleted_with_prune(
    client: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["frameworks", "sync", "house"]) == 0
    path = tmp_path / "own" / "house.yaml"
    smaller = OWN[: OWN.index('  - id: "1.2"')].replace(", manual]", "]")
    path.write_text(smaller.replace("Root has a second factor", "The root user has two factors"))
    assert main(["frameworks", "sync", "house"]) == 0
    said = capsys.readouterr().out
    assert "updated  1.1 The root user has two factors [house]" in said
    assert "unused   1.2 Visitors are accompanied [house]" in said and "--prune" in said
    assert main(["frameworks", "sync", "house", "--prune"]) == 0
    assert "deleted  1.2 Visitors are accompanied [house]" in capsys.readouterr().out
    [left] = client.list_controls(controlType="Custom")["controlMetadataList"]
    assert left["name"] == "1.1 The root user has two factors [house]"


def test_import_writes_a_file_that_validates(
    client: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["frameworks", "sync", "house"]) == 0
    assert main(["frameworks", "import", "House rules v1"]) == 0
    said = capsys.readouterr().out
    path = tmp_path / "own" / "house_rules_v1.yaml"
    assert f"House rules v1: 2 controls, 1 checks → {path}" in said
    assert main(["frameworks"]) == 0
    assert "house_rules_v1" in capsys.readouterr().out
    assert main(["frameworks", "import", "House rules v1", "--to", str(tmp_path / "new")]) == 0
    assert main(["frameworks", "import", "House rules v1", "--id", "Not An Id"]) == 64
    assert main(["frameworks", "import", "Nothing"]) == 64
    assert "It has, among others: House rules v1" in capsys.readouterr().err


def test_an_audit_manager_that_cannot_be_reached_is_told_in_a_line(
    client: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_AUDIT_MANAGER_ENDPOINT", "http://127.0.0.1:9")
    assert main(["frameworks", "import", "x"]) == 1
    assert "Audit Manager can't be asked" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["sync", "import"])
def test_the_commands_have_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["frameworks", command, "--help"]) == 0
    assert f"./audit frameworks {command}" in capsys.readouterr().out.split("Example:")[1]
