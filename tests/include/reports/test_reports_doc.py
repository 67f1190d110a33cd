"""docs/reports.md: its commands do what they say."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from include.reports.files import PACKAGE_FILES
from include.reports.json_report import FORMAT_VERSION, report_json, write_json
from tests.include.reports.sample import model

DOC = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^jq .*?report\.json", DOC, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_json(model(), folder / "report.json")
    return folder


def run(command: str, folder: Path) -> str:
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def test_the_page_names_the_form_in_force() -> None:
    assert f"`format_version` is `{FORMAT_VERSION}`" in DOC
    assert len(COMMANDS) == 5


def test_the_page_lists_the_files_of_a_package_and_no_others() -> None:
    table = DOC[DOC.index("| file |") :].split("\n\n")[0]
    named = [
        name for line in table.splitlines() for name in re.findall("`(.*?)`", line.split("|")[1])
    ]
    assert sorted(named) == sorted(file.path for file in PACKAGE_FILES)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_finds_something(command: str, folder: Path) -> None:
    assert run(command, folder).strip()


def test_what_fails_a_control_is_found_by_its_checks(folder: Path) -> None:
    [command] = [one for one in COMMANDS if '"1.9"' in one]
    report = report_json(model())
    failing = next(c for c in report["controls"] if c["status"] == "NON_COMPLIANT")
    found = run(command.replace('"1.9"', json.dumps(failing["id"])), folder)
    named = {line.split("\t")[0] for line in found.splitlines()}
    assert named == {r for mapped in failing["checks"] for r in mapped["failing"]}


def test_the_first_form_can_be_had_again(folder: Path) -> None:
    [command] = [one for one in COMMANDS if "from_entries" in one]
    report = json.loads(run(command, folder))
    checks = {check["id"]: check for check in report["checks"]}
    for control in report["controls"]:
        for mapped in control["checks"]:
            assert mapped["findings"] == checks[mapped["id"]]["findings"]
            assert mapped["answers"] == checks[mapped["id"]]["answers"]
