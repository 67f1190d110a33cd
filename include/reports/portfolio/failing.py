"""portfolio.pdf's chapters on what fails: by account, by region, resources, checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Spacer

from include.metrics.portfolio import Portfolio
from include.reports.model import percent_text, words
from include.reports.pages.drawing import moment, number
from include.reports.pdf.layout import chapter, columns
from include.reports.pdf.rows import Rows
from include.reports.portfolio.parts import paragraph, part_of, short_title
from include.reports.wording import counted

TOP_RESOURCES, TOP_CHECKS, TOP_ACCOUNTS = 15, 10, 10
#: Frameworks that are named in one row.
_NAMED = 4
#: Frameworks side by side in one table of places.
_ACROSS = 7


def accounts(portfolio: Portfolio) -> Iterator[Flowable]:
    """The accounts with most failing resources, by framework."""
    yield from chapter("3  Accounts", room=150)
    rows = sorted(portfolio.by_account, key=lambda row: (-row["failing_resources"], row["account"]))
    shown = rows[:TOP_ACCOUNTS]
    yield paragraph(
        "Score, and failing resources below it; those that fail several frameworks are counted "
        "once in the last column. "
        + part_of(shown, rows, "accounts", "most failing resources first")
    )
    yield from _places(
        portfolio,
        "Account",
        [(row["account"], row) for row in shown],
        lambda cell: (
            f"{percent_text(cell['compliance_score'])}\n{number(cell['failing_resources'])}"
        ),
    )


def regions(portfolio: Portfolio) -> Iterator[Flowable]:
    """Every region, by framework."""
    yield from chapter("4  Regions", room=150)
    yield paragraph(
        "Failing resources, and how many of the required checks were answered below them."
    )
    yield from _places(
        portfolio,
        "Region",
        [(row["region"] or "Account-wide checks", row) for row in portfolio.by_region],
        lambda cell: f"{number(cell['failing_resources'])}\n{percent_text(cell['cells_percent'])}",
    )


def _places(
    portfolio: Portfolio,
    what: str,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    told: Any,
) -> Iterator[Flowable]:
    """Places down, frameworks across; as many tables as it takes."""
    ids = [row["framework"] for row in portfolio.frameworks]
    short = {row["framework"]: short_title(row) for row in portfolio.frameworks}
    for start in range(0, len(ids), _ACROSS):
        across = ids[start : start + _ACROSS]
        yield CondPageBreak(90)
        yield Rows(
            columns(
                (what, 22, "strong"),
                *((short[one], 17, "number") for one in across),
                ("Failing, each once", 15, "number"),
            ),
            [
                (
                    name,
                    *(
                        told(row["frameworks"][one]) if row["frameworks"][one] else "not in scope"
                        for one in across
                    ),
                    number(row["failing_resources"]),
                )
                for name, row in rows
            ],
        )
        yield Spacer(1, 8)


def controls_text(controls: Mapping[str, Sequence[str]]) -> str:
    """How many controls of which framework, those with most first, and how many more there are."""
    counts = sorted(((len(ids), name) for name, ids in controls.items()), key=_most_first)
    named = [f"{name} {n}" for n, name in counts[:_NAMED]]
    more = len(counts) - _NAMED
    return ", ".join(named) + (f" and {counted(more, 'more framework')}" if more > 0 else "")


def _most_first(counted: tuple[int, str]) -> tuple[int, str]:
    return -counted[0], counted[1]


def resources(portfolio: Portfolio) -> Iterator[Flowable]:
    """The failing resources that break most controls, over all frameworks."""
    yield from chapter("5  Resources that break most controls", room=150)
    rows = portfolio.failing_resources
    if not rows:
        yield paragraph("No resource fails.")
        return
    shown = rows[:TOP_RESOURCES]
    yield paragraph(
        "Each resource once, ranked by the controls it breaks over all frameworks; portfolio.html "
        "names them. " + part_of(shown, rows, "failing resources")
    )
    yield Rows(
        columns(
            ("", 11, "number"),
            ("Resource", 58),
            ("Severity", 17),
            ("Account, region", 27),
            ("Controls", 18, "number"),
            ("Of which framework", 62),
            ("Since", 25),
        ),
        [
            (
                str(row["rank"]),
                row["resource"] + ("\n(excepted)" if row["excused"] else ""),
                words(row["severity"]),
                f"{row['account']}\n{row['region'] or ''}".strip(),
                str(row["controls_total"]),
                controls_text(row["controls"]),
                since_text(row),
            )
            for row in shown
        ],
    )


def since_text(row: Mapping[str, Any]) -> str:
    """The day since which a resource fails, as far as it is known."""
    if row["since"]:
        return moment(row["since"])[:10]
    return "before the period" if row["since_known"] == "before_period" else "unknown"


def checks(portfolio: Portfolio) -> Iterator[Flowable]:
    """The checks that break most controls, over all frameworks."""
    yield from chapter("6  Checks that break most controls", room=150)
    rows = portfolio.failing_checks
    if not rows:
        yield paragraph("No check fails.")
        return
    shown = rows[:TOP_CHECKS]
    yield paragraph(
        "Failures that an exception covers break no control. "
        + part_of(shown, rows, "failing checks")
    )
    yield Rows(
        columns(
            ("", 11, "number"),
            ("Check", 66),
            ("Severity", 17),
            ("Resources", 18, "number"),
            ("Controls", 18, "number"),
            ("Of which framework", 66),
        ),
        [
            (
                str(row["rank"]),
                row["question"],
                words(row["severity"]),
                number(row["resources"]),
                str(row["controls_total"]),
                controls_text(row["controls"]),
            )
            for row in shown
        ],
    )
