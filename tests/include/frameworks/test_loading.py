"""Loading is cheap by what it leaves out: counted here, timed by benchmarks/frameworks.py."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.checks import catalogue as checks
from include.checks import located_yaml
from include.checks.located_yaml import LocatedYaml, _Located
from include.checks.quick_yaml import NotPlain, plain_values
from include.errors import InputError
from include.frameworks.header import load_header
from include.frameworks.loader import LIBRARY, Frameworks, framework_files

FILES = sorted([*LIBRARY.rglob("*.yaml"), *checks.CATALOGUE.glob("*.yaml")])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[Path]:
    """How often each file is read as a whole; looking for lines is not allowed."""
    found: Counter[Path] = Counter()
    real = located_yaml.read_text

    def counted(path: Path) -> str:
        found[path] += 1
        return real(path)

    def refused(*_: Any) -> _Located:
        raise AssertionError("looked for lines")

    monkeypatch.setattr(located_yaml, "read_text", counted)
    monkeypatch.setattr(checks, "read_text", counted)
    monkeypatch.setattr(located_yaml, "_Located", refused)
    checks._load.cache_clear()
    return found


def test_each_file_is_read_once_and_nobody_looks_for_lines(read: Counter[Path]) -> None:
    frameworks = Frameworks([], checks.load_catalogue(checks.CATALOGUE))
    loaded = [frameworks.load_file(path) for path in framework_files([])]
    assert len(loaded) == 16
    crosswalks = {path for path in read if path.name == "crosswalks.yaml"}
    assert set(read) - crosswalks == set(FILES)
    assert set(read.values()) == {1}


def test_a_digest_is_made_when_it_is_asked_for() -> None:
    framework = Frameworks([]).load("cis_aws_5.0")
    assert framework._digest == ""
    assert len(framework.digest) == 64
    assert framework.digest == framework._digest == Frameworks([]).load("cis_aws_5.0").digest


def test_lines_are_found_when_they_are_asked_for() -> None:
    framework = Frameworks([]).load("pci_dss_4.0.1")
    for control_id in ("1.2.5", "8.3.6", "A1.1.1"):
        path, line = framework.where(control_id)
        assert f'"{control_id}"' in path.read_text(encoding="utf-8").splitlines()[line - 1]
    mapping = framework.control("1.2.5").checks[0].check
    path, line = framework.where("1.2.5", mapping)
    assert mapping.partition("@")[0] in path.read_text(encoding="utf-8").splitlines()[line - 1]


def test_a_header_takes_the_head_of_one_file(read: Counter[Path]) -> None:
    for path in framework_files([]):
        load_header(path)
    assert not read


# --- the quick reader says what the thorough one says ------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(path.parents[1])))
def test_a_file_has_the_same_values_read_quickly_and_thoroughly(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert repr(plain_values(text)) == repr(_Located(path, text).data)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [yes, no, 'yes', ~, null, '', 1.5, 1e3, .inf, 0x1F, 0o17, 010, 1:30]",
        "a: 2026-11-21\nb: 2026-11-21T10:00:00Z\nc: '2026-11-21'",
        'a: |\n  two\n  lines\nb: >-\n  one\n  line\nc: "q\\u00e9"\nd:\n- - x\n  - {y: z}',
        "yes: no\n1: 2\n~: 3\n'': 4",
        "- a=b\n- -\n- - b",
        "---\na: b\n...\n",
        "text",
        "[]",
        "{}",
    ],
)
def test_plain_values_are_those_of_yaml(text: str) -> None:
    thorough = _Located(Path("x"), text).data
    assert repr(plain_values(text)) == repr(thorough) == repr(LocatedYaml(Path("x"), text).data)
    if isinstance(thorough, list):
        assert repr(thorough) == repr(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: 'a' is given twice"),
        ("a: &x [1]\nb: *x", "line 1: a value is used a second time through an alias"),
        ("a: b\n---\nc: d", "line 2: not readable as YAML: but found another document"),
        ("a: !!python/object:os.system x", "line 1: not readable as YAML: could not determine"),
        ("a: 1\nb: [1", "line 3: not readable as YAML"),
        ("a: =", "could not determine a constructor"),
        ("a: 1\nb:\n- 2026-13-41", "can't be read: month must be in 1..12"),
        ("? [a]\n: b", "line 1: a key has to be a plain word"),
        ("a: *none", "line 1: not readable as YAML: found undefined alias"),
        ("a: \x07", "not readable as YAML"),
    ],
)
def test_what_is_not_plain_is_left_to_the_thorough_reader(text: str, words: str) -> None:
    with pytest.raises(NotPlain):
        plain_values(text)
    with pytest.raises(InputError) as error:
        LocatedYaml(Path("x"), text)
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["", "# nothing", "a: &x 1", "a: !!str 1", "a: !!int '7'"])
def test_what_is_unusual_and_not_wrong_is_read_thoroughly(text: str) -> None:
    with pytest.raises(NotPlain):
        plain_values(text)
    assert LocatedYaml(Path("x"), text).data == yaml.safe_load(text)
