"""Systems Manager's compliance of managed nodes: by association, patch and custom types.

Systems Manager tells the latest execution only. It stands for the period's end when it was before
that end: nothing was executed since. What is not managed, or told nothing, is a gap, not a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.evidence.cell import Cell
from include.evidence.deployment import Deployment, State
from include.evidence.item import Evidence, Known, Result
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Listing, known_as, pages
from include.sources.kept import Kept

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

ACTIONS = frozenset(
    {
        "ec2:DescribeInstances",
        "ssm:DescribeInstanceInformation",
        "ssm:ListComplianceItems",
        "ssm:ListComplianceSummaries",
        "ssm:ListResourceComplianceSummaries",
    }
)
#: The types that Systems Manager has by itself: every node should be told of by both.
TYPES = ("Association", "Patch")
INSTANCE, NODE = "AWS::EC2::Instance", "AWS::SSM::ManagedInstance"
_ALIVE = ["pending", "running", "stopping", "stopped"]
#: Non-compliant items that an evidence item shows; the raw pages have all.
_SHOWN = 100


@dataclass(frozen=True)
class _Node:
    """One instance or node: whether Systems Manager manages it, and where that was read."""

    id: str
    created: datetime | None
    managed: bool
    ping: str
    at: datetime
    page: str
    offset: int


@dataclass(frozen=True)
class _Summary:
    """One node's standing with one type, as ListResourceComplianceSummaries told it."""

    node: str
    kind: str
    status: str
    severity: str
    executed: datetime | None
    compliant: int
    non_compliant: int
    at: datetime
    page: str
    offset: int


def collect_nodes(cell: Cell, out: SnapshotWriter, clients: ClientFactory) -> None:
    """Summaries of all nodes first; the single items only of those that do not comply."""
    ssm = clients.client("ssm", cell.region)
    nodes = _nodes(out, ssm, clients.client("ec2", cell.region))
    listed: dict[tuple[str, str], _Summary] = {}
    for summary in _summaries(out, ssm):
        out.duplicates += (summary.node, summary.kind) in listed
        listed.setdefault((summary.node, summary.kind), summary)
    summaries = list(listed.values())
    items = {
        node: _items(out, ssm, node)
        for node in sorted({s.node for s in summaries if s.status == "NON_COMPLIANT"})
    }
    kept = Kept(out, cell)
    told: set[tuple[str, str]] = set()
    newest: dict[str, datetime] = {}
    for summary in summaries:
        node = nodes.get(summary.node)
        told.add((summary.node, summary.kind))
        if node is None or _came_later(node, cell):
            continue
        item = kept.better(_told(cell, summary, items.get(summary.node, {}).get(summary.kind, [])))
        out.add(item)
        newest[summary.kind] = max(item.source_time, newest.get(summary.kind, item.source_time))
    kinds = sorted({*TYPES, *(summary.kind for summary in summaries)})
    silent = 0
    for node in nodes.values():
        if _came_later(node, cell):
            continue
        for kind in kinds:
            if (node.id, kind) not in told:
                silent += not node.managed and kind == kinds[0]
                out.add(_untold(cell, node, kind))
    _counted(out, ssm, summaries)
    for kind in kinds:
        out.deploy(_deployment(cell, kind, newest.get(kind)))
    if silent:
        out.note(f"{silent} instances are not managed by Systems Manager: nobody knows of them.")


def _nodes(out: SnapshotWriter, ssm: Any, ec2: Any) -> dict[str, _Node]:
    """Every instance that exists and every node that is registered, by id."""
    found: dict[str, _Node] = {}
    for listing in pages(
        out, ssm, "DescribeInstanceInformation", "InstanceInformationList", {"MaxResults": 50}
    ):
        for offset, one in enumerate(listing.items):
            id_, at = one["InstanceId"], listing.answer.at
            born = one.get("RegistrationDate")
            ping = one.get("PingStatus", "")
            found[id_] = _Node(id_, born, True, ping, at, listing.page, offset)
    request = {"Filters": [{"Name": "instance-state-name", "Values": _ALIVE}], "MaxResults": 1000}
    for listing in pages(out, ec2, "DescribeInstances", "Reservations", request):
        offset = 0
        for reservation in listing.items:
            for one in reservation.get("Instances", ()):
                id_, born = one["InstanceId"], _created(one)
                there = found.get(id_)
                found[id_] = _Node(
                    id_,
                    born,
                    there is not None,
                    there.ping if there else "",
                    listing.answer.at,
                    listing.page,
                    offset,
                )
                offset += 1
    return dict(sorted(found.items()))


def _created(instance: Mapping[str, Any]) -> datetime | None:
    """When it was made: its disks keep that; the launch time changes at each start."""
    times = [instance.get("LaunchTime")]
    times += [
        device.get("Ebs", {}).get("AttachTime")
        for device in instance.get("BlockDeviceMappings", ())
    ]
    return min((at for at in times if at is not None), default=None)


def _came_later(node: _Node, cell: Cell) -> bool:
    return node.created is not None and node.created >= cell.period.end


def _summaries(out: SnapshotWriter, ssm: Any) -> Iterator[_Summary]:
    for listing in pages(
        out,
        ssm,
        "ListResourceComplianceSummaries",
        "ResourceComplianceSummaryItems",
        {"MaxResults": 50},
    ):
        for offset, one in enumerate(listing.items):
            yield _Summary(
                node=one["ResourceId"],
                kind=one["ComplianceType"],
                status=one.get("Status", ""),
                severity=one.get("OverallSeverity", ""),
                executed=one.get("ExecutionSummary", {}).get("ExecutionTime"),
                compliant=one.get("CompliantSummary", {}).get("CompliantCount", 0),
                non_compliant=one.get("NonCompliantSummary", {}).get("NonCompliantCount", 0),
                at=listing.answer.at,
                page=listing.page,
                offset=offset,
            )


def _items(out: SnapshotWriter, ssm: Any, node: str) -> dict[str, list[dict[str, Any]]]:
    """A node's non-compliant items by type: the call takes one node."""
    found: dict[str, list[dict[str, Any]]] = {}
    seen: set[tuple[str, str]] = set()
    request = {
        "ResourceIds": [node],
        "ResourceTypes": ["ManagedInstance"],
        "Filters": [{"Key": "Status", "Values": ["NON_COMPLIANT"], "Type": "EQUAL"}],
        "MaxResults": 50,
    }
    for listing in pages(out, ssm, "ListComplianceItems", "ComplianceItems", request):
        for one in listing.items:
            name = one["ComplianceType"], one.get("Id", "")
            out.duplicates += name in seen
            if name in seen:
                continue
            seen.add(name)
            found.setdefault(name[0], []).append(
                {
                    "id": one.get("Id", ""),
                    "title": one.get("Title", ""),
                    "severity": one.get("Severity", ""),
                }
            )
    return found


def _identity(cell: Cell, node: str) -> tuple[str, str]:
    """The canonical identity and type: instances are EC2's, others Systems Manager's own."""
    if node.startswith("i-"):
        return arn_of(INSTANCE, node, cell.account, cell.region), INSTANCE
    partition = arn_of(INSTANCE, node, cell.account, cell.region).split(":")[1]
    return (
        f"arn:{partition}:ssm:{cell.region}:{cell.account}:managed-instance/{node}",
        NODE,
    )


def _told(cell: Cell, summary: _Summary, items: list[dict[str, Any]]) -> Evidence:
    start, end, executed = cell.period.start, cell.period.end, summary.executed
    known: Known = "CURRENT_ONLY"
    if summary.at < end or (executed is not None and executed < end):
        known = known_as(summary.at, cell.period)
    result: Result = {"COMPLIANT": "PASS", "NON_COMPLIANT": "FAIL"}.get(
        summary.status, "UNANSWERED"
    )  # type: ignore[assignment]
    attributes: dict[str, Any] = {
        "compliant": summary.compliant,
        "non_compliant": summary.non_compliant,
        "items": sorted(items, key=lambda one: (one["id"], one["title"]))[:_SHOWN],
    }
    if executed is not None and executed < start and result == "PASS":
        # Its agent told nothing in the whole period; a failure stands until it is taken back.
        result = "UNANSWERED"
        attributes["outdated"] = True
    identity, type_ = _identity(cell, summary.node)
    return Evidence(
        source="custom",
        keyword=f"ssm_{summary.kind}",
        account=cell.account,
        region=cell.region,
        event_source="ssm.amazonaws.com",
        event_name="ListResourceComplianceSummaries",
        resource=identity,
        resource_type=type_,
        result=result,
        raw_status=summary.status,
        known=known,
        source_time=executed or min(summary.at, end),
        collected_at=summary.at,
        severity="" if summary.severity == "UNSPECIFIED" else summary.severity,
        deployment=f"ssm_{summary.kind}",
        attributes=attributes,
        page=summary.page,
        offset=summary.offset,
    )


def _untold(cell: Cell, node: _Node, kind: str) -> Evidence:
    """A node of which this type says nothing: unmanaged, or its agent never told."""
    end = cell.period.end
    identity, type_ = _identity(cell, node.id)
    return Evidence(
        source="custom",
        keyword=f"ssm_{kind}",
        account=cell.account,
        region=cell.region,
        event_source="ssm.amazonaws.com" if node.managed else "ec2.amazonaws.com",
        event_name="DescribeInstanceInformation" if node.managed else "DescribeInstances",
        resource=identity,
        resource_type=type_,
        result="UNANSWERED",
        raw_status="NOT_REPORTED" if node.managed else "UNMANAGED",
        known=known_as(node.at, cell.period) if node.at < end else "CURRENT_ONLY",
        source_time=min(node.at, end),
        collected_at=node.at,
        deployment=f"ssm_{kind}",
        attributes={"ping": node.ping} if node.ping else {},
        page=node.page,
        offset=node.offset,
    )


def _counted(out: SnapshotWriter, ssm: Any, summaries: list[_Summary]) -> None:
    """Systems Manager's own counts by type, beside ours."""
    listing: Listing
    for listing in pages(
        out, ssm, "ListComplianceSummaries", "ComplianceSummaryItems", {"MaxResults": 50}
    ):
        for one in listing.items:
            kind = one["ComplianceType"]
            expected = one.get("CompliantSummary", {}).get("CompliantCount", 0)
            expected += one.get("NonCompliantSummary", {}).get("NonCompliantCount", 0)
            found = sum(summary.kind == kind for summary in summaries)
            why = "Systems Manager's summary by type is made apart from that by node, and may lag"
            out.count(f"nodes told of by {kind}", expected, found, why * (expected != found))


def _deployment(cell: Cell, kind: str, newest: datetime | None) -> Deployment:
    state: State = "NEVER_EVALUATED" if newest is None else "ACTIVE"
    return Deployment.of_keyword(cell, f"ssm_{kind}", state, newest)
