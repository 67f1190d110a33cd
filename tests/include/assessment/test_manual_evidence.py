"""Manual evidence in the verdict: of its framework, in force, and not rejected since."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from include.assessment.registers import Acceptance, Registers
from include.assessment.result import ControlResult
from tests.include.assessment.estate import control, judged, row, snap

ID = "ME-0123456789abcdef"
CONTROLS = [control("1.1", manual="A signed plan.")]


def decided(*decisions: str) -> Registers:
    common: dict[str, Any] = {"control": "1.1", "evidence": ID, "period": "2026-10", "reason": "r"}
    people: dict[str, Any] = {"owner": "alice", "approver": "bob"}
    days: dict[str, Any] = {"from": date(2026, 10, 1), "until": date(2026, 10, 31)}
    return Registers(
        acceptances=tuple(
            Acceptance(id=f"AC-{n}", decision=decision, **common, **people, **days)  # type: ignore[arg-type]
            for n, decision in enumerate(decisions)
        )
    )


def verdict(*decisions: str, **more: Any) -> ControlResult:
    plan = row("NONE", "manual", "1.1", account="organization", resource=ID, **more)
    given = snap("manual", account="organization", rows=[plan])
    result = judged(given, checks=[], controls=CONTROLS, registers=decided(*decisions))
    return result.controls[0]


@pytest.mark.parametrize(
    ("decisions", "state"),
    [
        ((), "present, not reviewed"),
        (("accepted",), "accepted"),
        (("accepted", "rejected"), "missing"),
        (("rejected", "accepted"), "accepted"),
    ],
)
def test_the_last_decision_counts(decisions: tuple[str, ...], state: str) -> None:
    control = verdict(*decisions)
    assert control.manual is not None and control.manual.state == state
    assert control.status == ("COMPLIANT" if state == "accepted" else "INCONCLUSIVE")


def test_what_was_replaced_or_has_expired_does_not_count_though_it_was_accepted() -> None:
    assert verdict("accepted", in_population=False).status == "INCONCLUSIVE"


def test_evidence_for_one_framework_does_not_count_for_another() -> None:
    assert verdict("accepted", attributes={"framework": "small_1.0"}).status == "COMPLIANT"
    assert verdict("accepted", attributes={"framework": "other_1.0"}).status == "INCONCLUSIVE"
