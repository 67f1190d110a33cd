"""What is wrong with frameworks and checks of the user's own: each problem with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from include.checks.catalogue import load_catalogue
from include.checks.located_yaml import LocatedError
from include.checks.own import own_check_files
from include.errors import FileProblem, InputError
from include.frameworks.loader import Frameworks
from include.frameworks.schema import Framework

#: ``error``: the file is wrong. ``missing``: it is right, but the scope can't answer it.
Level = Literal["error", "missing"]


@dataclass(frozen=True)
class Problem(FileProblem):
    """One finding in a framework or in checks of the user's own."""

    level: Level

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "path": str(self.path),
            "line": self.line,
            "level": self.level,
            "text": self.text,
            "hint": self.hint,
        }


@dataclass(frozen=True)
class Examined:
    """One file: the framework, where it can be used, and what is wrong."""

    path: Path
    framework: Framework | None
    problems: tuple[Problem, ...]


def problem_of(error: InputError, path: Path) -> Problem:
    """An error as a problem of the file it names; of ``path`` where it names none."""
    if isinstance(error, LocatedError):
        return Problem(error.path, error.line, "error", error.problem, error.hint)
    return Problem(path, 0, "error", error.message, error.hint)


def examine_frameworks(frameworks: Frameworks, paths: Iterable[Path]) -> list[Examined]:
    """Each file with everything that is wrong with it, in the order of ``paths``."""
    found = []
    for path in paths:
        framework, errors = frameworks.examine(path)
        problems = tuple(problem_of(error, path) for error in errors)
        found.append(Examined(path, framework, problems))
    return found


def own_check_problems() -> list[Problem]:
    """What is wrong with the checks of the user's own, by file and line."""
    files = own_check_files()
    if not files:
        return []
    broken = (problem_of(error, files[0].parent) for error in load_catalogue().broken)
    return sorted(broken, key=lambda one: (str(one.path), one.line))


def missing_in_scope(
    framework: Framework, missing: Iterable[tuple[str, str, str]]
) -> Sequence[Problem]:
    """Problems of a framework that is right, but that the scope can't answer.

    ``missing`` holds (check id, what is missing and where, what to do); each becomes a problem at
    every control that requires the check, in the file's order.
    """
    by_check: dict[str, list[tuple[str, str]]] = {}
    for check, said, remedy in missing:
        by_check.setdefault(check, []).append((said, remedy))
    found = []
    for control in framework.controls():
        for check in control.required:
            path, line = framework.where(control.id, check)
            for said, remedy in by_check.get(check, ()):
                text = f"control {control.id}: {check}: {said}"
                found.append(Problem(path, line, "missing", text, remedy))
    return found
