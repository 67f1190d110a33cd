"""A cell: one source, account, region, period and selection; the unit of collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from include.assessment.period import Period, parse_period
from include.digests import digest_of


@dataclass(frozen=True)
class Cell:
    """``selection`` is the digest of what is asked for (see :func:`selection_digest`)."""

    source: str
    account: str
    region: str
    period: Period
    selection: str

    def __str__(self) -> str:
        return f"{self.source} in account {self.account}, region {self.region}, {self.period}"

    @property
    def key(self) -> str:
        """Where the cell's snapshots lie, below the store's prefix."""
        period = quote(self.period.label, safe="")
        return f"{period}/{self.source}/{self.account}/{self.region}/{self.selection[:12]}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "source": self.source,
            "account": self.account,
            "region": self.region,
            "period": self.period.label,
            "selection": self.selection,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Cell:
        """The inverse of :meth:`to_json`."""
        return cls(
            data["source"],
            data["account"],
            data["region"],
            parse_period(data["period"]),
            data["selection"],
        )


def selection_digest(selection: dict[str, Any]) -> str:
    """The digest of what a source is asked for; ``{}`` means all it has."""
    return digest_of(selection)
