"""The chapter on scope, period and method: what was asked where, how, and what the words mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.reports.facts import in_order
from include.reports.model import LIMITATIONS, source_name, words
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.material import Material, ended_well
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup
from include.reports.wording import counted, plain_time, verb

#: More places than this stand in the table only where a source did not end as complete.
_MOST_PLACES = 60

STEPS: tuple[str, ...] = (
    "Collect. Each source is asked in every account and region in scope for what it holds about "
    "the period. Answers are kept as they came, page by page.",
    "Receipts. Each of these cells leaves a receipt: the exact requests, pages, counts, request "
    "ids and digests, and how it ended. A cell that could not be read to its end says so.",
    "Judge. Each check is answered for each account and region by the sources that can answer "
    "it. Passing and failing answers are both kept. Where sources disagree, the worse counts.",
    "Roll up. A control's status follows from its checks by the rules below; exceptions and other "
    "decisions count only while they are in force, and stand beside the raw result.",
    "Review. Evidence that people provide counts only once a named reviewer has accepted it for "
    "this period.",
    "Seal. Reports, receipts and evidence are hashed and signed as one package; equal evidence "
    "gives equal reports, byte by byte.",
)
DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        "Compliant",
        "Nothing fails, every required check is answered everywhere in scope, and where people's "
        "evidence is asked for it is accepted.",
    ),
    (
        "Non-compliant",
        "At least one resource in scope fails a check that counts for the control, and no "
        "exception in force covers it.",
    ),
    (
        "Inconclusive",
        "Everything else: something needed to decide is missing. The reason says what.",
    ),
    (
        "Not applicable",
        "Taken out by a decision on record. It is left out of the total and counted beside it.",
    ),
    (
        "Compliance score",
        "Compliant controls divided by all applicable controls, times 100. An inconclusive control "
        "counts as not compliant.",
    ),
    (
        "Coverage",
        "Controls that could be judged (compliant or non-compliant) divided by all applicable "
        "controls, times 100. A low coverage means that the score says little.",
    ),
    (
        "Required, supporting, shown",
        "A required check must be answered everywhere. A supporting one counts only where it "
        "fails. What is shown decides nothing.",
    ),
)
KNOWN: tuple[tuple[str, str], ...] = (
    (
        "CONTEMPORANEOUS",
        "collected within the period or at most seven days after it, and known to hold at its end",
    ),
    ("RECONSTRUCTED", "read from a history or from logs, which still know the period"),
    ("CURRENT_ONLY", "of the present; it decides nothing about a past period"),
)


def method(material: Material, number: int) -> Iterator[Flowable]:
    """The whole chapter."""
    model = material.model
    a = model.assessment
    yield from chapter(f"{number}  Scope, period and method")
    yield heading("Scope", level=2)
    yield Paragraph(
        f"{counted(len(a.accounts), 'account')} and {counted(len(a.regions), 'region')} were "
        "assessed.",
        BODY,
    )
    yield Paragraph(f"<b>Accounts.</b> {markup(', '.join(a.accounts) or 'none')}", BODY)
    yield Paragraph(f"<b>Regions.</b> {markup(', '.join(a.regions) or 'none')}", BODY)
    yield from _excluded(material)
    yield from _sources(material)
    yield from _period(material)
    yield CondPageBreak(150)
    yield heading("Method", level=2)
    for n, text in enumerate(STEPS, 1):
        name, _, rest = text.partition(". ")
        yield Paragraph(f"{n}.  <b>{name}.</b> {markup(rest)}", BODY)
    yield CondPageBreak(150)
    yield heading("What the words mean", level=2)
    yield Rows(columns(("Word", 26, "strong"), ("Meaning", 94)), DEFINITIONS)
    yield Spacer(1, 8)
    yield from _evidence(material)
    yield from _spent(material)
    yield CondPageBreak(190)
    yield heading("What this report is not", level=2)
    for text in LIMITATIONS:
        yield Paragraph(markup(text), BODY)
    yield Paragraph(
        "It is not an opinion or a certificate. It states what the sources answered; whether that "
        "is sufficient is for the auditor to judge.",
        BODY,
    )


def _excluded(material: Material) -> Iterator[Flowable]:
    """What the scope leaves out, by which decision, and why a result is interim."""
    a = material.model.assessment
    for reason in a.interim:
        yield Paragraph(f"<b>Interim.</b> {markup(reason)}.", BODY)
    lines = [line for line in a.registers if line.register == "exclusions"]
    if not lines:
        yield Paragraph("<b>Excluded.</b> Nothing: no decision leaves anything out.", BODY)
        return
    yield CondPageBreak(80)
    yield heading("Excluded by decision", level=3)
    yield Rows(
        columns(
            ("Decision", 16, "strong"),
            ("What", 40),
            ("Reason", 40),
            ("Owner, approver", 34),
            ("Until", 17),
            ("State", 15),
        ),
        [
            (
                one.id,
                one.what or "everything",
                one.reason,
                f"{one.owner}, {one.approver}",
                one.until,
                one.state,
            )
            for one in lines
        ],
    )
    yield Spacer(1, 8)


def _sources(material: Material) -> Iterator[Flowable]:
    """How collecting ended: by source, then place by place."""
    receipts = material.receipts
    yield CondPageBreak(120)
    yield heading("Sources and how collecting ended", level=2)
    if not receipts:
        yield Paragraph("Nothing was collected.", BODY)
        return
    by_source: dict[str, dict[str, int]] = {}
    places: dict[tuple[str, str], dict[str, list[str]]] = {}
    for line in receipts:
        ends = by_source.setdefault(line.source, {})
        ends[line.status] = ends.get(line.status, 0) + 1
        here = places.setdefault((line.account, line.region), {})
        here.setdefault(line.source, []).append(line.status)
    yield Rows(
        columns(
            ("Source", 36, "strong"),
            ("Cells", 12, "number"),
            ("Complete", 16, "number"),
            ("Complete, empty", 20, "number"),
            ("Otherwise", 56),
        ),
        [
            (
                source_name(source),
                f"{sum(ends.values()):,}",
                f"{ends.get('COMPLETE', 0):,}",
                f"{ends.get('COMPLETE_EMPTY', 0):,}",
                ", ".join(
                    f"{n:,} {words(status).lower()}"
                    for status, n in sorted(ends.items())
                    if status not in ("COMPLETE", "COMPLETE_EMPTY")
                )
                or "-",
            )
            for source, ends in ((one, by_source[one]) for one in in_order(by_source))
        ],
    )
    yield Spacer(1, 8)
    yield from _places(material, in_order(by_source), places)


def _places(
    material: Material,
    sources: list[str],
    places: Mapping[tuple[str, str], Mapping[str, list[str]]],
) -> Iterator[Flowable]:
    """Account and region by source; of very many, those where not everything is complete."""
    rows = []
    for place, found in sorted(places.items()):
        cells = [
            ", ".join(dict.fromkeys(words(status) for status in found[one]))
            if one in found
            else "-"
            for one in sources
        ]
        rows.append((*place, *cells))
    whole = {(line.account, line.region) for line in material.receipts if not ended_well(line)}
    title = "Account by account"
    if len(rows) > _MOST_PLACES:
        short = [row for row in rows if (row[0], row[1]) in whole]
        yield Paragraph(
            f"In {len(rows) - len(short):,} of {len(rows):,} places (an account in a region) every "
            "source was read completely. Appendix A lists every one of them"
            + ("; the others are:" if short else "."),
            BODY,
        )
        rows = short
    if rows:
        yield CondPageBreak(110)
        yield heading(title, level=3)
        share = 90 / max(len(sources), 1)
        yield Rows(
            columns(
                ("Account", 21, "strong"),
                ("Region", 19),
                *((source_name(one), share) for one in sources),
            ),
            rows,
            again=f"{title} (continued)",
        )
        yield Spacer(1, 8)


def _period(material: Material) -> Iterator[Flowable]:
    a = material.model.assessment
    yield CondPageBreak(120)
    yield heading("Period, and how the past is known", level=2)
    yield Paragraph(
        f"The period {markup(a.period)} runs from {plain_time(a.period_start)} up to "
        f"{plain_time(a.period_end)} UTC, the end not included. The newest evidence is as of "
        f"{plain_time(a.as_of)} UTC. A verdict is about the end of the period; what failed within "
        "it and was fixed stands beside it, in appendix D.",
        BODY,
    )
    by_known: Mapping[str, Any] = a.evidence.by_known
    total = a.evidence.total
    for code, meaning in KNOWN:
        n = int(by_known.get(code, 0))
        yield Paragraph(
            f"<b>{words(code)}</b>: {meaning}. {counted(n, 'item')} of {total:,}.", BODY
        )


def _evidence(material: Material) -> Iterator[Flowable]:
    evidence = material.model.metrics.evidence
    yield CondPageBreak(120)
    yield heading("Evidence", level=2)
    total, mapped = int(evidence["total_evidence_items"]), int(evidence["mapped_evidence_items"])
    if not total:
        yield Paragraph("No item of evidence was collected.", BODY)
        return
    yield Paragraph(
        f"{counted(total, 'item')}, of which {mapped:,} {verb(mapped, 'speaks', 'speak')} to a "
        "check of this framework.",
        BODY,
    )
    yield Rows(
        columns(
            ("Source", 34, "strong"),
            ("Items", 16, "number"),
            *((words(code), 21, "number") for code, _ in KNOWN),
        ),
        [
            (
                source_name(source),
                f"{evidence['by_source'][source]:,}",
                *(
                    f"{evidence['by_source_and_known'].get(source, {}).get(code, 0):,}"
                    for code, _ in KNOWN
                ),
            )
            for source in in_order(evidence["evidence_sources"])
        ],
    )
    yield Spacer(1, 8)


def _spent(material: Material) -> Iterator[Flowable]:
    """Resource assessments as Audit Manager prices them, and the API calls of the collecting."""
    metering = material.model.metrics.metering
    if not metering:
        return
    yield CondPageBreak(120)
    yield heading("Resource assessments and API calls", level=2)
    assessed, calls = metering["resource_assessments"], metering["api_calls"]
    if assessed["total"] is None:
        yield Paragraph("Resource assessments were not counted for this report.", BODY)
    else:
        price, currency = float(metering["price_per_thousand"]), metering["currency"]
        billable = int(metering["billable"])
        yield Paragraph(
            f"{counted(int(assessed['total']), 'resource assessment')}, of which {billable:,} "
            f"would be charged by Audit Manager. At {price:,.2f} {currency} per thousand that is "
            f"an estimated {float(metering['estimated_cost']):,.2f} {currency}.",
            BODY,
        )
    yield Paragraph(
        f"{counted(int(calls['total']), 'API call')} answered; {int(calls['retries']):,} more "
        f"retried, {int(calls['throttles']):,} throttled.",
        BODY,
    )
    by_source = calls["by_source"]
    sources = in_order({*by_source, *assessed["by_source"]})
    if not sources:
        return
    yield Rows(
        columns(
            ("Source", 34, "strong"),
            ("Resource assessments", 26, "number"),
            ("API calls", 16, "number"),
            ("Retries", 14, "number"),
            ("Throttled", 16, "number"),
            ("Pages", 14, "number"),
            ("Items", 16, "number"),
        ),
        [
            (
                source_name(one),
                f"{int(assessed['by_source'].get(one, 0)):,}",
                *(
                    f"{int(by_source.get(one, {}).get(name, 0)):,}"
                    for name in ("calls", "retries", "throttles", "pages", "items")
                ),
            )
            for one in sources
        ],
    )
    yield Spacer(1, 8)
