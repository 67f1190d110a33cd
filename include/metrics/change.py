"""What changed since another result of the same framework: controls, and what fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from include.assessment.result import Assessment, CellAnswer
from include.metrics.failures import Bearing, Failure, Key, failing_of, failures_of
from include.metrics.model import Metrics, Row, difference

#: The kinds of items, in the order they are listed in.
KINDS = ("new", "reopened", "newly_asked", "still_failing", "fixed", "unknown")
_BETTER = {"NON_COMPLIANT": 0, "INCONCLUSIVE": 1, "COMPLIANT": 2}


def change_since(
    now: Assessment,
    now_metrics: Metrics,
    before: Assessment,
    before_metrics: Metrics,
    earlier: Iterable[Assessment] = (),
) -> Row:
    """The change from ``before`` to ``now``; pure.

    ``earlier`` are results before ``before``: what failed in any of them and fails again is
    reopened. Metrics give the score and the coverage.
    """
    failed = {key for one in earlier for key in failing_of(failures_of(one))}
    return change_of(
        now,
        failing_of(failures_of(now)),
        before,
        failing_of(failures_of(before)),
        failed,
        score=(_score(before_metrics), _score(now_metrics)),
        coverage=(_coverage(before_metrics), _coverage(now_metrics)),
    )


def change_of(
    now: Assessment,
    failing: Mapping[Key, Failure],
    before: Assessment | None,
    failing_before: Mapping[Key, Failure],
    failed: Collection[Key],
    *,
    score: tuple[float | None, float | None],
    coverage: tuple[float | None, float | None],
) -> Row:
    """The change, by what fails in ``now`` and in ``before``, and what ``failed`` ever before that.

    ``score`` and ``coverage`` are pairs (before, now). Without ``before`` nothing is compared:
    whatever fails is asked about for the first time.
    """
    items = _items(now, failing, before, failing_before, failed)
    kinds = Counter(item["kind"] for item in items)
    return {
        "previous": before and {"period": before.period, "content_digest": before.content_digest},
        "score": _pair(*score),
        "coverage": _pair(*coverage),
        "controls": _controls(before, now) if before else [],
        "counts": {kind: kinds[kind] for kind in KINDS},
        "items": items,
    }


def _score(metrics: Metrics) -> float | None:
    value: float | None = metrics.compliance["compliance_score"]
    return value


def _coverage(metrics: Metrics) -> float | None:
    value: float | None = metrics.coverage["controls_percent"]
    return value


def _pair(before: float | None, now: float | None) -> Row:
    return {"before": before, "now": now, "difference": difference(before, now)}


def _controls(before: Assessment, now: Assessment) -> list[Row]:
    """Controls whose status differs, in the framework's order; then those that are gone from it."""
    was = {control.id: control for control in before.controls}
    rows = [
        _control(control.id, control.title, was.get(control.id), control)
        for control in now.controls
    ]
    there = {control.id for control in now.controls}
    rows += [
        _control(control.id, control.title, control, None)
        for control in before.controls
        if control.id not in there
    ]
    return [row for row in rows if row["before"] != row["now"]]


def _control(control_id: str, title: str, before: Any, now: Any) -> Row:
    statuses = (before and before.status, now and now.status)
    if all(status in _BETTER for status in statuses):
        one, two = (_BETTER[status] for status in statuses)
        direction = "better" if two > one else "worse"
        if statuses == ("NON_COMPLIANT", "INCONCLUSIVE"):
            direction = "other"  # not knowing any more is no improvement
    else:
        direction = "other"
    return {
        "control": control_id,
        "title": title,
        "before": statuses[0],
        "now": statuses[1],
        "direction": direction,
    }


def _items(
    now: Assessment,
    fails: Mapping[Key, Failure],
    before: Assessment | None,
    failed_before: Mapping[Key, Failure],
    failed: Collection[Key],
) -> list[Row]:
    was, is_ = _Cells(before), _Cells(now)
    bearing, bore = Bearing(now), Bearing(before or now)
    found: list[tuple[str, Failure, tuple[str, ...]]] = []
    for key, one in fails.items():
        if key in failed_before:
            kind = "still_failing"
        elif not was.passed(one):
            kind = "newly_asked"
        else:
            kind = "reopened" if key in failed else "new"
        found.append((kind, one, one.controls))
    for key, one in failed_before.items():
        if key not in fails:
            kind = "fixed" if is_.passed(one) else "unknown"
            controls = bearing.controls.get(one.check.id) or bore.controls.get(one.check.id, ())
            found.append((kind, one, controls))
    found.sort(key=lambda item: (KINDS.index(item[0]), *item[1].order))
    return [
        {
            "kind": kind,
            "check": one.check.id,
            "question": one.check.question,
            "resource": one.resource,
            "account": one.account,
            "region": one.region,
            "severity": one.check.severity,
            "controls": list(controls),
            "excused": one.excused,
        }
        for kind, one, controls in found
    ]


class _Cells:
    """The answers of one result by check, account and region."""

    def __init__(self, assessment: Assessment | None) -> None:
        self._cells: dict[tuple[str, str, str], CellAnswer] = {
            (check.id, cell.account, cell.region): cell
            for check in (assessment.checks if assessment else ())
            if check.judges
            for cell in check.cells
        }
        self._failing: dict[tuple[str, str, str], frozenset[str]] = {}

    def passed(self, failure: Failure) -> bool:
        """Whether what failed elsewhere did not fail here, and that is known: settled everywhere.

        The resource may be gone, or not there yet.
        """
        return all(
            (cell := self._cells.get((failure.check.id, account, region))) is not None
            and cell.settled
            and failure.resource not in self._failing_in((failure.check.id, account, region), cell)
            for account, region in failure.cells
        )

    def _failing_in(self, place: tuple[str, str, str], cell: CellAnswer) -> frozenset[str]:
        # A check that is only shown may be failed, too: that is no pass.
        if place not in self._failing:
            self._failing[place] = frozenset(one.resource for one in cell.failing)
        return self._failing[place]
