"""Every figure of an assessment, as plain values that all reports draw and none computes again.

What each figure means stands in docs/metrics.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = Mapping[str, Any]

#: From worst to least.
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


def percent(part: int, whole: int) -> float | None:
    """``part`` of ``whole`` in per cent, two decimals, halves rounded up; None of nothing."""
    if whole == 0:
        return None
    return two_decimals(100 * part, whole)


def two_decimals(amount: float, unit: float) -> float:
    """``amount`` in ``unit``, two decimals, halves rounded up, as a spreadsheet does: 2,300,400
    seconds are 26.63 days of 86,400, where Python's ``round`` makes 26.62 of the exact 26.625."""
    exact = Decimal(amount) / Decimal(unit)
    return float(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def difference(before: float | None, now: float | None) -> float | None:
    """``now`` less ``before`` to two decimals; None where either is."""
    if before is None or now is None:
        return None
    return float(Decimal(str(now)) - Decimal(str(before)))


@dataclass(frozen=True)
class Metrics:
    """All plain JSON values; percentages have two decimals, None where nothing can be counted."""

    compliance: Row
    coverage: Row
    by_control_set: Sequence[Row]
    by_account: Sequence[Row]
    by_region: Sequence[Row]
    by_severity: Sequence[Row]
    resources: Row
    evidence: Row
    by_resource_type: Sequence[Row] = ()
    failing_resources: Sequence[Row] = ()
    non_compliance: Row = field(default_factory=dict)
    change: Row = field(default_factory=dict)
    trend: Sequence[Row] = ()
    exceptions: Row = field(default_factory=dict)
    metering: Row = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under the names that report.json has for them."""
        return {name: _plain(getattr(self, attribute)) for attribute, name in _NAMES.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Metrics:
        """The inverse of :meth:`to_json`."""
        return cls(**{attribute: data[name] for attribute, name in _NAMES.items()})


#: Names of the fields in report.json.
_NAMES: Mapping[str, str] = {
    "compliance": "compliance_metrics",
    "coverage": "coverage",
    "by_control_set": "by_control_set",
    "by_account": "by_account",
    "by_region": "by_region",
    "by_severity": "by_severity",
    "resources": "resources",
    "evidence": "evidence_summary",
    "by_resource_type": "by_resource_type",
    "failing_resources": "failing_resources",
    "non_compliance": "non_compliance",
    "change": "change",
    "trend": "trend",
    "exceptions": "exceptions",
    "metering": "metering",
}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else [dict(row) for row in value]
