"""What a handler is given: one validated request and who asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Context:
    """Who asks, where, and what time it is for the service (aware, UTC)."""

    account: str
    region: str
    caller_arn: str
    now: datetime
    request_id: str


@dataclass(frozen=True)
class Call:
    """One validated request: who asks what, where, and what time it is for the service.

    ``params`` has the API's own member names; timestamps in it are aware UTC datetimes.
    """

    service: str
    operation: str
    account: str
    region: str
    caller_arn: str
    params: Mapping[str, Any]
    now: datetime
    request_id: str


#: Answers a call with the operation's output members, or raises ServiceError.
Handler = Callable[[Call], dict[str, Any]]
