"""Content digests: SHA-256 over bytes, or over JSON in one canonical form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any


def sha256(data: bytes) -> str:
    """Lower-case hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no white space: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON form."""
    return sha256(canonical_json(value))


def digest_of_many(digests: Iterable[str]) -> str:
    """One digest for a set of digests, whatever their order."""
    return sha256("\n".join(sorted(digests)).encode())
