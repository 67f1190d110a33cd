"""CloudTrail: who did what in the period, for the activity that checks ask about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.identity import ACCOUNT_TYPE, account_identity
from include.evidence.item import Evidence, SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.arns import arn_of
from include.sources.base import Ended, ask, known_as
from include.sources.trail_events import REACH, TrailEvent, look_up

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.catalogue import Check

ROOT_USAGE = "@root-usage"
UNAUTHORIZED = "@unauthorized-api-call"


class CloudTrail:
    """Collects management events by name; ``@…`` keywords are patterns over all of them."""

    name: SourceName = "cloudtrail"
    service = "cloudtrail"
    settled = True

    def selection(self, checks: Sequence[Check]) -> dict[str, Any]:
        """The event names and patterns that the checks ask about."""
        return {
            "events": sorted(
                {
                    keyword
                    for check in checks
                    for source in check.sources
                    if source.source == self.name
                    for keyword in source.all_keywords
                }
            )
        }

    def in_region(self, selection: Mapping[str, Any], *, home: bool) -> dict[str, Any]:
        """The same everywhere: activity is recorded where it takes place."""
        return dict(selection)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes."""
        return frozenset(
            {
                "cloudtrail:DescribeTrails",
                "cloudtrail:LookupEvents",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """One sweep over everything that changes something, and one over the root user."""
        keywords = set(asked["events"])
        if not keywords:
            return
        trail = clients.client("cloudtrail", cell.region)
        # The service's clock, before anything is asked about the past.
        ask(out, trail, "DescribeTrails", {"includeShadowTrails": False})
        start = max(cell.period.start, out.now - REACH)
        end = cell.period.end
        complete = start == cell.period.start
        for keyword in sorted(keywords):
            out.deploy(_deployment(cell, keyword, out.now, complete=complete))
        if start < end:
            for event in _sweep(out, trail, start, end, keywords):
                for keyword in _keywords(event, keywords):
                    out.add(_evidence(cell, event, keyword))
        if UNAUTHORIZED in keywords:
            out.note("Refused calls that would only have read are not looked for.")
        if not complete:
            raise Ended(
                "BEYOND_REACH",
                f"CloudTrail's event history reaches back to {iso(start)} only (90 days).",
            )


def _sweep(
    out: SnapshotWriter, trail: Any, start: datetime, end: datetime, keywords: set[str]
) -> Iterator[TrailEvent]:
    yield from look_up(out, trail, start, end, ReadOnly="false")
    if ROOT_USAGE in keywords:
        yield from look_up(out, trail, start, end, Username="root")


def _keywords(event: TrailEvent, asked: set[str]) -> Iterator[str]:
    if event.name in asked:
        yield event.name
    if ROOT_USAGE in asked and event.by_root:
        yield ROOT_USAGE
    if UNAUTHORIZED in asked and event.refused:
        yield UNAUTHORIZED


def _evidence(cell: Cell, event: TrailEvent, keyword: str) -> Evidence:
    resource, resource_type = _resource(cell, event)
    return Evidence(
        source="cloudtrail",
        keyword=keyword,
        account=cell.account,
        region=cell.region,
        event_source=str(event.entry.get("EventSource", "")),
        event_name=event.name,
        resource=resource,
        resource_type=resource_type,
        result="NONE",
        raw_status=event.error,
        known=known_as(event.seen, cell.period),
        source_time=event.at,
        collected_at=event.seen,
        deployment=keyword,
        attributes={
            "id": event.id,
            "username": str(event.entry.get("Username", "")),
            "read_only": str(event.entry.get("ReadOnly", "")),
            "source_ip": str(event.record.get("sourceIPAddress", "")),
            "by_root": event.by_root,
            # A sign-in says how it went in its additional data, not by an error code.
            **_sign_in(event.record),
        },
        page=event.page,
        offset=event.offset,
    )


def _sign_in(record: Mapping[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    if mfa := (record.get("additionalEventData") or {}).get("MFAUsed"):
        said["mfa_used"] = str(mfa)
    if outcome := (record.get("responseElements") or {}).get("ConsoleLogin"):
        said["console_login"] = str(outcome)
    return said


def _resource(cell: Cell, event: TrailEvent) -> tuple[str, str]:
    for resource in event.entry.get("Resources", ()):
        name, type_ = resource.get("ResourceName"), resource.get("ResourceType", "")
        if name:
            return arn_of(type_, name, cell.account, cell.region), type_
    return account_identity(cell.account), ACCOUNT_TYPE


def _deployment(cell: Cell, keyword: str, now: datetime, *, complete: bool) -> Deployment:
    return Deployment(
        source="cloudtrail",
        keyword=keyword,
        account=cell.account,
        region=cell.region,
        state="ACTIVE" if complete else "BEYOND_REACH",
        arn=keyword,
        last_evaluated=iso(min(now, cell.period.end)),
    )
