"""What happened to licences since the period's end, by CloudTrail's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from include.aws.errors import classify
from include.evidence.cell import Cell
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Ended
from include.sources.trail_events import REACH, TrailEvent, look_up

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory

ACTIONS = frozenset({"cloudtrail:LookupEvents"})
_SOURCE = "license-manager.amazonaws.com"
#: Calls by which a resource stops or changes what it consumes, without License Manager's doing.
_RELEASING = (
    "ModifyInstanceAttribute",
    "ReleaseHosts",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
)
_CREATES = "CreateLicenseConfiguration"
_DELETES = "DeleteLicenseConfiguration"
_ASSOCIATES = "UpdateLicenseSpecificationsForResource"
_UPDATES = "UpdateLicenseConfiguration"


@dataclass(frozen=True)
class Since:
    """What changed since the period's end. ``known`` is false when nobody could be asked.

    ``touched``, ``created`` and ``deleted`` are ARNs of configurations; ``resources`` are names of
    resources whose consumption may have changed; ``why`` is for the receipt.
    """

    known: bool
    created: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    consumption_known: bool = False
    why: str = ""


def since_the_end(out: SnapshotWriter, clients: ClientFactory, cell: Cell, in_use: bool) -> Since:
    """Ask CloudTrail; ``in_use``: whether any resource uses a licence at all.

    Without an answer, what License Manager lists speaks of the present only. Raises Ended PARTIAL
    when another attempt may bring the answer.
    """
    now, end = out.now, cell.period.end
    if now < end:
        return Since(True, consumption_known=True)
    if end < now - REACH:
        return Since(False)
    trail = clients.client("cloudtrail", cell.region)
    try:
        own = list(look_up(out, trail, end, now, EventSource=_SOURCE))
        other: list[TrailEvent] = []
        for name in _RELEASING if in_use else ():
            other += look_up(out, trail, end, now, EventName=name)
    except (ClientError, BotoCoreError) as error:
        failure = classify(error, "cloudtrail")
        why = (
            "CloudTrail could not be asked what changed since the period's end "
            f"({failure.missing_permission or failure.message}): items speak of the present."
        )
        if failure.retryable:
            raise Ended("PARTIAL", why) from error
        return Since(False, why=why)
    own = [event for event in own if not event.error]
    other = [event for event in other if not event.error]
    created = _named(own, _CREATES)
    released = [*other, *(event for event in own if event.name == _ASSOCIATES)]
    return Since(
        known=True,
        created=created,
        touched=_named(own, _UPDATES) - created,
        deleted=_named(own, _DELETES) - created,
        resources=_with_arns(released),
        consumption_known=not released,
    )


def _named(events: list[TrailEvent], name: str) -> frozenset[str]:
    """The ARNs of configurations that events of this name are about."""
    return frozenset(
        text
        for event in events
        if event.name == name
        for text in event.named
        if ":license-configuration:" in text
    )


def _with_arns(events: list[TrailEvent]) -> frozenset[str]:
    """Every name in the events; an instance's id also as the ARN that License Manager uses."""
    found: set[str] = set()
    for event in events:
        found |= event.named
        region = str(event.record.get("awsRegion", ""))
        account = str(event.record.get("recipientAccountId", ""))
        found |= {
            arn_of("AWS::EC2::Instance", name, account, region)
            for name in event.named
            if name.startswith("i-")
        }
    return frozenset(found)
