"""What was true at a period's end follows from the changes, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.assessment.period import parse_period
from include.sources.timeline import GONE, Change, at_end

PERIOD = parse_period("2026-10")
FAILING = frozenset({"FAIL"})
SECOND = timedelta(seconds=1)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_change_in_the_last_second_counts_and_one_at_the_end_does_not() -> None:
    before = [Change(_at("2026-09-01"), "PASS"), Change(PERIOD.end - SECOND, "FAIL")]
    standing = at_end(before, PERIOD, FAILING)
    assert standing and standing.status == "FAIL" and not standing.moved_since
    assert standing.failed == (("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"),)

    after = [Change(_at("2026-09-01"), "PASS"), Change(PERIOD.end, "FAIL")]
    standing = at_end(after, PERIOD, FAILING)
    assert standing and standing.status == "PASS" and standing.moved_since
    assert standing.failed == ()


def test_failures_of_the_period_are_cut_at_its_edges() -> None:
    changes = [
        Change(_at("2026-09-20"), "FAIL"),
        Change(_at("2026-10-05"), "PASS"),
        Change(_at("2026-10-30"), "FAIL"),
        Change(_at("2026-11-03"), "PASS"),
    ]
    standing = at_end(changes, PERIOD, FAILING)
    assert standing and standing.failed == (
        ("2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z"),
        ("2026-10-30T00:00:00Z", "2026-11-01T00:00:00Z"),
    )


def test_what_was_gone_before_the_period_or_came_after_it_has_no_standing() -> None:
    gone = [Change(_at("2026-08-01"), "PASS"), Change(_at("2026-09-30"), GONE)]
    assert at_end(gone, PERIOD, FAILING) is None
    assert at_end([Change(PERIOD.end, "FAIL")], PERIOD, FAILING) is None
    assert at_end([], PERIOD, FAILING) is None


def test_what_was_deleted_within_the_period_keeps_its_last_status() -> None:
    changes = [Change(_at("2026-10-02"), "FAIL"), Change(_at("2026-10-09"), GONE)]
    standing = at_end(changes, PERIOD, FAILING)
    assert standing and standing.gone and standing.status == "FAIL"
    assert standing.failed == (("2026-10-02T00:00:00Z", "2026-10-09T00:00:00Z"),)


#: The machine that runs this may be busy.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_CHANGES = st.lists(
    st.builds(
        Change,
        st.integers(-60, 60).map(lambda days: PERIOD.start + timedelta(days=days)),
        st.sampled_from(["PASS", "FAIL", GONE]),
    ),
    max_size=12,
    unique_by=lambda change: change.at,
)


@unhurried
@given(_CHANGES, st.integers(0, 60))
def test_what_happens_after_the_end_changes_only_how_it_is_known(
    changes: list[Change], days: int
) -> None:
    past = [change for change in changes if change.at < PERIOD.end]
    later = [*past, Change(PERIOD.end + timedelta(days=days), "FAIL")]
    then, now = at_end(past, PERIOD, FAILING), at_end(later, PERIOD, FAILING)
    if then is None or now is None:
        assert then == now
    else:
        assert (then.status, then.gone, then.since, then.failed) == (
            now.status,
            now.gone,
            now.since,
            now.failed,
        )


@unhurried
@given(_CHANGES)
def test_how_far_back_the_source_was_asked_makes_no_difference(changes: list[Change]) -> None:
    older = [change for change in changes if change.at <= PERIOD.start]
    reached = [change for change in changes if change.at > PERIOD.start]
    if older:
        reached.append(max(older))
    full, cut = at_end(changes, PERIOD, FAILING), at_end(reached, PERIOD, FAILING)
    if cut is not None:
        assert full == cut
