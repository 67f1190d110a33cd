"""The PDF's chapters about the whole: figures, controls, decisions and receipts."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import STATUSES
from include.reports.model import ReportModel, percent_text, source_name, words
from include.reports.pdf.drawings import StatusBar
from include.reports.pdf.layout import chapter, columns, heading, plain_time
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.wording import reason_text


def summary(model: ReportModel) -> Iterator[Flowable]:
    """The figures by control set, account, region, severity and source."""
    metrics = model.metrics
    yield from chapter("Summary")
    yield heading("By control set", level=2)
    for one in metrics.by_control_set:
        counts = [(status, int(one[f"{status.lower()}_controls"])) for status in STATUSES]
        yield StatusBar(
            f"{one['id']}  {one['title']}", counts, percent_text(one["compliance_score"])
        )
    yield heading("By account", level=2)
    yield Rows(
        columns(
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
    yield heading("By region", level=2)
    yield Rows(
        columns(
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
    yield heading("By severity", level=2)
    yield Rows(
        columns(
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
    yield heading("Evidence", level=2)
    yield Paragraph(
        f"{evidence['total_evidence_items']:,} items, of which "
        f"{evidence['mapped_evidence_items']:,} speak to a check of this framework. "
        "Contemporaneous items were collected within seven days of the period's end and known to "
        "hold then; reconstructed ones come from a history; those of the present only decide "
        "nothing about a past period.",
        BODY,
    )
    yield Rows(
        columns(
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
    yield from chapter("Controls")
    widths = columns(
        ("Control", 9, "strong"), ("Title", 36), ("Status", 19, "status"), ("Reason", 56)
    )
    for one in model.assessment.sets:
        title = f"{one.id}  {one.title}"
        yield CondPageBreak(120)
        yield heading(title, level=2)
        yield Rows(
            widths,
            [
                (control.id, control.title, words(control.status), reason_text(model, control))
                for control in model.controls_of(one.id)
            ],
            again=f"{title} (continued)",
        )


def registers(model: ReportModel) -> Iterator[Flowable]:
    """The decisions people made, in force or not."""
    lines = model.assessment.registers
    if not lines:
        return
    yield CondPageBreak(120)
    yield Spacer(1, 10)
    yield heading("Decisions on record", level=2)
    yield Rows(
        columns(
            ("Id", 12, "strong"),
            ("Register", 18),
            ("About", 32),
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
    yield from chapter("Receipts")
    yield Paragraph(
        "One line for each source, account and region that was asked: how many pages and items "
        "came, and how it ended. The whole receipts, with every request, lie beside the snapshots.",
        BODY,
    )
    yield Rows(
        columns(
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
                plain_time(line.ended),
                line.content_digest[:12],
            )
            for line in model.assessment.receipts
        ),
    )
