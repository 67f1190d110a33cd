"""CloudTrail: who did what in the period, for the activity that checks ask about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.aws.sessions import global_region
from include.clock import iso
from include.evidence.cell import Cell
from include.evidence.deployment import Deployment
from include.evidence.item import SourceName
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import Ended, ask
from include.sources.trail_digests import Span
from include.sources.trail_events import REACH
from include.sources.trail_evidence import evidence_of
from include.sources.trail_patterns import UNAUTHORIZED, Wanted
from include.sources.trail_record import Record
from include.sources.trail_region import RegionEvents

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.checks.check import Check

#: A busy region has more events than LookupEvents gives in a sensible time (100 a second): after
#: so many pages of 50 the rest is read from a trail's files, if there is one.
MOST_PAGES = 200
#: Services whose events are recorded there whatever region they are about.
_GLOBAL_SOURCES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "account", "cloudfront", "globalaccelerator", "iam", "organizations", "route53",
        "route53domains", "signin", "sso", "sts", "support",
    )
)  # fmt: skip


class CloudTrail:
    """Collects management events by name; ``@…`` keywords are patterns over all of them.

    What CloudTrail's event history remembers (``reach``) is looked up; what is older, and what is
    left when ``most_pages`` have been read, comes from the log files of a trail. Both give equal
    evidence.
    """

    name: SourceName = "cloudtrail"
    service = "cloudtrail"
    settled = True
    keywords_in = "events"

    def __init__(self, reach: timedelta = REACH, most_pages: int = MOST_PAGES) -> None:
        self._reach = reach
        self._most_pages = most_pages

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

    def in_scope(
        self, asked: Mapping[str, Any], region: str, *, home: str, regions: Sequence[str]
    ) -> dict[str, Any]:
        """In the home cell also the global services, where their own region is out of scope."""
        elsewhere = global_region(region)
        if region == home and elsewhere not in regions and asked.get("events"):
            return {**asked, "global_region": elsewhere}
        return dict(asked)

    def actions(self, selection: Mapping[str, Any]) -> frozenset[str]:
        """The calls it makes, those for reading log files included."""
        return frozenset(
            {
                "cloudtrail:DescribeTrails",
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:ListPublicKeys",
                "cloudtrail:LookupEvents",
                "kms:Decrypt",
                "organizations:DescribeOrganization",
                "s3:GetObject",
                "s3:ListBucket",
            }
        )

    def collect(
        self, cell: Cell, asked: Mapping[str, Any], clients: ClientFactory, out: SnapshotWriter
    ) -> None:
        """One sweep over everything that changes something, and one over the root user."""
        wanted = Wanted(asked["events"])
        if not wanted.keywords:
            return
        # The service's clock, before anything is asked about the past.
        trails = clients.client("cloudtrail", cell.region)
        ask(out, trails, "DescribeTrails", {"includeShadowTrails": False})
        forgotten = self._take(cell, cell.region, wanted, clients, out)
        if elsewhere := asked.get("global_region"):
            forgotten += self._take(cell, elsewhere, wanted, clients, out)
        for keyword in wanted.keywords:
            out.deploy(_deployment(cell, keyword, out.now, complete=not forgotten))
        if UNAUTHORIZED in wanted.keywords:
            out.note("Refused calls that would only have read are not looked for.")
        if forgotten:
            times = ", ".join(f"{iso(a)} to {iso(b)}" for a, b in forgotten)
            raise Ended(
                "BEYOND_REACH",
                f"CloudTrail's event history reaches back {self._reach.days} days, and no trail "
                f"proves to have logged all of the rest: unknown is {times}.",
            )

    def _take(
        self,
        cell: Cell,
        region: str,
        wanted: Wanted,
        clients: ClientFactory,
        out: SnapshotWriter,
    ) -> list[Span]:
        """Hand over a region's events, of another region those of global services only.

        Returns the times of which not all is known.
        """

        def is_here(record: Record) -> bool:
            return region == cell.region or record.source in _GLOBAL_SOURCES or record.by_root

        events = RegionEvents(
            out=out,
            clients=clients,
            account=cell.account,
            region=region,
            is_wanted=lambda record: bool(wanted.of(record)) and is_here(record),
            with_reads=wanted.reads,
            reach=self._reach,
            most_pages=self._most_pages,
        )
        for event in events.read((cell.period.start, cell.period.end)):
            for keyword in wanted.of(event.head):
                out.add(evidence_of(cell, event, keyword))
        return events.forgotten


def _deployment(cell: Cell, keyword: str, now: datetime, *, complete: bool) -> Deployment:
    return Deployment.of_keyword(cell, keyword, "ACTIVE" if complete else "BEYOND_REACH", now)
