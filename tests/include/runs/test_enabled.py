"""What the enabled frameworks ask for together, and what one of them that is broken costs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.errors import InputError
from include.frameworks.loader import Frameworks
from include.runs.enabled import enabled_frameworks, selections_of
from include.sources import SOURCES

FRAMEWORK = """\
id: {id}
title: Rules of {id}
version: 1.2.0
publisher: Acme
compliance_type: Acme
description: What we ask of ourselves.
schedule: month
judge: period_end
sources: [cloudtrail, manual]
control_sets:
- id: "1"
  title: All
  controls:
  - id: "1"
    title: It holds
    objective: It has to hold.
    test_procedure: [Obtain it., Look at it., Fail what doesn't hold.]
    manual: {{provide: A list of what was done., frequency: year}}
    checks:
    - basis: judgement
      role: supporting
      reason: It is what is asked.
      check: {check}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with two frameworks of one check each, and a third that names no real check."""
    for name, check in (
        ("keys", "activity-key-removal"),
        ("trails", "activity-trail-changes"),
        ("broken", "activity-that-is-none"),
    ):
        (tmp_path / f"{name}.yaml").write_text(FRAMEWORK.format(id=name, check=check))
    return tmp_path


def events_of(*checks: str) -> list[str]:
    catalogue = load_catalogue()
    found: list[str] = SOURCES["cloudtrail"].selection([catalogue[c] for c in checks])["events"]
    assert found
    return found


def test_a_source_is_asked_for_what_all_enabled_frameworks_need_of_it(own: Path) -> None:
    frameworks = Frameworks([own])
    keys = frameworks.load("keys")
    both = selections_of(frameworks, keys, ["keys", "trails"])
    assert both == {
        "cloudtrail": {"events": events_of("activity-key-removal", "activity-trail-changes")},
        "manual": {},
    }
    trails = frameworks.load("trails")
    assert selections_of(frameworks, trails, ["keys", "trails"]) == both
    assert selections_of(frameworks, keys, ["keys"])["cloudtrail"] == {
        "events": events_of("activity-key-removal")
    }


def test_one_that_is_not_enabled_is_assessed_all_the_same_and_asks_for_its_own_too(
    own: Path,
) -> None:
    frameworks = Frameworks([own])
    asked = selections_of(frameworks, frameworks.load("keys"), ["trails"])
    assert asked["cloudtrail"]["events"] == events_of(
        "activity-key-removal", "activity-trail-changes"
    )


def test_without_a_list_all_are_enabled_and_a_broken_one_is_said_and_left_out(
    own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (own / "torn.yaml").write_text('id: "torn')
    frameworks = Frameworks([own])
    with caplog.at_level(logging.WARNING):
        found = [one.id for one in enabled_frameworks(frameworks)]
    assert {"keys", "trails", "cis_aws_5.0", "nist_800_53_r5"} <= set(found)
    assert not {"broken", "torn"} & set(found)
    assert found == sorted(found)
    assert "activity-that-is-none" in caplog.text and "torn.yaml" in caplog.text
    with pytest.raises(InputError, match="activity-that-is-none"):
        frameworks.load("broken")


def test_every_framework_of_the_library_asks_its_sources_for_the_same(own: Path) -> None:
    # Else their runs would not find what the first of them collected.
    frameworks = Frameworks([])
    asked: dict[str, object] = {}
    for framework in enabled_frameworks(frameworks):
        for source, selection in selections_of(frameworks, framework).items():
            assert asked.setdefault(source, selection) == selection, (framework.id, source)
    assert set(asked) >= {"aws_config", "security_hub", "cloudtrail", "api_calls", "manual"}
