"""YAML read together with the line of every value, so that an error can say where it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from include.checks.quick_yaml import NotPlain, plain_values
from include.errors import InputError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What the readers say, LibYAML's and Python's own, where a line begins in the wrong column.
_MISALIGNED = (
    "did not find expected key",
    "did not find expected '-' indicator",
    "mapping values are not allowed in this context",
    "mapping values are not allowed here",
)
#: Where a value stands: mapping keys and list positions from the root down.
Place = tuple[str | int, ...]


class LocatedError(InputError):
    """An error in one line of a file: ``problem`` is what is wrong, without the place."""

    def __init__(self, path: Path, line: int, problem: str, *, hint: str = "") -> None:
        self.path, self.line, self.problem = path, line, f"{problem.rstrip('.')}."
        super().__init__(f"{path}, line {line}: {self.problem}", hint=hint)


class LocatedYaml:
    """One YAML document: ``data`` as plain values, and :meth:`line` for each of them.

    Anchors and aliases are refused (a file that people review should say what it means where it
    stands), and so is a key given twice, of which YAML readers silently keep the last.

    Lines are looked for when one is asked for: most files are right, and nobody asks.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._text = text
        try:
            self.data: Any = plain_values(text)
        except NotPlain:
            self.data = self._located.data

    def line(self, place: Sequence[str | int]) -> int:
        """The line (from 1) of the value at ``place``, or of the nearest thing around it."""
        return self._located.lines.get(self.nearest(place), 1)

    def nearest(self, place: Sequence[str | int]) -> Place:
        """``place`` if a value stands there, else the place of the nearest thing around it."""
        at, lines = tuple(place), self._located.lines
        while at and at not in lines:
            at = at[:-1]
        return at

    def written(self, place: Sequence[str | int]) -> str:
        """The single value at ``place`` as the file spells it (1.10, not 1.1); '' for others."""
        return self._located.written.get(tuple(place), "")

    def error(self, place: Sequence[str | int], problem: str, *, hint: str = "") -> LocatedError:
        """An error that names the file and the line of ``place``."""
        return LocatedError(self.path, self.line(place), problem, hint=hint)

    @cached_property
    def _located(self) -> _Located:
        return _Located(self.path, self._text)


class _Located:
    """The values of a text with the line of each, and what is wrong with it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines: dict[Place, int] = {}
        self.written: dict[Place, str] = {}
        self._seen: set[int] = set()
        try:
            self._loader = _Loader(text)
            try:
                node = self._loader.get_single_node()
                self.data: Any = None if node is None else self._value(node, ())
            finally:
                self._loader.dispose()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error)
            line = mark.line + 1 if mark else 1
            raise self._error(
                line, f"not readable as YAML: {problem}", hint=_hint(text, line, problem)
            ) from None

    def _error(self, line: int, problem: str, *, hint: str = "") -> LocatedError:
        return LocatedError(self.path, line, problem, hint=hint)

    def _value(self, node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        # The line of an entry is its key's: that is where a reader looks for it.
        at = self.lines.setdefault(place, line)
        if isinstance(node, yaml.ScalarNode):
            self.written[place] = node.value
            try:
                return self._loader.construct_object(node, deep=True)
            except ValueError as error:
                raise self._error(at, f"'{node.value}' can't be read: {error}") from None
        if id(node) in self._seen:
            raise self._error(
                line,
                "a value is used a second time through an alias (*name)",
                hint="Write it out in both places.",
            )
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*place, n)) for n, item in enumerate(node.value)]
        return self._mapping(node, place)

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(key, str):
                raise self._error(line, "a key has to be a plain word")
            if key in out:
                raise self._error(line, f"'{key}' is given twice", hint="Remove one of them.")
            self.lines[(*place, key)] = line
            out[key] = self._value(value_node, (*place, key))
        return out


def _hint(text: str, line: int, problem: str) -> str:
    """What to do about an error of the YAML reader, whose words few people know."""
    written = text.split("\n")[line - 1 : line]
    if written and "\t" in written[0][: len(written[0]) - len(written[0].lstrip())]:
        return "Indent with spaces: YAML allows no tabs there."
    if problem in _MISALIGNED:
        return "Look at this line's indentation and what stands before it."
    return ""


def read_located(path: Path, text: str | None = None) -> LocatedYaml:
    """Read a file (or ``text`` that was read from it). Raises InputError with file and line."""
    if text is None:
        text = read_text(path)
    return LocatedYaml(path, text)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file. Raises InputError if it can't be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error}.") from None
