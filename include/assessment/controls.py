"""One control: its mapped checks with exceptions, manual evidence and decisions applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.assessment.reading import Counts
from include.assessment.registers import Registers
from include.assessment.result import (
    CheckResult,
    ControlResult,
    Excused,
    ManualState,
    MappedCheck,
)
from include.assessment.scope import Scope
from include.assessment.status import Mapped, control_status
from include.frameworks.schema import Control


def judge_control(
    set_id: str,
    control: Control,
    results: Mapping[str, CheckResult],
    registers: Registers,
    counts: Counts,
    scope: Scope,
    used: set[str],
) -> ControlResult:
    """How the control stands; ids of the register's entries that counted are put into ``used``."""
    mapped, shown = [], []
    for mapping in control.checks:
        result = results[mapping.check]
        if mapping.role == "shown":
            # What it fails is told with the check; it is no failure of this control.
            mapped.append(Mapped(result, mapping.role))
            shown.append(MappedCheck(result.id, mapping.role, (), ()))
            continue
        excused: dict[str, Excused] = {}
        for cell in result.cells:
            for failing in cell.failing:
                for entry in registers.exceptions:
                    if entry.covers(
                        control=control.id,
                        check=result.id,
                        resource=failing.resource,
                        account=failing.account,
                    ):
                        excused[failing.resource] = Excused(result.id, failing.resource, entry.id)
                        used.add(entry.id)
                        break
        mapped.append(Mapped(result, mapping.role, frozenset(excused)))
        shown.append(
            MappedCheck(
                result.id, mapping.role, result.failing, tuple(excused[r] for r in sorted(excused))
            )
        )
    manual = _manual(control, registers, counts, scope.accounts, used)
    decision = next((d for d in registers.not_applicable if d.control == control.id), None)
    sentence = ""
    if decision:
        used.add(decision.id)
        sentence = (
            f"Not applicable until {decision.until} by decision {decision.id} of "
            f"{decision.owner}, approved by {decision.approver}: {decision.reason}"
        )
    status, reason = control_status(mapped, manual=manual, decision=sentence)
    return ControlResult(
        id=control.id,
        set=set_id,
        title=control.title,
        status=status,
        reason=reason,
        level="" if control.level is None else str(control.level),
        checks=tuple(shown),
        manual=manual,
        decision=decision.id if decision else "",
        by_account={
            account: control_status(
                [m.of_account(account) for m in mapped],
                manual=_manual(control, registers, counts, (account,), used),
                decision=sentence,
            )[0]
            for account in scope.accounts
        },
    )


def _manual(
    control: Control,
    registers: Registers,
    counts: Counts,
    accounts: Sequence[str],
    used: set[str],
) -> ManualState | None:
    """What people provided for a control, and what of it a reviewer accepted for this period.

    Evidence about one account says nothing of the others, nor anything where that one is not
    among ``accounts``.
    """
    if control.manual is None:
        return None
    present = {
        one: names
        for one, names in counts.manual.get(control.id, {}).items()
        if counts.about.get(one) in (None, *accounts)
    }
    decided: dict[str, str] = {}
    for entry in registers.acceptances:
        if entry.control != control.id:
            continue
        for evidence_id, names in present.items():
            if entry.evidence in names:
                decided[evidence_id] = entry.decision  # the last word counts
                used.add(entry.id)
    accepted = sorted(one for one, decision in decided.items() if decision == "accepted")
    present = {one: names for one, names in present.items() if decided.get(one) != "rejected"}
    lacking: tuple[str, ...] = ()
    if accepted and all(one in counts.about for one in accepted):
        told = {counts.about[one] for one in accepted}
        lacking = tuple(account for account in accounts if account not in told)
    return ManualState(control.manual.provide, tuple(sorted(present)), tuple(accepted), lacking)
