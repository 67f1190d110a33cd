"""No pair of the fact tables is lost: each is mapped in some role, or accounted for.

The tables name Config rules and Security Hub controls; the frameworks map checks. A pair is mapped
where the control maps a check that the rule or control can answer, with the check's own values or
with the standard's. Which pairs of a crosswalk we left out, and why, stands in left_out.csv; what
AWS itself states is never left out: a rule that doesn't bear on the control is shown beside it.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.frameworks.loader import Frameworks, framework_files
from include.frameworks.schema import Framework

FACTS = Path(__file__).parents[2] / "facts"
CATALOGUE = load_catalogue()
FILES = {path.stem: path for path in framework_files([])}
#: The frameworks of which the tables say what maps to each control.
NAMES = sorted(name for name in FILES if (FACTS / f"{name}.csv").exists())
STATED = {
    "config_rules_aws_published": "aws_config",
    "securityhub_controls_aws_published": "security_hub",
}
DERIVED = {"config_rules_derived": "aws_config"}
_FRAMEWORKS = Frameworks([])


@cache
def load(name: str) -> Framework:
    return _FRAMEWORKS.load_file(FILES[name])


def table(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


LEFT_OUT = table("left_out")


def pairs(name: str, columns: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Control, source and keyword of each pair that the columns name."""
    for row in table(name):
        for column, source in columns.items():
            for keyword in filter(None, row[column].split(";")):
                yield row["control_id"], source, keyword


def unmapped(name: str, columns: dict[str, str]) -> list[tuple[str, str]]:
    """Control and keyword of each pair for which the control maps no check, in any role."""
    mapped = {
        control.id: {mapping.check.partition("@")[0] for mapping in control.checks}
        for control in load(name).controls()
    }
    return [
        (control, keyword)
        for control, source, keyword in pairs(name, columns)
        if not mapped[control] & {c.id for c in CATALOGUE.answered_by(source, keyword)}
    ]


def accounted_for(name: str) -> list[tuple[str, str]]:
    return [(row["control_id"], row["identifier"]) for row in LEFT_OUT if row["framework"] == name]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_aws_states_is_mapped(name: str) -> None:
    assert any(pairs(name, STATED)) or name in {"soc_2_2017", "iso_27001_2022"}
    assert unmapped(name, STATED) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_derived_pair_is_mapped_or_accounted_for(name: str) -> None:
    # Both ways: nothing is lost, and no account is left of a pair that is mapped by now.
    assert Counter(unmapped(name, DERIVED)) == Counter(accounted_for(name))


def test_each_pair_left_out_has_its_reason_and_belongs_to_a_framework() -> None:
    assert {row["framework"] for row in LEFT_OUT} <= set(NAMES)
    for row in LEFT_OUT:
        assert len(row["why"].split()) > 3, row


@pytest.mark.parametrize("name", NAMES)
def test_a_check_that_does_not_settle_its_control_says_why(name: str) -> None:
    for control in load(name).controls():
        for mapping in control.checks:
            if mapping.role != "required":
                assert mapping.reason, (control.id, mapping.check)
