"""One piece of evidence, in the form every source is normalised to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

SourceName = Literal[
    "aws_config",
    "security_hub",
    "inspector",
    "cloudtrail",
    "license_manager",
    "api_calls",
    "custom",
    "manual",
]
#: What the sources are called by people.
SOURCE_NAMES: Mapping[str, str] = {
    "aws_config": "AWS Config",
    "security_hub": "AWS Security Hub",
    "inspector": "Amazon Inspector",
    "cloudtrail": "AWS CloudTrail",
    "license_manager": "AWS License Manager",
    "api_calls": "AWS API calls",
    "custom": "Custom evidence",
    "manual": "Manual evidence",
}
#: What the source itself says of the resource. ``NONE``: it does not judge (configuration, events).
Result = Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED", "NONE"]
#: How it is known that the item speaks of the period (promise 2).
Known = Literal["CONTEMPORANEOUS", "RECONSTRUCTED", "CURRENT_ONLY"]


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One item, immutable (``msgspec.structs.replace`` makes a changed copy).

    Times are aware UTC; ``resource`` is the canonical identity (see identity.py).
    ``keyword`` is Audit Manager's: a Config rule identifier, a Security Hub control id, an event
    name, ``service_Operation`` for API calls. ``deployment`` is the ARN of the rule or the
    control that judged, so that several deployments of one rule stay apart; ``parameters`` is
    what it was given. ``failed`` lists the half-open intervals within the period in which the
    resource failed (ISO pairs; the last may be open, then its end is the period's end).
    """

    source: SourceName
    keyword: str
    account: str
    region: str
    event_source: str
    event_name: str
    resource: str
    resource_type: str
    result: Result
    raw_status: str
    known: Known
    source_time: datetime
    collected_at: datetime
    #: False when the resource was gone before the period's end, or came after it.
    in_population: bool = True
    severity: str = ""
    deployment: str = ""
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    failed: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, Any] = msgspec.field(default_factory=dict)
    page: str = ""
    offset: int = 0

    @property
    def evidence_id(self) -> str:
        """Deterministic: the same observation has the same id in every collection."""
        return identity_of(self).hex()

    def content(self) -> dict[str, Any]:
        """Everything that is not about the collecting itself (JSON values only)."""
        return dict(json.loads(content_of(self)))

    @property
    def content_digest(self) -> str:
        """SHA-256 of the content's canonical JSON; equal digests mean: the same evidence."""
        return hashlib.sha256(content_of(self)).hexdigest()


def identity_of(item: Evidence) -> bytes:
    """:attr:`Evidence.evidence_id` as its 16 bytes."""
    return hashlib.sha256(
        _ENCODER.encode(
            (
                item.source,
                item.keyword,
                item.deployment,
                item.account,
                item.region,
                item.event_name,
                item.resource,
                _told_at(item),
                item.attributes.get("id", ""),
            )
        )
    ).digest()[:16]


def content_of(item: Evidence) -> bytes:
    """The content as JSON: members sorted by name, no white space, UTF-8."""
    return _ENCODER.encode(
        _Content(
            item.account,
            item.attributes,
            item.deployment,
            item.event_name,
            item.event_source,
            item.failed,
            item.in_population,
            item.keyword,
            item.known,
            item.parameters,
            item.raw_status,
            item.region,
            item.resource,
            item.resource_type,
            item.result,
            item.severity,
            item.source,
            _told_at(item),
        )
    )


def _told_at(item: Evidence) -> datetime | None:
    """The source time. None where there is none but the moment of collecting: what speaks of the
    present only, and says no time of its own, is the same whenever it is asked for.
    """
    if item.known == "CURRENT_ONLY" and item.source_time == item.collected_at:
        return None
    return _utc(item.source_time)


def _utc(at: datetime) -> datetime:
    # Which the encoder then writes as include.clock.iso does.
    return at if at.tzinfo is UTC else at.astimezone(UTC)


class _Content(msgspec.Struct, gc=False):
    """What content digests are over, in the order of the names."""

    account: str
    attributes: Mapping[str, Any]
    deployment: str
    event_name: str
    event_source: str
    failed: tuple[tuple[str, str], ...]
    in_population: bool
    keyword: str
    known: str
    parameters: Mapping[str, Any]
    raw_status: str
    region: str
    resource: str
    resource_type: str
    result: str
    severity: str
    source: str
    source_time: datetime | None


_ENCODER = msgspec.json.Encoder(order="deterministic")
