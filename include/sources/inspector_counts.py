"""Inspector's own totals, compared with what was listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages


@contextmanager
def _if_answered(out: SnapshotWriter, what: str) -> Iterator[None]:
    """Go on without a total, and say so; no verdict rests on it. Lost credentials still end it."""
    try:
        yield
    except ClientError as error:
        failure = classify(error, "inspector2")
        if failure.status in ("EXPIRED", "THROTTLED"):
            raise
        out.note(f"{what} is not known: {failure.code}.")


def compare_coverage(
    out: SnapshotWriter, inspector: Any, own: Mapping[str, Any], listed: int
) -> None:
    """Compare with ListCoverageStatistics over the same filter."""
    with _if_answered(out, "How many resources Inspector itself counts"):
        answer = ask_once(out, inspector, "ListCoverageStatistics", {"filterCriteria": own}).answer
        total = int(answer.output.get("totalCounts", 0))
        more = "Resources appeared while they were listed." if listed > total else ""
        out.count("resources that Inspector covers", total, listed, more)


def compare_findings(
    out: SnapshotWriter, inspector: Any, cell: Cell, statuses: Mapping[str, int]
) -> None:
    """Compare with ListFindingAggregations by account, which counts what is active.

    ``statuses``: how many findings of each status were listed.
    """
    with _if_answered(out, "How many findings Inspector itself counts"):
        own = [{"comparison": "EQUALS", "value": cell.account}]
        request = {"aggregationType": "ACCOUNT", "accountIds": own}
        total = sum(
            int((one.get("accountAggregation") or {}).get("severityCounts", {}).get("all", 0))
            for listing in pages(
                out,
                inspector,
                "ListFindingAggregations",
                "responses",
                request,
                token="nextToken",
            )
            for one in listing.items
            if (one.get("accountAggregation") or {}).get("accountId") == cell.account
        )
        active = statuses.get("ACTIVE", 0)
        every = sum(statuses.values())
        said = ""
        if active < total <= every:
            said = "Inspector's total also counts findings that are suppressed or closed."
        elif total < active:
            said = "Inspector's total lags behind."
        out.count("active findings of Inspector", total, active, said)
