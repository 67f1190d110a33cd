"""The interface between the local AWS's front and the services laid over moto."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.protocol.errors import ServiceError

__all__ = ["Call", "Handler", "ServiceError"]


@dataclass(frozen=True)
class Call:
    """One validated request: who asks what, where, and what time it is on the estate's clock."""

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
