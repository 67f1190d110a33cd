"""``./audit register``: lists, adds and checks; exit codes; nothing half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.assessment.registers import load_registers
from include.cli.main import main

COMMON = ["--reason", "r", "--owner", "a@example.org", "--approver", "b@example.org"]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "220")


def add(folder: Path, name: str, *more: str, until: str = "2099-12-31") -> int:
    return main(
        ["register", "add", name, *COMMON, "--until", until, *more, "--folder", str(folder)]
    )


@pytest.mark.parametrize("command", ["list", "add", "check"])
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["register", command, "--help"]) == 0
    assert f"./audit register {command}" in capsys.readouterr().out.split("Example:")[1]


def test_what_is_added_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "exceptions", "--check", "imdsv2-required", "--from", "2026-01-01") == 0
    assert add(tmp_path, "exclusions", "--source", "inspector", "--region", "eu-west-1",
               "--account", "111111111111", "--from", "2026-12-01") == 0  # fmt: skip
    assert "Added EX-1" in capsys.readouterr().out
    assert main(["register", "list", "--folder", str(tmp_path), "--period", "2026-10"]) == 0
    said = capsys.readouterr().out
    assert "check imdsv2-required" in said and "in force" in said and "not yet in force" in said
    assert main(["register", "list", "--json", "--folder", str(tmp_path)]) == 0
    [exception, exclusion] = json.loads(capsys.readouterr().out)
    assert exception["register"] == "exceptions" and exception["from"] == "2026-01-01"
    assert exclusion["source"] == "inspector" and exclusion["account"] == "111111111111"
    assert main(["register", "check", "--folder", str(tmp_path)]) == 0
    assert "in order" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["exceptions", "--check", "imdsv2-require"], "Did you mean imdsv2-required?"),
        (["exceptions", "--check", "imdsv2-required", "--approver", "A@example.org"], "approver"),
        (["not_applicable", "--control", "99.9"], "There is no control '99.9'"),
        (["exclusions"], "Excludes every source"),
        (["exclusions", "--source", "inspektor"], "inspector"),
        (["acceptances", "--control", "1.1"], "evidence: Field required"),
        (["exclusions", "--check", "imdsv2-required"], "check: Extra inputs"),
        (["rules"], "rules"),
    ],
)
def test_a_bad_entry_is_wrong_usage_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *more = arguments
    assert add(tmp_path, name, *more) == 64
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_acceptance_counts_for_its_own_period(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, "acceptances", "--control", "1.1", "--evidence", "ME-1", "--period", "2026-01",
        "--from", "2026-01-01", until="2026-01-31")  # fmt: skip
    for more, state in (([], "in force"), (["--period", "2026-02"], "for another period")):
        capsys.readouterr()
        assert main(["register", "list", "--json", "--folder", str(tmp_path), *more]) == 0
        assert [entry["state"] for entry in json.loads(capsys.readouterr().out)] == [state]


def test_a_day_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(tmp_path, "exceptions", "--check", "imdsv2-required", until="31.12.2026") == 64
    assert "--until is '31.12.2026'" in capsys.readouterr().err


def test_check_ends_with_1_for_an_error_and_with_0_for_what_has_expired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, "exceptions", "--check", "imdsv2-required", "--from", "2026-01-01",
        until="2026-02-01")  # fmt: skip
    capsys.readouterr()
    assert main(["register", "check", "--folder", str(tmp_path)]) == 0
    path = tmp_path / "exceptions.yaml"
    assert f"{path}:9: notice: EX-1 expired on 2026-02-01" in capsys.readouterr().out
    path.write_text(path.read_text().replace("imdsv2-required", "imdsv3-required"))
    assert main(["register", "check", "--folder", str(tmp_path), "--period", "2026-01"]) == 1
    said = capsys.readouterr()
    assert f"{path}:4: error: EX-1: there is no check 'imdsv3-required'" in said.out
    assert "1 error(s)" in said.err
    assert len(load_registers(tmp_path).exceptions) == 1
    assert main(["register", "list", "--folder", str(tmp_path / "none")]) == 64


def test_a_check_with_a_framework_s_own_value_can_be_named_one_that_none_asks_can_t(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(tmp_path, "exceptions", "--check", "password-policy-length@12") == 0
    assert main(["register", "check", "--folder", str(tmp_path)]) == 0
    assert add(tmp_path, "exceptions", "--check", "password-policy-length@13") == 64
    assert "There is no check 'password-policy-length@13'" in capsys.readouterr().err


def test_a_framework_of_one_s_own_that_can_t_be_read_is_told_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "torn.yaml").write_text('id: "torn\n')
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(own))
    assert add(tmp_path, "not_applicable", "--control", "CC6.1") == 0
    assert f"Left out: {own / 'torn.yaml'}, line" in capsys.readouterr().err
    for command in (["permissions", "collector"], ["register", "check", "--folder", str(tmp_path)]):
        assert main(command) == 0
