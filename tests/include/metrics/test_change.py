"""What is new, fixed, still failing, re-opened, newly asked or no longer known."""

from __future__ import annotations

from dataclasses import replace

from include.assessment.result import Assessment
from include.metrics.change import change_since
from include.metrics.compute import compute_metrics
from include.metrics.model import Row
from tests.include.assessment.estate import ACCOUNT, AWAY, HOME, control
from tests.include.metrics.months import HUB, RULE, fails, hub_says, month, passes

OTHER = "222222222222"


def change(now: Assessment, *earlier: Assessment) -> Row:
    return compute_metrics(now, earlier=earlier).change


def kinds(now: Assessment, *earlier: Assessment) -> dict[str, str]:
    return {item["resource"]: item["kind"] for item in change(now, *earlier)["items"]}


def test_each_kind_of_change_is_told_from_the_others() -> None:
    july = month("2026-07", fails("i-reopened"), passes("i-new"))
    september = month(
        "2026-09", fails("i-still"), fails("i-fixed"), passes("i-reopened"), passes("i-new")
    )
    october = month(
        "2026-10", fails("i-still"), passes("i-fixed"), fails("i-reopened"), fails("i-new")
    )
    found = change(october, july, september)
    assert kinds(october, july, september) == {
        "i-new": "new",
        "i-reopened": "reopened",
        "i-still": "still_failing",
        "i-fixed": "fixed",
    }
    assert found["counts"] == {
        "new": 1,
        "reopened": 1,
        "newly_asked": 0,
        "still_failing": 1,
        "fixed": 1,
        "unknown": 0,
    }
    assert found["previous"] == {
        "period": "2026-09",
        "content_digest": september.content_digest,
    }
    assert [item["resource"] for item in found["items"]] == [
        "i-new",
        "i-reopened",
        "i-still",
        "i-fixed",
    ]


def test_what_nobody_can_see_any_more_is_unknown_and_never_fixed() -> None:
    place = ("aws_config", ACCOUNT, HOME)
    october = month("2026-10", silent=[place])
    assert kinds(october, month("2026-09", fails("i-1"))) == {"i-1": "unknown"}


def test_what_nobody_could_see_before_is_newly_asked_and_never_new() -> None:
    place = ("aws_config", ACCOUNT, HOME)
    september = month("2026-09", silent=[place])
    assert kinds(month("2026-10", fails("i-1")), september) == {"i-1": "newly_asked"}
    assert kinds(month("2026-10", fails("i-1"))) == {"i-1": "newly_asked"}


def test_an_account_asked_for_the_first_time_has_nothing_new() -> None:
    september = month("2026-09")
    october = month("2026-10", fails("i-1"), fails("i-2", account=OTHER), accounts=[ACCOUNT, OTHER])
    assert kinds(october, september) == {"i-1": "new", "i-2": "newly_asked"}
    assert kinds(september, october) == {"i-1": "fixed", "i-2": "unknown"}


def test_a_check_that_was_only_shown_was_not_asked() -> None:
    shown = [control("1.1", "rule", shown=["hub"])]
    counted = [control("1.1", "rule", "hub")]
    before = month("2026-09", hub_says("FAIL"), checks=[RULE, HUB], controls=shown)
    now = month("2026-10", hub_says("FAIL"), checks=[RULE, HUB], controls=counted)
    assert kinds(now, before) == {"i-1": "newly_asked"}
    assert kinds(before, now) == {"i-1": "unknown"}


def test_a_resource_that_several_regions_show_is_one_change() -> None:
    regions = [HOME, AWAY]
    seen = (fails("bucket", region=HOME), fails("bucket", region=AWAY))
    september, october = (
        month("2026-09", seen[0], regions=regions),
        month("2026-10", *seen, regions=regions),
    )
    assert change(october, september)["counts"]["still_failing"] == 1
    assert len(change(october, september)["items"]) == 1
    # Where one of its places was not seen before, it may have failed there.
    blind = month("2026-09", regions=regions, silent=[("aws_config", ACCOUNT, AWAY)])
    assert kinds(october, blind) == {"bucket": "newly_asked"}


def test_controls_get_better_worse_or_something_else() -> None:
    september = month(
        "2026-09",
        fails("i-1"),
        checks=[RULE, HUB],
        controls=[control("better", "rule"), control("worse", "hub"), control("gone", "hub")],
    )
    october = month(
        "2026-10",
        hub_says("FAIL"),
        checks=[RULE, HUB],
        controls=[control("better", "rule"), control("worse", "hub"), control("added", "rule")],
    )
    assert [
        (row["control"], row["before"], row["now"], row["direction"])
        for row in change(october, september)["controls"]
    ] == [
        ("better", "NON_COMPLIANT", "COMPLIANT", "better"),
        ("worse", "COMPLIANT", "NON_COMPLIANT", "worse"),
        ("added", None, "COMPLIANT", "other"),
        ("gone", "COMPLIANT", None, "other"),
    ]


def test_a_control_that_is_not_applicable_any_more_is_neither_better_nor_worse() -> None:
    september, october = month("2026-09", fails("i-1")), month("2026-10", fails("i-1"))
    (one,) = october.controls
    excepted = replace(october, controls=(replace(one, status="NOT_APPLICABLE"),))
    (row,) = change(excepted, september)["controls"]
    assert (row["now"], row["direction"]) == ("NOT_APPLICABLE", "other")
    found = change(excepted, september)
    assert found["score"] == {"before": 0.0, "now": None, "difference": None}


def test_score_and_coverage_move_by_their_exact_difference() -> None:
    controls = [control(str(n), "rule") for n in range(2)] + [control("3", "hub")]
    september = month("2026-09", fails("i-1"), checks=[RULE, HUB], controls=controls)
    october = month(
        "2026-10",
        checks=[RULE, HUB],
        controls=controls,
        silent=[("security_hub", ACCOUNT, HOME)],
    )
    found = change(october, september)
    # 1 of 3 controls compliant, then 2 of 3; 3 of 3 judged, then 2 of 3.
    assert found["score"] == {"before": 33.33, "now": 66.67, "difference": 33.34}
    assert found["coverage"] == {"before": 100.0, "now": 66.67, "difference": -33.33}


def test_without_an_earlier_result_nothing_is_compared() -> None:
    found = change(month("2026-10", fails("i-1")))
    assert found["previous"] is None
    assert found["score"] == {"before": None, "now": 0.0, "difference": None}
    assert found["controls"] == []


def test_any_two_results_can_be_compared() -> None:
    one, two = month("2026-08", fails("i-1")), month("2026-10", fails("i-2"), fails("i-3"))
    once = month("2026-07", fails("i-3"))
    found = change_since(two, compute_metrics(two), one, compute_metrics(one), [once])
    assert {item["resource"]: item["kind"] for item in found["items"]} == {
        "i-1": "fixed",
        "i-2": "new",
        "i-3": "reopened",
    }
    assert found["score"]["difference"] == 0.0
