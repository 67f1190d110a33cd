"""Samples: how they were drawn, and a sheet for each control to write on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Paragraph, Spacer

from include.reports.model import ReportModel
from include.reports.pdf.layout import columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED
from include.reports.pdf.text import markup
from include.reports.wording import counted
from include.reports.workpapers.facts import fact_table
from include.workpapers.samples import seeded
from include.workpapers.sampling import Sample

_RECIPE = (
    "A resource's place in the draw is the SHA-256 of three lines, without a line end behind the "
    "last: the seed, its account, and its name. The smallest are drawn. With a shell: "
    "printf '%s\\n%s\\n%s' SEED ACCOUNT RESOURCE | sha256sum. So anybody draws the same from "
    "population.csv; a larger sample holds this one (./audit sample), and neither the order of the "
    "population nor whoever drew had a say in it. One seed serves all controls: a resource that "
    "several of them ask about is looked at once."
)
_MARK = "[    ]"


def sheets(model: ReportModel, number: int) -> Iterator[Flowable]:
    """The chapter: method, what was drawn of each control, and the sheets."""
    a, context = model.assessment, model.context
    sampling = seeded(a, context.sampling)
    found = model.samples
    titles = {control.id: control.title for control in a.controls}
    without = [control.id for control in a.controls if control.id not in {s.of for s in found}]
    yield PageBreak()
    yield heading(f"{number}  Samples")
    size = "every resource" if sampling.method == "all" else f"{sampling.size:,} of each control"
    yield fact_table(
        [
            ("Method", sampling.method),
            ("Size", size),
            ("Seed", f"{sampling.seed}" + _whose_seed(model)),
            ("Strata", ", ".join(found[0].by) if found and found[0].by else ""),
        ]
    )
    yield Spacer(1, 6)
    yield Paragraph(markup(_RECIPE), SMALL_MUTED)
    yield Spacer(1, 6)
    if not any(sample.population for sample in found):
        yield Paragraph("No resource was judged, or the population is not at hand.", BODY)
        return
    yield heading(f"{number}.1  What was drawn", level=2)
    yield Rows(
        columns(
            ("Control", 20, "strong"),
            ("Title", 99),
            ("Resources", 20, "number"),
            ("Drawn", 16, "number"),
            ("Failing of\nthese", 19, "number"),
        ),
        (
            (
                sample.of,
                titles[sample.of],
                f"{sample.population:,}",
                f"{len(sample.items):,}",
                f"{sum(item.result == 'FAIL' for item in sample.items):,}",
            )
            for sample in found
        ),
        again="What was drawn (continued)",
    )
    if without:
        yield Spacer(1, 6)
        yield Paragraph(
            f"No check decides {counted(len(without), 'control')} ({markup(', '.join(without))}): "
            "their evidence is what people handed in, of which no sample is drawn.",
            SMALL_MUTED,
        )
    for sample in found:
        if sample.items:
            yield Spacer(1, 14)
            yield CondPageBreak(230)
            yield from _sheet(model, titles[sample.of], sample)


def _whose_seed(model: ReportModel) -> str:
    return "" if model.context.sampling.seed else " (the result's content digest: nobody chose it)"


def _sheet(model: ReportModel, title: str, sample: Sample) -> Iterator[Flowable]:
    yield heading(f"Control {sample.of}  {title}", level=2)
    text = model.control_text(sample.of)
    if text is not None:
        yield Paragraph(markup(text.objective), BODY)
    yield Paragraph(
        f"{len(sample.items):,} of {counted(sample.population, 'resource')}. Does each stand as "
        f"its result says? Asked by {markup(_questions(model, sample.checks))}.",
        BODY,
    )
    if sample.strata:
        shares = "; ".join(
            f"{', '.join(part or 'account' for part in s.name)}: {s.drawn:,} of {s.population:,}"
            for s in sample.strata
        )
        yield Paragraph(markup(shares), SMALL_MUTED)
        yield Spacer(1, 3)
    yield Rows(
        columns(
            ("Rank", 10, "number"),
            ("Resource", 62),
            ("Account\nRegion", 25),
            ("Result", 23, "strong"),
            ("Agrees", 13),
            ("Differs", 13),
            ("Remark", 28),
        ),
        (
            (
                f"{item.rank:,}",
                f"{item.resource}\n{item.resource_type}",
                f"{item.account}\n{' '.join(item.regions)}".rstrip(),
                item.result,
                _MARK,
                _MARK,
                "",
            )
            for item in sample.items
        ),
        again=f"{sample.of}: sample (continued)",
    )
    yield Spacer(1, 8)
    yield Paragraph("Examined by ______________________________   on ________________", SMALL_MUTED)


def _questions(model: ReportModel, checks: Sequence[str]) -> str:
    return ", ".join(f"'{model.check(check).question}' ({check})" for check in checks)
