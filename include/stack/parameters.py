"""What a local estate is made from; equal parameters share one state directory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from include.clock import from_iso, iso
from include.errors import InputError
from include.local_aws.estate.parameters import FEWEST_RESOURCES, MOST_RESOURCES

_LIMITS = {
    "seed": (0, 2**31 - 1),
    "accounts": (1, 200),
    "regions": (1, 17),
    "resources": (FEWEST_RESOURCES, MOST_RESOURCES),
    "months": (2, 36),
}


def demo_clock(now: datetime) -> datetime:
    """06:00 UTC on the first of this month: when the scheduled run of last month starts.

    Until then (the first six hours of a month) that of the month before.
    """
    settled = now.astimezone(UTC) - timedelta(hours=6)
    return settled.replace(day=1, hour=6, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class EstateParameters:
    """Seed, size and history of an estate, and its clock; ``resources`` per account and region."""

    seed: int = 7
    accounts: int = 3
    regions: int = 2
    resources: int = 100
    months: int = 4
    clock: datetime = field(default_factory=lambda: demo_clock(datetime.now(UTC)))
    #: Also the rules and controls of services that the estate has no resources of.
    idle_rules: bool = True

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"--{name} is {value}.", hint=f"It must lie between {low} and {high}."
                )

    @property
    def key(self) -> str:
        """Names the state directory: the month in clear, the rest as a short digest."""
        digest = hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()
        return f"{self.clock:%Y-%m}-seed{self.seed}-{digest[:8]}"

    def arguments(self) -> list[str]:
        """As arguments of ``include.local_aws.server``."""
        return [
            *(part for name in _LIMITS for part in (f"--{name}", str(getattr(self, name)))),
            "--clock",
            iso(self.clock),
            *(["--idle-rules"] if self.idle_rules else []),
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the stack's record."""
        return {**asdict(self), "clock": iso(self.clock)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EstateParameters:
        """The inverse of :meth:`to_json`."""
        return cls(**{**data, "clock": from_iso(data["clock"])})

    def changed(self, **given: int | None) -> EstateParameters:
        """A copy with those values that were given (not None)."""
        return replace(self, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
