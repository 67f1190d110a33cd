"""Users keep checks of their own beside ours; a broken one harms only what needs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.checks.catalogue import CATALOGUE, load_catalogue
from include.checks.parameters import compare_parameters
from include.frameworks.loader import Frameworks

CHECK = """\
  - id: {id}
    question: Is it so?
    about: It matters.
    remedy: Make it so.
    resource_type: AWS::S3::Bucket
    locality: region
    severity: HIGH
    sources:
    - source: {source}
      keyword: {keyword}
      answers: verdict
"""
FRAMEWORK = """\
id: ours
title: Ours
version: "1"
publisher: We
compliance_type: Internal
description: Ours.
schedule: month
judge: period_end
sources: [aws_config]
control_sets:
- id: "A"
  title: A
  controls:
  - id: "A.1"
    title: T
    objective: O.
    test_procedure: [Look.]
    checks:
    - config_rules: [Custom_bucket-names]
      role: required
      basis: judgement
      reason: Our own rule asks just this.
"""


def check(name: str, source: str = "aws_config", keyword: str = "Custom_bucket-names") -> str:
    return CHECK.format(id=name, source=source, keyword=keyword)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(tmp_path))
    (tmp_path / "checks").mkdir()
    return tmp_path / "checks"


def test_own_checks_stand_beside_ours(folder: Path) -> None:
    ours = load_catalogue(CATALOGUE)
    assert load_catalogue() is ours
    (folder / "buckets.yaml").write_text("checks:\n" + check("bucket-names"))
    (folder / "people.yml").write_text(
        "checks:\n" + check("trained", "custom", "training-finished")
    )
    (folder / "_draft.yaml").write_text("not: checks")
    both = load_catalogue()
    assert set(both) - set(ours) == {"bucket-names", "trained"}
    assert both["trained"].by_source["custom"].keyword == "training-finished"
    assert both.digest != ours.digest and not both.broken
    assert load_catalogue() is both
    assert load_catalogue(CATALOGUE) is ours


def test_a_file_that_changes_is_read_anew(folder: Path) -> None:
    (folder / "a.yaml").write_text("checks:\n" + check("bucket-names"))
    assert "bucket-names" in load_catalogue()
    (folder / "a.yaml").write_text("checks:\n" + check("bucket-titles"))
    assert "bucket-titles" in load_catalogue() and "bucket-names" not in load_catalogue()
    (folder / "a.yaml").unlink()
    assert load_catalogue() is load_catalogue(CATALOGUE)


def test_a_framework_of_ones_own_maps_to_a_rule_of_ones_own(folder: Path) -> None:
    (folder / "a.yaml").write_text("checks:\n" + check("bucket-names"))
    (folder.parent / "ours.yaml").write_text(FRAMEWORK)
    assert Frameworks().load("ours").checks_needed() == ["bucket-names"]


def test_a_broken_own_check_harms_only_what_needs_it(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = check("bucket-names").replace("severity: HIGH", "severity: BAD")
    (folder / "a.yaml").write_text(
        "checks:\n" + wrong + check("root-mfa") + check("fine") + check("fine")
    )
    (folder / "b.yaml").write_text("checks: none\n")
    catalogue = load_catalogue()
    assert "fine" in catalogue and catalogue["root-mfa"].severity == "CRITICAL"
    said = [str(problem) for problem in catalogue.broken]
    for place, words in (
        ("a.yaml, line 8", "'severity' can't be 'BAD'"),
        ("a.yaml, line 13", "there is a check 'root-mfa' already"),
        ("a.yaml, line 35", "there are two checks 'fine'"),
        ("b.yaml, line 1", "has to begin with a list of 'checks'"),
    ):
        assert any(place in one and words in one for one in said), (place, said)
        assert any(place in message for message in caplog.messages)
    assert len(said) == 4
    frameworks = Frameworks()
    assert frameworks.load("cis_aws_5.0").id == "cis_aws_5.0"
    (folder.parent / "ours.yaml").write_text(
        FRAMEWORK.replace("config_rules: [Custom_bucket-names]", "check: bucket-names")
    )
    _, [problem] = frameworks.examine(folder.parent / "ours.yaml")
    assert "there is no check 'bucket-names'" in str(problem)
    assert "Of your own, some can't be read" in str(problem) and "a.yaml, line 8" in str(problem)


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("MinimumPasswordLength", 12, True),
        ("MinimumPasswordLength", "12", False),
        ("MinimumPasswordLength", (12,), False),
        ("MinimumPasswordLength", True, False),
        ("MinimumPasswordLength", "many", False),
    ],
)
def test_a_parameter_takes_values_of_its_kind(name: str, value: object, takes: bool) -> None:
    assert load_catalogue()["password-policy-length"].takes(name, value) is takes  # type: ignore[arg-type]


def test_what_the_organisation_decides_can_be_decided_by_a_framework() -> None:
    catalogue = load_catalogue(CATALOGUE)
    check = next(
        one
        for one in catalogue.values()
        if [p.stricter for p in one.parameters.values()] == ["any"]
        and "aws_config" in one.by_source
    )
    name = next(iter(check.parameters))
    assert compare_parameters(check, {name: "a,b"}) == "equal"
    ours = catalogue[check.variant_id({name: ("a", "b c")})]
    assert compare_parameters(ours, {name: "b c, a"}) == "equal"
    assert compare_parameters(ours, {name: "a"}) == "other"
    assert " " not in ours.id and ours.parameter_values[name] == "a,b c"
