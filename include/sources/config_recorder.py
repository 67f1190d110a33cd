"""Config's recorder: what it records, and whether it ran when the period ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.assessment.period import Period
from include.clock import iso
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once, pages

COMPLIANCE_TYPE = "AWS::Config::ResourceCompliance"
#: Recorded with "all supported types" only where the recorder includes global types.
_GLOBAL_TYPES = frozenset(
    {"AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Role", "AWS::IAM::Policy"}
)


#: How long Config keeps items unless told otherwise, and the least it can be told.
_KEPT, _KEPT_AT_LEAST = timedelta(days=2557), timedelta(days=30)


@dataclass(frozen=True)
class Recording:
    """What a region's recorder records, and when it last started and stopped (UTC).

    ``only`` are the types it is limited to (None: all it supports), ``without`` those left out.
    """

    running: bool
    started: datetime | None
    stopped: datetime | None
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def records(self, resource_type: str) -> bool:
        """Whether resources of this type are recorded."""
        if self.only is not None:
            return resource_type in self.only
        return resource_type not in self.without

    def ran_at_end(self, period: Period) -> bool:
        """Whether the recorder ran at the period's end, as far as its last start or stop tells."""
        if not self.running:
            return self.stopped is not None and self.stopped >= period.end
        if self.started is None or self.started < period.end:
            return True
        # It (re)started after the end: it ran then only if what came before was a later stop.
        return self.stopped is not None and period.end <= self.stopped <= self.started

    def outage_within(self, period: Period) -> tuple[datetime, datetime | None] | None:
        """The last known outage, where it touches the period; None as its end: still stopped."""
        if self.stopped is None or self.stopped >= period.end:
            return None
        until = self.started if self.running else None
        if until is not None and (until <= self.stopped or until <= period.start):
            return None
        return self.stopped, until


def recording(out: SnapshotWriter, config: Any) -> Recording | None:
    """The recorder of the client's region; None where there is none. Two calls."""
    recorders = ask_once(
        out, config, "DescribeConfigurationRecorders", items_at="ConfigurationRecorders"
    ).items
    statuses = ask_once(
        out, config, "DescribeConfigurationRecorderStatus", items_at="ConfigurationRecordersStatus"
    ).items
    # A service-linked recorder serves the service that made it, not the account's rules.
    recorders = [one for one in recorders if one and not one.get("servicePrincipal")]
    statuses = [one for one in statuses if one and not one.get("servicePrincipal")]
    if not recorders or not statuses:
        return None
    status = statuses[0]
    only, without = _types(recorders[0].get("recordingGroup") or {})
    return Recording(
        running=bool(status.get("recording")),
        started=status.get("lastStartTime"),
        stopped=status.get("lastStopTime"),
        only=only,
        without=without,
    )


def kept_since(out: SnapshotWriter, config: Any, wanted: datetime) -> datetime:
    """Since when Config keeps its items: ``wanted`` itself where it can't have forgotten that.

    At most one call.
    """
    kept = _KEPT
    if out.now - wanted < _KEPT_AT_LEAST:
        return wanted
    for listing in pages(out, config, "DescribeRetentionConfigurations", "RetentionConfigurations"):
        for one in listing.items:
            kept = timedelta(days=int(one["RetentionPeriodInDays"]))
    return out.now - kept


def say_gaps(out: SnapshotWriter, recorder: Recording, period: Period) -> None:
    """State in the receipt when the recorder stood still within the period."""
    outage = recorder.outage_within(period)
    if outage is None:
        return
    since, until = outage
    if not recorder.ran_at_end(period):
        out.note(
            f"AWS Config's recorder was stopped at the period's end (since {iso(since)}): "
            "what changed after that is not known."
        )
    elif until is not None:
        out.note(
            f"AWS Config's recorder was stopped from {iso(since)} to {iso(until)}: "
            "what changed in between is dated to when it went on."
        )


def _types(group: Mapping[str, Any]) -> tuple[frozenset[str] | None, frozenset[str]]:
    strategy = (group.get("recordingStrategy") or {}).get("useOnly", "")
    named: Sequence[str] = group.get("resourceTypes") or ()
    if strategy == "INCLUSION_BY_RESOURCE_TYPES" or (not strategy and named):
        return frozenset(named), frozenset()
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        left_out = (group.get("exclusionByResourceTypes") or {}).get("resourceTypes") or ()
        return None, frozenset(left_out)
    if group.get("includeGlobalResourceTypes"):
        return None, frozenset()
    return None, _GLOBAL_TYPES
