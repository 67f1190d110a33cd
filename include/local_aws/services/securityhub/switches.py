"""What is switched on in one account and region: standards, and each control in each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from include.local_aws.estate.store import Estate
from include.local_aws.services.securityhub.standards import Standard, containing, standards
from include.local_aws.services.verdicts import Deployed, deployments

#: [from, to) in epoch seconds; ``None``: still so.
Span = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Association:
    """A control's place in a standard: on or off, since when (None: always so), and why."""

    standard: Standard
    on: bool
    since: int | None
    reason: str


class Place:
    """The switches of one account and region over time."""

    def __init__(self, estate: Estate, account: str, region: str) -> None:
        self._region = region
        where = (account, region)
        rows = estate.rows(
            "SELECT standard_arn, from_t, to_t FROM standards WHERE account = ? AND region = ?",
            where,
        )
        self._subscribed: dict[str, list[Span]] = defaultdict(list)
        for row in rows:
            self._subscribed[row["standard_arn"]].append((row["from_t"], row["to_t"]))
        if not rows:
            # An estate that says nothing of standards has those that accounts usually have.
            for one in standards():
                if one.enabled:
                    self._subscribed[one.arn(region)].append((0, None))
        self._switched: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
        for row in estate.rows(
            "SELECT control, standard_arn, status, reason, at_t FROM control_switches"
            " WHERE account = ? AND region = ? ORDER BY at_t, rowid",
            where,
        ):
            self._switched[row["control"], row["standard_arn"]].append(
                (row["at_t"], row["status"], row["reason"] or "")
            )
        self._deployed: dict[str, list[Deployed]] = defaultdict(list)
        for one_deployed in deployments(estate, "security_hub", account, region):
            self._deployed[one_deployed.keyword].append(one_deployed)
        settings = estate.rows(
            "SELECT consolidated FROM hub_settings WHERE account = ? AND region = ?", where
        )
        self._spans: dict[tuple[str, Standard | None], list[Span]] = {}
        #: Whether a control has one finding per resource, whatever the number of standards.
        self.consolidated = not settings or bool(settings[0]["consolidated"])

    def subscriptions(self, at: int) -> list[Standard]:
        """The standards that are enabled at ``at``."""
        return [one for one in standards() if _covers(self._spans_of(one), at)]

    def ever_subscribed(self, control: str) -> list[Standard]:
        """The standards holding a control that were enabled at any time."""
        return [one for one in containing(control) if self._spans_of(one)]

    def deployed(self, control: str, at: int) -> Deployed | None:
        """The control's deployment at ``at``, if it was set up then."""
        return next((one for one in self._deployed.get(control, ()) if one.covers(at)), None)

    def association(self, control: str, standard: Standard, at: int) -> Association:
        """How a control stands in a standard at ``at``."""
        on = self._on(control, standard, at) and _covers(self._spans_of(standard), at)
        before = [one for one in self._switches(control, standard) if one[0] <= at]
        if before:
            return Association(standard, on, before[-1][0], "" if on else before[-1][2])
        deployed = self.deployed(control, at)
        ends = [d.to_t for d in self._deployed.get(control, ()) if d.to_t and d.to_t <= at]
        since = deployed.from_t if deployed else max(ends, default=None)
        return Association(standard, on, since, "")

    def is_on(self, control: str, at: int) -> bool:
        """Whether the control runs in any enabled standard at ``at``."""
        return _covers(self.spans(control), at)

    def spans(self, control: str, standard: Standard | None = None) -> list[Span]:
        """When the control ran in ``standard`` (None: in any), oldest first."""
        key = (control, standard)
        if key not in self._spans:
            self._spans[key] = self._spans_when(control, standard)
        return self._spans[key]

    def _spans_when(self, control: str, standard: Standard | None) -> list[Span]:
        held = self.ever_subscribed(control)
        if not held:
            return _merged((d.from_t, d.to_t) for d in self._deployed.get(control, ()))
        found: list[Span] = []
        for one in held if standard is None else [standard]:
            found += self._running(control, one)
        return _merged(found)

    def _running(self, control: str, standard: Standard) -> list[Span]:
        subscribed = self._spans_of(standard)
        own = [(d.from_t, d.to_t) for d in self._deployed.get(control, ())]
        edges = {t for span in [*subscribed, *own] for t in span if t is not None}
        edges |= {at for at, _, _ in self._switches(control, standard)}
        ordered = sorted(edges)
        ends: Sequence[int | None] = [*ordered[1:], None]
        return [
            (start, end)
            for start, end in zip(ordered, ends, strict=True)
            if self._on(control, standard, start) and _covers(subscribed, start)
        ]

    def _on(self, control: str, standard: Standard, at: int) -> bool:
        if self.deployed(control, at) is None:
            return False
        before = [one for one in self._switches(control, standard) if one[0] <= at]
        return not before or before[-1][1] == "ENABLED"

    def _switches(self, control: str, standard: Standard) -> list[tuple[int, str, str]]:
        return self._switched.get((control, standard.arn(self._region)), [])

    def _spans_of(self, standard: Standard) -> list[Span]:
        return self._subscribed.get(standard.arn(self._region), [])


@lru_cache(maxsize=1024)
def place(estate: Estate, account: str, region: str) -> Place:
    """The switches of an account and region; read once, as an estate does not change."""
    return Place(estate, account, region)


def _covers(spans: Iterable[Span], at: int) -> bool:
    return any(start <= at and (end is None or at < end) for start, end in spans)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            last = merged[-1][1]
            later = None if last is None or end is None else max(last, end)
            merged[-1] = (merged[-1][0], later)
        else:
            merged.append((start, end))
    return merged
