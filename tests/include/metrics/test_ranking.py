"""Failing resources, those that break most controls first."""

from __future__ import annotations

from typing import Any

from include.assessment.registers import Exception_, NotApplicable, Registers
from include.metrics.compute import compute_metrics
from tests.include.assessment.estate import control, judged
from tests.include.assessment.test_status import decision
from tests.include.metrics.months import HUB, RULE, fails, hub_says, month

CONTROLS = [
    control("1", "rule"),
    control("2", "rule"),
    control("3", "rule", "hub"),
    control("4", shown=["hub"], manual="A plan."),
]


def ranked(*rows: Any, **more: Any) -> list[dict[str, Any]]:
    october = month("2026-10", *rows, checks=[RULE, HUB], controls=CONTROLS, **more)
    return [dict(row) for row in compute_metrics(october).failing_resources]


def test_by_controls_then_severity_then_checks_then_name() -> None:
    rows = ranked(
        hub_says("FAIL", "low-only"),
        fails("b-high"),
        fails("a-high"),
        fails("z-both"),
        hub_says("FAIL", "z-both"),
    )
    assert [(row["rank"], row["resource"], row["controls"]) for row in rows] == [
        (1, "z-both", ["1", "2", "3"]),
        (2, "a-high", ["1", "2", "3"]),
        (3, "b-high", ["1", "2", "3"]),
        (4, "low-only", ["3"]),
    ]
    assert (rows[0]["severity"], rows[0]["checks"]) == ("HIGH", ["hub", "rule"])


def test_days_are_those_on_which_any_of_its_checks_failed() -> None:
    (row,) = ranked(
        fails("i-1", ("2026-10-30T00:00:00Z", "")),
        hub_says("FAIL", "i-1", ("2026-10-29T00:00:00Z", "")),
    )
    assert (row["days"], row["since"]) == (3.0, "2026-10-29T00:00:00Z")


def test_an_excused_resource_stays_listed_and_is_marked_when_all_of_it_is_excused() -> None:
    of_rule = Registers(exceptions=(decision(Exception_, check="rule", resource="i-1"),))
    rows = ranked(fails("i-1"), fails("i-2"), registers=of_rule)
    assert {row["resource"]: row["excused"] for row in rows} == {"i-1": True, "i-2": False}
    of_one_control = Registers(exceptions=(decision(Exception_, control="1", resource="i-1"),))
    (row,) = ranked(fails("i-1"), registers=of_one_control)
    assert (row["excused"], row["controls"]) == (False, ["1", "2", "3"])
    half = ranked(fails("i-1"), hub_says("FAIL", "i-1"), registers=of_rule)
    assert [row["excused"] for row in half] == [False]


def test_a_control_that_is_not_applicable_is_not_broken() -> None:
    registers = Registers(not_applicable=(decision(NotApplicable, control="2"),))
    (row,) = ranked(fails("i-1"), registers=registers)
    assert row["controls"] == ["1", "3"]
    every = Registers(
        not_applicable=tuple(
            decision(NotApplicable, id=f"D-{n}", control=str(n)) for n in range(1, 5)
        )
    )
    (row,) = ranked(fails("i-1"), registers=every)
    assert (row["controls"], row["excused"]) == ([], False)


def test_a_framework_without_controls_has_no_failing_resources() -> None:
    metrics = compute_metrics(judged(checks=[], controls=[]))
    assert metrics.failing_resources == ()
    assert metrics.compliance["compliance_score"] is None
    assert metrics.coverage["cells_percent"] is None
    assert metrics.by_resource_type == ()
