"""What failed within a period: one failure for each check and resource, whoever says so.

Only checks that count are looked at: those that some control maps as required or supporting. A
resource that several regions or sources report is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from include.assessment.result import (
    Assessment,
    CellAnswer,
    CheckResult,
    FailingResource,
    Finding,
    Shown,
)
from include.clock import from_iso
from include.metrics.intervals import Stretch, told
from include.metrics.model import SEVERITIES

#: ``failing`` at the period's end (or, where the framework judges the whole period, within it);
#: ``fixed`` before the end; ``gone``: the resource was no longer there at the end.
State = Literal["failing", "fixed", "gone"]
STATES: tuple[State, ...] = ("failing", "fixed", "gone")
#: (check id, resource identity)
Key = tuple[str, str]


@dataclass(slots=True)
class Failure:
    """A resource that failed a check. ``region`` is '' where the check is account-wide.

    ``cells`` are the (account, region) it was looked at in; ``stretches`` when it failed, as far
    as any source knows; ``last`` the one that led to its state, None where nobody knows that one;
    ``since_told`` a source's word on the start where it knows no stretches ('' for none).
    ``over``: it no longer failed at the end, whatever its state. ``controls`` are those that it
    bears on; ``excused``: an exception covers it under each of them.
    """

    check: CheckResult
    resource: str
    resource_type: str
    account: str
    region: str
    state: State
    cells: list[tuple[str, str]] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    stretches: tuple[Stretch, ...] = ()
    last: Stretch | None = None
    since_told: str = ""
    over: bool = False
    controls: tuple[str, ...] = ()
    excused: bool = False

    @property
    def key(self) -> Key:
        """What it is told by."""
        return self.check.id, self.resource

    @property
    def order(self) -> tuple[int, str, str]:
        """By severity, the worst first; then by check and resource."""
        return severity_rank(self.check.severity), self.check.id, self.resource


def severity_rank(severity: str) -> int:
    """0 for the worst."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def counting_checks(assessment: Assessment) -> frozenset[str]:
    """The checks whose failure counts: mapped by some control as more than shown."""
    return frozenset(m.id for c in assessment.controls for m in c.checks if m.role != "shown")


@dataclass(frozen=True)
class Bearing:
    """Which controls a check's failures bear on: all that map it and are applicable."""

    assessment: Assessment

    @cached_property
    def controls(self) -> Mapping[str, tuple[str, ...]]:
        """Control ids by check, in the framework's order."""
        out: dict[str, dict[str, None]] = {}
        for control in self.assessment.controls:
            if control.status == "NOT_APPLICABLE":
                continue
            for mapped in control.checks:
                if mapped.role != "shown":
                    out.setdefault(mapped.id, {})[control.id] = None
        return {check: tuple(ids) for check, ids in out.items()}

    @cached_property
    def _excused(self) -> Mapping[Key, int]:
        out: dict[Key, int] = {}
        for control in self.assessment.controls:
            if control.status == "NOT_APPLICABLE":
                continue
            for key in {(e.check, e.resource) for m in control.checks for e in m.excused}:
                out[key] = out.get(key, 0) + 1
        return out

    def excused(self, key: Key) -> bool:
        """Whether an exception covers it under every control that it bears on."""
        bears = len(self.controls.get(key[0], ()))
        return bears > 0 and self._excused.get(key, 0) == bears


def failures_of(assessment: Assessment) -> dict[Key, Failure]:
    """Every failure of the period by check and resource, in the assessment's order."""
    start, end = from_iso(assessment.period_start), from_iso(assessment.period_end)
    counting, bearing = counting_checks(assessment), Bearing(assessment)
    out: dict[Key, Failure] = {}
    for check in assessment.checks:
        if check.id not in counting:
            continue
        intervals: dict[Key, list[tuple[str, str]]] = {}
        standing: set[Key] = set()
        for cell in check.cells:
            for state, one in _words(cell):
                failure = _taken(out, check, cell, state, one)
                spans = intervals.setdefault(failure.key, [])
                if isinstance(one, Shown):
                    failure.sources.add(one.source)
                    spans += one.failed
                    continue
                for finding in one.findings:
                    failure.sources.add(finding.source)
                    spans += finding.failed
                    if finding.since and not finding.failed:
                        known = [at for at in (failure.since_told, finding.since) if at]
                        failure.since_told = min(known, key=from_iso)
                    if not _ended(finding, end):
                        standing.add(failure.key)
        for key, spans in intervals.items():
            failure = out[key]
            failure.stretches = told(spans, start, end)
            failure.over = key not in standing
            if failure.stretches and (failure.over or failure.stretches[-1].end == end):
                failure.last = failure.stretches[-1]
            failure.controls = bearing.controls.get(check.id, ())
            failure.excused = bearing.excused(key)
    return out


def failing_of(failures: Mapping[Key, Failure]) -> dict[Key, Failure]:
    """Those of them that count as failing."""
    return {key: one for key, one in failures.items() if one.state == "failing"}


def _ended(finding: Finding, end: datetime) -> bool:
    """Whether a source that fails a resource says that this was over before the period's end.

    So it is only where the framework judges the whole period.
    """
    last = finding.failed[-1][1] if finding.failed else ""
    return bool(last) and from_iso(last) < end


def _words(cell: CellAnswer) -> Iterator[tuple[State, FailingResource | Shown]]:
    for failing in cell.failing:
        yield "failing", failing
    for fixed in cell.fixed:
        yield "fixed", fixed
    for gone in cell.gone:
        yield "gone", gone


def _taken(
    out: dict[Key, Failure],
    check: CheckResult,
    cell: CellAnswer,
    state: State,
    one: FailingResource | Shown,
) -> Failure:
    """The failure a cell's word belongs to; the worst of several states is the one it has."""
    key = (check.id, one.resource)
    failure = out.get(key)
    if failure is None:
        failure = out[key] = Failure(
            check, one.resource, check.resource_type, cell.account, cell.region, state
        )
        if isinstance(one, FailingResource):
            failure.resource_type = one.resource_type
            failure.account, failure.region = one.account, one.region
    elif STATES.index(state) < STATES.index(failure.state):
        failure.state = state
        if isinstance(one, FailingResource):
            failure.resource_type = one.resource_type
            failure.account, failure.region = one.account, one.region
    if (cell.account, cell.region) not in failure.cells:
        failure.cells.append((cell.account, cell.region))
    return failure
