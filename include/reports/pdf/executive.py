"""The executive page: score, coverage and what is missing side by side; then what to do about it.

One page, always: where much is to be told, the lists show fewer lines and say of how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportlab.platypus import Flowable, PageBreak, Paragraph, Spacer

from include.assessment.result import STATUSES, Gap
from include.reports.missing_evidence import missing_evidence
from include.reports.model import ReportModel, percent_text, source_name, words
from include.reports.next_steps import step_for
from include.reports.pdf.appendix_change import points
from include.reports.pdf.charts import TrendLine
from include.reports.pdf.cover import tall
from include.reports.pdf.drawings import Bar, Figures, Legend
from include.reports.pdf.failing import since_text
from include.reports.pdf.layout import columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.set_chart import SetChart
from include.reports.pdf.style import BODY, BOTTOM, PAGE_HEIGHT, SMALL_MUTED, TOP
from include.reports.pdf.text import markup
from include.reports.wording import counted, listed, verb

#: How many top risks and lines of what is to be decided are shown, as many as the page holds.
_SIZES = ((5, 7), (5, 5), (4, 4), (3, 3), (2, 2), (1, 1))
#: How many ids a line names, before it says how many more there are.
_MOST_NAMED = 6


def executive(model: ReportModel, number: int) -> Iterator[Flowable]:
    """The page, and the end of it."""
    for risks, lines in _SIZES:
        page = list(_page(model, number, risks, lines))
        if sum(tall(one) for one in page) <= PAGE_HEIGHT - TOP - BOTTOM:
            break
    yield from page
    yield PageBreak()


def _page(model: ReportModel, number: int, risks: int, lines: int) -> Iterator[Flowable]:
    yield heading(f"{number}  Executive summary")
    yield Figures(_figures(model))
    yield Spacer(1, 8)
    yield Paragraph(_in_a_sentence(model), BODY)
    yield heading("Status by control set", level=3)
    compliance = model.metrics.compliance
    counts = [(status, int(compliance[f"{status.lower()}_controls"])) for status in STATUSES]
    yield Bar(counts, 14)
    yield Spacer(1, 3)
    yield Legend(counts)
    yield Spacer(1, 4)
    yield SetChart(model.metrics.by_control_set)
    yield from _trend(model)
    yield from _risks(model, risks)
    yield from _decisions(model, lines)


def _figures(model: ReportModel) -> list[tuple[str, str, str]]:
    """The score, the coverage, and as large as they are, what is missing."""
    metrics = model.metrics
    compliance, coverage = metrics.compliance, metrics.coverage
    n, total = int(compliance["compliant_controls"]), int(compliance["total_controls"])
    judged = int(coverage["controls_judged"])
    missing = missing_evidence(model)
    return [
        (
            percent_text(compliance["compliance_score"]),
            "Compliance score",
            f"{n:,} of {counted(total, 'applicable control')} {verb(n, 'is', 'are')} compliant. "
            f"{_compared(model, 'score')}",
        ),
        (
            percent_text(coverage["controls_percent"]),
            "Coverage",
            f"{judged:,} of {counted(total, 'control')} could be judged at all. "
            f"{_compared(model, 'coverage')}",
        ),
        (missing.headline, "Missing evidence", missing.sentence),
    ]


def _compared(model: ReportModel, key: str) -> str:
    """The difference to the last period, an arrow with its word."""
    change: Mapping[str, Any] = model.metrics.change
    if not change or not change.get("previous"):
        return "No earlier result to compare with."
    difference, period = change[key]["difference"], change["previous"]["period"]
    if difference is None:
        return f"Can't be compared with {period}."
    if difference == 0:
        return f"Unchanged since {period}."
    way = "\N{UPWARDS ARROW} up" if difference > 0 else "\N{DOWNWARDS ARROW} down"
    return f"{way} {points(abs(difference))[1:]} points since {period}."


def _in_a_sentence(model: ReportModel) -> str:
    compliance, resources = model.metrics.compliance, model.metrics.resources
    failing = int(compliance["non_compliant_controls"])
    text = "No control is known to fail"
    if failing:
        text = (
            f"{counted(failing, 'control')} {verb(failing, 'fails', 'fail')}, by "
            f"{counted(int(resources['failing']), 'resource')}"
        )
    if resources["excused"]:
        text += f", of which {int(resources['excused']):,} excused under some control"
    return markup(
        f"{text}; {int(compliance['inconclusive_controls']):,} could not be decided. The score "
        "says what is proven to be in order; what could not be judged counts against it."
    )


def _trend(model: ReportModel) -> Iterator[Flowable]:
    found = model.metrics.trend
    if len(found) < 2:
        return
    yield heading("Trend", level=3)
    yield TrendLine([(one["period"], one["score"], one["coverage"]) for one in found], 92)


def _risks(model: ReportModel, most: int) -> Iterator[Flowable]:
    found = model.metrics.failing_resources
    yield heading("Top risks", level=3)
    if not found:
        open_ = int(model.metrics.compliance["inconclusive_controls"])
        yield Paragraph(
            f"Nothing is known to fail; {counted(open_, 'control')} could not be decided."
            if open_
            else "Nothing fails.",
            BODY,
        )
        return
    start = model.assessment.period_start
    yield Rows(
        columns(
            ("Failing resource", 62),
            ("Account", 22),
            ("Worst severity", 16),
            ("Controls broken", 15, "number"),
            ("Checks failed", 13, "number"),
            ("Since", 25),
        ),
        [
            (
                one["resource"] + (" (excused)" if one["excused"] else ""),
                one["account"],
                words(one["severity"]),
                f"{len(one['controls']):,}",
                f"{len(one['checks']):,}",
                since_text(one["since"], one["since_known"], start),
            )
            for one in found[:most]
        ],
    )
    if len(found) > most:
        yield Spacer(1, 4)
        yield Paragraph(
            f"{most:,} of {len(found):,}, those that break most controls first. All of them stand "
            "in the controls' blocks and in failing.csv.",
            SMALL_MUTED,
        )


def _decisions(model: ReportModel, most: int) -> Iterator[Flowable]:
    lines = list(_to_decide(model))
    yield heading("What is missing, and what to decide", level=3)
    if not lines:
        yield Paragraph("Nothing is missing and nothing waits for a decision.", BODY)
        return
    yield Rows(columns(("What", 66), ("What to do", 54)), lines[:most])
    if len(lines) > most:
        yield Spacer(1, 4)
        yield Paragraph(
            f"{most:,} of {len(lines):,}; the rest stands under Missing evidence and in appendix "
            "E.",
            SMALL_MUTED,
        )


def _to_decide(model: ReportModel) -> Iterator[tuple[str, str]]:
    """Blocking gaps, exceptions that end, evidence that waits; the gravest first."""
    a, exceptions = model.assessment, model.metrics.exceptions
    blocking: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in a.gaps:
        if gap.blocking:
            blocking.setdefault((gap.source, gap.status, step_for(gap)), []).append(gap)
    for (source, status, step), gaps in blocking.items():
        where = f"{gaps[0].account} {gaps[0].region}".strip()
        if len(gaps) > 1:
            where = f"{len(gaps):,} places"
        controls = len({control for gap in gaps for control in gap.controls})
        yield (
            f"{source_name(source)} in {where}: {words(status).lower()}; concerns "
            f"{counted(controls, 'control')}",
            step,
        )
    # A source may be asked completely and still know nothing: switched off, or never evaluated.
    if unanswered := missing_evidence(model).unanswered:
        yield (
            f"A check is not answered everywhere for {counted(unanswered, 'inconclusive control')}",
            "See what is missing under Missing evidence, and what to do in the controls' blocks.",
        )
    present = [
        c
        for c in a.controls
        if c.status == "INCONCLUSIVE" and c.manual and c.manual.present and not c.manual.accepted
    ]
    if present:
        yield (
            f"Evidence awaits review for {counted(len(present), 'control')}",
            f"Accept or reject it: {listed([c.id for c in present], _MOST_NAMED)}.",
        )
    if expiring := exceptions.get("expiring", ()):
        days = counted(int(exceptions["expiring_within_days"]), "day")
        yield (
            f"{counted(len(expiring), 'exception')} {verb(len(expiring), 'ends', 'end')} within "
            f"{days} of the period's end: {listed(expiring, _MOST_NAMED)}",
            "Fix what it excuses, or decide anew.",
        )
    if expired := exceptions.get("expired", ()):
        yield (
            f"{counted(len(expired), 'exception')} {verb(len(expired), 'has', 'have')} ended: "
            f"{listed([one['id'] for one in expired], _MOST_NAMED)}",
            "Fix what it excused, or decide anew.",
        )
    missing = [
        c
        for c in a.controls
        if c.status == "INCONCLUSIVE" and c.manual and not c.manual.settled and c not in present
    ]
    if missing:
        yield (
            f"Evidence from people is missing for {counted(len(missing), 'control')}",
            "Provide it; each control's block says what.",
        )
