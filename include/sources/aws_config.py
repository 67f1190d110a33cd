"""AWS Config: what its rules said of each resource at the period's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.evidence.cell import Cell
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import AskedForAll, Ended
from include.sources.config_aggregator import find_aggregator
from include.sources.config_collection import Collection
from include.sources.config_recorder import recording, say_gaps
from include.sources.config_rules import rules_at_end
from include.sources.config_shelf import Shelf

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

_CALLS = """
BatchGetResourceConfig DescribeConfigRuleEvaluationStatus DescribeConfigRules
DescribeConfigurationAggregatorSourcesStatus DescribeConfigurationAggregators
DescribeConfigurationRecorderStatus DescribeConfigurationRecorders DescribeDeliveryChannels
DescribeRetentionConfigurations GetComplianceDetailsByConfigRule GetDiscoveredResourceCounts
GetResourceConfigHistory ListDiscoveredResources SelectAggregateResourceConfig
SelectResourceConfig
"""


class AwsConfig(AskedForAll):
    """Collects compliance per rule and resource. Asked for everything, whatever the checks."""

    name: SourceName = "aws_config"
    service = "config"
    settled = True

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes; S3's for the history files in the delivery bucket."""
        files = {"s3:ListBucket", "s3:GetObject", "kms:Decrypt"}
        return frozenset(f"config:{name}" for name in _CALLS.split()) | files

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Every resource's standing with every rule now, and the past of those that moved."""
        config = clients.client("config", cell.region)
        home = clients.client("config", str(asked["home_region"]))
        regional = frozenset(asked["regional_account_keywords"])
        with Shelf(out.folder) as shelf:
            collection = Collection(cell, out, shelf, clients, config, regional)
            try:
                recorder = recording(out, config)
                if recorder is None:
                    raise Ended("NOT_ENABLED", "AWS Config has no recorder in this region.")
                say_gaps(out, recorder, cell.period)
                rules = rules_at_end(out, config, cell, recorder)
                collection.read(recorder, rules)
                collection.look_back()
                collection.compare(find_aggregator(out, home, cell))
            except ClientError as error:
                if classify(error, "config").status == "DENIED" and not out.items:
                    collection.fall_back(find_aggregator(out, home, cell))
                raise
            collection.tell()
