"""Exceptions applied, expiring, expired and unused; other decisions beside them."""

from __future__ import annotations

from typing import Any

from include.assessment.registers import Exception_, NotApplicable, Registers
from include.metrics.compute import compute_metrics
from include.metrics.model import Row
from tests.include.assessment.estate import control
from tests.include.assessment.test_status import decision
from tests.include.metrics.months import fails, month

CONTROLS = [control("1", "rule"), control("2", "rule"), control("3", "rule")]


def exceptions(*entries: Any, not_applicable: Any = (), days: int = 30) -> Row:
    registers = Registers(exceptions=entries, not_applicable=tuple(not_applicable))
    october = month("2026-10", fails("i-1"), fails("i-2"), controls=CONTROLS, registers=registers)
    return compute_metrics(october, expiring_days=days).exceptions


def excuse(name: str, **more: Any) -> Any:
    return decision(Exception_, id=name, **more)


def test_an_applied_exception_names_what_it_excuses_and_how_long_it_lasts() -> None:
    found = exceptions(excuse("E-1", resource="i-1", until="2026-11-10"))
    assert found["applied"] == [
        {
            "id": "E-1",
            "what": "resource i-1",
            "reason": "Because.",
            "owner": "ann",
            "approver": "ben",
            "from": "2026-09-01",
            "until": "2026-11-10",
            # From 31 October, the period's last day.
            "days_left": 10,
            "expires_soon": True,
            "state": "in force",
            "controls": ["1", "2", "3"],
            "resources": ["i-1"],
        }
    ]
    assert (found["expiring"], found["expiring_within_days"]) == (["E-1"], 30)


def test_soon_is_at_most_so_many_days_from_the_periods_last_day() -> None:
    def expiring(until: str, days: int) -> Any:
        return exceptions(excuse("E-1", resource="i-1", until=until), days=days)["expiring"]

    assert expiring("2026-11-30", 30) == ["E-1"]
    assert expiring("2026-12-01", 30) == []
    assert expiring("2026-10-31", 0) == ["E-1"]


def test_what_expired_is_not_yet_or_excuses_nothing_is_listed_apart() -> None:
    found = exceptions(
        excuse("E-past", resource="i-1", until="2026-10-30"),
        excuse("E-later", resource="i-1", **{"from": "2026-11-01"}),
        excuse("E-idle", resource="i-9"),
        excuse("E-used", resource="i-2", control="2"),
    )
    assert [row["id"] for row in found["expired"]] == ["E-past"]
    assert found["not_yet_in_force"] == ["E-later"]
    assert found["unused"] == ["E-idle"]
    (used,) = found["applied"]
    assert (used["id"], used["controls"], used["resources"]) == ("E-used", ["2"], ["i-2"])


def test_every_entry_of_the_register_is_somewhere() -> None:
    found = exceptions(
        *(excuse(f"E-{n}", resource="i-1", until=f"2026-{n:02}-28") for n in range(9, 13))
    )
    ids = {row["id"] for row in (*found["applied"], *found["expired"])}
    assert ids | {*found["unused"], *found["not_yet_in_force"]} == {f"E-{n}" for n in range(9, 13)}


def test_other_registers_decisions_in_force_stand_beside() -> None:
    found = exceptions(not_applicable=[decision(NotApplicable, control="2")])
    (row,) = found["decisions"]
    assert (row["register"], row["id"], row["used"], row["days_left"]) == (
        "not_applicable",
        "D-1",
        True,
        61,
    )
