"""Appendix B: the population, counted and reconciled, then every resource once; the samples.

The population is read twice, an account at a time: rows are drawn while they are read, and memory
holds one account's resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.material import Material
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup
from include.reports.wording import counted, listed, verb
from include.workpapers.population import words_of
from include.workpapers.samples import seeded

#: Of a resource (type, region, name): checks that passed, failed, were not answered.
_Account = dict[tuple[str, str, str], list[int]]
#: More controls than this are counted beside a drawn resource; samples.csv has all.
_MOST_CONTROLS = 12
_RESULTS = {"PASS": 0, "FAIL": 1, "UNANSWERED": 2}


def population(material: Material) -> Iterator[Flowable]:
    """B: counts by type, account and region; every resource; how samples are drawn."""
    yield from chapter("Appendix B  Population and samples")
    counts: dict[tuple[str, str, str], list[int]] = {}
    for account, found in _accounts(material.model.context.population()):
        for (kind, region, _), results in found.items():
            line = counts.setdefault((kind, account, region), [0, 0, 0, 0])
            line[0] += 1
            for n, one in enumerate(results, 1):
                line[n] += one
    if not counts:
        yield Paragraph("No resource was judged, or the population is not at hand.", BODY)
        return
    yield Paragraph(_reconciled(material, counts.values()), BODY)
    yield heading("By type, account and region", level=2)
    yield Rows(
        columns(
            ("Type", 50, "strong"),
            ("Account", 24),
            ("Region", 22),
            ("Resources", 16, "number"),
            ("Pass", 14, "number"),
            ("Fail", 14, "number"),
            ("Unanswered", 18, "number"),
        ),
        (
            (kind, account, region or "account", *(f"{n:,}" for n in line))
            for (kind, account, region), line in sorted(counts.items())
        ),
        again="By type, account and region (continued)",
    )
    yield Spacer(1, 10)
    yield CondPageBreak(120)
    yield heading("Every resource", level=2)
    yield Paragraph(
        "Each resource once, with how many checks it passes, fails, or leaves unanswered. Which "
        "checks these are, and each source's word, is in population.csv.",
        BODY,
    )
    yield Rows(
        columns(
            ("Resource", 78),
            ("Type", 36),
            ("Account", 24),
            ("Region", 20),
            ("Pass", 10, "number"),
            ("Fail", 10, "number"),
            ("Unan-\nswered", 14, "number"),
        ),
        _every(material),
        again="Every resource (continued)",
    )
    yield Spacer(1, 10)
    yield from _samples(material)


def _reconciled(material: Material, lines: Iterable[Sequence[int]]) -> str:
    """Whether what is listed here adds up to what the checks counted."""
    every = [sum(column) for column in zip(*lines, strict=True)]
    resources, results = every[0], sum(every[1:])
    checks = [check for check in material.model.assessment.checks if check.judges]
    told = sum(material.facts.of(check.id).population for check in checks)
    text = (
        f"{counted(resources, 'resource')} with {counted(results, 'result')}: {every[1]:,} pass, "
        f"{every[2]:,} {verb(every[2], 'fails', 'fail')}, {every[3]:,} unanswered. "
    )
    if told == results:
        return f"{text}The checks' own counts add up to the same {told:,}."
    return f"{text}The checks' own counts add up to {told:,}: a difference of {told - results:+,}."


def _every(material: Material) -> Iterator[Sequence[str]]:
    for account, found in _accounts(material.model.context.population()):
        for (kind, region, resource), results in sorted(found.items()):
            yield (resource, kind, account, region or "account", *(f"{n:,}" for n in results))


def _accounts(tables: Iterable[pa.Table]) -> Iterator[tuple[str, _Account]]:
    """The resources of one account after the other; rows come sorted by account."""
    current, found = "", _Account()
    for table in tables:
        names = [words_of(table, name) for name in ("account", "resource_type", "region", "result")]
        resources = table["resource"].to_pylist()
        for account, kind, region, result, resource in zip(*names, resources, strict=True):
            if account != current:
                if found:
                    yield current, found
                current, found = account, _Account()
            counts = found.setdefault((kind, region, resource), [0, 0, 0])
            counts[_RESULTS[result]] += 1
    if found:
        yield current, found


def _samples(material: Material) -> Iterator[Flowable]:
    """What is drawn for each control, and every resource that is drawn, once."""
    model = material.model
    sampling = seeded(model.assessment, model.context.sampling)
    yield CondPageBreak(90)
    yield heading("Samples", level=2)
    rest = "The verdicts of this report rest on the whole population, not on samples."
    if sampling.method == "all":
        yield Paragraph(f"No sample is drawn: every resource is to be tested. {rest}", BODY)
        return
    each = "each account and region in proportion" if sampling.method == "stratified" else "random"
    yield Paragraph(
        f"For each control, {counted(sampling.size, 'resource')} of its population, {each}; all "
        f"where there are fewer. The seed is {markup(sampling.seed)}: with it anybody draws the "
        f"same again (./audit sample). samples.csv and workpapers.pdf list them by control. {rest}",
        BODY,
    )
    yield Rows(
        columns(
            ("Control", 20, "strong"),
            ("Checks", 14, "number"),
            ("Population", 18, "number"),
            ("Drawn", 14, "number"),
        ),
        [
            (one.of, f"{len(one.checks):,}", f"{one.population:,}", f"{len(one.items):,}")
            for one in model.samples
        ],
        again="Samples (continued)",
    )
    yield Spacer(1, 10)
    drawn: dict[tuple[str, str], list[str]] = {}
    for one in model.samples:
        for item in one.items:
            drawn.setdefault((item.account, item.resource), []).append(one.of)
    if not drawn:
        return
    yield CondPageBreak(110)
    yield heading("Resources drawn", level=2)
    yield Rows(
        columns(("Resource", 74), ("Account", 20), ("For controls", 40)),
        (
            (resource, account, listed(controls, _MOST_CONTROLS))
            for (account, resource), controls in sorted(drawn.items())
        ),
        again="Resources drawn (continued)",
    )
    yield Spacer(1, 8)
