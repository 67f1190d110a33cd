"""Appendices A (receipts), E (decisions), F (glossary) and G (where everything is)."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import Flowable, Paragraph, Spacer

from include.reports.files import PACKAGE_FILES
from include.reports.glossary import GLOSSARY
from include.reports.model import source_name, words
from include.reports.pdf.layout import chapter, columns, heading
from include.reports.pdf.material import Material
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY
from include.reports.pdf.text import markup
from include.reports.wording import counted, plain_time


def receipts(material: Material) -> Iterator[Flowable]:
    """A: how each cell's collection ended."""
    yield from chapter("Appendix A  Completeness receipts")
    lines = material.receipts
    if not lines:
        yield Paragraph("Nothing was collected: there are no receipts.", BODY)
        return
    yield Paragraph(
        f"{counted(len(lines), 'receipt')}: one line for each source, account and region that was "
        "asked. The numbers are those that the controls refer to. The whole receipts, with every "
        "request, lie beside the snapshots. Times are UTC.",
        BODY,
    )
    yield Rows(
        columns(
            ("No.", 28, "number"),
            ("Source", 76, "strong"),
            ("Account", 66),
            ("Region", 58),
            ("Ended as", 54),
            ("Items", 36, "number"),
            ("Pages", 34, "number"),
            ("Collected until", 90),
            ("Content digest", 66),
        ),
        (
            (
                f"{n:,}",
                source_name(line.source),
                line.account,
                line.region,
                words(line.status),
                f"{line.items:,}",
                f"{line.pages:,}",
                plain_time(line.ended),
                line.content_digest[:12] or "-",
            )
            for n, line in enumerate(lines, 1)
        ),
        again="Appendix A  Completeness receipts (continued)",
    )
    yield Spacer(1, 8)


def decisions(material: Material) -> Iterator[Flowable]:
    """E: the registers, in force or not, and what they do here."""
    a = material.model.assessment
    exceptions = material.model.metrics.exceptions
    yield from chapter("Appendix E  Exceptions and other decisions")
    if not a.registers:
        yield Paragraph("No decision is on record.", BODY)
        return
    days = exceptions.get("expiring_within_days")
    soon = set(exceptions.get("expiring", ()))
    unused = set(exceptions.get("unused", ()))
    text = "A decision counts while it is in force on the period's last day, and is listed anyway."
    if days is not None:
        text += f" Exceptions that end within {counted(int(days), 'day')} of it are marked."
    yield Paragraph(text, BODY)
    rows = []
    for line in a.registers:
        state: list[str] = [line.state]
        if line.register == "exceptions" and line.id in soon:
            state.append("ends soon")
        if line.state == "in force" and (line.id in unused or not line.used):
            state.append("not used")
        rows.append(
            (
                line.id,
                words(line.register),
                line.what,
                line.reason,
                f"{line.owner},\n{line.approver}",
                f"{line.start} to\n{line.until}",
                ", ".join(state),
            )
        )
    yield Rows(
        columns(
            ("Id", 13, "strong"),
            ("Register", 17),
            ("About", 28),
            ("Reason", 30),
            ("Owner, approver", 30),
            ("From, until", 18),
            ("State", 15),
        ),
        rows,
        again="Appendix E  Exceptions and other decisions (continued)",
    )
    yield Spacer(1, 8)


def glossary() -> Iterator[Flowable]:
    """F: words that an auditor of another house may use otherwise."""
    yield from chapter("Appendix F  Glossary")
    yield Rows(columns(("Word", 26, "strong"), ("Meaning", 94)), GLOSSARY)
    yield Spacer(1, 8)


def files(material: Material) -> Iterator[Flowable]:
    """G: the files of the package."""
    model = material.model
    yield from chapter("Appendix G  Where everything is")
    where = [("Package", model.context.package), ("Kept at", model.context.s3_location)]
    for name, value in where:
        if value:
            yield Paragraph(f"<b>{name}.</b> {markup(value)}", BODY)
    yield Paragraph(
        "<b>Content digest of this result.</b> "
        f"SHA-256 {markup(model.assessment.content_digest)}. All reports of the package carry it.",
        BODY,
    )
    yield heading("Files", level=2)
    yield Rows(columns(("File", 40, "strong"), ("What it holds", 80)), PACKAGE_FILES)
