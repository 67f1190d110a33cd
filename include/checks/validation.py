"""From a located YAML document to a pydantic model, with errors that name the line."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from include.checks.located_yaml import LocatedYaml, Place
from include.errors import InputError

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Base of everything read from a library file: frozen, no unknown fields, no guessing."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def validated(model: type[M], document: LocatedYaml, data: Any, place: Place = ()) -> M:
    """``data`` (found at ``place``) as ``model``.

    Raises InputError for the first problem in the file's order, and says how many more there are.
    """
    if not isinstance(data, dict):
        raise document.error(place, "expected 'field: value' lines here")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise first_error(document, error, place) from None


def first_error(document: LocatedYaml, error: ValidationError, place: Place = ()) -> InputError:
    """The topmost problem of a pydantic error as an InputError with file and line."""
    problems = sorted(
        (
            (document.line((*place, *found["loc"])), (*place, *found["loc"]), found)
            for found in error.errors(include_url=False)
            # pydantic also calls a list too short whose only entry is wrong.
            if not (found["type"] == "too_short" and found["input"])
        ),
        # A misspelt field is also a missing one: name what stands there first.
        key=lambda problem: (problem[2]["type"] == "missing", problem[0]),
    )
    _, where, found = problems[0]
    text, hint = _explain(str(found["type"]), str(where[-1]) if where else "", found)
    more = f" ({len(problems) - 1} more problem(s) in this file)" if len(problems) > 1 else ""
    return document.error(where, text + more, hint=hint)


def _explain(kind: str, name: str, found: Any) -> tuple[str, str]:
    value = found.get("input")
    if kind == "extra_forbidden":
        return f"unknown field '{name}'", "Check the spelling or remove it."
    if kind == "missing":
        return f"the field '{name}' is missing", "Add it."
    if kind in ("too_short", "string_too_short") or value is None or value == []:
        return f"'{name}' is empty", "Give it at least one entry."
    if kind == "string_type":
        # YAML reads 1.10 as the number 1.1: a control id has to be quoted.
        return f"'{name}' has to be text, found {value!r}", f'Put it in quotes: "{value}".'
    if kind == "literal_error":
        expected = found.get("ctx", {}).get("expected", "")
        return f"'{name}' can't be {value!r}", f"Use one of {expected}."
    return f"'{name}': {found.get('msg', 'is wrong')}", ""
