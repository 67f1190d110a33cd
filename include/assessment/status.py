"""The roll-up: from a control's checks to its status, and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from include.assessment.result import CellAnswer, CheckResult, ManualState, Role, Status

_MOST_NAMED = 3


@dataclass(frozen=True)
class Mapped:
    """A check as a control maps it; ``excused``: failing resources that an exception covers."""

    result: CheckResult
    role: Role
    excused: frozenset[str] = frozenset()

    @property
    def failing(self) -> list[str]:
        """What fails and is not excused, sorted. What is only shown fails nothing."""
        if self.role == "shown":
            return []
        return sorted(
            {f.resource for cell in self.result.cells for f in cell.failing} - self.excused
        )

    @property
    def open(self) -> list[CellAnswer]:
        """The cells that keep a control from being COMPLIANT.

        A required check has to be settled everywhere. Of a supporting one silence doesn't count,
        but a source that may hide its failure does: missing evidence never raises a score.
        """
        if not self.result.judges or self.role == "shown":
            return []
        return [
            cell
            for cell in self.result.cells
            if cell.blocked or (self.role == "required" and not cell.settled)
        ]

    def of_account(self, account: str) -> Mapped:
        """The same, seen in one account only."""
        cells = tuple(cell for cell in self.result.cells if cell.account == account)
        return replace(self, result=replace(self.result, cells=cells))


def control_status(
    mapped: Sequence[Mapped],
    *,
    manual: ManualState | None = None,
    decision: str = "",
) -> tuple[Status, str]:
    """Status and reason. ``decision`` is the sentence of a not-applicable decision in force."""
    if decision:
        return "NOT_APPLICABLE", decision
    required = [m for m in mapped if m.role == "required" and m.result.judges]
    failing = [(m, m.failing) for m in mapped if m.failing]
    unsettled = [(m, cell) for m in mapped for cell in m.open]
    if failing:
        parts = [
            f"{_count(len(resources), 'resource')} {_verb(len(resources))} {m.result.id}"
            for m, resources in failing
        ]
        reason = _listed(parts)
        if unsettled:
            reason += f"; besides, not answered: {_open_cells(unsettled)}"
        return "NON_COMPLIANT", f"{reason}."
    missing = []
    if unsettled:
        missing.append(f"not answered: {_open_cells(unsettled)}")
    if manual and not manual.settled:
        missing.append(f"evidence that people provide is {manual.state}")
    if not required and not manual:
        missing.append("no required check can decide this control")
    if missing:
        text = "; ".join(missing)
        return "INCONCLUSIVE", f"{text[0].upper()}{text[1:]}."
    said = []
    if required:
        settled = "is" if len(required) == 1 else "are"
        said.append(f"{_count(len(required), 'required check')} {settled} answered everywhere")
    if manual:
        said.append("manual evidence is accepted")
    excused = len(set().union(*(m.excused for m in mapped)))
    said.append(f"{excused} failing excused by exceptions" if excused else "nothing fails")
    text = ", ".join(said)
    return "COMPLIANT", f"{text[0].upper()}{text[1:]}."


def _open_cells(unsettled: Sequence[tuple[Mapped, CellAnswer]]) -> str:
    """Each check and cause once, with the places that share it."""
    places: dict[tuple[str, str], list[str]] = {}
    for m, cell in unsettled:
        why = cell.answer.replace("_", " ").lower()
        if (cell.blocked or cell.answer == "INCOMPLETE") and cell.notes:
            why = "; ".join(cell.notes)
        where = f"{cell.account} {cell.region}".strip()
        places.setdefault((m.result.id, why), []).append(where)
    return _listed(
        [f"{check} in {_listed(where)} ({why})" for (check, why), where in places.items()]
    )


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - _MOST_NAMED
    return ", ".join(parts[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def _verb(n: int) -> str:
    return "fails" if n == 1 else "fail"
