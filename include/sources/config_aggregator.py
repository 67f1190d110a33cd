"""A Config aggregator: a second look at one account and region, never the only one.

An aggregator silently leaves out what did not authorise it, so that nothing is complete by its
word. Where it holds the cell, its count is compared; where the direct way is denied, it shows
what it has, and the cell stays denied.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import pages
from include.sources.config_counts import member
from include.sources.config_current import STANDINGS
from include.sources.config_recorder import COMPLIANCE_TYPE


@dataclass(frozen=True)
class Aggregator:
    """One that names the cell's account and region among its sources."""

    client: Any
    name: str
    cell: Cell

    @property
    def here(self) -> str:
        """The condition that limits a query to the cell."""
        return f"accountId = '{self.cell.account}' AND awsRegion = '{self.cell.region}'"

    def failing_resources(self, out: SnapshotWriter) -> int:
        """How many of the cell's resources it knows to be non-compliant. One call, as a rule."""
        expression = (
            f"SELECT COUNT(*) WHERE resourceType = '{COMPLIANCE_TYPE}' AND {self.here}"
            " AND configuration.complianceType = 'NON_COMPLIANT'"
        )
        request = {"ConfigurationAggregatorName": self.name, "Expression": expression}
        return sum(
            int(member(json.loads(text), "COUNT(*)") or 0)
            for listing in pages(
                out, self.client, "SelectAggregateResourceConfig", "Results", request
            )
            for text in listing.items
            if text
        )

    def standings(self, out: SnapshotWriter) -> Iterator[dict[str, Any]]:
        """The cell's rows, as :func:`include.sources.config_items.selected` gives them."""
        request = {
            "ConfigurationAggregatorName": self.name,
            "Expression": f"{STANDINGS} AND {self.here}",
            "Limit": 100,
        }
        for listing in pages(out, self.client, "SelectAggregateResourceConfig", "Results", request):
            for offset, text in enumerate(listing.items):
                row: dict[str, Any] = json.loads(text)
                captured = datetime.fromisoformat(row["configurationItemCaptureTime"])
                yield row | {
                    "configurationItemCaptureTime": captured,
                    "page": listing.page,
                    "offset": offset,
                    "seen": listing.answer.at,
                }

    def why_different(self, out: SnapshotWriter, seen: datetime) -> str:
        """Why its count may differ from what was read at ``seen``; '' for no known reason."""
        mine = []
        for listing in pages(
            out,
            self.client,
            "DescribeConfigurationAggregatorSourcesStatus",
            "AggregatedSourceStatusList",
            {"ConfigurationAggregatorName": self.name, "Limit": 100},
        ):
            mine += [status for status in listing.items if self._of_cell(status)]
        if not mine:
            return "the aggregator does not hold this account and region"
        status = mine[0]
        if status.get("LastUpdateStatus") != "SUCCEEDED":
            why = status.get("LastErrorMessage") or status.get("LastErrorCode") or "not authorised?"
            return f"the aggregator could not read this account and region: {why}".rstrip(".")
        updated = status.get("LastUpdateTime")
        if updated is not None and updated < seen:
            return f"the aggregator's copy is of {iso(updated)}"
        return ""

    def _of_cell(self, status: Mapping[str, Any]) -> bool:
        return (status.get("SourceId"), status.get("AwsRegion")) == (
            self.cell.account,
            self.cell.region,
        )


def find_aggregator(out: SnapshotWriter, config_at_home: Any, cell: Cell) -> Aggregator | None:
    """The first aggregator of the home region that takes in the cell; None without one.

    Not being allowed to look is said in the receipt and stops nothing: it is a second look.
    """
    try:
        for listing in pages(
            out, config_at_home, "DescribeConfigurationAggregators", "ConfigurationAggregators"
        ):
            for one in listing.items:
                if _takes_in(one, cell):
                    return Aggregator(config_at_home, one["ConfigurationAggregatorName"], cell)
    except ClientError as error:
        say_denied(out, error)
    return None


def say_denied(out: SnapshotWriter, error: ClientError) -> None:
    """Note that the second look was refused; any other error is raised."""
    failure = classify(error, "config")
    if failure.status != "DENIED":
        raise error
    out.note(f"No aggregator could be asked: {failure.missing_permission} is missing.")


def _takes_in(aggregator: Mapping[str, Any], cell: Cell) -> bool:
    for source in aggregator.get("AccountAggregationSources", ()):
        if cell.account in source.get("AccountIds", ()) and _has_region(source, cell.region):
            return True
    organization = aggregator.get("OrganizationAggregationSource")
    return bool(organization) and _has_region(organization, cell.region)


def _has_region(source: Mapping[str, Any] | None, region: str) -> bool:
    if source is None:
        return False
    return bool(source.get("AllAwsRegions")) or region in source.get("AwsRegions", ())
