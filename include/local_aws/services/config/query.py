"""Config's advanced query language: a SELECT over configuration items, read and applied. Pure.

The grammar is that of "Query components" in the AWS Config developer guide: SELECT properties or
aggregates, WHERE with =, <, >, IN, BETWEEN, LIKE (a suffix wildcard), AND, OR, NOT, GROUP BY,
ORDER BY. There is no FROM, AS, DISTINCT, HAVING, JOIN or UNION.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])"
    r"|(?P<word>[A-Za-z_][\w:\-]*(?:\.[\w:\-@/]+)*)|(?P<sign><=|>=|<>|!=|[=<>(),*]))"
)
_REFUSED = frozenset(
    {"FROM", "AS", "DISTINCT", "HAVING", "JOIN", "UNION", "ALL", "CASE", "NULL", "LIMIT"}
)
_KEYWORDS = frozenset(
    {"SELECT", "WHERE", "GROUP", "ORDER", "BY", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE"}
)
_AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})

Row = Mapping[str, Any]
Test = Callable[[Row], bool]


class InvalidExpression(Exception):
    """The expression isn't one that Config understands."""


@dataclass(frozen=True)
class Field:
    """One selected property; ``aggregate`` is COUNT, SUM … or ''."""

    path: str
    aggregate: str = ""

    @property
    def name(self) -> str:
        """As QueryInfo and aggregated rows name it."""
        return f"{self.aggregate}({self.path})" if self.aggregate else self.path


@dataclass(frozen=True)
class Query:
    """A parsed expression. ``types`` are the resource types it is limited to (None: any)."""

    fields: tuple[Field, ...]
    where: Test | None
    group: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    types: frozenset[str] | None

    @property
    def aggregated(self) -> bool:
        """Whether rows are counted or grouped, rather than shown."""
        return bool(self.group) or any(field.aggregate for field in self.fields)

    def run(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """The answer's rows, in order."""
        found = [row for row in rows if self.where is None or self.where(row)]
        if self.aggregated:
            answers = self._grouped(found)
        else:
            for name, ascending in reversed(self.order):
                found.sort(key=lambda row: _sortable(values(row, name)), reverse=not ascending)
            return [self._shown(row) for row in found]
        for name, ascending in reversed(self.order):
            answers.sort(key=lambda row: _sortable([row.get(name)]), reverse=not ascending)
        return answers

    def _shown(self, row: Row) -> dict[str, Any]:
        if any(field.path == "*" for field in self.fields):
            return dict(row)
        shown: dict[str, Any] = {}
        for field in self.fields:
            _merge(shown, _cut(row, field.path.split(".")))
        return shown

    def _grouped(self, rows: list[Row]) -> list[dict[str, Any]]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            key = tuple((values(row, name) or [None])[0] for name in self.group)
            groups.setdefault(key, []).append(row)
        if not self.group and not groups:
            groups[()] = []
        answers = []
        for key in sorted(groups, key=lambda key: [str(part) for part in key]):
            answer: dict[str, Any] = dict(zip(self.group, key, strict=True))
            for field in self.fields:
                if field.aggregate:
                    answer[field.name] = _aggregate(field, groups[key])
            shown = {field.name for field in self.fields}
            answers.append({name: value for name, value in answer.items() if name in shown})
        return answers


def parse(expression: str) -> Query:
    """Read an expression; InvalidExpression says what is wrong with it."""
    return _Parser(expression).query()


def values(row: Row, path: str) -> list[Any]:
    """All values a dotted path leads to; lists on the way are entered."""
    found: list[Any] = [row]
    for name in path.split("."):
        following: list[Any] = []
        for value in found:
            if isinstance(value, Mapping) and name in value:
                inner = value[name]
                following += inner if isinstance(inner, list) else [inner]
        found = following
    return found


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = _tokens(expression)
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        fields = [self._field()]
        while self._took(","):
            fields.append(self._field())
        where: Test | None = None
        types: frozenset[str] | None = None
        if self._took("WHERE"):
            where, types = self._either()
        group: list[str] = []
        if self._took("GROUP"):
            self._expect("BY")
            group.append(self._property())
            while self._took(","):
                group.append(self._property())
        order: list[tuple[str, bool]] = []
        if self._took("ORDER"):
            self._expect("BY")
            order.append(self._ordering())
            while self._took(","):
                order.append(self._ordering())
        if self._at < len(self._tokens):
            raise InvalidExpression(f"unexpected '{self._tokens[self._at][1]}'")
        plain = {field.path for field in fields if not field.aggregate}
        if (group or any(field.aggregate for field in fields)) and plain - set(group):
            raise InvalidExpression("properties beside an aggregate must be in GROUP BY")
        return Query(tuple(fields), where, tuple(group), tuple(order), types)

    def _field(self) -> Field:
        if self._took("*"):
            return Field("*")
        name = self._property()
        if name.upper() in _AGGREGATES and self._took("("):
            inner = "*" if self._took("*") else self._property()
            self._expect(")")
            return Field(inner, name.upper())
        return Field(name)

    def _ordering(self) -> tuple[str, bool]:
        name = self._field().name
        for word, ascending in (("ASC", True), ("DESC", False)):
            if self._took(word):
                return name, ascending
        return name, True

    def _either(self) -> tuple[Test, frozenset[str] | None]:
        left, types = self._both()
        while self._took("OR"):
            right, others = self._both()
            left = _or(left, right)
            types = None if types is None or others is None else types | others
        return left, types

    def _both(self) -> tuple[Test, frozenset[str] | None]:
        left, types = self._one()
        while self._took("AND"):
            right, others = self._one()
            left = _and(left, right)
            if others is not None:
                types = others if types is None else types & others
        return left, types

    def _one(self) -> tuple[Test, frozenset[str] | None]:
        if self._took("NOT"):
            test, _ = self._one()
            return _not(test), None
        if self._took("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> tuple[Test, frozenset[str] | None]:
        name = self._property()
        negated = self._took("NOT")
        if self._took("IN"):
            self._expect("(")
            wanted = [self._literal()]
            while self._took(","):
                wanted.append(self._literal())
            self._expect(")")
            return self._tested(name, lambda v: v in wanted, negated, wanted)
        if self._took("BETWEEN"):
            low = self._literal()
            self._expect("AND")
            high = self._literal()
            return self._tested(
                name, lambda v: _same(v, low) and _same(v, high) and low <= v <= high, negated
            )
        if self._took("LIKE"):
            return self._tested(name, _like(str(self._literal())), negated)
        if negated:
            raise InvalidExpression("NOT before a property's comparison needs IN, BETWEEN or LIKE")
        for sign, compare in _COMPARISONS.items():
            if self._took(sign):
                wanted = [self._literal()]
                test = partial(_compared, compare, wanted[0])
                return self._tested(name, test, False, wanted if sign == "=" else None)
        raise InvalidExpression(f"'{name}' is not compared with anything")

    def _tested(
        self,
        name: str,
        test: Callable[[Any], bool],
        negated: bool,
        only: list[Any] | None = None,
    ) -> tuple[Test, frozenset[str] | None]:
        def holds(row: Row) -> bool:
            return any(test(value) for value in values(row, name)) is not negated

        limits = name == "resourceType" and only is not None and not negated
        return holds, frozenset(map(str, only or ())) if limits else None

    def _property(self) -> str:
        kind, text = self._next()
        if kind != "word" or text.upper() in _KEYWORDS | _REFUSED:
            raise InvalidExpression(f"a property is expected, not '{text}'")
        return text

    def _literal(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return float(text) if "." in text else int(text)
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InvalidExpression(f"a value is expected, not '{text}'")

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise InvalidExpression("the expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _took(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in ("word", "sign") and text.upper() == word:
                self._at += 1
                return True
        return False

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise InvalidExpression(f"{word} is expected")


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position, end = 0, len(expression.rstrip().rstrip(";"))
    while position < end:
        match = _TOKEN.match(expression, position, end)
        if match is None:
            raise InvalidExpression(f"it can't be read at '{expression[position : position + 20]}'")
        kind = str(match.lastgroup)
        if kind == "word" and match[kind].upper() in _REFUSED:
            raise InvalidExpression(f"{match[kind].upper()} is not supported")
        found.append((kind, match[kind]))
        position = match.end()
    return found


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
    "<>": lambda a, b: bool(a != b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
}


def _compared(compare: Callable[[Any, Any], bool], wanted: Any, value: Any) -> bool:
    return _same(value, wanted) and compare(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    """Whether two values can be compared: numbers with numbers, text with text."""
    numbers = (int, float)
    return isinstance(value, type(wanted)) or (
        isinstance(value, numbers) and isinstance(wanted, numbers)
    )


def _like(pattern: str) -> Callable[[Any], bool]:
    stem = pattern[:-1]
    if not pattern.endswith("%") or "%" in stem or "_" in stem or len(stem) < 3:
        raise InvalidExpression(
            "LIKE takes a suffix wildcard after at least three characters ('abc%')"
        )
    return lambda value: str(value).startswith(stem)


def _and(left: Test, right: Test) -> Test:
    return lambda row: left(row) and right(row)


def _or(left: Test, right: Test) -> Test:
    return lambda row: left(row) or right(row)


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _aggregate(field: Field, rows: list[Row]) -> Any:
    if field.aggregate == "COUNT" and field.path == "*":
        return len(rows)
    found = [value for row in rows for value in values(row, field.path)]
    if field.aggregate == "COUNT":
        return len(found)
    if not found:
        return None
    if field.aggregate in ("MIN", "MAX"):
        return min(found) if field.aggregate == "MIN" else max(found)
    if not all(isinstance(value, (int, float)) for value in found):
        raise InvalidExpression(f"{field.aggregate} needs numbers")
    return sum(found) if field.aggregate == "SUM" else sum(found) / len(found)


def _sortable(found: list[Any]) -> tuple[bool, str, float]:
    value = found[0] if found else None
    number = float(value) if isinstance(value, (int, float)) else 0.0
    return value is not None, "" if number else str(value), number


def _cut(value: Any, path: list[str]) -> Any:
    """The part of a value that a path leads to, in its place; None where there is none."""
    if not path:
        return value
    if isinstance(value, list):
        parts = [_cut(one, path) for one in value]
        return [part for part in parts if part is not None]
    if not isinstance(value, Mapping) or path[0] not in value:
        return None
    inner = _cut(value[path[0]], path[1:])
    return None if inner is None else {path[0]: inner}


def _merge(into: dict[str, Any], part: Any) -> None:
    for name, value in (part or {}).items():
        known = into.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list) and len(known) == len(value):
            for left, right in zip(known, value, strict=True):
                if isinstance(left, dict) and isinstance(right, dict):
                    _merge(left, right)
        else:
            # A copy: what is merged into must not be the estate's own.
            into[name] = dict(value) if isinstance(value, dict) else value
