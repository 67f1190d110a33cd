"""Requests into the API's own parameters, by the shapes of the model."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from include.protocol.errors import ServiceError
from include.protocol.times import parse_timestamp

_INTEGERS = ("integer", "long", "short", "byte", "bigint")
_FLOATS = ("float", "double")


def parse_input(
    shape: Any, labels: Mapping[str, str], query: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The input members of a request; members the model doesn't know are ignored, as AWS does.

    Raises ServiceError ``SerializationException`` for what can't be read as the model's types.
    """
    if shape is None:
        return {}
    params: dict[str, Any] = {}
    asked: dict[str, list[str]] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        asked.setdefault(key, []).append(text)
    bound = {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if member.serialization.get("location") == "querystring" and member.type_name != "map"
    }
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        wire = member.serialization.get("name", name)
        value: Any = None
        if location == "uri":
            if wire in labels:
                value = _text(member, labels[wire], name)
        elif location == "querystring":
            value = _from_query(member, wire, asked, bound, name)
        elif location == "header":
            if wire.lower() in headers:
                value = _from_header(member, headers[wire.lower()], name)
        elif location == "headers":
            prefix = wire.lower()
            found = {k[len(prefix) :]: v for k, v in headers.items() if k.startswith(prefix)}
            value = found or None
        if value is not None:
            params[name] = value
    payload = shape.serialization.get("payload")
    if payload is not None:
        value = _from_payload(shape.members[payload], body, payload)
        if value is not None:
            params[payload] = value
        return params
    in_body = {
        name: member
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    if in_body and body.strip():
        document = _load(body)
        if not isinstance(document, dict):
            raise _unreadable("the body", "an object")
        params.update(_members(in_body, document, ""))
    return params


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ServiceError(
            "SerializationException", f"The body isn't JSON: {error}.", status=400
        ) from error


def _unreadable(where: str, kind: str) -> ServiceError:
    return ServiceError(
        "SerializationException", f"The value at {where} can't be read as {kind}.", status=400
    )


def _members(shapes: Mapping[str, Any], value: Mapping[str, Any], path: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, member in shapes.items():
        found = value.get(member.serialization.get("name", name))
        if found is not None:
            out[name] = _value(member, found, f"{path}.{name}" if path else name)
    return out


def _value(shape: Any, value: Any, path: str) -> Any:
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if kind == "structure":
        if not isinstance(value, dict):
            raise _unreadable(path, "an object")
        return _members(shape.members, value, path)
    if kind == "list":
        if not isinstance(value, list):
            raise _unreadable(path, "a list")
        return [
            _value(shape.member, item, f"{path}[{at}]")
            for at, item in enumerate(value)
            if item is not None
        ]
    if kind == "map":
        if not isinstance(value, dict):
            raise _unreadable(path, "an object")
        return {
            key: _value(shape.value, item, f"{path}[{key}]")
            for key, item in value.items()
            if item is not None
        }
    if kind == "timestamp":
        try:
            return parse_timestamp(value)
        except (ValueError, OverflowError, OSError) as error:
            raise _unreadable(path, "a timestamp") from error
    return _scalar(kind, value, path)


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind in ("string", "character"):
        if isinstance(value, str):
            return value
        raise _unreadable(path, "a string")
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (TypeError, ValueError, binascii.Error) as error:
            raise _unreadable(path, "base64") from error
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        raise _unreadable(path, "a boolean")
    if kind in _INTEGERS:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _unreadable(path, "an integer")
    if kind in _FLOATS:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise _unreadable(path, "a number")
    raise _unreadable(path, kind)


def _text(shape: Any, text: str, path: str) -> Any:
    """A value that travels as text: in a label, a query or a header."""
    kind = shape.type_name
    if kind == "timestamp":
        return _value(shape, text, path)
    if kind == "boolean":
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise _unreadable(path, "a boolean")
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    except ValueError as error:
        raise _unreadable(path, "a number") from error
    return _scalar(kind, text, path)


def _from_query(
    shape: Any, wire: str, asked: Mapping[str, list[str]], bound: set[str], path: str
) -> Any:
    if shape.type_name == "map":
        rest = {key: values for key, values in asked.items() if key not in bound}
        if shape.value.type_name == "list":
            return rest or None
        return {key: _text(shape.value, values[-1], path) for key, values in rest.items()} or None
    if wire not in asked:
        return None
    if shape.type_name == "list":
        return [_text(shape.member, text, path) for text in asked[wire]]
    return _text(shape, asked[wire][-1], path)


def _from_header(shape: Any, text: str, path: str) -> Any:
    if shape.type_name == "list":
        return [_text(shape.member, item.strip(), path) for item in text.split(",")]
    if shape.serialization.get("jsonvalue"):
        return _load(base64.b64decode(text))
    return _text(shape, text, path)


def _from_payload(shape: Any, body: bytes, path: str) -> Any:
    if shape.type_name == "blob":
        return body
    if shape.type_name == "string":
        return body.decode()
    return _value(shape, _load(body), path) if body.strip() else None
