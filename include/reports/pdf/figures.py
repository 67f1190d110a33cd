"""The chapter of figures: by control set, account, region, severity and kind of resource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Spacer

from include.reports.model import ReportModel, percent_text, words
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Column, Rows


def figures(model: ReportModel, number: int) -> Iterator[Flowable]:
    """Every breakdown the metrics have, one table each."""
    metrics = model.metrics
    yield from chapter(f"{number}  Results in figures")
    yield from _table(
        "By control set",
        columns(
            ("Control set", 48, "strong"),
            ("Score", 16, "number"),
            ("Compliant", 16, "number"),
            ("Non-compliant", 19, "number"),
            ("Inconclusive", 18, "number"),
            ("Not applicable", 19, "number"),
            ("Failing resources", 18, "number"),
        ),
        [
            (
                f"{one['id']}  {one['title']}",
                *_controls(one),
                _n(one["not_applicable_controls"]),
                _n(one["failing_resources"]),
            )
            for one in metrics.by_control_set
        ],
    )
    yield from _table(
        "By account",
        columns(
            ("Account", 26, "strong"),
            ("Score", 16, "number"),
            ("Compliant", 16, "number"),
            ("Non-compliant", 19, "number"),
            ("Inconclusive", 18, "number"),
            ("Checks answered", 24, "number"),
            ("Failing resources", 18, "number"),
        ),
        [
            (one["account"], *_controls(one), _answered(one), _n(one["failing_resources"]))
            for one in metrics.by_account
        ],
    )
    yield from _table(
        "By region",
        _result_columns("Region"),
        [(one["region"] or "Account-wide checks", *_results(one)) for one in metrics.by_region],
    )
    yield from _table(
        "By severity",
        _result_columns("Severity"),
        [(words(one["severity"]), *_results(one)) for one in metrics.by_severity],
    )
    yield from _table(
        "By type of resource",
        _result_columns("Type"),
        [(one["resource_type"], *_results(one)) for one in metrics.by_resource_type],
    )


def _result_columns(first: str) -> list[Column]:
    return columns(
        (first, 42, "strong"),
        ("Checks answered", 26, "number"),
        ("Pass", 18, "number"),
        ("Fail", 18, "number"),
        ("Unanswered", 20, "number"),
        ("Failing resources", 20, "number"),
    )


def _table(title: str, wanted: list[Column], rows: Sequence[Sequence[str]]) -> Iterator[Flowable]:
    if not rows:
        return
    yield CondPageBreak(120)
    yield heading(title, level=2)
    yield Rows(wanted, rows, again=f"{title} (continued)")
    yield Spacer(1, 10)


def _controls(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        percent_text(one["compliance_score"]),
        _n(one["compliant_controls"]),
        _n(one["non_compliant_controls"]),
        _n(one["inconclusive_controls"]),
    )


def _answered(one: Mapping[str, Any]) -> str:
    return f"{one['cells_answered']:,} of {one['cells_total']:,}"


def _results(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        _answered(one),
        _n(one["passing_results"]),
        _n(one["failing_results"]),
        _n(one["unanswered_results"]),
        _n(one["failing_resources"]),
    )


def _n(value: Any) -> str:
    return f"{int(value):,}"
