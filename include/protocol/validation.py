"""All constraints that a model states, told in the words AWS uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from include.protocol.patterns import compiled


@dataclass(frozen=True)
class Violation:
    """One constraint that a value breaks; ``field`` is its path in the API's member names."""

    field: str
    shown_field: str
    shown_value: str | None
    constraint: str

    @property
    def text(self) -> str:
        """The sentence AWS writes about it."""
        value = "null" if self.shown_value is None else f"'{self.shown_value}'"
        return (
            f"Value {value} at '{self.shown_field}' failed to satisfy constraint: {self.constraint}"
        )


def violations(shape: Any, params: dict[str, Any]) -> list[Violation]:
    """Everything wrong with ``params``, in the order of the model's members."""
    found: list[Violation] = []
    if shape is not None:
        _structure(shape, params, "", "", found)
    return found


def sentence(found: list[Violation]) -> str:
    """``2 validation errors detected: …; …``"""
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: " + "; ".join(v.text for v in found)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _structure(shape: Any, value: Any, field: str, shown: str, found: list[Violation]) -> None:
    for name in shape.required_members:
        if name not in value:
            found.append(
                Violation(_join(field, name), _join(shown, _lower_first(name)), None, NOT_NULL)
            )
    for name, member in shape.members.items():
        if name in value:
            _check(member, value[name], _join(field, name), _join(shown, _lower_first(name)), found)
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        found.append(
            Violation(field, shown, str(sorted(value)), "Member must have exactly one key")
        )


NOT_NULL = "Member must not be null"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check(shape: Any, value: Any, field: str, shown: str, found: list[Violation]) -> None:
    if getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    for constraint in _broken(shape, kind, value):
        found.append(Violation(field, shown, _show(value), constraint))
    if kind == "structure":
        _structure(shape, value, field, shown, found)
    elif kind == "list":
        for at, item in enumerate(value, 1):
            _check(shape.member, item, f"{field}.{at}", f"{shown}.{at}.member", found)
    elif kind == "map":
        for key, item in value.items():
            for constraint in _broken(shape.key, shape.key.type_name, key):
                text = f"Map keys must satisfy constraint: [{constraint}]"
                found.append(Violation(field, shown, _show(value), text))
            _check(shape.value, item, f"{field}.{key}", f"{shown}.{key}.member", found)


def _broken(shape: Any, kind: str, value: Any) -> list[str]:
    limits = shape.metadata
    low, high = limits.get("min"), limits.get("max")
    out: list[str] = []
    if kind in ("string", "blob", "list", "map"):
        size = len(value)
        if low is not None and size < low:
            out.append(f"Member must have length greater than or equal to {low}")
        if high is not None and size > high:
            out.append(f"Member must have length less than or equal to {high}")
    elif kind in ("integer", "long", "short", "byte", "float", "double"):
        if low is not None and value < low:
            out.append(f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            out.append(f"Member must have value less than or equal to {high}")
    if kind == "string":
        pattern = limits.get("pattern")
        if pattern and not compiled(pattern).fullmatch(value):
            out.append(f"Member must satisfy regular expression pattern: {pattern}")
        if shape.enum and value not in shape.enum:
            out.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    return out


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = str(value)
    return text if len(text) <= 1024 else text[:1024] + "…"
