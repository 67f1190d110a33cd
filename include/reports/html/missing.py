"""What is missing, as the page shows it: gaps, receipts not complete, checks left open."""

from __future__ import annotations

from dataclasses import dataclass

from include.assessment.result import Gap, ReceiptLine
from include.reports.missing_evidence import (
    MissingEvidence,
    Unanswered,
    missing_evidence,
    unanswered,
)
from include.reports.model import ReportModel, not_complete
from include.reports.wording import listed, place_text

_MOST_PLACES = 6


@dataclass(frozen=True)
class Open:
    """A required check that was not answered in some places, for one cause."""

    controls: tuple[str, ...]
    question: str
    where: str
    why: str

    @classmethod
    def of(cls, one: Unanswered) -> Open:
        """As the page words it: the first places, and how many more there are."""
        places = [place_text(cell) for cell in one.cells]
        return cls(one.controls, one.check.question, listed(places, _MOST_PLACES), one.why)


@dataclass(frozen=True)
class Missing:
    """All of it. ``others`` are receipts that ended otherwise than complete and are no gap."""

    told: MissingEvidence
    gaps: tuple[Gap, ...]
    others: tuple[ReceiptLine, ...]
    open: tuple[Open, ...]

    def __bool__(self) -> bool:
        return bool(self.gaps or self.others or self.open)


def missing(model: ReportModel) -> Missing:
    """What is missing in an assessment."""
    a = model.assessment
    named = {(gap.source, gap.account, gap.region) for gap in a.gaps}
    others = tuple(
        line for line in not_complete(a) if (line.source, line.account, line.region) not in named
    )
    return Missing(
        missing_evidence(model), a.gaps, others, tuple(Open.of(one) for one in unanswered(model))
    )
