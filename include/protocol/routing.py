"""Which operation a request asks for, by the model's own HTTP bindings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True)
class Route:
    """An operation and the decoded labels of its path."""

    operation: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Template:
    operation: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]

    @property
    def greedy(self) -> bool:
        return any(segment.endswith("+}") for segment in self.segments)

    @property
    def rank(self) -> tuple[Any, ...]:
        """Smaller is more specific: required query first, literals before labels before greedy."""
        kinds = [2 if s.endswith("+}") else 1 if s.startswith("{") else 0 for s in self.segments]
        return (-len(self.query), kinds, -len(kinds))


class RestRouter:
    """Routes rest-json requests by method, path and required query."""

    def __init__(self, model: Any) -> None:
        self._by_method: dict[str, list[_Template]] = defaultdict(list)
        for name in model.operation_names:
            operation = model.operation_model(name)
            http = operation.http
            path, _, query = http["requestUri"].partition("?")
            conditions = parse_qsl(query, keep_blank_values=True)
            if model.resolved_protocol == "rest-xml":
                # S3's PutObject and UploadPart differ by nothing but required parameters
                conditions += [(key, "") for key in _required_query(operation.input_shape)]
            template = _Template(name, _segments(path), tuple(conditions))
            self._by_method[http.get("method", "POST")].append(template)
        for templates in self._by_method.values():
            templates.sort(key=lambda template: template.rank)

    def route(
        self, method: str, raw_path: str, query: str, headers: Mapping[str, str]
    ) -> Route | None:
        """The operation with its labels, or None when the model knows no such request.

        The raw path is split first and each segment decoded after, so a label may hold a slash.
        A path that isn't UTF-8 once decoded is no path of any operation.
        """
        segments = _segments(raw_path)
        asked = dict(parse_qsl(query, keep_blank_values=True))
        for template in self._by_method.get(method, ()):
            if any(
                key not in asked or (value and asked[key] != value) for key, value in template.query
            ):
                continue
            labels = _match(template, segments)
            if labels is not None:
                return Route(template.operation, labels)
        return None


class TargetRouter:
    """Routes json requests by the X-Amz-Target header."""

    def __init__(self, model: Any) -> None:
        self._prefix = model.metadata["targetPrefix"]
        self._names = frozenset(model.operation_names)

    def route(
        self, method: str, raw_path: str, query: str, headers: Mapping[str, str]
    ) -> Route | None:
        """The operation that the header names, or None."""
        prefix, _, name = headers.get("x-amz-target", "").rpartition(".")
        return Route(name) if prefix == self._prefix and name in self._names else None


def _required_query(shape: Any) -> list[str]:
    members = [shape.members[name] for name in shape.required_members] if shape else []
    return [
        member.serialization["name"]
        for member in members
        if member.serialization.get("location") == "querystring"
    ]


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def _match(template: _Template, segments: tuple[str, ...]) -> dict[str, str] | None:
    wanted = template.segments
    if template.greedy:
        if len(segments) < len(wanted):
            return None
        # a greedy label is always the last one that varies in length: fold the surplus into it
        at = next(i for i, segment in enumerate(wanted) if segment.endswith("+}"))
        surplus = len(segments) - len(wanted)
        folded = "/".join(segments[at : at + surplus + 1])
        segments = (*segments[:at], folded, *segments[at + surplus + 1 :])
    elif len(segments) != len(wanted):
        return None
    labels: dict[str, str] = {}
    for pattern, segment in zip(wanted, segments, strict=True):
        if not pattern.startswith("{"):
            if pattern != segment:
                return None
            continue
        if segment == "":
            return None
        try:
            labels[pattern.strip("{}+")] = unquote(segment, errors="strict")
        except UnicodeDecodeError:
            return None
    return labels
