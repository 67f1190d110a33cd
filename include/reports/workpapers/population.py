"""The population: from the items of the receipts to the resources that every check judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Paragraph, Spacer

from include.checks.catalogue import load_catalogue
from include.reports.model import ReportModel, source_name
from include.reports.pdf.layout import columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED
from include.reports.wording import counted
from include.workpapers.reconciling import CellCount, SourceCount, count_cells, count_sources

_STEPS = (
    "Items are what the receipts say was collected; rows are what the evidence holds: they have "
    "to be equal. Rows that no check of this framework asks about, that are about resources gone "
    "before the period's end, that speak of today only, or that judge nothing (not applicable, "
    "activity and configurations that are merely shown) are set apart. What remains speaks to the "
    "checks. It becomes answers, one for each check and resource: several rows about one resource "
    "(another rule, another standard, another region) are one answer, and a row that several "
    "checks ask about is one answer to each."
)
_CELLS = (
    "Rows are those of evidence that were read for the check, whatever they say. Resources are "
    "those it judged: passing, failing and unanswered ones. Listed is how many rows the population "
    "has (population.csv): it has to be equal. A check of activity judges the account itself where "
    "nothing was seen, so that it may have a resource without a row."
)


def population(model: ReportModel, number: int) -> Iterator[Flowable]:
    """The chapter; empty but for a sentence where the population was not kept."""
    a, context = model.assessment, model.context
    yield PageBreak()
    yield heading(f"{number}  Population")
    found = count_sources(a, load_catalogue(), context.evidence(), context.population())
    yield heading(f"{number}.1  From the receipts to the population", level=2)
    yield Paragraph(_source_sentence(found), BODY)
    yield Paragraph(_STEPS, SMALL_MUTED)
    yield Spacer(1, 4)
    yield Rows(
        columns(
            ("Source", 32, "strong"),
            ("Account", 25),
            ("Items", 14, "number"),
            ("Rows", 14, "number"),
            ("Differ-\nence", 13, "number"),
            ("Not\nasked", 14, "number"),
            ("Gone", 12, "number"),
            ("Today\nonly", 12, "number"),
            ("Judge\nnothing", 15, "number"),
            ("Speak", 14, "number"),
            ("Answers", 16, "number"),
        ),
        (
            (
                source_name(one.source),
                one.account,
                *(
                    f"{n:,}"
                    for n in (
                        one.items, one.rows, one.difference, one.elsewhere, one.gone,
                        one.current, one.silent, one.spoke, one.answers,
                    )
                ),
            )
            for one in found
        ),
        again="From the receipts to the population (continued)",
    )  # fmt: skip
    yield Spacer(1, 10)
    cells = list(count_cells(a, context.population()))
    yield CondPageBreak(130)
    yield heading(f"{number}.2  Every check, account and region", level=2)
    yield Paragraph(_cell_sentence(cells), BODY)
    yield Paragraph(_CELLS, SMALL_MUTED)
    yield Spacer(1, 4)
    yield Rows(
        columns(
            ("Check", 50, "strong"),
            ("Account", 25),
            ("Region", 23),
            ("Rows", 13, "number"),
            ("Resources", 18, "number"),
            ("Pass", 13, "number"),
            ("Fail", 12, "number"),
            ("Unan-\nswered", 15, "number"),
            ("Gone", 12, "number"),
            ("Listed", 14, "number"),
        ),
        (_row(cell) for cell in cells),
        again="Every check, account and region (continued)",
    )


def _source_sentence(found: Sequence[SourceCount]) -> str:
    items, rows = sum(one.items for one in found), sum(one.rows for one in found)
    wrong = [one for one in found if one.difference]
    if not rows and items:
        return f"The receipts tell of {counted(items, 'item')}; the evidence is not at hand here."
    text = f"The receipts tell of {counted(items, 'item')}, the evidence has {counted(rows, 'row')}"
    if wrong:
        places = counted(len(wrong), "source and account", "sources and accounts")
        return f"{text}: <b>they differ for {places}.</b>"
    return f"{text}: no difference, for no source and no account."


def _cell_sentence(cells: Sequence[CellCount]) -> str:
    resources, listed = sum(c.resources for c in cells), sum(c.listed for c in cells)
    wrong = [cell for cell in cells if cell.difference]
    if not listed and resources:
        return (
            f"The checks judged {counted(resources, 'resource')}; the list of them is not at hand."
        )
    text = (
        f"In {counted(len(cells), 'place')} the checks judged {counted(resources, 'resource')}; "
        f"the population lists {listed:,}"
    )
    if wrong:
        return f"{text}: <b>they differ in {counted(len(wrong), 'place')}.</b>"
    return f"{text}: no difference, in no place."


def _row(cell: CellCount) -> Sequence[str]:
    return (
        cell.check,
        cell.account,
        cell.region or "account",
        f"{cell.rows:,}",
        f"{cell.resources:,}",
        f"{cell.passing:,}",
        f"{cell.failing:,}",
        f"{cell.unanswered:,}",
        f"{cell.gone:,}",
        f"{cell.listed:,}" + (" !" if cell.difference else ""),
    )
