"""What would decide a control that is inconclusive: what is missing, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.assessment.result import CellAnswer, ControlResult, Gap, ManualState
from include.reports.model import ReportModel, source_name
from include.reports.wording import answer_text, counted, place_text

#: By a cell's answer: what makes the source answer next time.
_BY_ANSWER: Mapping[str, str] = {
    "NOT_DEPLOYED": "Deploy the rule there, or enable the control.",
    "DISABLED": "Enable the rule or control again.",
    "NOT_RECORDED": "Have AWS Config record this type of resource there.",
    "NEVER_EVALUATED": "Have the rule evaluate, and see that it does so in every period.",
    "STALE": "Have the rule evaluate within the period.",
    "BEYOND_REACH": "Provide evidence of the period by other means; the source no longer has it.",
    "INCOMPLETE": "Collect the missing cells again.",
}
_PERMISSION = re.compile(r"missing permission: ([\w:*-]+)")
#: By how a source's receipt ended.
_BY_STATUS: Mapping[str, str] = {
    "DENIED": "Grant the permission to the collecting role and clear the failed task.",
    "NOT_ENABLED": "Enable the source there.",
    "PARTIAL": "Clear the failed task: it collects what is missing.",
    "FAILED": "Clear the failed task: it collects what is missing.",
    "EXPIRED": "Clear the failed task: it collects what is missing with fresh credentials.",
    "BEYOND_REACH": "Provide evidence of the period by other means; the source no longer has it.",
    "EXCLUDED": "Decide anew whether the scope may go on leaving this out.",
}


@dataclass(frozen=True)
class Open:
    """One thing that is missing: what, in which places (account and region), what to do."""

    what: str
    places: tuple[str, ...]
    step: str


class NextSteps:
    """What is missing of each control of one report; the cells of a check are read once."""

    def __init__(self, model: ReportModel) -> None:
        self._model = model
        self._gaps: dict[str, list[Gap]] = {}
        for gap in model.assessment.gaps:
            self._gaps.setdefault(gap.account, []).append(gap)
        self._causes: dict[str, list[_Cause]] = {}

    def of(self, control: ControlResult, *, people: bool = True) -> list[Open]:
        """What keeps the control from being decided, each cause once, in its checks' order.

        Without ``people``, evidence that they have to provide is left out.
        """
        found: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
        for mapped in control.checks:
            if mapped.role == "shown":
                continue
            for cause in self._causes_of(mapped.id):
                if cause.blocked or mapped.role == "required":
                    checks, places = found.setdefault((cause.why, cause.step), ({}, {}))
                    checks[mapped.id] = places[cause.place] = None
        out = []
        for (why, step), (checks, places) in found.items():
            what = why
            if len(control.checks) > 1:
                what = f"{self._concerned(list(checks))} {why}"
            out.append(Open(what, tuple(places), step))
        if people and control.manual is not None and not control.manual.settled:
            out.append(_of_people(control.manual))
        return out

    def _concerned(self, checks: list[str]) -> str:
        """The question that is left open, or how many are."""
        if len(checks) == 1:
            return self._model.check(checks[0]).question
        return f"{counted(len(checks), 'check')}:"

    def _causes_of(self, check_id: str) -> list[_Cause]:
        if check_id not in self._causes:
            check = self._model.check(check_id)
            self._causes[check_id] = [
                _Cause(
                    _capital(answer_text(cell)), self._step(cell), place_text(cell), cell.blocked
                )
                for cell in check.cells
                if check.judges and (cell.blocked or not cell.settled)
            ]
        return self._causes[check_id]

    def _step(self, cell: CellAnswer) -> str:
        """By the gap that its notes name, else by the answer itself."""
        for gap in self._gaps.get(cell.account, ()):
            if any(source_name(gap.source) in note and gap.region in note for note in cell.notes):
                return step_for(gap)
        return _BY_ANSWER.get(cell.answer, "Collect it again.")


@dataclass(frozen=True)
class _Cause:
    why: str
    step: str
    place: str
    blocked: bool


def step_for(gap: Gap) -> str:
    """What to do about a gap, in a sentence."""
    if gap.status == "DENIED" and (named := _PERMISSION.search(gap.message)):
        return f"Grant {named[1]} to the collecting role and clear the failed task."
    return _BY_STATUS.get(gap.status, "Collect it again.")


def step_for_people(manual: ManualState) -> str:
    """What to do about evidence that people provide and that is not accepted, in a sentence."""
    if manual.present and not manual.accepted:
        return "Review it, and record the decision in the register of acceptances."
    return "Provide what is asked for, and have it reviewed."


def _of_people(manual: ManualState) -> Open:
    if manual.present and not manual.accepted:
        what = "Evidence that people provided has not been reviewed."
    elif manual.accepted:
        what = "Evidence that people provide is accepted for some accounts only."
    else:
        what = "Evidence that people provide is missing."
    return Open(what, manual.lacking, step_for_people(manual))


def _capital(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
