"""Where an account's trails deliver the log files of a region, and when those trails logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from include.aws.errors import classify
from include.evidence.snapshot import SnapshotWriter
from include.sources.base import ask_once
from include.sources.trail_digests import Span

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory


@dataclass(frozen=True)
class TrailPlace:
    """One trail as far as it concerns one account and region.

    ``root`` is the folder of the account's objects (``prefix/AWSLogs/o-…/111111111111/``).
    ``logged`` is the time in which the trail is known to have logged this region, by what
    GetTrailStatus tells; None when that can't be told from it. ``left_out`` says in words which
    management events the trail leaves out (``reads``, ``the events of kms.amazonaws.com``).
    """

    arn: str
    name: str
    home: str
    account: str
    region: str
    bucket: str
    root: str
    is_validated: bool
    logged: Span | None
    left_out: tuple[str, ...] = ()

    def folder(self, kind: str) -> str:
        """The folder of ``CloudTrail`` or ``CloudTrail-Digest`` files of the region."""
        return f"{self.root}{kind}/{self.region}/"


def find_places(
    out: SnapshotWriter,
    clients: ClientFactory,
    account: str,
    region: str,
    span: Span,
    refusals: list[ClientError],
) -> list[TrailPlace]:
    """The trails that may have logged ``account`` in ``region``, those that cover most first.

    What kept others from being looked at is added to ``refusals``.
    """
    client = clients.client("cloudtrail", region)
    listing = ask_once(
        out, client, "DescribeTrails", {"includeShadowTrails": True}, items_at="trailList"
    )
    places = []
    for trail in listing.items:
        place = _place(out, clients, account, region, trail, refusals)
        if place is not None:
            places.append(place)
    # Among equals the account's own, whose bucket it is more likely to be let into.
    return sorted(
        places,
        key=lambda place: (-_worth(place, span), place.arn.split(":")[4] != account, place.arn),
    )


def _worth(place: TrailPlace, span: Span) -> int:
    """How much is to be expected of a trail: whether it logged all the time, and is validated."""
    logged = place.logged is not None and not uncovered(span, [place.logged])
    return 4 * (not place.left_out) + 2 * logged + place.is_validated


def _place(
    out: SnapshotWriter,
    clients: ClientFactory,
    account: str,
    region: str,
    trail: Mapping[str, Any],
    refusals: list[ClientError],
) -> TrailPlace | None:
    arn, name = str(trail["TrailARN"]), str(trail["Name"])
    root = f"{trail['S3KeyPrefix']}/" if trail.get("S3KeyPrefix") else ""
    root += "AWSLogs/"
    client = clients.client("cloudtrail", region)
    try:
        if trail.get("IsOrganizationTrail"):
            organizations = clients.client("organizations")
            told = ask_once(out, organizations, "DescribeOrganization").answer.output
            root += f"{told['Organization']['Id']}/"
        status = ask_once(out, client, "GetTrailStatus", {"Name": arn}).answer.output
        selectors = ask_once(out, client, "GetEventSelectors", {"TrailName": arn}).answer.output
    except ClientError as error:
        failure = classify(error, out.service)
        if failure.status != "DENIED" and failure.code != "TrailNotFoundException":
            raise
        out.note(f"The trail {name} could not be looked at: {failure.code}, {failure.message}")
        if failure.status == "DENIED":
            refusals.append(error)
        return None
    home = str(trail.get("HomeRegion") or arn.split(":")[3])
    return TrailPlace(
        arn=arn,
        name=name,
        home=home,
        account=account,
        region=region,
        bucket=str(trail.get("S3BucketName", "")),
        root=f"{root}{account}/",
        is_validated=bool(trail.get("LogFileValidationEnabled")),
        # Of another region than its own nobody knows since when the trail has watched it.
        logged=_logged(status, out.now) if home == region else None,
        left_out=_left_out(selectors),
    )


def _logged(status: Mapping[str, Any], now: datetime) -> Span | None:
    """The last time of uninterrupted logging."""
    started, stopped = status.get("StartLoggingTime"), status.get("StopLoggingTime")
    if started is None:
        return None
    if status.get("IsLogging"):
        return started, now
    return (started, stopped) if stopped is not None and started < stopped else None


def _left_out(selectors: Mapping[str, Any]) -> tuple[str, ...]:
    """Which management events the selectors leave out, in words.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
    """
    basic: Sequence[Mapping[str, Any]] = selectors.get("EventSelectors") or ()
    advanced: Sequence[Mapping[str, Any]] = selectors.get("AdvancedEventSelectors") or ()
    if basic:
        return _left_out_by_basic([one for one in basic if one.get("IncludeManagementEvents")])
    found = [{field["Field"]: field for field in one.get("FieldSelectors", ())} for one in advanced]
    management = [
        fields
        for fields in found
        if "Management" in fields.get("eventCategory", {}).get("Equals", ())
    ]
    if not management:
        return ("all management events",) if advanced else ()
    if any(fields.keys() == {"eventCategory"} for fields in management):
        return ()
    return ("the management events that its advanced selectors don't name",)


def _left_out_by_basic(management: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    if not management:
        return ("all management events",)
    kinds = {one.get("ReadWriteType", "All") for one in management}
    excluded = sorted(
        {e for one in management for e in one.get("ExcludeManagementEventSources", ())}
    )
    said = []
    if "All" not in kinds and kinds != {"ReadOnly", "WriteOnly"}:
        said.append("reads" if kinds == {"WriteOnly"} else "writes")
    # The Data API of RDS runs statements; it changes nothing that is asked about.
    said += [f"the events of {e}" for e in excluded if e != "rdsdata.amazonaws.com"]
    return tuple(said)


def uncovered(span: Span, parts: Iterable[Span]) -> list[Span]:
    """What of ``span`` lies in none of ``parts``, in order."""
    at, end = span
    found: list[Span] = []
    for start, stop in sorted(parts):
        if start > at and at < end:
            found.append((at, min(start, end)))
        at = max(at, stop)
    if at < end:
        found.append((at, end))
    return [one for one in found if one[1] - one[0] > timedelta()]
