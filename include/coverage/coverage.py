"""From what is deployed in a scope to what could be judged: by check, by control, by framework.

Pure: the same findings give the same coverage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from include.assessment.answers import cell_regions
from include.assessment.period import Period, named
from include.checks.check import Check
from include.clock import from_iso
from include.coverage.places import Found, Place
from include.coverage.ways import Need, Outcome, Standing, State
from include.frameworks.schema import CheckMapping, Control, Framework

#: ``now``: every required check would be answered everywhere; ``partly``: some of them, or in
#: some places; ``not``: none; ``people``: only evidence that people provide can settle it.
Decidable = Literal["now", "partly", "not", "people"]
STATES: tuple[Decidable, ...] = ("now", "partly", "not", "people")


@dataclass(frozen=True)
class CheckCoverage:
    """One check over the whole scope: its outcomes, and the cells (account, region) of each.

    The region is '' for a check that is answered for an account as a whole.
    """

    check: Check
    outcomes: Mapping[Outcome, tuple[tuple[str, str], ...]]
    #: Whether it can settle any control: not where all only show it.
    decides: bool = True

    @cached_property
    def decided(self) -> bool:
        """Whether it would be settled in every cell."""
        return all(outcome.decided for outcome in self.outcomes)

    @cached_property
    def partly(self) -> bool:
        """Whether it would be settled somewhere, or in part."""
        return any(outcome.decided or outcome.partly for outcome in self.outcomes)

    @cached_property
    def shown(self) -> bool:
        """Whether nothing may hide a failure."""
        return not any(outcome.hiding for outcome in self.outcomes)

    @cached_property
    def open(self) -> tuple[Outcome, ...]:
        """The outcomes that don't settle it."""
        return tuple(outcome for outcome in self.outcomes if not outcome.decided)

    def decided_with(self, done: frozenset[Need]) -> bool:
        """Whether it would be settled everywhere if all of ``done`` were done."""
        return all(outcome.decided_with(done) for outcome in self.open)

    def shown_with(self, done: frozenset[Need]) -> bool:
        """Whether nothing could hide a failure if all of ``done`` were done."""
        return all(outcome.shown_with(done) for outcome in self.open)

    @cached_property
    def needs(self) -> frozenset[Need]:
        """Everything that is missing for it, by any way."""
        return frozenset(
            need
            for outcome in self.open
            for needs in (outcome.hiding, *(way.needs or () for way in outcome.ways))
            for need in needs
        )


@dataclass(frozen=True)
class ControlCoverage:
    """One control: ``required`` checks have to be settled, of ``beside`` nothing may be hidden.

    Checks that are only shown are in neither.
    """

    framework: str
    set: str
    id: str
    title: str
    decidable: Decidable
    people: bool
    required: tuple[str, ...]
    beside: tuple[str, ...]
    #: The checks that keep it from being decidable.
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class FrameworkCoverage:
    """One framework; ``after``: controls that are decidable once everything known is enabled."""

    id: str
    name: str
    controls: tuple[ControlCoverage, ...]
    after: int

    def count(self, state: Decidable) -> int:
        """How many controls stand so."""
        return sum(control.decidable == state for control in self.controls)


@dataclass(frozen=True)
class Tally:
    """How many checks of one source are ready in one place, of how many it is asked there."""

    ready: int
    asked: int
    states: Mapping[State, int]


@dataclass(frozen=True)
class Coverage:
    """What could be judged in a scope, of which frameworks, and how each check stands."""

    found: Found
    period: Period
    frameworks: tuple[FrameworkCoverage, ...]
    checks: Mapping[str, CheckCoverage]
    tallies: Mapping[tuple[str, str, str], Tally]
    standing: Standing = field(repr=False, compare=False)

    def controls(self) -> Iterator[ControlCoverage]:
        """The controls of all frameworks."""
        for framework in self.frameworks:
            yield from framework.controls

    @property
    def unknown(self) -> tuple[Place, ...]:
        """The places that could not be asked: nothing counts as covered there."""
        return tuple(place for place in self.found.places if place.unknown)

    def decided_with(self, control: ControlCoverage, done: frozenset[Need]) -> bool:
        """Whether the control would be decidable if all of ``done`` were done."""
        return bool(control.required) and all(
            self.checks[name].decided_with(done)
            if name in control.required
            else self.checks[name].shown_with(done)
            for name in control.lacking
        )


def coverage_of(
    frameworks: Sequence[Framework], catalogue: Mapping[str, Check], found: Found
) -> Coverage:
    """How much of ``frameworks`` a run at this moment could judge in the scope."""
    now = from_iso(found.as_of)
    period = named(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), now)
    standing = Standing(found, period)
    names = list(dict.fromkeys(c for f in frameworks for c in f.checks_needed()))
    deciding = {
        mapping.check
        for framework in frameworks
        for control_set in framework.control_sets
        for control in control_set.controls
        for mapping in _deciding(control, catalogue)
    }
    checks = {name: _checked(catalogue[name], name in deciding, found, standing) for name in names}
    everything = frozenset(
        need for check in checks.values() for need in check.needs if need[0] != "excluded"
    )
    coverage = Coverage(found, period, (), checks, _tallies(checks, found), standing)
    shown = []
    for framework in frameworks:
        controls = tuple(
            _control(framework.id, control_set.id, control, checks, catalogue)
            for control_set in framework.control_sets
            for control in control_set.controls
        )
        after = sum(c.decidable == "now" or coverage.decided_with(c, everything) for c in controls)
        shown.append(FrameworkCoverage(framework.id, framework.name, controls, after))
    return Coverage(found, period, tuple(shown), checks, coverage.tallies, standing)


def _deciding(control: Control, catalogue: Mapping[str, Check]) -> list[CheckMapping]:
    """The mappings that have a say in a run: what is only shown, or can't judge, has none."""
    return [m for m in control.checks if m.role != "shown" and catalogue[m.check].judges]


def _checked(check: Check, decides: bool, found: Found, standing: Standing) -> CheckCoverage:
    cells: dict[Outcome, list[tuple[str, str]]] = {}
    known: dict[Outcome, Outcome] = {}
    for account in found.scope.accounts:
        for region, places in cell_regions(check, found.scope.regions):
            outcome = standing.outcome(check, account, places)
            outcome = known.setdefault(outcome, outcome)
            cells.setdefault(outcome, []).append((account, region))
    outcomes = {outcome: tuple(where) for outcome, where in cells.items()}
    return CheckCoverage(check, outcomes, decides)


def _control(
    framework: str,
    set_id: str,
    control: Control,
    checks: Mapping[str, CheckCoverage],
    catalogue: Mapping[str, Check],
) -> ControlCoverage:
    judging = _deciding(control, catalogue)
    required = tuple(dict.fromkeys(m.check for m in judging if m.role == "required"))
    beside = tuple(dict.fromkeys(m.check for m in judging if m.check not in required))
    lacking = [name for name in required if not checks[name].decided]
    lacking += [name for name in beside if not checks[name].shown]
    decidable: Decidable = "not"
    if not required:
        decidable = "people"
    elif not lacking:
        decidable = "now"
    elif any(checks[name].partly for name in required):
        decidable = "partly"
    return ControlCoverage(
        framework,
        set_id,
        control.id,
        control.title,
        decidable,
        control.manual is not None,
        required,
        beside,
        tuple(lacking),
    )


def _tallies(
    checks: Mapping[str, CheckCoverage], found: Found
) -> dict[tuple[str, str, str], Tally]:
    """By (source, account, region). A check of an account as a whole counts where it is ready,
    else in the region that is nearest to it."""
    counted: dict[tuple[str, str, str], Counter[State]] = {}
    for check in checks.values():
        for outcome, cells in check.outcomes.items():
            for way in outcome.ways:
                for account, _ in cells:
                    key = (way.source, account, way.region)
                    counted.setdefault(key, Counter())[way.state] += 1
    return {
        key: Tally(states["ready"], states.total(), dict(states))
        for key, states in sorted(counted.items())
        if found.scope.has(key[1], key[2])
    }
