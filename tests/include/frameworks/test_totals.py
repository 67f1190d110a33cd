"""The library is complete: every id of the fact tables, the standards' own totals, no orphan."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.crosswalks import load_crosswalks
from include.frameworks.loader import Frameworks, framework_files
from include.frameworks.schema import Framework

FACTS = Path(__file__).parents[2] / "facts"
#: Controls that are assessed and control sets, as the publishers count them.
TOTALS: Mapping[str, tuple[int, int]] = {
    "aws_fsbp_1.0": (358, 62),
    "cis_aws_1.4": (58, 5),
    "cis_aws_3.0": (62, 5),
    "cis_aws_5.0": (63, 5),
    "hipaa_security_rule": (64, 5),
    "iso_27001_2022": (93, 4),
    "nist_800_171_r2": (110, 14),
    "nist_800_53_r5": (1014, 20),
    "pci_dss_4.0.1": (280, 15),
    "soc_2_2017": (61, 20),
}
BASELINES = {"nist_800_53_r5_low": 149, "nist_800_53_r5_moderate": 287, "nist_800_53_r5_high": 370}
GDPR_ARTICLES = [5, 24, 25, 28, 30, 32, 33, 34, 35]
LIBRARY = {
    *TOTALS,
    *BASELINES,
    "gdpr_2016",
    "aws_operational_best_practices",
    "aws_license_manager",
}
_FILES = {path.stem: path for path in framework_files([])}
_FRAMEWORKS = Frameworks([])


def load(name: str) -> Framework:
    """One framework of the library; each is read once for all tests."""
    return _FRAMEWORKS.load_file(_FILES[name])


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_framework_that_was_named_is_there_and_no_other() -> None:
    assert set(_FILES) == LIBRARY


@pytest.mark.parametrize("name", sorted(TOTALS))
def test_the_totals_are_the_standards_own(name: str) -> None:
    framework = load(name)
    assert (len(list(framework.controls())), len(framework.control_sets)) == TOTALS[name]


@pytest.mark.parametrize("name", sorted(TOTALS))
def test_every_control_of_the_facts_stands_in_its_set_and_none_besides(name: str) -> None:
    facts = [(row["control_set_id"], row["control_id"]) for row in table(name)]
    ours = [(one.id, control.id) for one in load(name).control_sets for control in one.controls]
    assert Counter(ours) == Counter(facts)


@pytest.mark.parametrize("name", [*sorted(TOTALS), "gdpr_2016"])
def test_what_aws_states_is_mapped_as_stated_and_nothing_else_is(name: str) -> None:
    catalogue = load_catalogue()
    columns = {
        "aws_config": "config_rules_aws_published",
        "security_hub": "securityhub_controls_aws_published",
    }
    controls = {control.id: control for control in load(name).controls()}
    for row in table(name):
        stated = {
            (source, keyword)
            for source, column in columns.items()
            for keyword in filter(None, row[column].split(";"))
        }
        found: set[tuple[str, str]] = set()
        for mapping in controls[row["control_id"]].checks:
            if mapping.basis == "aws_stated":
                keywords = {
                    (source.source, keyword)
                    for source in catalogue[mapping.check].sources
                    for keyword in source.all_keywords
                }
                assert keywords & stated, (row["control_id"], mapping.check)
                found |= keywords
        assert stated <= found, row["control_id"]


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_baseline_is_part_of_the_whole_in_the_same_sets(name: str) -> None:
    whole = {
        (one.id, control.id)
        for one in load("nist_800_53_r5").control_sets
        for control in one.controls
    }
    part = [(one.id, control.id) for one in load(name).control_sets for control in one.controls]
    assert len(part) == BASELINES[name]
    assert set(part) < whole


def test_each_baseline_holds_what_the_lower_one_holds() -> None:
    low, moderate, high = ({c.id for c in load(name).controls()} for name in BASELINES)
    assert low < moderate < high


def test_nist_titles_are_nists_own() -> None:
    """Where NIST gives several the same title, what they belong to stands before it."""
    official = {
        row["control_id"]: row["title_public_domain"].strip() for row in table("nist_800_53_r5")
    }
    shared = Counter(official.values())
    for control in load("nist_800_53_r5").controls():
        wanted = official[control.id]
        parent = official[control.id.partition("(")[0]]
        if wanted == "Policy and Procedures":
            assert control.title.endswith(f" {wanted}"), control.id
        elif shared[wanted] > 1 and control.title != wanted:
            assert control.title == f"{parent} | {wanted}", control.id
        else:
            assert control.title == wanted, control.id


def test_withdrawn_controls_of_nist_are_marked_and_not_assessed() -> None:
    framework = load("nist_800_53_r5")
    withdrawn = [one.id for one in framework.withdrawn()]
    assert len(withdrawn) == len(set(withdrawn)) == 182
    assessed = {control.id for control in framework.controls()}
    families = {one.id for one in framework.control_sets}
    assert not assessed & set(withdrawn)
    for one in framework.withdrawn():
        assert set(one.moved_to) <= assessed | set(withdrawn) | families, one.id


def test_gdpr_has_its_nine_articles_and_what_the_table_automates_is_automated() -> None:
    framework = load("gdpr_2016")
    assert [one.id for one in framework.control_sets] == [f"Art.{n}" for n in GDPR_ARTICLES]
    controls = {control.id: control for control in framework.controls()}
    for one in framework.control_sets:
        assert all(control.id.startswith(f"{one.id}.") for control in one.controls)
    facts = table("gdpr_2016")
    assert len(facts) == 12
    for row in facts:
        assert row["automated"] == "yes"
        assert controls[row["control_id"]].checks, row["control_id"]
    assert all(control.checks or control.manual for control in controls.values())


def test_operational_best_practices_are_the_rules_of_the_packs_each_once() -> None:
    names = {row["rule_identifier"]: row["rule_name"] for row in table("config_rules")}
    packs = table("conformance_packs")
    rules = {row["config_rules_aws_published"] for row in packs}
    assert (len({row["control_set_id"] for row in packs}), len(rules)) == (46, 351)
    catalogue = load_catalogue()
    controls = list(load("aws_operational_best_practices").controls())
    assert {control.id for control in controls} == {names[rule] for rule in rules}
    for control in controls:
        for mapping in control.checks:
            rule = catalogue[mapping.check].by_source["aws_config"].keyword
            assert names[rule] == control.id


def test_license_manager_has_its_six_sets() -> None:
    assert len(load("aws_license_manager").control_sets) == 6


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_a_framework_says_each_thing_once_and_says_who_says_so(name: str) -> None:
    crosswalks = load_crosswalks()
    framework = load(name)
    controls = list(framework.controls())
    ids = Counter(control.id for control in controls)
    titles = Counter(control.title.casefold() for control in controls)
    sets = Counter(one.title.casefold() for one in framework.control_sets)
    for counted in (ids, titles, sets):
        assert [one for one, n in counted.items() if n > 1] == []
    for control in controls:
        checks = Counter(mapping.check.partition("@")[0] for mapping in control.checks)
        assert all(n == 1 for n in checks.values()), control.id
        for mapping in control.checks:
            assert mapping.basis in ("aws_stated", "derived", "judgement")
            assert set(mapping.by) <= set(crosswalks), (control.id, mapping.check)
            assert bool(mapping.by) == (mapping.basis != "judgement"), (control.id, mapping.check)
            if mapping.basis == "aws_stated":
                assert all(crosswalks[one].stated for one in mapping.by)
            if mapping.role != "required" or mapping.basis != "aws_stated":
                assert mapping.reason, (control.id, mapping.check)
        if not control.required:
            assert control.manual, control.id
        if control.manual:
            assert control.manual.frequency
            assert control.manual.provide.endswith("."), control.id


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_each_procedure_is_two_to_six_sentences(name: str) -> None:
    for control in load(name).controls():
        steps = control.test_procedure
        assert 2 <= len(steps) <= 6, control.id
        assert len(set(steps)) == len(steps), control.id
        for sentence in (*steps, control.objective):
            assert re.match(r"([A-Z]|ePHI ).{8,}[.?]$", sentence, re.DOTALL), (control.id, sentence)
