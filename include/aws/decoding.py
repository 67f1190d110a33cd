"""Reads JSON answers with msgspec: the same output as botocore, without walking each shape.

botocore walks every answer along its output shape in Python, which is 85 % of what a call costs.
Here a shape becomes a type once per process; msgspec checks, prunes and builds the answer in one
pass, and only members that mean more than JSON can say (times, bytes, other names) are touched
afterwards. Whatever doesn't fit the model as msgspec reads it (nulls, unusual numbers, unknown
union members) and every error is read by botocore's own parser.

A bulk listing may bring its own type (:func:`decoded_as`): then just what it names is read.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec
from botocore.parsers import JSONParser, ResponseParserFactory, RestJSONParser
from botocore.utils import parse_timestamp

__all__ = ["UNREADABLE", "ParserFactory", "decoded_as", "install"]

#: The error code of a successful answer whose body isn't the JSON it should be.
UNREADABLE = "UnreadableAnswer"

_Fix = Callable[[Any], Any]
_wanted: ContextVar[type[msgspec.Struct] | None] = ContextVar("wanted", default=None)
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def install(session: Any) -> None:
    """Make a botocore session's clients read JSON answers here.

    An answer that can't be read is treated as the service's own error (500), so that it is
    asked for again instead of passing for an empty one, as it does in botocore.
    """
    session.register_component("response_parser_factory", ParserFactory())
    # Longer than the retry handler's own name, hence called before it.
    session.register("needs-retry.*.*", _failed_when_unreadable)


@contextmanager
def decoded_as(wanted: type[msgspec.Struct] | None) -> Iterator[None]:
    """Calls made inside (in this thread) yield just the members of ``wanted``.

    The output is a dict by the Struct's attribute names, with the values as msgspec decoded
    them; ``None`` asks for the whole output as botocore gives it.
    """
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


class ParserFactory(ResponseParserFactory):  # type: ignore[misc]
    """What botocore asks for a parser: ours for the JSON protocols, its own for the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, Any] = {}

    def set_parser_defaults(self, **kwargs: Any) -> None:
        """As botocore's; parsers made before are forgotten."""
        super().set_parser_defaults(**kwargs)
        self._made = {}

    def create_parser(self, protocol_name: str) -> Any:
        """The parser of a protocol; parsers keep no state, so one serves all answers."""
        if protocol_name not in self._made:
            ours = {"json": _Json, "rest-json": _RestJson}.get(protocol_name)
            self._made[protocol_name] = (
                ours(**self._defaults) if ours else super().create_parser(protocol_name)
            )
        return self._made[protocol_name]


class _Reading:
    """What both JSON parsers share: reading a body along an output shape."""

    _blob_parser: Callable[[Any], bytes]
    _parse_shape: Callable[[Any, Any], Any]

    def _read(self, shape: Any, body: bytes) -> dict[str, Any]:
        wanted = _wanted.get()
        if wanted is not None and _wants(wanted, shape):
            read = _decoder(wanted).decode(body or b"{}")
            return {name: getattr(read, name) for name in wanted.__struct_fields__}
        if not body:
            return {}
        decoder, fix = self._compiled(shape)
        try:
            value = decoder.decode(body)
            return dict(fix(value) if fix else value)
        except msgspec.DecodeError:
            return dict(self._parse_shape(shape, _json(body)) or {})

    def _compiled(self, shape: Any) -> tuple[Any, _Fix | None]:
        # Clients share the model as it was loaded, but each has shapes of its own around it.
        model = getattr(shape, "_shape_model", shape)
        key = (id(model), type(self))
        with _LOCK:
            if key not in _COMPILED:
                made, fix = _Compiler(self).of(shape)
                _COMPILED[key] = (model, msgspec.json.Decoder(made), fix)
            return _COMPILED[key][1:]


class _Json(_Reading, JSONParser):  # type: ignore[misc]
    """Protocol ``json``: numbers stay as they come."""

    def _do_parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        if shape is not None and shape.event_stream_name:
            return dict(super()._do_parse(response, shape))
        try:
            parsed = {} if shape is None else self._read(shape, response["body"])
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            return _unreadable(response, error)
        self._inject_response_metadata(parsed, response["headers"])
        return parsed


class _RestJson(_Reading, RestJSONParser):  # type: ignore[misc]
    """Protocol ``rest-json``: parts of the output are in headers, or the body is one member."""

    def _do_parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        if shape is None or "payload" in shape.serialization or shape.event_stream_name:
            return dict(super()._do_parse(response, shape))
        parsed = {"ResponseMetadata": self._populate_response_metadata(response)}
        self._parse_non_payload_attrs(response, shape, shape.members, parsed)
        try:
            parsed.update(self._read(shape, response["body"]))
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            return _unreadable(response, error)
        return parsed


#: The functional form, with names that only the model knows.
_MADE: Any = TypedDict
_COMPILED: dict[tuple[int, type], tuple[Any, Any, _Fix | None]] = {}
_DECODERS: dict[type, Any] = {}
_LOCK = threading.RLock()


def _decoder(wanted: type[msgspec.Struct]) -> Any:
    if wanted not in _DECODERS:
        _DECODERS[wanted] = msgspec.json.Decoder(wanted)
    return _DECODERS[wanted]


def _wants(wanted: type[msgspec.Struct], shape: Any) -> bool:
    # Credentials may be fetched in the middle of a call, by another JSON service.
    members = shape.members
    return all(name in members for name in wanted.__struct_encode_fields__)


class _Compiler:
    """Turns shapes into types for msgspec, each with what is to be done afterwards."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._rest = isinstance(parser, RestJSONParser)
        self._known: dict[str, tuple[Any, _Fix | None]] = {}
        self._above: set[str] = set()

    def of(self, shape: Any) -> tuple[Any, _Fix | None]:
        """(type, what makes botocore's value of the decoded one, if anything)."""
        kind = shape.type_name
        if kind in ("structure", "list", "map"):
            return self._container(shape, kind)
        if kind == "timestamp":
            return float | int | str, self._timestamp
        if kind == "blob":
            return str, self._parser._blob_parser
        if kind == "boolean":
            return bool, None
        if kind in ("integer", "long"):
            return (int if self._rest else int | float), None
        if kind in ("float", "double"):
            return (float if self._rest else int | float), None
        return (str if kind == "string" else Any), None

    def _container(self, shape: Any, kind: str) -> tuple[Any, _Fix | None]:
        if shape.name in self._known:
            return self._known[shape.name]
        if kind == "structure" and shape.is_document_type:
            return Any, None
        if shape.name in self._above or (kind == "structure" and shape.is_tagged_union):
            # A type that holds itself, or a union, which botocore checks member by member.
            return Any, lambda value: self._parser._parse_shape(shape, value)
        self._above.add(shape.name)
        made: tuple[Any, _Fix | None]
        if kind == "structure":
            made = self._structure(shape)
        elif kind == "list":
            inner, fix = self.of(shape.member)
            made = list[inner], _each(fix)  # type: ignore[valid-type]
        else:
            _, fix_key = self.of(shape.key)
            inner, fix = self.of(shape.value)
            made = dict[str, inner], _each_value(fix)  # type: ignore[valid-type]
            if fix_key:
                made = Any, lambda value: self._parser._parse_shape(shape, value)
        self._above.discard(shape.name)
        self._known[shape.name] = made
        return made

    def _structure(self, shape: Any) -> tuple[Any, _Fix | None]:
        types: dict[str, Any] = {}
        fixes: list[tuple[str, str, _Fix | None]] = []
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            types[wire], fix = self.of(member)
            if fix or wire != name:
                fixes.append((wire, name, fix))
        made = _MADE(shape.name, types, total=False)
        return made, _members(fixes) if fixes else None

    def _timestamp(self, value: Any) -> Any:
        if self._parser._timestamp_parser is not parse_timestamp:
            return self._parser._timestamp_parser(value)
        if not isinstance(value, str):
            try:
                return datetime.fromtimestamp(value, UTC)
            except (OSError, OverflowError, ValueError):
                return parse_timestamp(value)
        if _ISO.fullmatch(value):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
        return parse_timestamp(value)


def _each(fix: _Fix | None) -> _Fix | None:
    return (lambda value: [fix(inner) for inner in value]) if fix else None


def _each_value(fix: _Fix | None) -> _Fix | None:
    return (lambda value: {key: fix(inner) for key, inner in value.items()}) if fix else None


def _members(fixes: list[tuple[str, str, _Fix | None]]) -> _Fix:
    renamed = {wire: name for wire, name, _ in fixes if wire != name}

    def fixed(value: dict[str, Any]) -> dict[str, Any]:
        for wire, _, fix in fixes:
            if fix and wire in value:
                value[wire] = fix(value[wire])
        if renamed:
            return {renamed.get(wire, wire): inner for wire, inner in value.items()}
        return value

    return fixed


def _json(body: bytes) -> Any:
    # Python's own reader takes what msgspec refuses: NaN, halves of surrogate pairs.
    return json.loads(body.decode())


def _unreadable(response: dict[str, Any], error: Exception) -> dict[str, Any]:
    length = len(response["body"] or b"")
    response["status_code"] = 500
    return {
        "Error": {
            "Code": UNREADABLE,
            "Message": f"The answer ({length} bytes) can't be read: {error}",
        },
        "ResponseMetadata": {},
    }


def _failed_when_unreadable(response: Any = None, **_: Any) -> None:
    if response is None:
        return
    http, parsed = response
    if parsed.get("Error", {}).get("Code") == UNREADABLE:
        http.status_code = 500
