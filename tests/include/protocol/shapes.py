"""Random values that fit a shape of a service's model."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from include.protocol.patterns import compiled

_CANDIDATES = (
    "a1b2c3d4-1234-4abc-9def-0123456789ab",
    "111111111111",
    "arn:aws:auditmanager:eu-west-1:111111111111:control/a1b2c3d4-1234-4abc-9def-0123456789ab",
    "arn:aws:sns:eu-west-1:111111111111:topic",
    "arn:aws:iam::111111111111:role/reader",
    "arn:aws:kms:eu-west-1:111111111111:key/a1b2c3d4-1234-4abc-9def-0123456789ab",
    "arn:aws:s3:::bucket",
    "s3://bucket/key",
    "https://example.com",
    "someone@example.com",
    "eu-west-1",
    "ab",
    "abcdefghijkl",
    "Abc123",
    "A" * 25,
    "0",
    "3",
    "10",
    "a" * 64,
    "us-east-1/x",
    "CVE-2026-1234",
    "sha256:" + "a" * 64,
    "i-0123456789abcdef0",
    "o-abcdefghij",
    "r-abcd",
    "123456",
    "+4912345",
    "aws:x",
)
_LETTERS = "aZ09 _-/.%+&=?#:äß漢😀\"'<>"


class CannotFit(Exception):
    """No value at hand satisfies a pattern of the model."""


def make(shape: Any, rng: random.Random, depth: int = 0) -> Any:
    """A random value; raises CannotFit when a required pattern can't be met."""
    if getattr(shape, "is_document_type", False):
        return {"any": [1, "thing", None]}
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, rng, depth)
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if kind == "list":
        return [make(shape.member, rng, depth + 1) for _ in range(_size(rng, low, high, 1, 2))]
    if kind == "map":
        keys = {make(shape.key, rng, depth + 1) for _ in range(_size(rng, low, high, 1, 2))}
        if len(keys) < (low or 0):
            raise CannotFit(shape.name)
        return {key: make(shape.value, rng, depth + 1) for key in keys}
    if kind == "string":
        return _string(shape, rng, low, high)
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "timestamp":
        return datetime.fromtimestamp(rng.randrange(0, 2_000_000_000), UTC)
    if kind == "blob":
        return rng.randbytes(_size(rng, low, high, 1, 20))
    if kind in ("float", "double"):
        return rng.randrange(int(low or 0) * 4, int(100 if high is None else high) * 4 + 1) / 4
    return rng.randrange(int(low or 0), int(1000 if high is None else high) + 1)


def _size(rng: random.Random, low: Any, high: Any, least: int, most: int) -> int:
    low = max(least, low or 0)
    return rng.randint(low, max(low, min(most, most if high is None else high)))


def _structure(shape: Any, rng: random.Random, depth: int) -> dict[str, Any]:
    out = {}
    required = set(shape.required_members)
    members = list(shape.members.items())
    if getattr(shape, "is_tagged_union", False):
        members = [rng.choice(members)]
        required = {members[0][0]}
    for name, member in members:
        if name not in required and (depth > 3 or rng.random() < 0.5):
            continue
        try:
            out[name] = make(member, rng, depth + 1)
        except (CannotFit, RecursionError):
            if name in required:
                raise
    return out


def _string(shape: Any, rng: random.Random, low: Any, high: Any) -> str:
    if shape.enum:
        return str(rng.choice(shape.enum))
    pattern = shape.metadata.get("pattern")
    if not pattern:
        size = _size(rng, low, high, 1, 12)
        return "".join(rng.choice(_LETTERS) for _ in range(size))
    fitting = [
        text
        for text in _CANDIDATES
        if (low or 0) <= len(text) <= (high or 10_000) and compiled(pattern).fullmatch(text)
    ]
    if not fitting:
        raise CannotFit(pattern)
    return rng.choice(fitting)
