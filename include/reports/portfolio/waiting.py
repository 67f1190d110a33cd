"""portfolio.pdf's chapters on what is open: missing evidence, people, exceptions."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import CondPageBreak, Flowable, Spacer

from include.metrics.portfolio import Portfolio
from include.reports.missing_evidence import open_text
from include.reports.model import source_name, words
from include.reports.pages.drawing import number
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import SMALL_MUTED
from include.reports.portfolio.parts import paragraph, part_of
from include.reports.wording import counted

TOP_GAPS, TOP_EXCEPTIONS = 15, 15


def missing(portfolio: Portfolio) -> Iterator[Flowable]:
    """Frameworks without a result, and places that were not collected."""
    yield from chapter("7  Missing evidence", room=130)
    if n := len(portfolio.missing):
        yield paragraph(f"{counted(n, 'framework')} not assessed: see chapter 1.")
    rows = portfolio.gaps
    if not rows:
        still = open_text(portfolio.totals["inconclusive_controls"])
        yield paragraph(
            "Every place that the assessed frameworks ask was collected. "
            f"{still}, added up over the frameworks."
        )
        return
    shown = rows[:TOP_GAPS]
    if part := part_of(shown, rows, "places"):
        yield paragraph(part)
    yield Rows(
        columns(
            ("Source", 26, "strong"),
            ("Account, region", 27),
            ("Ended as", 20),
            ("Why", 60),
            ("Controls without it", 50),
        ),
        [
            (
                source_name(row["source"]),
                f"{row['account']}\n{row['region']}".strip(),
                words(row["status"]) + ("" if row["blocking"] else "\n(by a decision)"),
                row["message"] + (f" (decision {row['decision']})" if row["decision"] else ""),
                "\n".join(f"{framework} {n}" for framework, n in row["controls"].items()),
            )
            for row in shown
        ],
    )


def people(portfolio: Portfolio) -> Iterator[Flowable]:
    """Controls that wait for evidence from people, by framework."""
    yield from chapter("8  Waiting for evidence from people", room=110)
    waiting = [row for row in portfolio.frameworks if row["awaiting"]]
    if not waiting:
        yield paragraph("No control waits for evidence from people.")
        return
    yield paragraph(
        "Inconclusive controls that a person has to provide something for, or accept it."
    )
    yield Rows(
        columns(
            ("Framework", 50, "strong"), ("Controls waiting", 20, "number"), ("of", 20, "number")
        ),
        [
            (row["framework"], number(row["awaiting"]), number(row["total_controls"]))
            for row in waiting
        ],
    )
    yield Spacer(1, 4)
    yield paragraph("They are named in portfolio.html and portfolio.json.", SMALL_MUTED)


def exceptions(portfolio: Portfolio) -> Iterator[Flowable]:
    """Exceptions that end soon or have ended."""
    told = portfolio.exceptions
    yield from chapter("9  Exceptions", room=110)
    yield paragraph(
        f"{counted(len(told['applied']), 'exception')} in force and applied. Soon means within "
        f"{told['expiring_within_days']} days after the period's end."
    )
    for title, rows in (("Expiring soon", told["expiring"]), ("Expired", told["expired"])):
        if not rows:
            continue
        shown = rows[:TOP_EXCEPTIONS]
        yield CondPageBreak(90)
        yield heading(f"{title}: {len(rows)}", level=2)
        if part := part_of(shown, rows, "exceptions"):
            yield paragraph(part)
        yield Rows(
            columns(
                ("Id", 16, "strong"),
                ("About", 44),
                ("Reason", 50),
                ("Owner, approver", 44),
                ("Until", 20),
            ),
            [
                (
                    row["id"],
                    row["what"],
                    row["reason"],
                    f"{row['owner']}\n{row['approver']}",
                    row["until"],
                )
                for row in shown
            ],
        )
