"""The one error hierarchy: every error says what happened and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class AuditError(Exception):
    """An error a person can act on.

    ``message`` says what happened and where (account, region, control, file and line);
    ``hint`` says what to do. The command line prints both on one line, never a traceback.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the names that look like ``name``, for a hint; '' where none does."""
    near = difflib.get_close_matches(name, list(known), n=3)
    return f"Did you mean {' or '.join(near)}?" if near else ""


@dataclass(frozen=True)
class FileProblem:
    """One finding in one file that people wrote; ``line`` 0: in all of it."""

    path: Path
    line: int
    level: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.level}: {self.text} {self.hint}".rstrip()


class InputError(AuditError):
    """Input from a person is wrong: a period, an account, a framework name, a file."""
