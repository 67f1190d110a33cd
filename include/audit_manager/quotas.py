"""Audit Manager's quotas: what is there, what is needed, and an error that says both.

See "Quotas and restrictions" in the user guide; all are per account and region.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from include.errors import AuditError


class Unavailable(AuditError):
    """Audit Manager can't be used here; the run goes on without it and says so."""


class QuotaExceeded(Unavailable):
    """A quota would break; nothing was written."""


@dataclass(frozen=True)
class Quotas:
    """How many an account may have; AWS raises those of controls and frameworks on request."""

    custom_controls: int = 500
    custom_frameworks: int = 100
    active_assessments: int = 100


@dataclass(frozen=True)
class Use:
    """One quota: how many there are, and how many more a plan needs."""

    what: str
    present: int
    more: int
    most: int

    @property
    def exceeded(self) -> bool:
        """Whether the plan doesn't fit. One that needs no more always does."""
        return self.more > 0 and self.present + self.more > self.most


def require(uses: Iterable[Use]) -> None:
    """Raise QuotaExceeded for those that don't fit, with all their numbers."""
    said = [
        f"{use.most} {use.what}; there are {use.present} and {use.more} more are needed"
        for use in uses
        if use.exceeded
    ]
    if said:
        raise QuotaExceeded(
            f"Audit Manager allows per account and region {', and '.join(said)}.",
            hint="Nothing was written. Delete or close what is no longer needed there, choose "
            "fewer frameworks, or have AWS raise the quota and set it in audit_manager.",
        )
