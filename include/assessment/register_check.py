"""Whether the registers' files can be relied on: every problem with its file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from include.assessment.period import parse_period
from include.assessment.registers import REGISTERS, Acceptance, Entry
from include.checks.located_yaml import LocatedYaml, Place, read_located
from include.checks.validation import first_error
from include.errors import FileProblem, InputError, did_you_mean

#: ``error``: the register can't be used, or the entry does nothing. ``notice``: worth knowing.
Level = Literal["error", "notice"]
#: How many days before its end an entry is called expiring.
SOON = timedelta(days=30)
_ACCOUNT = r"\d{12}"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"


@dataclass(frozen=True)
class Problem(FileProblem):
    """One finding in one register."""

    level: Level


@dataclass(frozen=True)
class Known:
    """What entries may name."""

    controls: Collection[str]
    checks: Collection[str]
    sources: Collection[str]


def check_folder(folder: Path, known: Known, day: date) -> list[Problem]:
    """All problems of the registers in ``folder`` on ``day``, by file and line."""
    found: list[Problem] = []
    for register in REGISTERS:
        path = folder / f"{register}.yaml"
        if path.exists():
            found += _check_file(path, register, known, day)
    strange = {p.name for p in folder.glob("*.y*ml")} - {f"{name}.yaml" for name in REGISTERS}
    for name in sorted(strange):
        near = difflib.get_close_matches(name, [f"{r}.yaml" for r in REGISTERS], n=1)
        hint = f"Did you mean {near[0]}?" if near else ""
        found.append(Problem(folder / name, 1, "error", "is no register: nobody reads it.", hint))
    return sorted(found, key=lambda p: (str(p.path), p.line, p.text))


def entry_problems(register: str, entry: Entry, known: Known) -> list[tuple[str, str, str]]:
    """What an entry names that is not there: (field, text, hint)."""
    found = []
    for field, names in (
        ("control", known.controls),
        ("check", known.checks),
        ("source", known.sources),
    ):
        value = getattr(entry, field, "")
        if value in ("", "*") or value in names:
            continue
        hint = did_you_mean(str(value), sorted(names))
        found.append((field, f"{entry.id}: there is no {field} '{value}'.", hint))
    for field, form, wish in (
        ("account", _ACCOUNT, "An account is 12 digits, in quotes."),
        ("region", _REGION, "A region looks like eu-west-1."),
    ):
        value = getattr(entry, field, "")
        if value not in ("", "*") and not re.fullmatch(form, str(value)):
            if field == "account" and value == "organization":
                continue
            found.append((field, f"{entry.id}: '{value}' is no {field}.", wish))
    if isinstance(entry, Acceptance):
        try:
            parse_period(entry.period)
        except InputError as error:
            found.append(("period", f"{entry.id}: {error.message}", error.hint))
    if register == "exclusions" and all(
        getattr(entry, field) == "*" for field in ("source", "account", "region")
    ):
        text = f"{entry.id}: excludes every source in every account and region."
        found.append(("id", text, "Name what is left out."))
    return found


def _check_file(path: Path, register: str, known: Known, day: date) -> list[Problem]:
    try:
        document = read_located(path)
        entries = _entries(document, register)
    except InputError as error:
        return [_problem(path, error)]
    found: list[Problem] = []
    seen: dict[str, int] = {}
    for n, raw in enumerate(entries):
        place: Place = (register, n)
        line = document.line(place)
        try:
            entry = REGISTERS[register].model_validate(raw)
        except ValidationError as error:
            found.append(_problem(path, first_error(document, error, place)))
            continue
        if entry.id in seen:
            text = f"there is an entry '{entry.id}' on line {seen[entry.id]} already."
            found.append(Problem(path, line, "error", text, "Give it another id."))
        seen.setdefault(entry.id, line)
        for field, text, hint in entry_problems(register, entry, known):
            found.append(Problem(path, document.line((*place, field)), "error", text, hint))
        if register != "acceptances":  # these are of one period, and stay so
            found += _ending(path, document.line((*place, "until")), entry, day)
    return found


def _entries(document: LocatedYaml, register: str) -> Sequence[Any]:
    data = document.data
    if not isinstance(data, dict) or set(data) - {"version", register} or data.get("version") != 1:
        raise document.error((), f"expected 'version: 1' and a list '{register}', nothing else")
    entries = data.get(register) or []
    if not isinstance(entries, list):
        raise document.error((register,), "expected a list of entries")
    return entries


def _ending(path: Path, line: int, entry: Entry, day: date) -> list[Problem]:
    if entry.until < day:
        text = f"{entry.id} expired on {entry.until} and does not count any more."
        return [Problem(path, line, "notice", text)]
    if entry.until - day <= SOON and entry.until - entry.start > SOON:
        return [Problem(path, line, "notice", f"{entry.id} expires on {entry.until}.")]
    return []


def _problem(path: Path, error: InputError) -> Problem:
    """An error that names a line in its text, as a problem."""
    found = re.fullmatch(r".*?, line (\d+): (.*)", error.message, re.DOTALL)
    if found is None:
        return Problem(path, 1, "error", error.message, error.hint)
    return Problem(path, int(found[1]), "error", found[2], error.hint)
