"""The interface between the local AWS's front and the services laid over moto."""

from __future__ import annotations

from include.protocol.call import Call, Handler
from include.protocol.errors import ServiceError

__all__ = ["Call", "Handler", "ServiceError"]
