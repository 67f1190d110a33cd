"""What is missing, as the page shows it: gaps, receipts not complete, checks left open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.assessment.result import Gap, ReceiptLine
from include.reports.model import ReportModel, not_complete
from include.reports.wording import answer_text, listed, place_text

_MOST_PLACES = 6


@dataclass(frozen=True)
class Open:
    """A required check that was not answered in some places, for one cause."""

    controls: tuple[str, ...]
    question: str
    where: str
    places: int
    why: str


@dataclass(frozen=True)
class Missing:
    """All of it. ``others`` are receipts that ended otherwise than complete and are no gap."""

    gaps: tuple[Gap, ...]
    others: tuple[ReceiptLine, ...]
    open: tuple[Open, ...]

    @property
    def blocking(self) -> int:
        """Gaps that keep the run from ending as a success."""
        return sum(gap.blocking for gap in self.gaps)

    def __bool__(self) -> bool:
        return bool(self.gaps or self.others or self.open)


def missing(model: ReportModel) -> Missing:
    """What is missing in an assessment."""
    a = model.assessment
    named = {(gap.source, gap.account, gap.region) for gap in a.gaps}
    others = tuple(
        line for line in not_complete(a) if (line.source, line.account, line.region) not in named
    )
    return Missing(a.gaps, others, tuple(_open(model)))


def _open(model: ReportModel) -> Iterator[Open]:
    controls: dict[str, list[str]] = {}
    for control in model.assessment.controls:
        for mapped in control.checks:
            if mapped.role == "required" and control.status != "NOT_APPLICABLE":
                controls.setdefault(mapped.id, []).append(control.id)
    for check in model.assessment.checks:
        if check.id not in controls or not check.judges:
            continue
        causes: dict[str, list[str]] = {}
        for cell in check.cells:
            if not cell.settled:
                causes.setdefault(answer_text(cell), []).append(place_text(cell))
        for why, where in causes.items():
            yield Open(
                tuple(controls[check.id]),
                check.question,
                listed(where, _MOST_PLACES),
                len(where),
                why,
            )
