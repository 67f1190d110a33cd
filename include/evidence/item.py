"""One piece of evidence, in the form every source is normalised to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from include.clock import iso
from include.digests import digest_of

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
#: What the source itself says of the resource. ``NONE``: it does not judge (configuration, events).
Result = Literal["PASS", "FAIL", "NOT_APPLICABLE", "UNANSWERED", "NONE"]
#: How it is known that the item speaks of the period (promise 2).
Known = Literal["CONTEMPORANEOUS", "RECONSTRUCTED", "CURRENT_ONLY"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item. Times are aware UTC; ``resource`` is the canonical identity (see identity.py).

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
    parameters: Mapping[str, Any] = field(default_factory=dict)
    failed: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    page: str = ""
    offset: int = 0

    @property
    def evidence_id(self) -> str:
        """Deterministic: the same observation has the same id in every collection."""
        return digest_of(
            [
                self.source,
                self.keyword,
                self.deployment,
                self.account,
                self.region,
                self.event_name,
                self.resource,
                iso(self.source_time),
                self.attributes.get("id", ""),
            ]
        )[:32]

    def content(self) -> dict[str, Any]:
        """Everything that is not about the collecting itself (JSON values only)."""
        skip = {"collected_at", "page", "offset"}
        out: dict[str, Any] = {}
        for f in fields(self):
            if f.name in skip:
                continue
            value = getattr(self, f.name)
            if isinstance(value, datetime):
                value = iso(value)
            elif isinstance(value, Mapping):
                value = json.loads(json.dumps(dict(value)))
            elif isinstance(value, tuple):
                value = [list(pair) for pair in value]
            out[f.name] = value
        return out

    @property
    def content_digest(self) -> str:
        """Equal content digests mean: the same evidence."""
        return digest_of(self.content())
