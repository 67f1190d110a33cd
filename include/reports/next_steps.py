"""What would decide a control that is inconclusive: what is missing, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.assessment.result import CellAnswer, ControlResult, Gap, ManualState, ReceiptLine
from include.reports.model import ReportModel, not_complete, source_name
from include.reports.wording import answer_text, counted, place_text

#: By a cell's answer: what makes the source answer next time.
_BY_ANSWER: Mapping[str, str] = {
    "NOT_DEPLOYED": "Deploy the rule there, or enable the control.",
    "DISABLED": "Enable the rule or control again.",
    "NOT_RECORDED": "Have AWS Config record this type of resource there.",
    "NEVER_EVALUATED": "Have the rule evaluate, and see that it does so in every period.",
    "STALE": "Have the rule evaluate within the period.",
    "BEYOND_REACH": "Provide evidence of the period by other means; the source no longer has it.",
}
#: How a cell's note of one source in one place is worded: source, place, what it says.
_NOTE = re.compile(r"(.+?) in ([^\s:]+):? (.+)")
_GONE = re.compile(r"(.+) answered last period and is gone now")
_NO_VERDICT = re.compile(r"no source has a verdict on \d+ of the resources")
_OTHER_MEANS = "provide evidence of the period by other means"
#: By what a note says of a source that was collected completely: what makes it answer.
_BY_NOTE: Mapping[str, str] = {
    "disabled": "enable the rule or control of {source} again",
    "not deployed": "have {source} look at it",
    "not recorded": "have {source} record this type of resource",
    "never evaluated": "have {source} evaluate it in every period",
    "stale": "have {source} evaluate it within the period",
    "beyond reach": _OTHER_MEANS,
    "no longer remembers the period": _OTHER_MEANS,
    "speaks of the present only": _OTHER_MEANS,
    "has other parameters than the check": "give {source} the parameters of the check",
    "is not enabled": "enable {source}",
    "is not in the scope of this run": "take {place} into the scope for {source}",
    "looks at part of the resources only": "have {source} look at all of the resources",
}
#: Why a source looks at part of the resources only differs by source.
_PART_ONLY: Mapping[str, str] = {
    "AWS Config": "deploy the AWS Config rule without narrowing it to some resources",
    "AWS Security Hub": "assess the period while AWS Security Hub has all its findings",
    "Amazon Inspector": "have Amazon Inspector scan all of the resources",
    "Custom evidence": "mend the rejected records of Custom evidence",
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
        self._not_complete: dict[str, list[ReceiptLine]] = {}
        for line in not_complete(model.assessment):
            self._not_complete.setdefault(line.account, []).append(line)
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
        """By the gap or receipt that its notes name, else by what they say, or the answer."""
        said = [found.groups() for note in cell.notes if (found := _NOTE.fullmatch(note))]
        named = {(source, place) for source, place, _ in said}
        for gap in self._gaps.get(cell.account, ()):
            if (source_name(gap.source), gap.region) in named:
                return step_for(gap)
        for line in self._not_complete.get(cell.account, ()):
            if (source_name(line.source), line.region) in named and line.status in _BY_STATUS:
                return _BY_STATUS[line.status]
        return _BY_ANSWER.get(cell.answer) or _by_notes(cell)


def _by_notes(cell: CellAnswer) -> str:
    """What the notes of a cell say to do where every receipt is complete.

    What hides a failure comes first, as nobody else's answer is enough; of the rest one does.
    """
    by_source: dict[str, dict[str, None]] = {}
    scope: dict[str, None] = {}
    for note in cell.notes:
        if (found := _NOTE.fullmatch(note)) and found[3] in _BY_NOTE:
            source, place, said = found.groups()
            step = _BY_NOTE[said].format(source=source, place=place)
            if said == "looks at part of the resources only":
                step = _PART_ONLY.get(source, step)
            if said == "is not in the scope of this run":
                scope[step] = None
            else:
                by_source.setdefault(source, {})[step] = None
    gone = [found[1] for note in cell.notes if (found := _GONE.fullmatch(note))]
    if scope or gone:
        back = [
            f"bring {source} back, which answered last period: "
            + " and ".join(by_source.get(source, ("deploy its rule or enable its control again",)))
            for source in gone
        ]
        return _capital("; ".join((*scope, *back)))
    steps = dict.fromkeys(step for found in by_source.values() for step in found)
    if any(_NO_VERDICT.fullmatch(note) for note in cell.notes):
        steps = {"have a source judge the resources without a verdict": None, **steps}
    return _capital(", or ".join(steps) or "have a source answer the check there")


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
