"""Frameworks are found, read and refused with file and line; a DAG reads only their header."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.errors import InputError
from include.frameworks.header import FrameworkHeader
from include.frameworks.loader import (
    LIBRARY,
    framework_files,
    list_frameworks,
    load_framework,
    load_header,
)
from include.frameworks.schema import Framework
from include.frameworks.written import json_schema

VALID = """\
id: ours_1
title: Our rules
version: "1"
publisher: We
compliance_type: Internal
description: What we ask of ourselves.
schedule: quarter
judge: whole_period
sources: [aws_config, security_hub, cloudtrail, api_calls, manual]
control_sets:
- id: "A"
  title: Access
  controls:
  - id: "A.1"
    title: The root user has MFA
    objective: Nobody gets in by password alone.
    test_procedure:
    - Look.
    checks:
    - check: root-mfa
      role: required
      basis: judgement
      reason: It is what we ask.
  - id: "A.2"
    title: Someone looks at root use
    objective: Nothing goes unseen.
    test_procedure: [Look., Ask.]
    level: 2
    manual:
      provide: The minutes of the review.
      frequency: quarter
    checks:
    - check: activity-root-usage
      role: supporting
      basis: derived
      by: [prowler]
      reason: It shows each use.
"""
LIBRARY_IDS = [path.stem for path in LIBRARY.glob("*.yaml")]
SECOND = VALID[VALID.index('  - id: "A.2"') :]


def write(folder: Path, text: str = VALID, name: str = "ours_1.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    write(folder, text)
    with pytest.raises(InputError) as error:
        load_framework("ours_1", [folder])
    return str(error.value)


def test_a_custom_framework_stands_beside_ours(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "not: a framework", "_draft.yaml")
    headers = list_frameworks([tmp_path])
    assert [header.id for header in headers] == sorted([*LIBRARY_IDS, "ours_1"])
    ours = next(header for header in headers if header.id == "ours_1")
    assert ours.dag_id == "assess_ours_1"
    assert (ours.schedule, ours.judge) == ("quarter", "whole_period")


def test_a_framework_knows_its_controls_checks_and_sources(tmp_path: Path) -> None:
    path = write(tmp_path)
    framework = load_framework("ours_1", [tmp_path])
    assert [control.id for control in framework.controls()] == ["A.1", "A.2"]
    assert framework.control("A.1").required == ("root-mfa",)
    assert framework.control("A.1").manual is None
    manual = framework.control("A.2").manual
    assert manual is not None and manual.provide == "The minutes of the review."
    assert framework.checks_needed() == ["root-mfa", "activity-root-usage"]
    needed = framework.sources_needed(load_catalogue())
    assert needed == ["aws_config", "security_hub", "cloudtrail", "api_calls", "manual"]
    assert framework.path == path


def test_only_the_sources_of_mapped_checks_are_needed(tmp_path: Path) -> None:
    only = VALID.replace("root-mfa", "one-active-access-key")
    write(tmp_path, only.replace("[aws_config, security_hub, ", "["))
    needed = load_framework("ours_1", [tmp_path]).sources_needed(load_catalogue())
    assert needed == ["cloudtrail", "api_calls", "manual"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("check: root-mfa", "check: root-mffa", 20, "Did you mean root-mfa"),
        ("title: Our rules\n", "", 1, "the field 'title' is missing"),
        ("title: Our rules", "titel: Our rules", 2, "unknown field 'titel'"),
        ("title: Our rules", "title: 5", 2, "has to be text"),
        ("schedule: quarter", "schedule: weekly", 7, "Use month or quarter or year"),
        ("judge: whole_period", "judge: jury", 8, "'judge' can't be 'jury'"),
        ("id: ours_1", "id: ours_2", 1, "differs from the file's name"),
        ("id: ours_1", "id: Ours 1", 1, "is no framework id"),
        ("sources: [aws_config, ", "sources: [", 9, "Write sources: [aws_config, security_hub,"),
        ("sources: [aws_config", "sources: [aws_conf", 9, "no evidence source 'aws_conf'"),
        ("sources: [aws_config", "sources: [api_calls, aws_config", 9, "'api_calls' stands there"),
        ("sources: [", "sources: x #", 9, "'sources' has to be a list"),
        ('- id: "A.1"', "- id: 1.10", 14, 'has to be text, found 1.10. Put it in quotes: "1.10".'),
        ('- id: "A.2"', '- id: "A.1"', 24, "stands in line 14 already"),
        ("    objective: Nobody", "    objectiv: Nobody", 16, "unknown field 'objectiv'"),
        ("role: required", "role: needed", 21, "'role' can't be 'needed'"),
        ("basis: judgement", "basis: guess", 22, "'basis' can't be 'guess'"),
        ("      reason: It is what we ask.\n", "", 20, "gives no reason"),
        ("role: supporting", "role: required", 33, "only shows evidence"),
        ("level: 2", "level: high", 28, "'level'"),
        ("    - Look.\n", "", 17, "'test_procedure' is empty"),
        ("role: required", "role: supporting", 14, "only supporting checks and no manual"),
        (
            "    manual:\n      provide: The minutes of the review.\n      frequency: quarter\n",
            "",
            24,
            "control A.2 has only supporting checks",
        ),
        ("provide: The minutes of the review.", "provide:", 30, "'provide' is empty"),
        (VALID[VALID.index("  - id: ") :], "", 13, "needs a list of 'controls'"),
        (VALID[VALID.index("- id: ") :], "", 10, "'control_sets' has to be a list"),
        (VALID[VALID.index("control_sets") :], "", 1, "'control_sets' has to be a list"),
        ("title: Access", "title: [Access", 13, "not readable as YAML"),
        ("    level: 2", "\tlevel: 2", 28, "Indent with spaces: YAML allows no tabs there."),
        ('  - id: "A.2"', ' - id: "A.2"', 24, "Look at this line's indentation"),
        ("    level: 2", "    level: 2\n    level: 1", 29, "'level' is given twice"),
    ],
)
def test_a_broken_framework_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in VALID
    text = refusal(tmp_path, VALID.replace(old, new, 1))
    assert f"ours_1.yaml, line {line}:" in text, text
    assert words in text


def test_a_control_without_checks_and_manual_is_refused(tmp_path: Path) -> None:
    cut = VALID.index("    manual:")
    text = refusal(tmp_path, VALID[:cut])
    assert "line 24: control A.2 has neither checks nor manual evidence" in text


def test_a_check_named_twice_in_a_control_is_refused(tmp_path: Path) -> None:
    again = VALID[VALID.index("    - check: activity") :]
    assert "line 38: control A.2: names 'activity-root-usage' twice" in refusal(
        tmp_path, VALID + again
    )


def test_two_control_sets_of_one_id_are_refused(tmp_path: Path) -> None:
    copy = '- id: "A"\n  title: Again\n  controls:\n' + SECOND.replace("A.2", "A.3")
    assert "the control set 'A' stands in line 11 already" in refusal(tmp_path, VALID + copy)


def test_an_unknown_framework_names_those_that_exist() -> None:
    with pytest.raises(InputError, match=r"no framework 'cis'. Known here: .*cis_aws_5.0"):
        load_framework("cis")


def test_the_same_id_in_two_folders_is_refused(tmp_path: Path) -> None:
    write(tmp_path, name="cis_aws_5.0.yaml")
    with pytest.raises(InputError, match=r"two frameworks 'cis_aws_5\.0'"):
        framework_files([tmp_path])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        framework_files([tmp_path / "none"])


def test_the_header_is_read_without_the_controls(tmp_path: Path) -> None:
    broken_below = VALID[: VALID.index("control_sets")] + "control_sets: [[[ not YAML"
    assert load_header(write(tmp_path, broken_below)).title == "Our rules"


def test_the_header_has_the_fields_of_the_schema() -> None:
    in_header = {field.name for field in fields(FrameworkHeader)} - {"path"}
    assert in_header | {"control_sets"} == set(Framework.model_fields)


def test_dag_parsing_imports_neither_pydantic_nor_boto3() -> None:
    code = (
        "import sys; from include.frameworks.loader import list_frameworks; list_frameworks([]);"
        "print([m for m in ('pydantic', 'boto3', 'botocore', 'pandas') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=LIBRARY.parents[1], capture_output=True, text=True
    )
    assert out.stdout.strip() == "[]", out.stderr


def test_the_json_schema_describes_the_file() -> None:
    schema = json_schema()
    assert set(schema["properties"]) == set(Framework.model_fields)
    assert schema["additionalProperties"] is False
    assert "WrittenControl" in json.loads(json.dumps(schema))["$defs"]
