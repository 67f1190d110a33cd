"""JSON in one canonical form, and content digests: SHA-256 over it or over bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from include.clock import iso


def sha256(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def plain(value: Any) -> Any:
    """What AWS asks for and answers, as JSON values: times become ISO text, bytes text."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no white space: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON form."""
    return sha256(canonical_json(value))


def digest_of_many(digests: Iterable[str]) -> str:
    """One digest for a set of digests, whatever their order."""
    return sha256("\n".join(sorted(digests)).encode())
