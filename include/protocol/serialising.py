"""Answers onto the wire, by the shapes of the model; what the model doesn't know is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include.protocol.times import write_timestamp


class MisshapenAnswer(Exception):
    """A handler answered something that the service's model doesn't allow: a fault of ours."""


@dataclass
class Written:
    """The serialised parts of an answer."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None


def write_output(shape: Any, answer: Mapping[str, Any]) -> Written:
    """An operation's output (or an error's members) as body, headers and status.

    Raises MisshapenAnswer for unknown members and wrong types.
    """
    members = shape.members if shape is not None else {}
    _refuse_unknown(members, answer, shape.name if shape is not None else "the empty output")
    written = Written(b"")
    document: dict[str, Any] = {}
    payload = shape.serialization.get("payload") if shape is not None else None
    for name, member in members.items():
        value = answer.get(name)
        if value is None:
            continue
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        if location == "header":
            written.headers[wire] = _header(member, value, name)
        elif location == "headers":
            written.headers.update({wire + key: str(item) for key, item in value.items()})
        elif location == "statusCode":
            written.status = int(value)
        elif name == payload:
            written.body = _payload(member, value, name)
        else:
            document[wire] = _value(member, value, name)
    if payload is None:
        written.body = _dump(document)
    return written


def _dump(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse_unknown(members: Mapping[str, Any], value: Any, path: str) -> None:
    if not isinstance(value, Mapping):
        raise MisshapenAnswer(f"{path}: a structure is wanted, not {type(value).__name__}")
    unknown = sorted(set(value) - set(members))
    if unknown:
        raise MisshapenAnswer(f"{path}: the model has no member {', '.join(map(str, unknown))}")


def _value(shape: Any, value: Any, path: str) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    kind = shape.type_name
    if kind == "structure":
        _refuse_unknown(shape.members, value, path)
        return {
            member.serialization.get("name", name): _value(member, value[name], f"{path}.{name}")
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        if not isinstance(value, list | tuple):
            raise MisshapenAnswer(f"{path}: a list is wanted, not {type(value).__name__}")
        return [_value(shape.member, item, f"{path}[{at}]") for at, item in enumerate(value)]
    if kind == "map":
        if not isinstance(value, Mapping):
            raise MisshapenAnswer(f"{path}: a map is wanted, not {type(value).__name__}")
        return {key: _value(shape.value, item, f"{path}[{key}]") for key, item in value.items()}
    if kind == "timestamp":
        try:
            form = shape.serialization.get("timestampFormat", "unixTimestamp")
            return write_timestamp(value, form)
        except ValueError as error:
            raise MisshapenAnswer(f"{path}: {error}") from error
    if kind == "blob":
        data = value.encode() if isinstance(value, str) else value
        return base64.b64encode(data).decode()
    return _scalar(kind, value, path)


_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
}


def _scalar(kind: str, value: Any, path: str) -> Any:
    wanted = _SCALARS.get(kind, (int,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        raise MisshapenAnswer(f"{path}: {kind} is wanted, not {type(value).__name__}")
    return value


def _header(shape: Any, value: Any, path: str) -> str:
    if shape.type_name == "timestamp":
        return str(write_timestamp(value, shape.serialization.get("timestampFormat", "rfc822")))
    if shape.type_name == "list":
        return ",".join(_header(shape.member, item, path) for item in value)
    value = _scalar(shape.type_name, value, path)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _payload(shape: Any, value: Any, path: str) -> bytes:
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else bytes(value)
    if shape.type_name == "string":
        return str(value).encode()
    return _dump(_value(shape, value, path))


def check_answer(shape: Any, answer: Mapping[str, Any]) -> None:
    """Raise MisshapenAnswer if ``answer`` doesn't fit the shape; for writers of other protocols."""
    if shape is None:
        _refuse_unknown({}, answer, "the empty output")
    else:
        _value(shape, answer, shape.name)
