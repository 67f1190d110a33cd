"""The catalogue of checks: which questions exist, and which sources can answer each.

It lies in the folder ``catalogue``, one file per AWS service; users keep checks of their own in
the folder ``checks`` beside their frameworks. A check may be asked with other values than its own
(a standard that demands 12 characters where ours demands 14): such a variant has an id of its own,
``password-policy-length@12``, and is made when it is asked for.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from pydantic import Field

from include.checks.assertions import ASSERTIONS
from include.checks.located_yaml import LocatedYaml, Place, read_located, read_text
from include.checks.own import own_check_files, stamp_of
from include.checks.parameters import compare_parameters
from include.checks.validation import Strict, examined
from include.digests import digest_of
from include.errors import InputError
from include.evidence.item import SourceName

__all__ = [
    "CATALOGUE",
    "Catalogue",
    "Check",
    "CheckSource",
    "Parameter",
    "compare_parameters",
    "load_catalogue",
]

log = logging.getLogger(__name__)

CATALOGUE = Path(__file__).with_name("catalogue")

#: How a source answers: it judged itself; a named function judges its configuration; activity
#: that must not (or must) have happened; severity and age; or it only shows and never judges.
Answers = Literal["verdict", "assertion", "events", "threshold", "evidence_only"]
#: ``account``: one region's answer suffices; ``region``: each region answers for itself; or the
#: name of the one region that answers.
Locality = Annotated[str, Field(pattern=r"^(account|region|[a-z]{2}(-[a-z]+)+-\d)$")]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
#: Which direction asks more: a larger number, a smaller one, a larger set, a smaller set, or none
#: (must agree). ``any``: the organisation decides the value, and whatever it deployed counts.
Stricter = Literal["higher", "lower", "superset", "subset", "same", "any"]
ParameterValue = bool | int | float | str | tuple[int | str, ...]
Text = Annotated[str, Field(min_length=1, strict=True)]


class Parameter(Strict):
    """What a check asks for: ``value``, and in which direction a deployed rule asks more.

    ``default`` is what AWS Config uses where the rule is deployed without it; a parameter that is
    ``optional`` asks nothing where it isn't given.
    """

    value: ParameterValue | None = None
    stricter: Stricter
    default: ParameterValue | None = None
    optional: bool = False


class CheckSource(Strict):
    """One source that can answer a check.

    ``keyword`` is Audit Manager's: a Config rule identifier, a Security Hub control id,
    ``service_Operation``; ``keywords`` are CloudTrail event names (``@…`` are filters without
    one event name). ``uses`` names further API calls that an assertion looks at. ``expected`` says
    of activity whether it must not happen in the period, or must. ``retired``: AWS no longer
    offers the rule or control; where it still runs, it answers.
    """

    source: SourceName
    keyword: str = ""
    keywords: tuple[Text, ...] = ()
    answers: Answers
    expected: Literal["absent", "present"] = "absent"
    assertion: str = ""
    uses: tuple[Text, ...] = ()
    parameters: Mapping[str, ParameterValue] = Field(default_factory=dict)
    retired: bool = False

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

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(@\S+)?$")]
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
        return {
            name: parameter.value
            for name, parameter in self.parameters.items()
            if parameter.value is not None
        }

    def variant_id(self, values: Mapping[str, ParameterValue]) -> str:
        """The id of this check with other ``values``; its own where they are its own anyway."""
        changed = {
            name: _spelt(value, self.parameters[name].value)
            for name, value in sorted(values.items())
            if self.parameters[name].value != value
        }
        if not changed:
            return self.id
        if len(self.parameters) == 1:
            return f"{self.id}@{next(iter(changed.values()))}"
        return f"{self.id}@{';'.join(f'{name}={spelt}' for name, spelt in changed.items())}"

    def takes(self, name: str, value: ParameterValue) -> bool:
        """Whether the parameter ``name`` can have ``value``: is it of the kind its own is?"""
        own = self.parameters[name].value
        if own is None:
            return str(value).strip() != ""
        if isinstance(own, float) and isinstance(value, int) and not isinstance(value, bool):
            return True
        try:
            read = _read_value(_spelt(value, own), own)
        except ValueError:
            return False
        return type(read) is type(value) and read == value

    def with_values(self, values: Mapping[str, ParameterValue]) -> Check:
        """The same question with other values. A Security Hub control keeps what it asks.

        What the organisation was free to decide has to be just that value then.
        """
        parameters = {
            name: own.model_copy(
                update={
                    "value": values.get(name, own.value),
                    "stricter": "same"
                    if name in values and own.stricter == "any"
                    else own.stricter,
                }
            )
            for name, own in self.parameters.items()
        }
        sources = []
        for source in self.sources:
            given = {n: v for n, v in {**source.parameters, **values}.items() if n in parameters}
            if source.source == "security_hub":
                given = {n: self.parameter_values[n] for n in values if n in self.parameter_values}
            elif source.source != "aws_config":
                given = dict(source.parameters)
            sources.append(source.model_copy(update={"parameters": given}))
        changed = {
            "id": self.variant_id(values),
            "parameters": parameters,
            "sources": tuple(sources),
        }
        own = {name: getattr(self, name) for name in Check.model_fields}
        return Check(**{**own, **changed})


def _spelt(value: ParameterValue, like: ParameterValue | None) -> str:
    """A value as part of an id: no spaces, and none of the characters that part ids."""
    between = "+" if isinstance(like, tuple) else ","
    text = between.join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[\s;=%]", lambda found: quote(found[0]), text)


def _read_value(text: str, like: ParameterValue | None) -> ParameterValue:
    """The inverse of :func:`_spelt`, of the kind that the check's own value is."""
    text = unquote(text)
    if isinstance(like, bool):
        if text not in ("True", "False"):
            raise ValueError(text)
        return text == "True"
    if isinstance(like, tuple):
        whole = all(isinstance(one, int) for one in like)
        return tuple(int(part) if whole else part for part in text.split("+"))
    for kind in (int, float):
        if isinstance(like, kind):
            return kind(text)
    return text


@dataclass(frozen=True, eq=False)
class Catalogue(Mapping[str, Check]):
    """All checks by id, in the files' order. ``digest`` is a SHA-256 of the files.

    A variant is found by its id, too, but is not among those that are counted and listed.
    ``broken`` is what is wrong with checks of the user's own, which are left out then: frameworks
    that need them can't be read, the others can.
    """

    checks: Mapping[str, Check]
    path: Path
    digest: str
    broken: tuple[InputError, ...] = ()
    _variants: dict[str, Check] = field(default_factory=dict, repr=False)

    def __getitem__(self, check_id: str) -> Check:
        if "@" in check_id:
            if check_id not in self._variants:
                self._variants[check_id] = self._variant(check_id)
            return self._variants[check_id]
        return self.checks[check_id]

    def _variant(self, check_id: str) -> Check:
        name, _, spelt = check_id.partition("@")
        check = self.checks[name]
        values: dict[str, ParameterValue] = {}
        for part in spelt.split(";"):
            parameter, equals, text = part.partition("=")
            if not equals:
                parameter, text = next(iter(check.parameters), ""), part
            try:
                values[parameter] = _read_value(text, check.parameters[parameter].value)
            except ValueError:
                raise KeyError(check_id) from None
        return check.with_values(values)

    def only(self, check_ids: Iterable[str]) -> Catalogue:
        """A catalogue of just these checks, variants among them."""
        checks = {name: self[name] for name in check_ids}
        return Catalogue(checks, self.path, self.digest, self.broken)

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
        if check_id in self:
            return self[check_id]
        raise InputError(f"There is no check '{check_id}'.", hint=self.suggestion(check_id))

    def suggestion(self, check_id: str) -> str:
        """A sentence with the ids that look like ``check_id``."""
        near = difflib.get_close_matches(check_id, self.checks, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Checks are in {self.path}."
        return f"{hint} Of your own, some can't be read: {self.broken[0]}" if self.broken else hint


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read and validate a catalogue: a folder of files, or one file.

    By default it is ours, with the checks of the user's own beside them; those that are wrong are
    told in ``broken`` and in the log. Raises InputError with file and line for everything else.
    """
    if path is not None:
        return _load(path)
    own = own_check_files()
    return _with_own(tuple((file, *stamp_of(file)) for file in own)) if own else _load(CATALOGUE)


@lru_cache(maxsize=8)
def _load(path: Path) -> Catalogue:
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"There is no catalogue of checks in {path}.", hint="Install it again.")
    reading = _Reading({}, [], [])
    for file in files:
        reading.read(file)
        if reading.problems:
            raise reading.problems[0]
    return Catalogue(reading.checks, path, digest_of(reading.texts))


@lru_cache(maxsize=2)
def _with_own(files: tuple[tuple[Path, int, int], ...]) -> Catalogue:
    """Ours and those in ``files`` (with time and size: a changed file is read anew)."""
    ours = _load(CATALOGUE)
    reading = _Reading(dict(ours.checks), [ours.digest], [])
    for file, *_ in files:
        reading.read(file)
    for problem in reading.problems:
        log.warning("%s", problem)
    digest = digest_of(reading.texts)
    return Catalogue(reading.checks, CATALOGUE, digest, tuple(reading.problems))


@dataclass
class _Reading:
    """Checks as they are read, file by file, and what is wrong with others."""

    checks: dict[str, Check]
    texts: list[str]
    problems: list[InputError]

    def read(self, path: Path) -> None:
        before = set(self.checks)
        try:
            self.texts.append(read_text(path))
            document = read_located(path, self.texts[-1])
            entries = _entries(document)
        except InputError as error:
            self.problems.append(error)
            return
        for n, entry in enumerate(entries):
            place: Place = ("checks", n)
            check, wrong = examined(Check, document, entry, place)
            if check is None:
                self.problems += wrong
                continue
            try:
                _agree(check, document, place)
            except InputError as error:
                self.problems.append(error)
                continue
            if check.id in self.checks:
                here = check.id not in before
                said = f"there {'are two checks' if here else 'is a check'} '{check.id}'"
                said += "" if here else " already"
                hint = "Give this one another id."
                self.problems.append(document.error((*place, "id"), said, hint=hint))
                continue
            self.checks[check.id] = check


def _entries(document: LocatedYaml) -> list[Any]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("checks"), list) or not data["checks"]:
        raise document.error(("checks",), "a catalogue has to begin with a list of 'checks'")
    if unknown := set(data) - {"checks"}:
        name = sorted(unknown)[0]
        raise document.error((name,), f"unknown field '{name}'", hint="Remove it.")
    return list(data["checks"])


def _agree(check: Check, document: LocatedYaml, place: Place) -> None:
    """What pydantic can't see: sources, assertions and parameters have to fit each other."""

    def wrong(at: tuple[Any, ...], problem: str, hint: str = "") -> InputError:
        return document.error((*place, *at), f"check '{check.id}': {problem}", hint=hint)

    for name, parameter in check.parameters.items():
        if (parameter.value is None) != (parameter.stricter == "any"):
            raise wrong(
                ("parameters", name),
                f"the parameter {name} needs a value, or 'stricter: any' and none",
            )
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
