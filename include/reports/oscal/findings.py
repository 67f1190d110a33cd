"""Findings: one for each control that was assessed, and what the document says of controls.

OSCAL knows two states only. INCONCLUSIVE is ``not-satisfied`` for the reason ``other``, with our
own status as a property; a control that a decision takes out has no finding and is excluded from
the reviewed ones, with the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from include.assessment.result import ControlResult
from include.reports.oscal.names import label, line, present, prop, uuid_of
from include.reports.oscal.observations import Sheet, of_check, of_people
from include.reports.oscal.risks import Risks

#: OSCAL's state and reason by our status.
_STATES = {
    "COMPLIANT": ("satisfied", "pass"),
    "NON_COMPLIANT": ("not-satisfied", "fail"),
    "INCONCLUSIVE": ("not-satisfied", "other"),
}


def findings(sheet: Sheet, risks: Risks) -> Iterator[dict[str, Any]]:
    """In the framework's order; none for a control that does not apply."""
    for control in sheet.model.assessment.controls:
        if control.status in _STATES:
            yield _finding(sheet, risks, control)


def assessed(sheet: Sheet) -> list[ControlResult]:
    """The controls that have a finding."""
    return [c for c in sheet.model.assessment.controls if c.status in _STATES]


def _finding(sheet: Sheet, risks: Risks, control: ControlResult) -> dict[str, Any]:
    state, reason = _STATES[control.status]
    text = sheet.model.control_text(control.id)
    people = control.manual is not None and control.manual.present
    undecided = control.status == "INCONCLUSIVE"
    return present(
        uuid=sheet.uuid("finding", control.id),
        title=line(f"{control.id} {control.title}"),
        description=control.reason,
        props=[
            label(control.id),
            prop("control-id", control.id),
            prop("control-set", control.set),
            prop("control-status", control.status),
            *([prop("level", control.level)] if control.level else []),
            *(
                prop("account-status", status, of=f"account-{account}")
                for account, status in control.by_account.items()
            ),
        ],
        origins=sheet.origins(),
        target=present(
            type="objective-id",
            target_id=objective_id(sheet, control),
            title=line(control.title),
            description=text.objective if text else control.title,
            status=present(
                state=state,
                reason=reason,
                remarks="INCONCLUSIVE: it could not be judged, which is neither a pass nor a "
                f"failure. {control.reason}"
                if undecided
                else "",
            ),
        ),
        related_observations=[
            {"observation-uuid": of_check(sheet, m.id), "remarks": m.role} for m in control.checks
        ]
        + [{"observation-uuid": of_people(sheet, control.id)} for _ in range(bool(people))],
        related_risks=[{"risk-uuid": uuid} for uuid in risks.of(control)],
    )


def objective_id(sheet: Sheet, control: ControlResult) -> str:
    """The id of a control's objective, defined in the document itself."""
    return f"{sheet.control_ids[control.id]}_obj"


def reviewed_controls(sheet: Sheet) -> dict[str, Any]:
    """Which controls were assessed, and which a recorded decision left out."""
    ids = sheet.control_ids
    done = assessed(sheet)
    out = [c for c in sheet.model.assessment.controls if c.status == "NOT_APPLICABLE"]
    left_out = [{"control-id": ids[c.id]} for c in out]
    return present(
        description=f"{sheet.model.assessment.framework_title}, version "
        f"{sheet.model.assessment.framework_version}. Ids are made to fit OSCAL; the publisher's "
        "stand beside them as labels.",
        control_selections=[
            present(
                props=[prop("not-applicable", c.id, of=ids[c.id], remarks=c.reason) for c in out],
                # OSCAL wants at least one, also where every control is excluded.
                include_controls=[{"control-id": ids[c.id]} for c in done or out],
                exclude_controls=left_out,
                remarks="Excluded by recorded decisions; their reasons are properties here."
                if out
                else "",
            )
        ],
        control_objective_selections=[
            {"include-objectives": [{"objective-id": objective_id(sheet, c)} for c in done]}
        ]
        if done
        else [],
    )


def objectives(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """What each assessed control is to achieve, as the library words it today."""
    for control in assessed(sheet):
        text = sheet.model.control_text(control.id)
        part = {
            "id": objective_id(sheet, control),
            "name": "objective",
            "title": line(control.title),
            "prose": text.objective if text else control.title,
        }
        yield {
            "control-id": sheet.control_ids[control.id],
            "props": [label(control.id)],
            "parts": [part],
        }


def activities(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """The test procedure of each assessed control that the library knows, step by step."""
    for control in assessed(sheet):
        text = sheet.model.control_text(control.id)
        if text is None:
            continue
        uuid = sheet.uuid("activity", control.id)
        yield {
            "uuid": uuid,
            "title": line(f"Test procedure of {control.id}"),
            "description": text.objective,
            "props": [label(control.id)],
            "steps": [
                {"uuid": uuid_of("step", uuid, str(n)), "description": step}
                for n, step in enumerate(text.test_procedure, 1)
            ],
            "related-controls": {
                "control-selections": [
                    {"include-controls": [{"control-id": sheet.control_ids[control.id]}]}
                ]
            },
        }
