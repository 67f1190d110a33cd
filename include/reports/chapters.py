"""The chapters of the PDF, in the order in which an auditor asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Paragraph, Spacer

from include.assessment.result import STATUSES, ControlResult, MappedCheck
from include.reports.cover import escape
from include.reports.drawings import StatusBar, StatusHeading
from include.reports.model import (
    ReportModel,
    failing_resources,
    percent_text,
    source_name,
    words,
)
from include.reports.rows import Column, Rows
from include.reports.style import BODY, H1, H2, H3, SMALL_MUTED, WIDTH


def _heading(text: str, *, level: int = 1) -> Paragraph:
    return Paragraph(escape(text), {1: H1, 2: H2, 3: H3}[level])


def _columns(*columns: tuple[str, float] | tuple[str, float, Any]) -> list[Column]:
    """Columns whose widths are shares of the page's."""
    whole = sum(column[1] for column in columns)
    return [
        Column(column[0], WIDTH * column[1] / whole, *(column[2:] or ("text",)))
        for column in columns
    ]


def summary(model: ReportModel) -> Iterator[Flowable]:
    """The figures by control set, account, region, severity and source."""
    metrics = model.metrics
    yield _heading("Summary")
    yield _heading("By control set", level=2)
    for one in metrics.by_control_set:
        counts = [(status, int(one[f"{status.lower()}_controls"])) for status in STATUSES]
        yield StatusBar(
            f"{one['id']}  {one['title']}", counts, percent_text(one["compliance_score"])
        )
    yield _heading("By account", level=2)
    yield Rows(
        _columns(
            ("Account", 20, "strong"),
            ("Score", 14, "number"),
            ("Compliant", 13, "number"),
            ("Non-compliant", 16, "number"),
            ("Inconclusive", 14, "number"),
            ("Checks answered", 18, "number"),
            ("Failing resources", 18, "number"),
        ),
        [
            (
                one["account"],
                percent_text(one["compliance_score"]),
                str(one["compliant_controls"]),
                str(one["non_compliant_controls"]),
                str(one["inconclusive_controls"]),
                f"{one['cells_answered']} of {one['cells_total']}",
                str(one["failing_resources"]),
            )
            for one in metrics.by_account
        ],
    )
    yield _heading("By region", level=2)
    yield Rows(
        _columns(
            ("Region", 30, "strong"),
            ("Checks answered", 20, "number"),
            ("Passing results", 20, "number"),
            ("Failing results", 20, "number"),
            ("Failing resources", 20, "number"),
        ),
        [
            (
                one["region"] or "account-wide checks",
                f"{one['cells_answered']} of {one['cells_total']}",
                str(one["passing_results"]),
                str(one["failing_results"]),
                str(one["failing_resources"]),
            )
            for one in metrics.by_region
        ],
    )
    yield _heading("By severity", level=2)
    yield Rows(
        _columns(
            ("Severity", 30, "strong"),
            ("Checks answered", 20, "number"),
            ("Failing checks", 20, "number"),
            ("Failing results", 20, "number"),
            ("Failing resources", 20, "number"),
        ),
        [
            (
                words(one["severity"]),
                f"{one['cells_answered']} of {one['cells_total']}",
                str(one["failing_checks"]),
                str(one["failing_results"]),
                str(one["failing_resources"]),
            )
            for one in metrics.by_severity
        ],
    )
    yield from _evidence(model)


def _evidence(model: ReportModel) -> Iterator[Flowable]:
    evidence = model.metrics.evidence
    kinds = ("CONTEMPORANEOUS", "RECONSTRUCTED", "CURRENT_ONLY")
    yield CondPageBreak(110)
    yield _heading("Evidence", level=2)
    yield Paragraph(
        f"{evidence['total_evidence_items']:,} items, of which "
        f"{evidence['mapped_evidence_items']:,} speak to a check of this framework. "
        "Contemporaneous items were collected within seven days of the period's end and known to "
        "hold then; reconstructed ones come from a history; those of the present only decide "
        "nothing about a past period.",
        BODY,
    )
    yield Rows(
        _columns(
            ("Source", 34, "strong"),
            ("Items", 16, "number"),
            ("Contemporaneous", 22, "number"),
            ("Reconstructed", 20, "number"),
            ("Present only", 18, "number"),
        ),
        [
            (
                source_name(source),
                f"{evidence['by_source'][source]:,}",
                *(f"{evidence['by_source_and_known'][source].get(kind, 0):,}" for kind in kinds),
            )
            for source in evidence["evidence_sources"]
        ],
    )


def controls(model: ReportModel) -> Iterator[Flowable]:
    """Every control with its status and reason, by set."""
    yield PageBreak()
    yield _heading("Controls")
    columns = _columns(
        ("Control", 9, "strong"), ("Title", 36), ("Status", 19, "status"), ("Reason", 56)
    )
    for one in model.assessment.sets:
        yield CondPageBreak(90)
        yield _heading(f"{one.id}  {one.title}", level=2)
        yield Rows(
            columns,
            [
                (control.id, control.title, words(control.status), control.reason)
                for control in model.controls_of(one.id)
            ],
        )


def failing(model: ReportModel) -> Iterator[Flowable]:
    """One block for each failing control."""
    found = model.failing_controls()
    yield PageBreak()
    yield _heading("Failing controls")
    if not found:
        yield Paragraph("No control fails.", BODY)
    for control in found:
        yield from _failing_control(model, control)


def _failing_control(model: ReportModel, control: ControlResult) -> Iterator[Flowable]:
    yield CondPageBreak(150)
    yield Spacer(1, 6)
    yield StatusHeading(f"{control.id}  {control.title}", words(control.status))
    yield Paragraph(escape(control.reason), BODY)
    yield Rows(
        _columns(
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
            yield CondPageBreak(80)
            yield _heading(model.check(mapped.id).question, level=3)
            yield _resources(model, mapped)
    limits = _limits_of(model, control)
    if limits:
        yield Spacer(1, 5)
        yield Paragraph("To be weighed: " + escape("; ".join(limits)) + ".", SMALL_MUTED)
    yield Spacer(1, 10)


def _resources(model: ReportModel, mapped: MappedCheck) -> Rows:
    """The failing resources; the column of exceptions is there only where there are any."""
    columns = [("Failing resource", 226), ("Since", 86), ("Region", 58), ("Found by", 136)]
    if mapped.excused:
        columns[-1:] = [("Found by", 84), ("Exception", 52)]
    return Rows(
        _columns(*columns),
        (row[: len(columns)] for row in _resource_rows(model, mapped)),
    )


def _resource_rows(model: ReportModel, mapped: MappedCheck) -> Iterator[Sequence[str]]:
    exceptions = {e.resource: e.exception for e in mapped.excused}
    for resource, seen in failing_resources(model.check(mapped.id)).items():
        findings = [finding for one in seen for finding in one.findings]
        since = min((f.since for f in findings if f.since), default="")
        yield (
            resource,
            # Within the period it is known to the second; how long before is not told.
            "the period began" if since == model.assessment.period_start else _plain(since) or "-",
            ", ".join(sorted({one.region for one in seen})),
            ", ".join(source_name(s) for s in dict.fromkeys(f.source for f in findings)),
            exceptions.get(resource, ""),
        )


def _plain(at: str) -> str:
    return at[:19].replace("T", " ").rstrip("Z")


def _limits_of(model: ReportModel, control: ControlResult) -> list[str]:
    """What the reader of one control's result should know about how it came about."""
    out: list[str] = []
    for mapped in control.checks:
        for cell in model.check(mapped.id).cells:
            where = f"{mapped.id} in {cell.account} {cell.region}".strip()
            out += [f"{where}: {note}" for note in cell.notes if not cell.settled]
            if cell.disagreements:
                out.append(f"{where}: sources disagree on {len(cell.disagreements)} resource(s)")
    more = len(out) - 8
    return out[:8] + ([f"and {more} more, in report.json"] if more > 0 else [])


def passing_again(model: ReportModel) -> Iterator[Flowable]:
    """What failed within the period but not at its end, with its days."""
    rows = list(_passing_again_rows(model))
    if not rows:
        return
    yield PageBreak()
    yield _heading("Failed within the period, not at its end")
    yield Paragraph("Shown beside the verdict, which is about the end of the period.", BODY)
    yield Rows(
        _columns(
            ("Control", 44, "strong"),
            ("Check", 92),
            ("Resource", 170),
            ("Failed from - to", 130),
            ("Then", 34),
            ("Told by", 76),
        ),
        rows,
    )


def _passing_again_rows(model: ReportModel) -> Iterator[Sequence[str]]:
    for check in model.assessment.checks:
        found: dict[tuple[str, str, str], list[str]] = {}
        for cell in check.cells:
            for then, shown in [
                *(("fixed", s) for s in cell.fixed),
                *(("gone", s) for s in cell.gone),
            ]:
                days = "\n".join(
                    f"{_plain(a)} -\n{_plain(b) or 'the end'}" for a, b in shown.failed
                )
                found.setdefault((shown.resource, days, then), []).append(shown.source)
        for (resource, days, then), sources in sorted(found.items()):
            yield (
                ", ".join(model.controls_by_check.get(check.id, ())),
                check.id,
                resource,
                days,
                then,
                ", ".join(source_name(s) for s in dict.fromkeys(sources)),
            )


def gaps(model: ReportModel) -> Iterator[Flowable]:
    """What could not be collected."""
    yield PageBreak()
    yield _heading("Missing evidence")
    gaps = model.assessment.gaps
    if not gaps:
        yield Paragraph("None: every source was collected completely everywhere in scope.", BODY)
        return
    yield Paragraph(
        "What these cells would have said is unknown. Controls that depend on them can't be "
        "compliant; they are inconclusive, or fail by what is known.",
        BODY,
    )
    yield Rows(
        _columns(
            ("Source", 18, "strong"),
            ("Account", 17),
            ("Region", 14),
            ("Status", 15),
            ("What happened", 42),
            ("Controls", 24),
        ),
        (
            (
                source_name(gap.source),
                gap.account,
                gap.region,
                words(gap.status),
                gap.message + (f" (decision {gap.decision})" if gap.decision else ""),
                ", ".join(gap.controls),
            )
            for gap in gaps
        ),
    )


def registers(model: ReportModel) -> Iterator[Flowable]:
    """The decisions people made, in force or not."""
    lines = model.assessment.registers
    if not lines:
        return
    yield CondPageBreak(120)
    yield Spacer(1, 10)
    yield _heading("Decisions on record", level=2)
    yield Rows(
        _columns(
            ("Id", 12, "strong"),
            ("Register", 15),
            ("About", 34),
            ("Reason", 34),
            ("Owner, approver", 28),
            ("Until", 18),
            ("State", 13),
        ),
        (
            (
                line.id,
                words(line.register),
                line.what,
                line.reason,
                f"{line.owner}, {line.approver}",
                line.until,
                line.state,
            )
            for line in lines
        ),
    )


def receipts(model: ReportModel) -> Iterator[Flowable]:
    """How each cell's collection ended."""
    yield PageBreak()
    yield _heading("Receipts")
    yield Paragraph(
        "One line for each source, account and region that was asked: how many pages and items "
        "came, and how it ended. The whole receipts, with every request, lie beside the snapshots.",
        BODY,
    )
    yield Rows(
        _columns(
            ("Source", 84, "strong"),
            ("Account", 64),
            ("Region", 58),
            ("Ended as", 58),
            ("Items", 38, "number"),
            ("Pages", 36, "number"),
            ("Collected until", 86),
            ("Content digest", 70),
        ),
        (
            (
                source_name(line.source),
                line.account,
                line.region,
                words(line.status),
                f"{line.items:,}",
                f"{line.pages:,}",
                line.ended[:19].replace("T", " "),
                line.content_digest[:12],
            )
            for line in model.assessment.receipts
        ),
    )
