"""Pages and their tokens: opaque, bound to one request, and refused when they come from another.

A token carries the moment of the first page. Later pages answer as of that moment, so a listing
stays consistent while the estate's clock ticks on.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from include.digests import sha256
from include.local_aws.overlay import Call, ServiceError
from include.local_aws.services.moments import epoch

T = TypeVar("T")

#: Members that may change from page to page of one listing.
_FREE = frozenset(
    {"NextToken", "nextToken", "Marker", "MaxResults", "maxResults", "Limit", "limit", "MaxItems"}
)


def _request_digest(call: Call) -> str:
    asked = {key: value for key, value in call.params.items() if key not in _FREE}
    where = [call.service, call.operation, call.account, call.region, asked]
    return sha256(json.dumps(where, sort_keys=True, default=str).encode())[:24]


@dataclass(frozen=True)
class Cursor:
    """Where a listing stands: how many items were given out, and as of when (epoch seconds)."""

    request: str
    offset: int
    as_of: int

    @classmethod
    def of(cls, call: Call, error: str, *, member: str = "NextToken") -> Cursor:
        """The cursor of a request; ``error`` is the code that answers a token that isn't ours."""
        request, token = _request_digest(call), call.params.get(member)
        if not token:
            return cls(request, 0, epoch(call.now))
        try:
            raw = zlib.decompress(base64.urlsafe_b64decode(str(token).encode()))
            known, offset, as_of = json.loads(raw)
            if known != request or offset < 0 or as_of > epoch(call.now):
                raise ValueError("token of another request")
        except (ValueError, TypeError, zlib.error, binascii.Error, UnicodeError):
            raise ServiceError(error, "The specified next token is not valid.") from None
        return cls(request, offset, as_of)

    def token(self, offset: int) -> str:
        """The token that continues after ``offset`` items."""
        raw = json.dumps([self.request, offset, self.as_of]).encode()
        return base64.urlsafe_b64encode(zlib.compress(raw)).decode()

    def cut(self, items: Sequence[T], size: int) -> tuple[list[T], str | None]:
        """The page of ``size`` items that starts here, and the token of the next one or None."""
        end = self.offset + size
        return list(items[self.offset : end]), self.token(end) if end < len(items) else None


def page_size(
    call: Call, *, member: str, default: int, most: int, least: int = 1, error: str
) -> int:
    """The page size asked for; 0 and absence mean ``default`` where the API allows 0."""
    asked: Any = call.params.get(member)
    if asked is None or (asked == 0 and least == 0):
        return default
    if not least <= asked <= most:
        raise ServiceError(error, f"{member} must be between {least} and {most}, not {asked}.")
    return int(asked)


def with_token(
    answer: dict[str, Any], token: str | None, name: str = "NextToken"
) -> dict[str, Any]:
    """``answer`` with the next token, which is left out on the last page as the services do."""
    return {**answer, name: token} if token else answer
