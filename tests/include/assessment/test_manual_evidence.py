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


def decided(*decisions: str, id_: str = ID) -> Registers:
    common: dict[str, Any] = {"control": "1.1", "evidence": id_, "period": "2026-10", "reason": "r"}
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


def test_evidence_about_one_account_counts_for_that_one_only() -> None:
    here, there = "111111111111", "222222222222"
    about = {
        account: row("NONE", "manual", "1.1", account=account, resource=id_,
                     attributes={"account": account})
        for account, id_ in ((here, ID), (there, "ME-2"), ("999999999999", "ME-3"))
    }  # fmt: skip

    def verdict_of(*accounts: str, decide: str = ID) -> ControlResult:
        entries = [e for id_ in (ID, decide) for e in decided("accepted", id_=id_).acceptances]
        given = snap("manual", account="organization", rows=[about[a] for a in accounts])
        return judged(
            given, checks=[], controls=CONTROLS, accounts=(here, there),
            registers=Registers(acceptances=tuple(entries)),
        ).controls[0]  # fmt: skip

    one = verdict_of(here)
    assert one.status == "INCONCLUSIVE"
    assert one.reason == f"Evidence that people provide is not accepted for {there}."
    assert one.by_account == {here: "COMPLIANT", there: "INCONCLUSIVE"}
    both = verdict_of(here, there, decide="ME-2")
    assert both.status == "COMPLIANT"
    stranger = verdict_of("999999999999", decide="ME-3")
    assert stranger.status == "INCONCLUSIVE"
    assert stranger.manual is not None and stranger.manual.state == "missing"
