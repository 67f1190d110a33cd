"""Security Hub: what its controls found about each resource at the period's end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.aws.sessions import partition_of
from include.clock import from_iso, iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence, Known, Result, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import Ended, Listing, ask_once, known_as, pages
from include.sources.finding_history import FindingPast, past_of
from include.sources.timeline import at_end

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

#: How long Security Hub remembers how a finding changed.
REACH = timedelta(days=90)
_BATCH = 100
_RESULTS: Mapping[str, Result] = {
    "PASSED": "PASS",
    "FAILED": "FAIL",
    "WARNING": "UNANSWERED",
    "NOT_AVAILABLE": "UNANSWERED",
}
_FAILING = frozenset({"FAILED"})
#: ASFF's resource types whose words don't split as CloudFormation's do.
_TYPES = {
    "AwsAccount": ACCOUNT_TYPE,
    "AwsEc2Vpc": "AWS::EC2::VPC",
    "AwsRdsDbInstance": "AWS::RDS::DBInstance",
    "AwsRdsDbCluster": "AWS::RDS::DBCluster",
    "AwsEfsFileSystem": "AWS::EFS::FileSystem",
    "AwsCloudTrailTrail": "AWS::CloudTrail::Trail",
    "AwsCloudtrailTrail": "AWS::CloudTrail::Trail",
}
_SERVICES = {
    "Ec2": "EC2",
    "Iam": "IAM",
    "S3": "S3",
    "Kms": "KMS",
    "Rds": "RDS",
    "Efs": "EFS",
    "Sns": "SNS",
    "Sqs": "SQS",
    "Lambda": "Lambda",
    "DynamoDb": "DynamoDB",
}


class SecurityHub:
    """Collects the findings of Security Hub's own controls. Asked for everything."""

    name: SourceName = "security_hub"
    service = "securityhub"
    settled = True

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """All controls: one snapshot serves every framework."""
        return {}

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere."""
        return dict(selection)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "securityhub:DescribeHub",
                "securityhub:GetFindings",
                "securityhub:GetFindingHistory",
                "securityhub:GetEnabledStandards",
                "securityhub:ListSecurityControlDefinitions",
                "securityhub:BatchGetSecurityControls",
                "securityhub:BatchGetStandardsControlAssociations",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """Findings first: what was archived tells which controls were on."""
        hub = clients.client("securityhub", cell.region)
        subscribed = from_iso(ask_once(out, hub, "DescribeHub").answer.output["SubscribedAt"])
        severities = _severities(out, hub)
        regional = set(asked["regional_account_keywords"])
        collector = _Findings(cell, hub, out, regional, severities)
        request = {
            "Filters": {
                "ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}],
                # An aggregation region also shows other regions' and members' findings.
                "AwsAccountId": [{"Value": cell.account, "Comparison": "EQUALS"}],
                "Region": [{"Value": cell.region, "Comparison": "EQUALS"}],
            },
            "MaxResults": 100,
        }
        for listing in pages(out, hub, "GetFindings", "Findings", request):
            for offset, finding in enumerate(listing.items):
                collector.take(finding, listing, offset)
        reached = out.now - REACH <= cell.period.end
        on_by_then = subscribed < cell.period.end or bool(collector.judging)
        since = _enabled_since(out, hub)
        for control in _controls(out, hub, sorted(severities)):
            state = _state(
                control, since, cell, collector.judging, on_by_then=on_by_then, reached=reached
            )
            out.deploy(_deployment(control, state, cell, out.now))
        if not on_by_then:
            raise Ended(
                "NOT_ENABLED",
                f"Security Hub was last switched on {iso(subscribed)}, after the period's end; "
                "what it found before that can't be known.",
            )
        if not reached:
            raise Ended(
                "BEYOND_REACH",
                "The period ended more than 90 days ago; Security Hub no longer knows what "
                "changed since.",
            )


class _Findings:
    """Turns findings into evidence; ``judging``: the controls seen at work at the period's end."""

    def __init__(
        self,
        cell: Cell,
        hub: Any,
        out: SnapshotWriter,
        regional: set[str],
        severities: Mapping[str, str],
    ) -> None:
        self._cell = cell
        self._hub = hub
        self._out = out
        self._regional = regional
        self._severities = severities
        self.judging: set[str] = set()

    def take(self, finding: Mapping[str, Any], listing: Listing, offset: int) -> None:
        """One finding as GetFindings gave it."""
        period = self._cell.period
        created, updated = from_iso(finding["CreatedAt"]), from_iso(finding["UpdatedAt"])
        control = finding.get("Compliance", {}).get("SecurityControlId")
        if created >= period.end or not control:
            return
        at = listing.answer.at
        forgotten = at - REACH
        if updated < period.start:
            past = FindingPast.unchanged(finding, created)
        elif forgotten > period.end and updated >= period.end:
            self._add(finding, FindingPast.unchanged(finding, created), listing, offset, lost=True)
            return
        else:
            if forgotten > period.start:
                self._out.note(
                    f"Security Hub's memory begins {iso(forgotten)}: failures that were fixed "
                    "earlier in the period are not shown."
                )
            past = past_of(self._out, self._hub, finding, created, max(period.start, forgotten))
        self._add(finding, past, listing, offset)

    def _add(
        self,
        finding: Mapping[str, Any],
        past: FindingPast,
        listing: Listing,
        offset: int,
        *,
        lost: bool = False,
    ) -> None:
        period = self._cell.period
        standing = at_end(past.results(), period, _FAILING)
        if standing is None:
            return
        control = str(finding["Compliance"]["SecurityControlId"])
        at = listing.answer.at
        known: Known = "CURRENT_ONLY" if lost else known_as(at, period)
        if standing.moved_since:
            known = "RECONSTRUCTED"
        if not standing.gone and not lost:
            self.judging.add(control)
        workflow = past.value_at("workflow", period.end)
        resource = finding["Resources"][0]
        self._out.add(
            Evidence(
                source="security_hub",
                keyword=control,
                account=self._cell.account,
                region=self._cell.region,
                event_source="securityhub.amazonaws.com",
                event_name="GetFindings",
                resource=self._identity(resource, control),
                resource_type=_cloudformation_type(resource["Type"]),
                result=_RESULTS.get(standing.status, "UNANSWERED"),
                raw_status=standing.status,
                known=known,
                source_time=standing.since,
                collected_at=at,
                in_population=not standing.gone,
                severity=self._severities.get(control, ""),
                deployment=control_arn(self._cell, control),
                failed=standing.failed,
                attributes={
                    "id": finding["Id"],
                    "generator": finding.get("GeneratorId", ""),
                    # Suppressing hides a finding in Security Hub, but changes no result here.
                    "workflow": "SUPPRESSED" if workflow == "SUPPRESSED" else "",
                    "record_state": "ARCHIVED" if standing.gone else "ACTIVE",
                },
                page=listing.page,
                offset=offset,
            )
        )

    def _identity(self, resource: Mapping[str, Any], control: str) -> str:
        if resource["Type"] == "AwsAccount" or resource["Id"].startswith(f"{ACCOUNT_TYPE}:"):
            own_region = control in self._regional
            return account_identity(self._cell.account, self._cell.region if own_region else None)
        return str(resource["Id"])


def control_arn(cell: Cell, control: str) -> str:
    """A control's ARN where it runs."""
    return (
        f"arn:{partition_of(cell.region)}:securityhub:{cell.region}:{cell.account}"
        f":security-control/{control}"
    )


def _cloudformation_type(asff: str) -> str:
    """``AwsEc2SecurityGroup`` as ``AWS::EC2::SecurityGroup``; unknown ones stay as they are."""
    if asff in _TYPES:
        return _TYPES[asff]
    for short, service in _SERVICES.items():
        if asff.startswith(f"Aws{short}") and len(asff) > len(short) + 3:
            return f"AWS::{service}::{asff[len(short) + 3 :]}"
    return asff


def _severities(out: SnapshotWriter, hub: Any) -> dict[str, str]:
    """Each control's own severity (a finding shows INFORMATIONAL as long as it passes)."""
    return {
        item["SecurityControlId"]: item["SeverityRating"]
        for listing in pages(
            out,
            hub,
            "ListSecurityControlDefinitions",
            "SecurityControlDefinitions",
            {"MaxResults": 100},
        )
        for item in listing.items
    }


def _controls(
    out: SnapshotWriter, hub: Any, controls: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(controls), _BATCH):
        ids = controls[start : start + _BATCH]
        yield from ask_once(
            out,
            hub,
            "BatchGetSecurityControls",
            {"SecurityControlIds": ids},
            items_at="SecurityControls",
        ).items


def _state(
    control: Mapping[str, Any],
    enabled_since: Mapping[str, datetime],
    cell: Cell,
    judging: set[str],
    *,
    on_by_then: bool,
    reached: bool,
) -> State:
    """A control's state at the period's end.

    That a control without findings ran: it is enabled now, its place in a standard hasn't been
    changed since before the period's end, and the hub was on by then. Enabled controls run at
    least once a day, so it ran through the end and found no resource. A control that judged
    something at the end was on then, whatever its state is now.
    """
    name = control["SecurityControlId"]
    since = enabled_since.get(name)
    if not on_by_then:
        return "NEVER_EVALUATED"
    if name not in judging:
        if control["SecurityControlStatus"] != "ENABLED" or since is None:
            return "DISABLED"
        if since >= cell.period.end:
            return "NEVER_EVALUATED"
    return "ACTIVE" if reached else "BEYOND_REACH"


def _deployment(control: Mapping[str, Any], state: State, cell: Cell, now: datetime) -> Deployment:
    name = control["SecurityControlId"]
    return Deployment(
        source="security_hub",
        keyword=name,
        account=cell.account,
        region=cell.region,
        state=state,
        arn=control_arn(cell, name),
        parameters=_parameters(control.get("Parameters", {})),
        last_evaluated=iso(min(now, cell.period.end)) if state == "ACTIVE" else "",
    )


def _enabled_since(out: SnapshotWriter, hub: Any) -> dict[str, datetime]:
    """Since when each control is enabled: the earliest of its enabled places in the standards."""
    found: dict[str, datetime] = {}
    standards = [
        item["StandardsArn"]
        for listing in pages(out, hub, "GetEnabledStandards", "StandardsSubscriptions")
        for item in listing.items
    ]
    for standard in standards:
        held = [
            item["SecurityControlId"]
            for listing in pages(
                out,
                hub,
                "ListSecurityControlDefinitions",
                "SecurityControlDefinitions",
                {"StandardsArn": standard, "MaxResults": 100},
            )
            for item in listing.items
        ]
        for start in range(0, len(held), _BATCH):
            ids = [
                {"SecurityControlId": control, "StandardsArn": standard}
                for control in held[start : start + _BATCH]
            ]
            for item in ask_once(
                out,
                hub,
                "BatchGetStandardsControlAssociations",
                {"StandardsControlAssociationIds": ids},
                items_at="StandardsControlAssociationDetails",
            ).items:
                if item["AssociationStatus"] == "ENABLED":
                    name = item["SecurityControlId"]
                    # No time of change: as it was from the beginning.
                    since = item.get("UpdatedAt", datetime.min.replace(tzinfo=UTC))
                    found[name] = min(since, found.get(name, since))
    return found


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """``{name: {"Value": {"Integer": 45}}}`` as ``{name: 45}``."""
    return {
        name: next(iter(parameter["Value"].values()))
        for name, parameter in given.items()
        if parameter.get("Value")
    }
