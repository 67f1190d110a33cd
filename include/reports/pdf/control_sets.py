"""One chapter per control set: its figures, a table of its controls, then a block for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reportlab.platypus import Flowable, Paragraph, Spacer

from include.assessment.result import STATUSES, ControlResult, ControlSet
from include.reports.model import percent_text, words
from include.reports.pdf.control import control_block, failing_count, key_of
from include.reports.pdf.drawings import Bar, Legend
from include.reports.pdf.layout import chapter, columns
from include.reports.pdf.linked_rows import LinkedRows
from include.reports.pdf.material import Material
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup
from include.reports.wording import counted, verb


def control_sets(material: Material, first: int) -> Iterator[Flowable]:
    """The chapters of all sets, numbered from ``first`` on."""
    figures = {one["id"]: one for one in material.model.metrics.by_control_set}
    for number, one in enumerate(material.model.assessment.sets, first):
        yield from _control_set(material, one, figures[one.id], number)


def _control_set(
    material: Material, one: ControlSet, figures: Any, number: int
) -> Iterator[Flowable]:
    controls = material.model.controls_of(one.id)
    yield from chapter(f"{number}  {set_name(one)}")
    yield Paragraph(_sentence(len(controls), figures), BODY)
    if not controls:
        return
    counts = [(status, int(figures[f"{status.lower()}_controls"])) for status in STATUSES]
    yield Bar(counts, 11)
    yield Spacer(1, 3)
    yield Legend(counts)
    yield Spacer(1, 8)
    yield _table(material, one, controls)
    yield Spacer(1, 16)
    for control in controls:
        yield from control_block(material, control)


def set_name(one: ControlSet) -> str:
    """A set's id and title, or its title alone where that says both."""
    return one.title if one.title.startswith(one.id) else f"Control set {one.id}: {one.title}"


def _sentence(controls: int, figures: Any) -> str:
    if not controls:
        return "No control of this set is assessed."
    n = int(figures["failing_resources"])
    text = (
        f"{counted(int(figures['compliant_controls']), 'control')} of "
        f"{figures['total_controls']:,} applicable "
        f"{verb(int(figures['compliant_controls']), 'is', 'are')} compliant"
    )
    if figures["compliance_score"] is not None:
        text += f" ({percent_text(figures['compliance_score'])})"
    return markup(f"{text}; {counted(n, 'resource')} {verb(n, 'fails', 'fail')}.")


def _table(material: Material, one: ControlSet, controls: list[ControlResult]) -> LinkedRows:
    rows = []
    for control in controls:
        evidence = material.evidence_of(control.id).get("items")
        failing = failing_count(control.checks)
        rows.append(
            (
                control.id,
                control.title,
                words(control.status),
                f"{failing:,}",
                "-" if evidence is None else f"{int(evidence):,}",
                "",
            )
        )
    table = Rows(
        columns(
            ("Control", 15, "strong"),
            ("Title", 62),
            ("Status", 24, "status"),
            ("Failing resources", 16, "number"),
            ("Items of evidence", 16, "number"),
            ("Page", 9, "number"),
        ),
        rows,
        again=f"{set_name(one)} (continued)",
    )
    return LinkedRows(table, [(f"{c.id}  {c.title}", key_of(c.id)) for c in controls])
