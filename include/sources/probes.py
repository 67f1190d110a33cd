"""One cheap question per source: would a collection find the service there and switched on?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

Output = Mapping[str, Any]


def _fine(output: Output) -> str:
    return ""


@dataclass(frozen=True)
class Probe:
    """A call that every collection makes, and what its answer lacks ('' if nothing).

    ``home_only``: the service is global and asked in the home region alone.
    """

    service: str
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)
    lacks: Callable[[Output], str] = _fine
    home_only: bool = False

    def ask(self, clients: ClientFactory, region: str) -> str:
        """What is missing there; lets AWS's errors pass."""
        client = clients.client(self.service, region)
        output = getattr(client, xform_name(self.operation))(**self.request)
        return self.lacks(output)


def _recorder(output: Output) -> str:
    recorders = output.get("ConfigurationRecordersStatus", [])
    if not recorders:
        return "AWS Config has no recorder here: switch it on."
    if not any(recorder.get("recording") for recorder in recorders):
        return "AWS Config's recorder is stopped: start it."
    return ""


def _trail(output: Output) -> str:
    if not output.get("trailList"):
        return "No trail covers this region: events older than 90 days can't be had."
    return ""


def _inspector(output: Output) -> str:
    states = [account["state"]["status"] for account in output.get("accounts", [])]
    return "" if "ENABLED" in states else "Amazon Inspector is not enabled here."


PROBES: Mapping[str, Probe] = {
    "aws_config": Probe("config", "DescribeConfigurationRecorderStatus", lacks=_recorder),
    "security_hub": Probe("securityhub", "DescribeHub"),
    "inspector": Probe("inspector2", "BatchGetAccountStatus", lacks=_inspector),
    "cloudtrail": Probe("cloudtrail", "DescribeTrails", lacks=_trail),
    "license_manager": Probe("license-manager", "ListLicenseConfigurations", {"MaxResults": 1}),
    "api_calls": Probe("iam", "GetAccountSummary", home_only=True),
    "custom": Probe("ssm", "ListResourceComplianceSummaries", {"MaxResults": 1}),
}
