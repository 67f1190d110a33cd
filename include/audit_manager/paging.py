"""Listing: botocore has no paginators for Audit Manager, so pages are followed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def listed(operation: Any, key: str, **request: Any) -> Iterator[dict[str, Any]]:
    """Every item of ``answer[key]``, page after page."""
    while True:
        answer = operation(**request)
        yield from answer.get(key, [])
        token = answer.get("nextToken")
        if not token:
            return
        request["nextToken"] = token
