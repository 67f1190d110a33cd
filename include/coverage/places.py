"""What the sources say of themselves in each account and region, before any evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from include.assessment.coverage import Yield
from include.assessment.scope import Scope
from include.evidence.deployment import Deployment

#: How asking one source in one place ended; the words are a receipt's.
Standing = Literal[
    "COMPLETE", "PARTIAL", "NOT_ENABLED", "DENIED", "EXPIRED", "FAILED", "EXCLUDED"
]  # fmt: skip


@dataclass(frozen=True)
class Recorder:
    """AWS Config's recorder in a place; ``only`` None: all types that Config supports."""

    running: bool
    only: frozenset[str] | None
    without: frozenset[str]

    def records(self, resource_type: str) -> bool:
        """Whether resources of this type are recorded."""
        if self.only is not None:
            return resource_type in self.only
        return resource_type not in self.without


@dataclass(frozen=True)
class Hub:
    """Security Hub in a place: standards that are on (paths), what they hold, what is off there."""

    standards: tuple[str, ...]
    held: frozenset[str]
    off: frozenset[str]


@dataclass(frozen=True)
class Place:
    """One source in one account and region.

    ``said`` is what a reader has to know: why it can't answer, or what it told beside.
    """

    source: str
    account: str
    region: str
    standing: Standing
    said: str = ""
    missing_permission: str = ""
    deployments: tuple[Deployment, ...] = ()
    recorder: Recorder | None = None
    hub: Hub | None = None

    @property
    def unknown(self) -> bool:
        """Whether it could not be asked, or not to the end: then nothing counts as covered."""
        return self.standing not in ("COMPLETE", "NOT_ENABLED")

    def __str__(self) -> str:
        return f"{self.source} in {self.account} {self.region}"


@dataclass(frozen=True)
class Standard:
    """A standard of Security Hub that can be enabled, and the controls it holds."""

    path: str
    name: str
    controls: frozenset[str]


@dataclass(frozen=True)
class Found:
    """The whole scope as it was found. ``as_of``: the services' clock (ISO UTC)."""

    scope: Scope
    as_of: str
    places: tuple[Place, ...]
    standards: tuple[Standard, ...] = ()
    _by_place: dict[tuple[str, str, str], Place] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._by_place.update({(p.source, p.account, p.region): p for p in self.places})

    def place(self, source: str, account: str, region: str) -> Place | None:
        """One source in one account and region; None where it was not asked."""
        return self._by_place.get((source, account, region))

    def yields(self) -> Mapping[str, Yield]:
        """By account, what an assessment would know before it looks at evidence."""
        found = {account: Yield() for account in self.scope.accounts}
        for place in self.places:
            here = found[place.account]
            here.standing[place.source, place.region] = place.standing
            for deployment in place.deployments:
                key = (place.source, place.region, deployment.keyword)
                here.deployments.setdefault(key, []).append(deployment)
        return found
