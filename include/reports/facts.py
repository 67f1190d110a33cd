"""What was obtained and inspected for a check or a control, counted from the assessment's cells.

Nothing is judged again here: cells are added up, once for each check, for faces to put in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from include.assessment.result import Assessment, CheckResult, ControlResult, MappedCheck
from include.evidence.item import SourceName

_SOURCE_ORDER: tuple[str, ...] = get_args(SourceName)


@dataclass(frozen=True)
class SourceFacts:
    """What one source gave for a check: in how many cells it answered completely.

    ``last_evaluated`` is the newest evaluation it proves (ISO UTC), or ''; ``other_parameters``
    says in how many proofs its parameters were not the check's own.
    """

    answered: int
    last_evaluated: str
    other_parameters: int


@dataclass(frozen=True)
class CheckFacts:
    """One check over all its cells. Counts are of resources per cell, so that they add up:

    ``population`` = ``passed`` + ``failed`` + ``unanswered``. ``open`` are cells that nothing
    settled, ``blocked`` those in which a source may hide a failure.
    """

    cells: int
    settled: int
    blocked: int
    population: int
    passed: int
    failed: int
    unanswered: int
    disagreements: int
    fixed: int
    gone: int
    evidence: int
    by_source: Mapping[str, SourceFacts]

    @property
    def open(self) -> int:
        """Cells that are left open."""
        return self.cells - self.settled


@dataclass(frozen=True)
class Inspected:
    """What one source gave for a control: over all its checks that judge or are shown."""

    source: str
    checks: int
    answered: int
    cells: int
    last_evaluated: str
    other_parameters: int


def check_facts(check: CheckResult) -> CheckFacts:
    """A check's cells added up."""
    answered: dict[str, int] = {}
    last: dict[str, str] = {}
    other: dict[str, int] = {}
    for cell in check.cells:
        for source in cell.sources:
            answered[source] = answered.get(source, 0) + 1
        for proof in cell.proof:
            last[proof.source] = max(last.get(proof.source, ""), proof.last_evaluated)
            if proof.narrowed or proof.comparison not in ("", "equal"):
                other[proof.source] = other.get(proof.source, 0) + 1
    passed = sum(cell.passing for cell in check.cells)
    failed = sum(len(cell.failing) for cell in check.cells)
    unanswered = sum(len(cell.unanswered) for cell in check.cells)
    return CheckFacts(
        cells=len(check.cells),
        settled=sum(cell.settled for cell in check.cells),
        blocked=sum(cell.blocked for cell in check.cells),
        population=passed + failed + unanswered,
        passed=passed,
        failed=failed,
        unanswered=unanswered,
        disagreements=sum(len(cell.disagreements) for cell in check.cells),
        fixed=sum(len(cell.fixed) for cell in check.cells),
        gone=sum(len(cell.gone) for cell in check.cells),
        evidence=sum(cell.evidence for cell in check.cells),
        by_source={
            source: SourceFacts(answered.get(source, 0), last.get(source, ""), other.get(source, 0))
            for source in in_order({*answered, *last})
        },
    )


def in_order(sources: Iterable[str]) -> list[str]:
    """Sources in the order in which the product names them; unknown ones come last."""
    known = {source: n for n, source in enumerate(_SOURCE_ORDER)}
    return sorted(sources, key=lambda one: (known.get(one, len(known)), one))


class Facts:
    """The facts of every check of an assessment, added up once."""

    def __init__(self, assessment: Assessment) -> None:
        self._by_check = {check.id: check_facts(check) for check in assessment.checks}
        self._judges = {check.id: check.judges for check in assessment.checks}

    def of(self, check_id: str) -> CheckFacts:
        """One check's."""
        return self._by_check[check_id]

    def judging(self, control: ControlResult) -> list[MappedCheck]:
        """The control's checks that can pass or fail for it."""
        return [m for m in control.checks if m.role != "shown" and self._judges[m.id]]

    def showing(self, control: ControlResult) -> list[MappedCheck]:
        """The control's checks that decide nothing for it: their evidence stands beside it."""
        return [m for m in control.checks if m.role == "shown" or not self._judges[m.id]]

    def inspected(self, mapped: Sequence[MappedCheck]) -> list[Inspected]:
        """By source, what these checks were answered with."""
        found: dict[str, list[tuple[int, SourceFacts]]] = {}
        for one in mapped:
            facts = self.of(one.id)
            for source, given in facts.by_source.items():
                if given.answered:
                    found.setdefault(source, []).append((facts.cells, given))
        return [
            Inspected(
                source,
                checks=len(found[source]),
                answered=sum(given.answered for _, given in found[source]),
                cells=sum(cells for cells, _ in found[source]),
                last_evaluated=max(given.last_evaluated for _, given in found[source]),
                other_parameters=sum(given.other_parameters for _, given in found[source]),
            )
            for source in in_order(found)
        ]

    def total(self, mapped: Sequence[MappedCheck], of: str) -> int:
        """The sum of one of :class:`CheckFacts`' counts over some checks."""
        return sum(int(getattr(self.of(one.id), of)) for one in mapped)
