"""The catalogue of checks: which questions exist, and which sources can answer each."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from include.checks.assertions import ASSERTIONS
from include.checks.located_yaml import LocatedYaml, Place, read_located, read_text
from include.checks.parameters import compare_parameters
from include.checks.validation import Strict, validated
from include.digests import sha256
from include.errors import InputError
from include.evidence.item import SourceName

__all__ = [
    "CATALOGUE_FILE",
    "Catalogue",
    "Check",
    "CheckSource",
    "Parameter",
    "compare_parameters",
    "load_catalogue",
]

CATALOGUE_FILE = Path(__file__).with_name("catalogue.yaml")

#: How a source answers: it judged itself; a named function judges its configuration; activity
#: that must not (or must) have happened; severity and age; or it only shows and never judges.
Answers = Literal["verdict", "assertion", "events", "threshold", "evidence_only"]
#: ``account``: one region's answer suffices; ``region``: each region answers for itself; or the
#: name of the one region that answers.
Locality = Annotated[str, Field(pattern=r"^(account|region|[a-z]{2}(-[a-z]+)+-\d)$")]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
#: Which direction asks more: a larger number, a smaller one, a larger set, or none (must agree).
Stricter = Literal["higher", "lower", "superset", "same"]
ParameterValue = int | str | tuple[int, ...]
Text = Annotated[str, Field(min_length=1, strict=True)]


class Parameter(Strict):
    """What a check asks for: ``value``, and in which direction a deployed rule asks more."""

    value: ParameterValue
    stricter: Stricter


class CheckSource(Strict):
    """One source that can answer a check.

    ``keyword`` is Audit Manager's: a Config rule identifier, a Security Hub control id,
    ``service_Operation``; ``keywords`` are CloudTrail event names (``@…`` are filters without
    one event name). ``uses`` names further API calls that an assertion looks at. ``expected`` says
    of activity whether it must not happen in the period, or must.
    """

    source: SourceName
    keyword: str = ""
    keywords: tuple[Text, ...] = ()
    answers: Answers
    expected: Literal["absent", "present"] = "absent"
    assertion: str = ""
    uses: tuple[Text, ...] = ()
    parameters: Mapping[str, ParameterValue] = Field(default_factory=dict)

    @property
    def all_keywords(self) -> tuple[str, ...]:
        """``keyword`` or ``keywords``, as one tuple; calls in ``uses`` are not among them."""
        return (self.keyword,) if self.keyword else self.keywords

    @property
    def judges(self) -> bool:
        """Whether its answer can be PASS or FAIL."""
        return self.answers != "evidence_only"


class Check(Strict):
    """One question, with its parameters, about one kind of resource."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    question: Text
    about: Text
    remedy: Text
    resource_type: Annotated[str, Field(pattern=r"^AWS::[A-Za-z0-9]*::[A-Za-z0-9]+$")]
    locality: Locality
    severity: Severity
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    sources: Annotated[tuple[CheckSource, ...], Field(min_length=1)]

    @cached_property
    def by_source(self) -> Mapping[str, CheckSource]:
        """The check's sources by their name (a source stands in a check once)."""
        return {source.source: source for source in self.sources}

    @property
    def judges(self) -> bool:
        """Whether any source can answer PASS or FAIL; otherwise the check only shows evidence."""
        return any(source.judges for source in self.sources)

    @property
    def parameter_values(self) -> dict[str, ParameterValue]:
        """Parameter values by name, as assertions take them."""
        return {name: parameter.value for name, parameter in self.parameters.items()}


@dataclass(frozen=True, eq=False)
class Catalogue(Mapping[str, Check]):
    """All checks by id, in the file's order. ``digest`` is the SHA-256 of the file."""

    checks: Mapping[str, Check]
    path: Path
    digest: str

    def __getitem__(self, check_id: str) -> Check:
        return self.checks[check_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    @cached_property
    def _answered_by(self) -> Mapping[tuple[str, str], tuple[Check, ...]]:
        found: dict[tuple[str, str], list[Check]] = {}
        for check in self.checks.values():
            for source in check.sources:
                for keyword in source.all_keywords:
                    found.setdefault((source.source, keyword), []).append(check)
        return {key: tuple(checks) for key, checks in found.items()}

    def answered_by(self, source: str, keyword: str) -> tuple[Check, ...]:
        """The checks that ``keyword`` of ``source`` can answer; none for an unknown keyword."""
        return self._answered_by.get((source, keyword), ())

    def require(self, check_id: str) -> Check:
        """The check, or InputError with the ids that look alike."""
        if check_id in self.checks:
            return self.checks[check_id]
        raise InputError(f"There is no check '{check_id}'.", hint=self.suggestion(check_id))

    def suggestion(self, check_id: str) -> str:
        """A sentence with the ids that look like ``check_id``."""
        near = difflib.get_close_matches(check_id, self.checks, n=3)
        return f"Did you mean {' or '.join(near)}?" if near else f"Checks are in {self.path.name}."


@lru_cache(maxsize=8)
def load_catalogue(path: Path = CATALOGUE_FILE) -> Catalogue:
    """Read and validate a catalogue. Raises InputError with file and line."""
    text = read_text(path)
    document = read_located(path, text)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("checks"), list) or not data["checks"]:
        raise document.error(("checks",), "a catalogue has to begin with a list of 'checks'")
    if unknown := set(data) - {"checks"}:
        name = sorted(unknown)[0]
        raise document.error((name,), f"unknown field '{name}'", hint="Remove it.")
    checks: dict[str, Check] = {}
    for n, entry in enumerate(data["checks"]):
        place: Place = ("checks", n)
        check = validated(Check, document, entry, place)
        if check.id in checks:
            raise document.error((*place, "id"), f"there are two checks '{check.id}'")
        _agree(check, document, place)
        checks[check.id] = check
    return Catalogue(checks, path, sha256(text.encode()))


def _agree(check: Check, document: LocatedYaml, place: Place) -> None:
    """What pydantic can't see: sources, assertions and parameters have to fit each other."""

    def wrong(at: tuple[Any, ...], problem: str, hint: str = "") -> InputError:
        return document.error((*place, *at), f"check '{check.id}': {problem}", hint=hint)

    seen: set[str] = set()
    for n, source in enumerate(check.sources):
        at = ("sources", n)
        if source.source in seen:
            raise wrong((*at, "source"), f"names the source {source.source} twice")
        seen.add(source.source)
        if bool(source.keyword) == bool(source.keywords):
            raise wrong(at, "a source needs either 'keyword' or 'keywords'")
        if source.answers == "assertion" and not source.assertion:
            raise wrong(at, "answers by an assertion but names none", "Add 'assertion: <name>'.")
        if source.expected == "present" and source.answers != "events":
            raise wrong((*at, "expected"), f"'{source.answers}' expects no activity")
        if source.assertion and source.answers != "assertion":
            raise wrong((*at, "assertion"), f"'{source.answers}' takes no assertion")
        if source.assertion and source.assertion not in ASSERTIONS:
            near = difflib.get_close_matches(source.assertion, ASSERTIONS, n=1)
            raise wrong(
                (*at, "assertion"),
                f"there is no assertion '{source.assertion}'",
                f"Did you mean {near[0]}?" if near else "Assertions are in assertions.py.",
            )
        for name, value in source.parameters.items():
            if name not in check.parameters or check.parameters[name].value != value:
                raise wrong(
                    (*at, "parameters", name),
                    f"the parameter {name} of {source.source} differs from the check's own",
                    "Both have to ask for the same value.",
                )
