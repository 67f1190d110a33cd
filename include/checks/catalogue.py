"""The catalogue of checks: which questions exist, and which sources can answer each.

It lies in the folder ``catalogue``, one file per AWS service; users keep checks of their own in
the folder ``checks`` beside their frameworks. Variants of a check are made when they are asked for.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from include.checks.assertions import ASSERTIONS
from include.checks.check import Check, variant_of
from include.checks.located_yaml import LocatedYaml, Place, read_located, read_text
from include.checks.own import own_check_files, stamp_of
from include.checks.validation import examined
from include.digests import digest_of
from include.errors import InputError, did_you_mean

log = logging.getLogger(__name__)

CATALOGUE = Path(__file__).with_name("catalogue")


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
                name, _, spelt = check_id.partition("@")
                self._variants[check_id] = variant_of(self.checks[name], spelt)
            return self._variants[check_id]
        return self.checks[check_id]

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
        hint = did_you_mean(check_id, self.checks) or f"Checks are in {self.path}."
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
