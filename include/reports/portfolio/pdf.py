"""``portfolio.pdf``: a few pages for those who answer for all frameworks together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    NextPageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from include.assessment.result import STATUSES
from include.digests import digest_of
from include.metrics.comparison import KINDS, NAMES
from include.metrics.portfolio import Portfolio
from include.reports.model import percent_text, source_name, words
from include.reports.pages.drawing import moment, number
from include.reports.pdf.document import build_pdf
from include.reports.pdf.drawings import Figures, Legend
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import (
    BODY,
    BOLD,
    SMALL_MUTED,
    STATUS_COLOURS,
    SUBTITLE,
    TITLE,
    WIDTH,
)
from include.reports.pdf.text import markup
from include.reports.portfolio.drawings import FrameworkLine, FrameworksHead

TOP_RESOURCES, TOP_CHECKS, TOP_GAPS, TOP_ACCOUNTS, TOP_EXCEPTIONS = 15, 10, 15, 10, 15
#: Frameworks that are named in one row.
_NAMED = 4
#: Frameworks side by side in one table of places.
_ACROSS = 7


def write_portfolio_pdf(portfolio: Portfolio, path: Path, package: str = "") -> Path:
    """Draw it; equal portfolios give equal bytes. ``package`` is the id of the one it is in."""
    label = portfolio.period["label"]
    return build_pdf(
        path,
        _story(portfolio),
        title=f"Compliance portfolio - {label}",
        author=portfolio.environment,
        subject=f"All frameworks, {portfolio.period['start']} to {portfolio.period['end']}",
        as_of=portfolio.as_of,
        header=f"Compliance portfolio  |  {label}",
        package=package or portfolio.environment,
        digest=digest_of(portfolio.to_json()),
    )


def _story(portfolio: Portfolio) -> Iterator[Flowable]:
    yield NextPageTemplate("body")
    yield from _summary(portfolio)
    yield from _changes(portfolio)
    yield from _accounts(portfolio)
    yield from _regions(portfolio)
    yield from _resources(portfolio)
    yield from _checks(portfolio)
    yield from _missing(portfolio)
    yield from _people(portfolio)
    yield from _exceptions(portfolio)
    yield from _sources(portfolio)


def _text(text: str, style: Any = BODY) -> Paragraph:
    return Paragraph(markup(text), style)


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _summary(portfolio: Portfolio) -> Iterator[Flowable]:
    period, totals = portfolio.period, portfolio.totals
    yield _text(f"Compliance portfolio, {portfolio.environment}", SUBTITLE)
    yield _text(f"All frameworks, {period['label']}", TITLE)
    as_of = f" Evidence as of {moment(portfolio.as_of)}." if portfolio.as_of else ""
    yield _text(
        f"{moment(period['start'])} up to {moment(period['end'])} (not included), UTC. "
        f"{_counted(totals['accounts'], 'account')}, {_counted(totals['regions'], 'region')}."
        f"{as_of}",
        SMALL_MUTED,
    )
    yield Spacer(1, 10)
    if portfolio.missing:
        n = totals["frameworks_missing"]
        named = ", ".join(row["title"] for row in portfolio.missing)
        yield _notice(
            f"{n} of {_counted(totals['frameworks'], 'framework')} "
            f"{'has' if n == 1 else 'have'} no final result for this period: {named}."
        )
    if totals["gaps_blocking"]:
        yield _notice(
            f"Evidence is missing from {_counted(totals['gaps_blocking'], 'place')}; the controls "
            "that need it are inconclusive. See Missing evidence."
        )
    yield Spacer(1, 4)
    yield Figures(
        [
            (
                f"{totals['frameworks_assessed']} of {totals['frameworks']}",
                "Frameworks assessed",
                f"{totals['frameworks_incomplete']} with evidence missing",
            ),
            (
                number(totals["compliant_controls"]),
                "Compliant controls",
                f"of {number(totals['total_controls'])}, added up over the frameworks",
            ),
            (
                number(totals["failing_resources"]),
                "Failing resources",
                f"each once, in {_counted(totals['failing_checks'], 'check')}",
            ),
            (
                number(totals["awaiting"]),
                "Waiting for people",
                "controls without accepted evidence",
            ),
        ]
    )
    yield heading("1  Frameworks")
    yield Spacer(1, 4)
    yield FrameworksHead()
    for row in (*portfolio.frameworks, *portfolio.missing):
        yield FrameworkLine(row)
    yield Spacer(1, 6)
    yield Legend([(status, totals[f"{status.lower()}_controls"]) for status in STATUSES])
    yield _text(
        "The score is compliant of all applicable controls; change is in points since the last "
        "period; coverage is how many controls could be judged at all. There is no score over all "
        "frameworks: their controls are different questions, and an average would mean nothing.",
        SMALL_MUTED,
    )


def _notice(text: str) -> Table:
    ink, ground = STATUS_COLOURS["NON_COMPLIANT"]
    style = BODY.clone("notice", textColor=ink, fontName=BOLD, spaceAfter=0)
    return Table(
        [[_text(text, style)]],
        colWidths=[WIDTH],
        spaceAfter=6,
        style=TableStyle(
            [
                ("BACKGROUND", (0, 0), (-1, -1), ground),
                ("LEFTPADDING", (0, 0), (-1, -1), 10),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 7),
            ]
        ),
    )


def _changes(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("2  Since the last period", room=150)
    rows = [
        (
            row["framework"],
            row["previous_period"],
            *(number(row["change"][kind]) for kind in KINDS),
        )
        for row in portfolio.frameworks
        if row["change"]
    ]
    none = [row["framework"] for row in portfolio.frameworks if not row["change"]]
    if rows:
        yield _text("Findings, which are resources that fail a check, against the result before.")
        yield Rows(
            columns(
                ("Framework", 34, "strong"),
                ("Compared with", 20),
                *((NAMES[kind], 15, "number") for kind in KINDS),
            ),
            rows,
        )
        yield Spacer(1, 5)
    if none:
        yield _text(f"No result of the period before: {', '.join(none)}.", SMALL_MUTED)


def _accounts(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("3  Accounts", room=150)
    rows = sorted(portfolio.by_account, key=lambda row: (-row["failing_resources"], row["account"]))
    shown = rows[:TOP_ACCOUNTS]
    yield _text(
        "Score, and failing resources below it; those that fail several frameworks are counted "
        f"once in the last column. {_part(shown, rows, 'accounts', 'most failing resources first')}"
    )
    yield from _places(
        portfolio,
        "Account",
        [(row["account"], row) for row in shown],
        lambda cell: (
            f"{percent_text(cell['compliance_score'])}\n{number(cell['failing_resources'])}"
        ),
    )


def _regions(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("4  Regions", room=150)
    yield _text("Failing resources, and how many of the required checks were answered below them.")
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
    for start in range(0, len(ids), _ACROSS):
        across = ids[start : start + _ACROSS]
        yield CondPageBreak(90)
        yield Rows(
            columns(
                (what, 22, "strong"),
                *((one, 17, "number") for one in across),
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


def _part(shown: Sequence[Any], rows: Sequence[Any], what: str, order: str = "") -> str:
    """What of a list is here, where the rest is."""
    if len(shown) == len(rows):
        return ""
    order = f", {order}" if order else ""
    return f"The first {len(shown)} of {len(rows):,} {what}{order}; all stand in portfolio.json."


def controls_text(controls: Mapping[str, Sequence[str]]) -> str:
    """How many controls of which framework, those with most first, and how many more there are."""
    counts = sorted(((len(ids), name) for name, ids in controls.items()), key=_most_first)
    named = [f"{name} {n}" for n, name in counts[:_NAMED]]
    more = len(counts) - _NAMED
    return ", ".join(named) + (f" and {_counted(more, 'more framework')}" if more > 0 else "")


def _most_first(counted: tuple[int, str]) -> tuple[int, str]:
    return -counted[0], counted[1]


def _resources(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("5  Resources that break most controls", room=150)
    rows = portfolio.failing_resources
    if not rows:
        yield _text("No resource fails.")
        return
    shown = rows[:TOP_RESOURCES]
    yield _text(
        "Each resource once, ranked by the controls it breaks over all frameworks; portfolio.html "
        "names them. " + _part(shown, rows, "failing resources")
    )
    yield Rows(
        columns(
            ("", 8, "number"),
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


def _checks(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("6  Checks that break most controls", room=150)
    rows = portfolio.failing_checks
    if not rows:
        yield _text("No check fails.")
        return
    shown = rows[:TOP_CHECKS]
    yield _text(
        "Failures that an exception covers break no control. "
        + _part(shown, rows, "failing checks")
    )
    yield Rows(
        columns(
            ("", 8, "number"),
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


def _missing(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("7  Missing evidence", room=130)
    for row in portfolio.missing:
        yield _text(f"{row['title']} ({row['framework']}): {row['why']}")
    rows = portfolio.gaps
    if not rows:
        yield _text("Every place that the assessed frameworks ask was collected.")
        return
    shown = rows[:TOP_GAPS]
    if part := _part(shown, rows, "places"):
        yield _text(part)
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


def _people(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("8  Waiting for evidence from people", room=110)
    waiting = [row for row in portfolio.frameworks if row["awaiting"]]
    if not waiting:
        yield _text("No control waits for evidence from people.")
        return
    yield _text("Inconclusive controls that a person has to provide something for, or accept it.")
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
    yield _text("They are named in portfolio.html and portfolio.json.", SMALL_MUTED)


def _exceptions(portfolio: Portfolio) -> Iterator[Flowable]:
    told = portfolio.exceptions
    yield from chapter("9  Exceptions", room=110)
    yield _text(
        f"{_counted(len(told['applied']), 'exception')} in force and applied. Soon means within "
        f"{told['expiring_within_days']} days after the period's end."
    )
    for title, rows in (("Expiring soon", told["expiring"]), ("Expired", told["expired"])):
        if not rows:
            continue
        shown = rows[:TOP_EXCEPTIONS]
        yield CondPageBreak(90)
        yield heading(f"{title}: {len(rows)}", level=2)
        if part := _part(shown, rows, "exceptions"):
            yield _text(part)
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


def _sources(portfolio: Portfolio) -> Iterator[Flowable]:
    yield from chapter("10  What this is drawn from", room=110)
    yield _text(
        "The newest final result of each framework, as it was published. Each figure of a "
        "framework is that framework's own; what several share is counted once."
    )
    yield Rows(
        columns(
            ("Framework", 30, "strong"),
            ("Result", 20, "status"),
            ("Package", 70),
            ("Content digest", 62),
        ),
        [
            (
                row["framework"],
                words(row["status"]),
                row["package"] or "-",
                row["content_digest"],
            )
            for row in portfolio.frameworks
        ],
    )
    for row in portfolio.frameworks:
        for other in row["passed_over"]:
            yield _text(
                f"{row['framework']} has another final result of this period, of scope "
                f"{other['scope']} ({_counted(other['accounts'], 'account')}, "
                f"{_counted(other['regions'], 'region')}), which is not part of this portfolio.",
                SMALL_MUTED,
            )
