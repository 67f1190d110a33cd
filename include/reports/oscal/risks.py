"""Risks: what fails, what could not be judged, what is missing, and what was accepted.

Open ones carry what to do about them. An exception is an approved deviation with its last day as
deadline; a control that could not be judged has a risk of its own, so that nobody takes it for
satisfied.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from include.assessment.result import CheckResult, ControlResult, Gap, MappedCheck, RegisterLine
from include.reports.model import source_name, words
from include.reports.next_steps import NextSteps, step_for
from include.reports.oscal.names import line, present, prop, uuid_of
from include.reports.oscal.observations import Sheet, of_check

_ACCEPTED = "deviation-approved"


class Risks:
    """The risks of one result, and which of them each control has."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._steps = NextSteps(sheet.model)

    def all(self) -> Iterator[dict[str, Any]]:
        """Failing checks, undecided controls, gaps, exceptions: each in the result's order."""
        a = self._sheet.model.assessment
        for check in a.checks:
            if check.id in self._failing:
                yield self._of_failing(check)
        for control in a.controls:
            if control.status == "INCONCLUSIVE":
                yield self._of_undecided(control)
        for n, gap in enumerate(a.gaps):
            yield self._of_gap(n, gap)
        for exception in self._exceptions.values():
            yield self._of_exception(exception)

    def any(self) -> bool:
        """Whether there is a risk at all."""
        return next(self.all(), None) is not None

    def of(self, control: ControlResult) -> list[str]:
        """UUIDs of a control's risks."""
        found = [
            self._uuid("failing", m.id) for m in control.checks if m.role != "shown" and _counts(m)
        ]
        if control.status == "INCONCLUSIVE":
            found.append(self._uuid("undecided", control.id))
        found += self._gaps.get(control.id, [])
        excusing = {e.exception for m in control.checks for e in m.excused}
        found += [self._uuid("exception", one) for one in self._exceptions if one in excusing]
        return found

    @cached_property
    def _failing(self) -> set[str]:
        """Checks that some control fails by, exceptions left out."""
        controls = self._sheet.model.assessment.controls
        return {
            m.id for c in controls for m in c.checks if m.role != "shown" and _counts(m)
        }  # fmt: skip

    @cached_property
    def _gaps(self) -> dict[str, list[str]]:
        """UUIDs of gaps by the id of a control they concern."""
        out: dict[str, list[str]] = {}
        for n, gap in enumerate(self._sheet.model.assessment.gaps):
            for control in gap.controls:
                out.setdefault(control, []).append(self._gap_uuid(n, gap))
        return out

    @cached_property
    def _exceptions(self) -> dict[str, RegisterLine]:
        """Exceptions that excuse something, by id."""
        lines = self._sheet.model.assessment.registers
        return {one.id: one for one in lines if one.register == "exceptions" and one.used}

    def _uuid(self, kind: str, which: str) -> str:
        return self._sheet.uuid("risk", kind, which)

    def _gap_uuid(self, n: int, gap: Gap) -> str:
        return self._uuid(
            "gap", "\x1f".join((gap.source, gap.account, gap.region, gap.status, str(n)))
        )

    def _of_failing(self, check: CheckResult) -> dict[str, Any]:
        text = self._sheet.model.check_text(check.id)
        facts = self._sheet.facts.of(check.id)
        uuid = self._uuid("failing", check.id)
        return present(
            uuid=uuid,
            title=line(f"Fails: {check.question}"),
            description=text.about if text else check.question,
            statement=f"{facts.failed} of {facts.population} resources fail this check.",
            props=[prop("check", check.id), prop("severity", check.severity)],
            status="open",
            origins=self._sheet.origins(check.sources),
            remediations=[_response(uuid, text.remedy)] if text else [],
            related_observations=[{"observation-uuid": of_check(self._sheet, check.id)}],
        )

    def _of_undecided(self, control: ControlResult) -> dict[str, Any]:
        uuid = self._uuid("undecided", control.id)
        missing = self._steps.of(control)
        return present(
            uuid=uuid,
            title=line(f"Could not be judged: {control.id} {control.title}"),
            description="Evidence that would decide this control is missing; it may fail.",
            statement=control.reason,
            props=[prop("control-id", control.id), prop("control-status", control.status)],
            status="open",
            origins=self._sheet.origins(),
            remediations=[
                _response(
                    uuid,
                    " ".join((one.what, one.step)),
                    places=one.places,
                    n=n,
                )
                for n, one in enumerate(missing)
            ],
        )

    def _of_gap(self, n: int, gap: Gap) -> dict[str, Any]:
        uuid = self._gap_uuid(n, gap)
        place = f"{gap.account} {gap.region}".strip()
        return present(
            uuid=uuid,
            title=line(f"Missing evidence: {source_name(gap.source)}, {place}"),
            description=gap.message or words(gap.status),
            statement="What this source would have said there is not known; it may hide failures.",
            props=[
                prop("gap", gap.status),
                prop("source", gap.source),
                prop("account", gap.account),
                *([prop("region", gap.region)] if gap.region else []),
                *([prop("decision", gap.decision)] if gap.decision else []),
            ],
            status=_ACCEPTED if gap.decision else "open",
            origins=self._sheet.origins((gap.source,)),
            remediations=[_response(uuid, step_for(gap))],
        )

    def _of_exception(self, exception: RegisterLine) -> dict[str, Any]:
        return present(
            uuid=self._uuid("exception", exception.id),
            title=line(f"Accepted: {exception.id}, {exception.what}"),
            description="A failure that a recorded exception covers. The raw result stays.",
            statement=exception.reason,
            props=[
                prop("exception", exception.id),
                prop("owner", exception.owner),
                prop("approver", exception.approver),
                prop("from", exception.start),
                prop("until", exception.until),
            ],
            status=_ACCEPTED,
            origins=self._sheet.origins(),
            deadline=f"{exception.until}T23:59:59Z",
        )


def _counts(mapped: MappedCheck) -> bool:
    """Whether anything fails that no exception covers."""
    return len(mapped.failing) > len({excused.resource for excused in mapped.excused})


def _response(risk: str, text: str, *, places: tuple[str, ...] = (), n: int = 0) -> dict[str, Any]:
    return present(
        uuid=uuid_of("response", risk, str(n)),
        lifecycle="recommendation",
        title=line(text.partition(". ")[0])[:200],
        description=text,
        remarks=f"Where: {', '.join(places)}" if places else "",
    )
