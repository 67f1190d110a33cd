"""What is missing in one result: the figure, its unit and the sentence that every face shows.

Counted here once, so that the PDF, the page, the workbook and the cover can't differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.assessment.result import CellAnswer, CheckResult, ControlResult, Role
from include.reports.model import ReportModel, not_complete
from include.reports.wording import answer_text, counted, verb


@dataclass(frozen=True)
class MissingEvidence:
    """What is missing, in counts.

    A place is a source in an account and region. ``not_collected`` are places whose gap blocks;
    ``by_decision`` and ``not_asked`` are left out on purpose (by a register, or of this run).
    ``otherwise`` are all receipts that did not end as complete.
    ``open`` controls are inconclusive: ``unanswered`` of them because a check that they need is
    not answered everywhere, ``waiting`` of them for people (some for both).
    """

    not_collected: int
    by_decision: int
    not_asked: int
    otherwise: int
    open: int
    unanswered: int
    waiting: int

    @property
    def value(self) -> int:
        """The figure: places not collected; if there are none, open controls; else left out."""
        return self.not_collected or self.open or self.by_decision + self.not_asked

    @property
    def unit(self) -> str:
        """What ``value`` counts: ``place`` or ``control``."""
        return "control" if self.open and not self.not_collected else "place"

    @property
    def headline(self) -> str:
        """The figure with its unit, or ``None``."""
        return counted(self.value, self.unit) if self.value else "None"

    @property
    def collected(self) -> str:
        """The sentence on places: what was not collected, and what was left out on purpose."""
        said = []
        if self.not_collected:
            said.append(places_text(self.not_collected))
        if self.by_decision:
            left = verb(self.by_decision, "is", "are")
            said.append(f"{counted(self.by_decision, 'place')} {left} left out by decision")
        if self.not_asked:
            left = verb(self.not_asked, "was", "were")
            said.append(f"{counted(self.not_asked, 'place')} {left} not asked in this run")
        if said:
            return f"{', '.join(said)}."
        if self.otherwise:
            return "Every place asked gave a complete answer, as far as controls need it."
        return "Every source was collected completely, everywhere in scope."

    @property
    def left_open(self) -> str:
        """The sentence on controls that stay open, and why they do."""
        if not self.open:
            return "No control stays open."
        why = []
        if self.unanswered:
            why.append(f"{self.unanswered:,} for want of answers to checks")
        if self.waiting:
            why.append(f"{self.waiting:,} for evidence from people")
        stays = open_text(self.open)
        both = self.unanswered + self.waiting - self.open
        shared = f" ({both:,} for both)" if both > 0 else ""
        return f"{stays}{': ' if why else ''}{', '.join(why)}{shared}."

    @property
    def sentence(self) -> str:
        """All of it, in words."""
        return f"{self.collected} {self.left_open}"


def open_text(controls: int) -> str:
    """How many controls stay open, that is inconclusive; also over several results."""
    return f"{counted(controls, 'control')} {verb(controls, 'stays', 'stay')} open"


def places_text(not_collected: int) -> str:
    """How many of the places asked gave no complete answer; also over several results."""
    return f"{counted(not_collected, 'place')} asked gave no complete answer"


def missing_evidence(model: ReportModel) -> MissingEvidence:
    """What is missing in a result."""
    a, metrics = model.assessment, model.metrics
    checks = a.check_by_id
    return MissingEvidence(
        not_collected=sum(gap.blocking for gap in a.gaps),
        by_decision=sum(bool(gap.decision) and not gap.blocking for gap in a.gaps),
        not_asked=sum(gap.status == "NOT_ASKED" and not gap.decision for gap in a.gaps),
        otherwise=len(not_complete(a)),
        open=int(metrics.compliance["inconclusive_controls"]),
        unanswered=sum(
            any(open_cells(checks[m.id], m.role) for m in control.checks)
            for control in a.controls
            if control.status == "INCONCLUSIVE"
        ),
        waiting=int(metrics.coverage["controls_awaiting_manual_evidence"]),
    )


def open_cells(check: CheckResult, role: Role) -> list[CellAnswer]:
    """The cells of a check that keep a control from being compliant, as its status counts them."""
    if not check.judges or role == "shown":
        return []
    return [c for c in check.cells if c.blocked or (role == "required" and not c.settled)]


@dataclass(frozen=True)
class Unanswered:
    """A required check that is not answered in some cells, for one cause."""

    check: CheckResult
    controls: tuple[str, ...]
    why: str
    cells: tuple[CellAnswer, ...]


def unanswered(model: ReportModel) -> Iterator[Unanswered]:
    """Each required check and cause once, with the controls and cells that share it."""
    controls: dict[str, list[ControlResult]] = {}
    for control in model.assessment.controls:
        for mapped in control.checks:
            if mapped.role == "required" and control.status != "NOT_APPLICABLE":
                controls.setdefault(mapped.id, []).append(control)
    for check in model.assessment.checks:
        if check.id not in controls:
            continue
        causes: dict[str, list[CellAnswer]] = {}
        for cell in open_cells(check, "required"):
            causes.setdefault(answer_text(cell), []).append(cell)
        ids = tuple(control.id for control in controls[check.id])
        for why, cells in causes.items():
            yield Unanswered(check, ids, why, tuple(cells))
