"""From a located YAML document to a pydantic model, with errors that name the line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from include.checks.located_yaml import LocatedError, LocatedYaml, Place
from include.errors import InputError

M = TypeVar("M", bound=BaseModel)
_UNKNOWN = "extra_forbidden"


class Strict(BaseModel):
    """Base of everything read from a library file: frozen, no unknown fields, no guessing."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def validated(model: type[M], document: LocatedYaml, data: Any, place: Place = ()) -> M:
    """``data`` (found at ``place``) as ``model``.

    Raises InputError for the foremost problem, and says how many more there are.
    """
    found, problems = examined(model, document, data, place)
    if found is None:
        raise _first(problems)
    return found


def examined(
    model: type[M], document: LocatedYaml, data: Any, place: Place = ()
) -> tuple[M | None, list[LocatedError]]:
    """``data`` (found at ``place``) as ``model``, or everything that is wrong with it."""
    if not isinstance(data, dict):
        return None, [document.error(place, "expected 'field: value' lines here")]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, all_errors(document, error, place, model)


def first_error(document: LocatedYaml, error: ValidationError, place: Place = ()) -> InputError:
    """The foremost problem of a pydantic error as an InputError with file and line."""
    return _first(all_errors(document, error, place))


def _first(problems: Sequence[LocatedError]) -> LocatedError:
    first, *more = problems
    if not more:
        return first
    said = f"{first.problem.rstrip('.')} ({len(more)} more problem(s) in this file)"
    return LocatedError(first.path, first.line, said, hint=first.hint)


def all_errors(
    document: LocatedYaml,
    error: ValidationError,
    place: Place = (),
    model: type[BaseModel] | None = None,
) -> list[LocatedError]:
    """Every problem of a pydantic error with file and line: what stands there, then what lacks.

    ``model``, where it is given, says what a misspelt field may have meant.
    """
    found: dict[tuple[Place, str], tuple[bool, int, LocatedError]] = {}
    problems = error.errors(include_url=False)
    unknown = {
        (one["loc"][:-1], str(one["loc"][-1])) for one in problems if one["type"] == _UNKNOWN
    }
    for one in problems:
        # pydantic also calls a list too short whose only entry is wrong.
        if one["type"] == "too_short" and one["input"]:
            continue
        kind, where = str(one["type"]), (*place, *one["loc"])
        name, misspelt = str(where[-1]) if where else "", ""
        if kind == "missing":
            # A misspelt field is also a missing one: it is told where it stands.
            siblings = [field for around, field in unknown if around == one["loc"][:-1]]
            if get_close_matches(name, siblings, n=1):
                continue
        elif kind == _UNKNOWN:
            around = one["loc"][:-1]
            absent = [
                str(p["loc"][-1])
                for p in problems
                if p["type"] == "missing" and p["loc"][:-1] == around
            ]
            meant = get_close_matches(name, absent or _fields_at(model, around), n=1)
            misspelt = meant[0] if meant else ""
        elif (at := document.nearest(where)) != where and at:
            # Of a value that may be of several kinds, pydantic tells why it is none of them.
            where, name = at, str(at[-1])
        text, hint = _explain(kind, name, one, document.written(where))
        if where != (*place, *one["loc"]) and kind.endswith(("_type", "_parsing")):
            text, hint = f"'{name}' can't be {one['input']!r}", ""
        if misspelt:
            hint = f"Did you mean '{misspelt}'?"
        located = document.error(where, text, hint=hint)
        key = (where, "" if kind not in ("missing", _UNKNOWN) else kind)
        found.setdefault(key, (kind == "missing", located.line, located))
    return [located for *_, located in sorted(found.values(), key=lambda one: one[:2])]


def _fields_at(model: Any, around: tuple[int | str, ...]) -> list[str]:
    """The fields of ``model``, or of the model in it that stands at ``around``."""
    for name in around:
        if model is not None and isinstance(name, str) and name in model.model_fields:
            model = _model_in(model.model_fields[name].annotation)
    return [] if model is None else list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)


#: What fields of a fixed form look like.
_FORMS = {
    "resource_type": "Write it like AWS::S3::Bucket; AWS::::Account is the account as a whole.",
    "locality": "Use account or region, or a region's name such as us-east-1.",
    "id": "Use letters, digits and '-'; control ids may have '.', '_', '(' and ')', too.",
}


def _explain(kind: str, name: str, found: Any, written: str) -> tuple[str, str]:
    value = found.get("input")
    if kind == _UNKNOWN:
        return f"unknown field '{name}'", "Check the spelling or remove it."
    if kind == "missing":
        return f"the field '{name}' is missing", "Add it."
    if kind in ("too_short", "string_too_short") or value is None or value == []:
        return f"'{name}' is empty", "Give it at least one entry."
    if kind == "string_type":
        # YAML reads 1.10 as the number 1.1: a control id has to be quoted.
        said = written or value
        return f"'{name}' has to be text, found {said}", f'Put it in quotes: "{said}".'
    if kind == "string_pattern_mismatch":
        return f"'{name}' can't be {value!r}", _FORMS.get(name, "")
    if kind == "literal_error":
        expected = found.get("ctx", {}).get("expected", "")
        return f"'{name}' can't be {value!r}", f"Use one of {expected}."
    return f"'{name}': {found.get('msg', 'is wrong')}", ""
