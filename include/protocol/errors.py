"""Errors a service answers with."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """A modelled AWS error: ``code`` is the shape or error code, ``status`` overrides the model's.

    ``members`` are further modelled members (``reason``, ``fields``, ``resourceId`` …).
    """

    def __init__(
        self, code: str, message: str, *, status: int | None = None, **members: Any
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members
