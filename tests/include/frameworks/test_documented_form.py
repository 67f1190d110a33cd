"""The form that docs/frameworks.md shows is the form that is read."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.loader import Frameworks
from include.settings import ROOT


def test_the_examples_of_the_page_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    control, others, head, checks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "own.yaml").write_text(checks, encoding="utf-8")
    (tmp_path / "ours_1").mkdir()
    part = 'id: "P"\ntitle: Part\ncontrols:\n' + control.replace('"A.1"', '"P.1"')
    (tmp_path / "ours_1" / "part_2.yaml").write_text(part, encoding="utf-8")
    sets = '- id: "A"\n  title: Access\n  controls:\n' + textwrap.indent(control, "  ")
    text = head + others.replace("control_sets:\n", "control_sets:\n" + sets)
    (tmp_path / "ours_1.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("AUDIT_FRAMEWORK_FOLDER", str(tmp_path))
    framework, problems = Frameworks().examine(tmp_path / "ours_1.yaml")
    assert framework is not None, problems
    ids = [control.id for control in framework.controls()]
    assert ids == ["A.1", "1.2.5", "8.3.6", "ours-1", "IAM.9", "P.1"]
    needed = framework.checks_needed()
    assert "password-policy-length@16" in needed
    assert {"bucket-names-follow-the-rule", "awareness-training-done"} <= set(load_catalogue())
