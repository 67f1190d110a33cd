"""The roll-up, and the promise that missing evidence never raises a score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.assessment.registers import Acceptance, Exception_, NotApplicable, Registers
from include.assessment.result import Assessment
from include.metrics.compute import compute_metrics
from tests.include.assessment.estate import (
    AWAY,
    BOTH,
    HOME,
    INSTANCE,
    Snap,
    check,
    config,
    control,
    deployment,
    hub,
    hub_row,
    judged,
    only,
    row,
    snap,
    source,
)

OTHER = check("other", source("security_hub", "EC2.9"), severity="LOW")
ALONE = check("alone", source("aws_config", "RULE"))


def decision(model: Any, **more: Any) -> Any:
    return model.model_validate(
        {
            "id": "D-1",
            "reason": "Because.",
            "owner": "ann",
            "approver": "ben",
            "from": "2026-09-01",
            "until": "2026-12-31",
            **more,
        }
    )


def test_a_failing_required_check_makes_a_control_non_compliant() -> None:
    result = only(judged(config(row("FAIL")), checks=[ALONE]))
    assert (result.status, result.reason) == ("NON_COMPLIANT", "1 resource fails alone.")


def test_a_failing_supporting_check_counts_and_its_silence_does_not() -> None:
    controls = [control("1.1", "alone", supporting=["other"])]
    silent = judged(
        config(row("PASS")), hub(deployments=[]), checks=[ALONE, OTHER], controls=controls
    )
    assert only(silent).status == "COMPLIANT"
    ready = [replace(hub().deployments[0], keyword="EC2.9", arn="arn:9")]
    fails = row("FAIL", "security_hub", "EC2.9", deployment="arn:9")
    failing = judged(
        config(row("PASS")),
        hub(fails, deployments=ready),
        checks=[ALONE, OTHER],
        controls=controls,
    )
    assert only(failing).status == "NON_COMPLIANT"


def test_a_check_that_is_only_shown_decides_nothing_whether_it_fails_or_is_hidden() -> None:
    controls = [control("1.1", "alone", shown=["other"])]
    fails = snap(
        "security_hub",
        deployments=[deployment("security_hub", "EC2.9")],
        rows=[row("FAIL", "security_hub", "EC2.9")],
    )
    failing = judged(config(row("PASS")), fails, checks=[ALONE, OTHER], controls=controls)
    assert only(failing).status == "COMPLIANT"
    (_, other) = only(failing).checks
    assert (other.role, other.failing) == ("shown", ())
    # The check itself says what it found.
    assert next(c for c in failing.checks if c.id == "other").failing
    assert compute_metrics(failing).by_account[0]["failing_resources"] == 0
    hidden = judged(
        config(row("PASS")),
        hub(deployments=[], status="DENIED"),
        checks=[ALONE, OTHER],
        controls=controls,
    )
    assert only(hidden).status == "COMPLIANT"


def test_a_supporting_check_whose_failure_may_be_hidden_leaves_the_control_open() -> None:
    controls = [control("1.1", "alone", supporting=["other"])]
    result = judged(
        config(row("PASS")),
        snap("security_hub", status="DENIED"),
        checks=[ALONE, OTHER],
        controls=controls,
    )
    assert only(result).status == "INCONCLUSIVE"
    assert "Security Hub" in only(result).reason


def test_a_control_without_any_required_check_is_inconclusive() -> None:
    result = judged(
        config(row("PASS")), checks=[ALONE], controls=[control("1.1", supporting=["alone"])]
    )
    assert only(result).status == "INCONCLUSIVE"


def test_a_valid_exception_excuses_and_is_shown_beside_the_raw_result() -> None:
    registers = Registers(exceptions=(decision(Exception_, check="alone", resource=INSTANCE),))
    result = judged(config(row("FAIL")), checks=[ALONE], registers=registers)
    assert only(result).status == "COMPLIANT"
    assert "excused" in only(result).reason
    assert only(result).checks[0].failing == (INSTANCE,)
    assert only(result).checks[0].excused[0].exception == "D-1"
    assert result.registers[0].used


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"until": "2026-10-31"}, "COMPLIANT"),
        ({"until": "2026-10-30"}, "NON_COMPLIANT"),
        ({"from": "2026-11-01"}, "NON_COMPLIANT"),
        ({"resource": "another"}, "NON_COMPLIANT"),
        ({"control": "9.9"}, "NON_COMPLIANT"),
        ({"account": "999999999999"}, "NON_COMPLIANT"),
    ],
)
def test_an_exception_covers_what_it_names_while_it_is_in_force(
    changes: dict[str, str], status: str
) -> None:
    registers = Registers(exceptions=(decision(Exception_, check="alone", **changes),))
    assert only(judged(config(row("FAIL")), checks=[ALONE], registers=registers)).status == status


def test_not_applicable_only_by_decision_and_out_of_the_denominator() -> None:
    registers = Registers(not_applicable=(decision(NotApplicable, control="1.1"),))
    controls = [control("1.1", "alone"), control("1.2", "alone")]
    result = judged(config(row("FAIL")), checks=[ALONE], controls=controls, registers=registers)
    assert [c.status for c in result.controls] == ["NOT_APPLICABLE", "NON_COMPLIANT"]
    assert all(word in result.controls[0].reason for word in ("D-1", "ann", "ben", "2026-12-31"))
    figures = compute_metrics(result).compliance
    assert (figures["total_controls"], figures["not_applicable_controls"]) == (1, 1)


def manual(*rows: Any) -> Snap:
    return snap("manual", account="organisation", rows=rows)


PLAN = row("NONE", "manual", "1.1", attributes={"sha256": "ab" * 32})


def accepted(**more: Any) -> Registers:
    values = {"control": "1.1", "evidence": "ab" * 32, "period": "2026-10", **more}
    return Registers(acceptances=(decision(Acceptance, **values),))


def test_manual_evidence_counts_only_once_a_reviewer_has_accepted_it() -> None:
    controls = [control("1.1", manual="A signed plan.")]
    other = config(row("PASS"))
    missing = only(judged(other, checks=[], controls=controls))
    assert (missing.status, missing.reason) == (
        "INCONCLUSIVE",
        "Evidence that people provide is missing.",
    )
    present = only(judged(other, manual(PLAN), checks=[], controls=controls))
    assert (present.status, present.manual and present.manual.state) == (
        "INCONCLUSIVE",
        "present, not reviewed",
    )
    done = only(judged(other, manual(PLAN), checks=[], controls=controls, registers=accepted()))
    assert done.status == "COMPLIANT"


def test_an_acceptance_without_its_evidence_or_of_another_period_accepts_nothing() -> None:
    controls = [control("1.1", manual="A signed plan.")]
    nothing = judged(config(row("PASS")), checks=[], controls=controls, registers=accepted())
    assert only(nothing).status == "INCONCLUSIVE"
    for changes in ({"period": "2026-09"}, {"evidence": "cd" * 32}, {"control": "1.2"}):
        result = judged(
            config(row("PASS")),
            manual(PLAN),
            checks=[],
            controls=controls,
            registers=accepted(**changes),
        )
        assert only(result).status == "INCONCLUSIVE"


def test_a_manual_requirement_is_not_met_by_passing_checks() -> None:
    controls = [control("1.1", "alone", manual="A signed plan.")]
    result = judged(config(row("PASS")), checks=[ALONE], controls=controls)
    assert only(result).status == "INCONCLUSIVE"


def test_each_account_has_its_own_roll_up() -> None:
    result = judged(
        config(row("PASS")),
        config(row("FAIL", resource="b"), account="222222222222"),
        checks=[ALONE],
        accounts=["111111111111", "222222222222"],
    )
    assert only(result).by_account == {
        "111111111111": "COMPLIANT",
        "222222222222": "NON_COMPLIANT",
    }


def test_without_any_snapshot_everything_is_open_and_every_cell_a_gap() -> None:
    result = judged()
    assert (only(result).status, result.status) == ("INCONCLUSIVE", "INCOMPLETE")
    assert [g.status for g in result.gaps] == ["NOT_COLLECTED", "NOT_COLLECTED"]


# --- promise 1, over any world of two sources and two regions -----------------------------------

WORDS = st.sampled_from(["PASS", "FAIL", "UNANSWERED", "NOT_APPLICABLE"])
ROWS = st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), WORDS, max_size=3)
PLACES = [(name, region) for name in ("aws_config", "security_hub") for region in (HOME, AWAY)]
CHECKS = [
    BOTH,
    ALONE,
    check(
        "wide", source("aws_config", "RULE"), source("security_hub", "EC2.8"), locality="account"
    ),
    check("hub", source("security_hub", "EC2.8")),
]
CONTROLS = [
    control("1", "both"),
    control("2", "alone", supporting=["hub"]),
    control("3", "wide"),
    control("4", "hub", supporting=["alone"]),
]


@st.composite
def worlds(draw: Any) -> dict[tuple[str, str], Snap]:
    out = {}
    for name, region in PLACES:
        make = config if name == "aws_config" else hub
        item = row if name == "aws_config" else hub_row
        rows = [item(word, resource=r, region=region) for r, word in draw(ROWS).items()]
        deployed = {} if draw(st.booleans()) else {"deployments": []}
        if draw(st.integers(0, 3)):
            deployed = {}
        out[name, region] = make(*rows, region=region, **deployed)
    return out


def assessed(world: dict[tuple[str, str], Snap]) -> Assessment:
    return judged(*world.values(), checks=CHECKS, controls=CONTROLS, regions=[HOME, AWAY])


def score(result: Assessment) -> float:
    found = compute_metrics(result).compliance["compliance_score"]
    assert isinstance(found, float)
    return found


@settings(max_examples=80, deadline=None)
@given(
    worlds(),
    st.sampled_from(PLACES),
    st.sampled_from(["PARTIAL", "DENIED", "EXPIRED", "FAILED", "MISSING"]),
    st.booleans(),
)
def test_adding_a_gap_never_raises_the_score(
    world: dict[tuple[str, str], Snap], place: tuple[str, str], status: str, emptied: bool
) -> None:
    before = assessed(world)
    gone = dict(world)
    if status == "MISSING":
        del gone[place]
    else:
        was = world[place]
        gone[place] = replace(
            was,
            receipt=replace(was.receipt, status=status),  # type: ignore[arg-type]
            rows=[] if emptied else was.rows,
            deployments=[] if emptied else was.deployments,
        )
    after = assessed(gone)
    assert score(after) <= score(before)
    compliant = {c.id for c in before.controls if c.status == "COMPLIANT"}
    assert {c.id for c in after.controls if c.status == "COMPLIANT"} <= compliant
    assert any((g.source, g.region) == place and g.blocking for g in after.gaps)
    assert after.status == "INCOMPLETE"


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from(PLACES), st.sampled_from(["r1", "r2", "new"]))
def test_a_further_failure_never_makes_a_control_better(
    world: dict[tuple[str, str], Snap], place: tuple[str, str], resource: str
) -> None:
    name, region = place
    item = row if name == "aws_config" else hub_row
    was = world[place]
    worse = {
        **world,
        place: replace(was, rows=[*was.rows, item("FAIL", resource=resource, region=region)]),
    }
    order = ["NON_COMPLIANT", "INCONCLUSIVE", "COMPLIANT"]
    for one, other in zip(assessed(world).controls, assessed(worse).controls, strict=True):
        assert order.index(other.status) <= order.index(one.status)


@settings(max_examples=50, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_snapshots_and_rows_changes_nothing(
    world: dict[tuple[str, str], Snap], random: Any
) -> None:
    places = list(world)
    random.shuffle(places)
    mixed = {}
    for place in places:
        rows = list(world[place].rows)
        random.shuffle(rows)
        mixed[place] = replace(world[place], rows=rows)
    one, other = assessed(world), assessed(mixed)
    assert one.controls == other.controls
    assert one.checks == other.checks
