"""What collecting cost: resource assessments as Audit Manager meters them, and API calls.

Nothing is billed by us; the price is what Audit Manager would take for collecting the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from include.assessment.result import Assessment
from include.checks.check import Check
from include.clock import from_iso
from include.metrics.evidence import checks_by_keyword
from include.metrics.model import Row

#: Evidence that people hand in is not a resource's.
_NOT_METERED = "manual"
_PER_CALL = ("calls", "retries", "throttles", "pages", "items")


@dataclass(frozen=True)
class Prices:
    """What Audit Manager takes for 1,000 resource assessments, per account and region.

    ``free_per_account_region`` are resource assessments a month. The default is AWS's list price
    as others quote it.
    """

    price_per_thousand: float = 1.25
    currency: str = "USD"
    free_per_account_region: int = 0


def metering_of(
    assessment: Assessment,
    evidence: pd.DataFrame | None,
    catalogue: Mapping[str, Check],
    prices: Prices,
) -> Row:
    """Resource assessments with their estimated price, and the API calls spent.

    A resource assessment is one collected item about one resource, from a data source that one of
    the framework's controls maps to; it is metered once, however many controls it serves. All of
    them are None without ``evidence`` (:func:`include.metrics.evidence.aggregate`).
    """
    return {
        **_resource_assessments(assessment, evidence, catalogue, prices),
        "price_per_thousand": prices.price_per_thousand,
        "currency": prices.currency,
        "free_per_account_region": prices.free_per_account_region,
        "api_calls": _api_calls(assessment),
    }


def _resource_assessments(
    assessment: Assessment,
    evidence: pd.DataFrame | None,
    catalogue: Mapping[str, Check],
    prices: Prices,
) -> Row:
    if evidence is None:
        nothing: Row = {"total": None, "by_source": {}, "by_account_region": []}
        return {"resource_assessments": nothing, "billable": None, "estimated_cost": None}
    metered = _metered(assessment, evidence, catalogue)
    by_source = metered.groupby("source")["items"].sum()
    by_place = metered.groupby(["account", "region"], as_index=False)["items"].sum()
    free = prices.free_per_account_region * _months(assessment)
    billable = int((by_place["items"] - free).clip(lower=0).sum())
    cost = Decimal(billable) * Decimal(str(prices.price_per_thousand)) / 1000
    return {
        "resource_assessments": {
            "total": int(metered["items"].sum()),
            "by_source": {str(source): int(n) for source, n in by_source.items()},
            "by_account_region": [
                {"account": str(account), "region": str(region), "n": int(n)}
                for account, region, n in by_place.itertuples(index=False)
            ],
        },
        "billable": billable,
        "estimated_cost": float(cost.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)),
    }


def _metered(
    assessment: Assessment, evidence: pd.DataFrame, catalogue: Mapping[str, Check]
) -> pd.DataFrame:
    wanted = checks_by_keyword(assessment, catalogue)
    mapped = pd.MultiIndex.from_tuples(list(wanted), names=["source", "keyword"])
    text = evidence[["source", "keyword", "resource_type"]].astype("str")
    asked = pd.MultiIndex.from_frame(text[["source", "keyword"]]).isin(mapped)
    about = (text["resource_type"] != "") & (text["source"] != _NOT_METERED)
    rows = asked & about.to_numpy()
    words = evidence.loc[rows, ["source", "account", "region"]].astype("str")
    return words.assign(items=evidence.loc[rows, "items"])


def _months(assessment: Assessment) -> int:
    start, end = from_iso(assessment.period_start), from_iso(assessment.period_end)
    return max((end.year - start.year) * 12 + end.month - start.month, 1)


def _api_calls(assessment: Assessment) -> Row:
    by_source: dict[str, dict[str, int]] = {}
    for line in assessment.receipts:
        counts = by_source.setdefault(line.source, dict.fromkeys(_PER_CALL, 0))
        for name in _PER_CALL:
            counts[name] += getattr(line, name)
    totals = {
        name: sum(counts[name] for counts in by_source.values())
        for name in ("calls", "retries", "throttles")
    }
    return {
        "total": totals["calls"],
        "retries": totals["retries"],
        "throttles": totals["throttles"],
        "by_source": {source: by_source[source] for source in sorted(by_source)},
    }
