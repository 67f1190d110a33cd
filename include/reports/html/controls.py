"""What stands in a control's block, as values the templates lay out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.assessment.result import (
    CheckResult,
    ControlResult,
    Finding,
    MappedCheck,
    RegisterLine,
)
from include.frameworks.schema import HOW_OFTEN
from include.metrics.model import Row
from include.reports.facts import CheckFacts, Facts, Inspected
from include.reports.model import ReportModel, failing_resources, source_name
from include.reports.next_steps import NextSteps, Open
from include.reports.wording import answer_text, listed, place_text, plain_time, reason_text

#: More failing resources of one check than this are in the table of resources and failing.csv.
MOST_RESOURCES = 50
#: More causes than this are in report.json.
MOST_LIMITS = 12
_MOST_PLACES = 3


@dataclass(frozen=True)
class FailingRow:
    """A resource that fails a check. ``since`` is in words where no time is known."""

    resource: str
    account: str
    region: str
    since: str
    findings: tuple[Finding, ...]
    exception: str


@dataclass(frozen=True)
class CheckBlock:
    """A check as one control maps it; ``rows`` are the first of its failing resources."""

    result: CheckResult
    mapped: MappedCheck
    about: str
    remedy: str
    parameters: tuple[tuple[str, str], ...]
    facts: CheckFacts
    rows: tuple[FailingRow, ...]


@dataclass(frozen=True)
class ControlBlock:
    """A control with all that its block shows."""

    control: ControlResult
    reason: str
    objective: str
    procedure: tuple[str, ...]
    provide: str
    how_often: str
    checks: tuple[CheckBlock, ...]
    exceptions: tuple[RegisterLine, ...]
    limits: tuple[str, ...]
    more_limits: int
    steps: tuple[Open, ...]
    inspected: tuple[Inspected, ...]
    evidence: Row | None

    @property
    def anchor(self) -> str:
        """The id of the block in the page."""
        return f"control-{self.control.id}"


def blocks(model: ReportModel) -> list[ControlBlock]:
    """Every control's block, in the framework's order."""
    return _Blocks(model).all()


class _Blocks:
    """Makes blocks; what several controls share is looked up once."""

    def __init__(self, model: ReportModel) -> None:
        self._model = model
        self._facts = Facts(model.assessment)
        self._steps = NextSteps(model)
        self._lines = {line.id: line for line in model.assessment.registers}
        by_control = model.metrics.evidence.get("by_control", ())
        self._evidence = {row["control"]: row for row in by_control}

    def all(self) -> list[ControlBlock]:
        return [self._block(control) for control in self._model.assessment.controls]

    def _block(self, control: ControlResult) -> ControlBlock:
        text = self._model.control_text(control.id)
        used = {e.exception for m in control.checks for e in m.excused} | {control.decision}
        limits = list(_limits(self._model, control))
        manual = text.manual if text else None
        asked = control.manual.asked if control.manual else ""
        return ControlBlock(
            control=control,
            reason=reason_text(self._model, control),
            objective=text.objective if text else "",
            procedure=text.test_procedure if text else (),
            provide=manual.provide if manual else asked,
            how_often=HOW_OFTEN[manual.frequency] if manual else "",
            checks=tuple(self._check(mapped) for mapped in control.checks),
            exceptions=tuple(line for id_, line in self._lines.items() if id_ in used),
            limits=tuple(limits[:MOST_LIMITS]),
            more_limits=max(len(limits) - MOST_LIMITS, 0),
            steps=tuple(self._steps.of(control)) if control.status == "INCONCLUSIVE" else (),
            inspected=tuple(self._facts.inspected(control.checks)),
            evidence=self._evidence.get(control.id),
        )

    def _check(self, mapped: MappedCheck) -> CheckBlock:
        text = self._model.check_text(mapped.id)
        values = text.parameter_values if text else {}
        return CheckBlock(
            result=self._model.check(mapped.id),
            mapped=mapped,
            about=text.about if text else "",
            remedy=text.remedy if text else "",
            parameters=tuple((name, _value(value)) for name, value in values.items()),
            facts=self._facts.of(mapped.id),
            rows=tuple(_rows(self._model, mapped)) if mapped.failing else (),
        )


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _rows(model: ReportModel, mapped: MappedCheck) -> Iterator[FailingRow]:
    """The first failing resources of a check."""
    exceptions = {e.resource: e.exception for e in mapped.excused}
    check = model.check(mapped.id)
    for at, (resource, seen) in enumerate(failing_resources(check).items()):
        if at == MOST_RESOURCES:
            return
        findings = tuple(finding for one in seen for finding in one.findings)
        since = min((f.since for f in findings if f.since), default="")
        regions = {one.region for one in seen if one.region and check.locality != "account"}
        before = since and since <= model.assessment.period_start
        yield FailingRow(
            resource=resource,
            account=seen[0].account,
            region=", ".join(sorted(regions)) or "account-wide",
            since="before the period" if before else plain_time(since) or "unknown",
            findings=findings,
            exception=exceptions.get(resource, ""),
        )


def _limits(model: ReportModel, control: ControlResult) -> Iterator[str]:
    """What the reader of one control's result should know about how it came about."""
    places: dict[tuple[str, str], list[str]] = {}
    for mapped in control.checks:
        check = model.check(mapped.id)
        for cell in check.cells:
            said = list(cell.notes) if cell.settled else [answer_text(cell)]
            needed = cell.blocked or (mapped.role == "required" and not cell.settled)
            if control.status == "INCONCLUSIVE" and check.judges and needed:
                said = []  # Stands under what would decide the control.
            said += [
                f"sources disagree on {d.resource} (the worse answer counts): "
                + ", ".join(f"{source_name(s)} says {r}" for s, r in sorted(d.results.items()))
                for d in cell.disagreements
            ]
            for text in said:
                places.setdefault((check.question, text), []).append(place_text(cell))
    for (question, text), where in places.items():
        yield f"{question} In {listed(where, _MOST_PLACES)}: {text}"
