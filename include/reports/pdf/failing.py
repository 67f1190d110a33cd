"""The PDF's chapters about what fails: at the period's end, and within it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import CheckResult, ControlResult, MappedCheck, Shown
from include.reports.model import ReportModel, failing_resources, source_name, words
from include.reports.pdf.cover import escape
from include.reports.pdf.drawings import StatusHeading
from include.reports.pdf.layout import chapter, columns, heading, listed, plain_time
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED
from include.reports.wording import answer_text, place_text, reason_text, remedy_of

_MOST_LIMITS, _MOST_PLACES = 6, 3


def failing(model: ReportModel) -> Iterator[Flowable]:
    """One block for each failing control."""
    found = model.failing_controls()
    yield from chapter("Failing controls")
    if not found:
        yield Paragraph("No control fails.", BODY)
    for control in found:
        yield from _failing_control(model, control)


def _failing_control(model: ReportModel, control: ControlResult) -> Iterator[Flowable]:
    yield CondPageBreak(150)
    yield Spacer(1, 6)
    yield StatusHeading(f"{control.id}  {control.title}", words(control.status))
    yield Paragraph(escape(reason_text(model, control)), BODY)
    yield Rows(
        columns(
            ("Check", 30, "strong"),
            ("Role", 13),
            ("Severity", 13),
            ("Answer", 16),
            ("Answered by", 30),
            ("Failing", 10, "number"),
        ),
        [
            (
                mapped.id,
                mapped.role,
                words(model.check(mapped.id).severity),
                words(model.check(mapped.id).answer),
                ", ".join(source_name(s) for s in model.check(mapped.id).sources) or "no source",
                str(len(mapped.failing)),
            )
            for mapped in control.checks
        ],
    )
    for mapped in control.checks:
        if mapped.failing:
            yield CondPageBreak(110)
            yield heading(model.check(mapped.id).question, level=3)
            if remedy := remedy_of(mapped.id):
                yield Paragraph(f"<b>Remedy:</b> {escape(remedy)}", BODY)
            yield _resources(model, mapped)
    if limits := _limits_of(model, control):
        yield Spacer(1, 5)
        yield Paragraph("<b>Limitations here:</b> " + escape("; ".join(limits)) + ".", SMALL_MUTED)
    yield Spacer(1, 10)


def _resources(model: ReportModel, mapped: MappedCheck) -> Rows:
    """The failing resources; the column of exceptions is there only where there are any."""
    wanted = [("Failing resource", 226), ("Since", 86), ("Region", 58), ("Found by", 136)]
    if mapped.excused:
        wanted[-1:] = [("Found by", 84), ("Exception", 52)]
    return Rows(
        columns(*wanted),
        (row[: len(wanted)] for row in _resource_rows(model, mapped)),
        again=f"{model.check(mapped.id).question} (continued)",
    )


def _resource_rows(model: ReportModel, mapped: MappedCheck) -> Iterator[Sequence[str]]:
    exceptions = {e.resource: e.exception for e in mapped.excused}
    check = model.check(mapped.id)
    for resource, seen in failing_resources(check).items():
        findings = [finding for one in seen for finding in one.findings]
        since = min((f.since for f in findings if f.since), default="")
        regions = {one.region for one in seen if one.region and check.locality != "account"}
        yield (
            resource,
            # Within the period it is known to the second; how long before is not told.
            "before the period"
            if since and since <= model.assessment.period_start
            else plain_time(since) or "-",
            ", ".join(sorted(regions)) or "account",
            ", ".join(source_name(s) for s in dict.fromkeys(f.source for f in findings)),
            exceptions.get(resource, ""),
        )


def _limits_of(model: ReportModel, control: ControlResult) -> list[str]:
    """What the reader of one control's result should know about how it came about, in short."""
    places: dict[tuple[str, str], list[str]] = {}
    for mapped in control.checks:
        check = model.check(mapped.id)
        for cell in check.cells:
            said = list(cell.notes)
            if not cell.settled:
                said = [answer_text(cell)]
            if cell.disagreements:
                said.append(
                    "sources disagree (the worse answer counts) on "
                    + listed([d.resource.rsplit(":", 1)[-1] for d in cell.disagreements], 2)
                )
            for text in said:
                places.setdefault((mapped.id, text), []).append(place_text(cell))
    out = [
        f"{check_id} in {listed(where, _MOST_PLACES)}: {text}"
        for (check_id, text), where in places.items()
    ]
    more = len(out) - _MOST_LIMITS
    return out[:_MOST_LIMITS] + ([f"and {more} more, in report.json"] if more > 0 else [])


def passing_again(model: ReportModel) -> Iterator[Flowable]:
    """What failed within the period but not at its end, with its days."""
    rows = [row for check in model.assessment.checks for row in _passing_again(model, check)]
    if not rows:
        return
    yield from chapter("Failed within the period, not at its end")
    yield Paragraph("Shown beside the verdict, which is about the end of the period.", BODY)
    yield Rows(
        columns(
            ("Control", 44, "strong"),
            ("Check", 112),
            ("Resource", 160),
            ("Failed from - to", 104),
            ("Then", 34),
            ("Told by", 86),
        ),
        rows,
    )


def _passing_again(model: ReportModel, check: CheckResult) -> Iterator[Sequence[str]]:
    """One row for each resource, whichever sources and regions it was seen by."""
    found: dict[str, list[tuple[str, Shown]]] = {}
    for cell in check.cells:
        for then, all_shown in (("fixed", cell.fixed), ("gone", cell.gone)):
            for shown in all_shown:
                found.setdefault(shown.resource, []).append((then, shown))
    for resource, seen in sorted(found.items()):
        told: dict[tuple[str, str], list[str]] = {}
        for _, shown in seen:
            for span in shown.failed:
                told.setdefault(span, []).append(source_name(shown.source))
        sources = list(dict.fromkeys(source_name(shown.source) for _, shown in seen))
        spans = []
        for (start, end), by in sorted(told.items()):
            text = f"{plain_time(start)} -\n{plain_time(end) or 'the end'}"
            # Who said so matters only where the sources don't all say the same.
            apart = set(by) != set(sources)
            spans.append(text + (f"\n({', '.join(dict.fromkeys(by))})" if apart else ""))
        yield (
            ", ".join(model.controls_by_check.get(check.id, ())),
            check.question,
            resource,
            "\n".join(spans),
            ", ".join(sorted({then for then, _ in seen})),
            ", ".join(sources),
        )
