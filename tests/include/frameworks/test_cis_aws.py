"""CIS AWS Foundations 1.4.0, 3.0.0, 5.0.0 are complete, and say honestly what rests on what."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.loader import load_framework

CATALOGUE = load_catalogue()
CIS = load_framework("cis_aws_5.0")
CONTROLS = {control.id: control for control in CIS.controls()}

IDS = (
    [f"1.{n}" for n in range(1, 22)]
    + [f"2.1.{n}" for n in range(1, 5)]
    + [f"2.2.{n}" for n in range(1, 5)]
    + ["2.3.1"]
    + [f"3.{n}" for n in range(1, 10)]
    + [f"4.{n}" for n in range(1, 17)]
    + ["5.1.1", "5.1.2"]
    + [f"5.{n}" for n in range(2, 8)]
)
LEVEL_2 = [
    *("1.5", "1.17", "1.20", "2.1.1", "2.1.2", "2.1.3", "3.2", "3.3", "3.5", "3.6", "3.7", "3.8"),
    *("3.9", "4.1", "4.6", "4.7", "4.9", "4.10", "4.11", "4.16", "5.5", "5.6"),
]
#: Nothing in AWS can decide these: people have to.
MANUAL = {"1.1", "1.6", "1.10", "1.20", "2.1.3", "4.15", "5.6"}


def test_every_control_is_there_once_and_in_order() -> None:
    assert len(IDS) == 63
    assert [control.id for control in CIS.controls()] == IDS
    assert [control_set.id for control_set in CIS.control_sets] == ["1", "2", "3", "4", "5"]
    for control_set in CIS.control_sets:
        assert all(c.id.split(".")[0] == control_set.id for c in control_set.controls)


def test_levels() -> None:
    assert [control.id for control in CIS.controls() if control.level == 2] == LEVEL_2
    assert {control.level for control in CIS.controls()} == {1, 2}


def test_manual_controls_say_what_to_provide_and_no_check_decides_them() -> None:
    assert {control.id for control in CIS.controls() if control.manual} == MANUAL
    for control_id in MANUAL:
        assert CONTROLS[control_id].required == ()
    assert [(m.check, m.role) for m in CONTROLS["1.6"].checks] == [("activity-root-usage", "shown")]


def test_each_procedure_is_three_short_sentences() -> None:
    for control in CIS.controls():
        assert len(control.test_procedure) == 3, control.id
        for sentence in control.test_procedure:
            assert sentence.endswith(".") and len(sentence) < 100, control.id


def test_titles_are_distinct_and_not_the_publishers() -> None:
    titles = Counter(control.title for control in CIS.controls())
    assert titles.most_common(1)[0][1] == 1
    # The publisher's begin so; ours say what holds.
    assert not any(title.lower().startswith(("ensure", "eliminate")) for title in titles)


def test_a_stated_reason_names_the_control_that_aws_lists() -> None:
    for control in CIS.controls():
        for mapping in control.checks:
            if mapping.basis == "aws_stated":
                keyword = CATALOGUE[mapping.check].by_source["security_hub"].keyword
                assert f" {keyword} " in mapping.reason, (control.id, mapping.check)


def test_each_alarm_control_requires_its_alarm_and_shows_the_activity() -> None:
    for n in range(1, 15):
        control = CONTROLS[f"4.{n}"]
        (alarm,), (beside,) = control.required, control.checks[1:]
        activity = beside.check
        assert (beside.role, control.supporting) == ("shown", ())
        assert alarm.removeprefix("alarm-") == activity.removeprefix("activity-")
        keyword = CATALOGUE[alarm].by_source["security_hub"].keyword
        assert f"{keyword}:" in control.checks[0].reason


def test_cis_needs_four_sources_what_people_hand_in() -> None:
    assert CIS.sources_needed(CATALOGUE) == [
        "aws_config",
        "security_hub",
        "cloudtrail",
        "api_calls",
        "manual",
    ]


@pytest.mark.parametrize(("version", "total"), [("1.4", 58), ("3.0", 62), ("5.0", 63)])
def test_each_version_has_its_own_controls_levels_and_stated_mappings(
    version: str, total: int
) -> None:
    framework = load_framework(f"cis_aws_{version}")
    controls = list(framework.controls())
    facts = Path(__file__).parents[2] / "facts" / f"cis_aws_{version}.csv"
    with facts.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(controls) == len(rows) == total
    for control, row in zip(controls, rows, strict=True):
        assert (control.id, control.level) == (row["control_id"], int(row["cis_level"]))
        stated = [mapping for mapping in control.checks if mapping.basis == "aws_stated"]
        keywords = {CATALOGUE[m.check].by_source["security_hub"].keyword for m in stated}
        published = row["securityhub_controls_aws_published"]
        assert keywords == set(filter(None, published.split(";"))), control.id
        assert all(f"CIS v{framework.version}." in m.reason for m in stated), control.id
    titles = Counter(control.title for control in controls)
    assert titles.most_common(1)[0][1] == 1


@pytest.mark.parametrize("version", ["1.4", "3.0"])
def test_older_versions_speak_of_their_own_version(version: str) -> None:
    for control in load_framework(f"cis_aws_{version}").controls():
        for mapping in control.checks:
            assert "v5.0.0" not in mapping.reason, (control.id, mapping.check)
