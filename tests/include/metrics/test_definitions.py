"""docs/metrics.md is the one place of definitions: it names every figure, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from include.metrics.change import KINDS
from include.metrics.failures import STATES
from include.metrics.model import Metrics
from tests.include.reports.sample import streamed

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
#: Their keys are sources and words of sources; not fields.
OPEN = {"by_source", "by_known", "by_result", "by_source_and_known"}


def sections() -> dict[str, str]:
    """The text below each figure's heading; one heading may name several."""
    parts = re.split(r"^### (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return {
        name: text
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
        for name in heading.split(", ")
    }


def named(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def fields(value: Any, inside: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from fields(one, inside)
    elif isinstance(value, dict):
        for name, one in value.items():
            if inside not in OPEN and name.islower():
                yield name
            yield from fields(one, name)


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(streamed().metrics.to_json()))
    assert found["change"]["controls"] and found["exceptions"]["applied"]
    found["metering"]["api_calls"]["by_source"] = [
        *found["metering"]["api_calls"]["by_source"].values()
    ]
    return found


def test_every_figure_has_a_section_and_every_section_a_figure(figures: dict[str, Any]) -> None:
    assert set(sections()) == set(figures)
    assert list(figures) == list(Metrics.from_json(figures).to_json())


def test_every_field_is_defined_in_its_section(figures: dict[str, Any]) -> None:
    page = sections()
    # Divisions have the fields of the whole.
    more = {name: page["compliance_metrics"] for name in page if name.startswith("by_")}
    for name, value in figures.items():
        assert not set(fields(value)) - named(page[name] + more.get(name, "")), name


def test_every_field_of_the_tables_is_there(figures: dict[str, Any]) -> None:
    known = set(fields(figures))
    words = {*KINDS, *STATES}
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `"):
            assert named(line.split("|")[1]) <= known | words, line


def test_the_kinds_of_change_are_those_of_the_code() -> None:
    table = re.findall(r"^\| `([a-z_]+)` \| (?:yes|no|nobody)", PAGE.read_text(), re.MULTILINE)
    assert sorted(table) == sorted(KINDS)
