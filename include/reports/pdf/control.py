"""One block per control: claim, procedure with what was obtained, population, result, references.

Short for what holds, long only for what fails: most controls of a large catalogue are for people
alone, and many of them have to stand on one page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import ControlResult, MappedCheck
from include.reports.model import words
from include.reports.pdf.drawings import StatusHeading
from include.reports.pdf.failing import failing_of
from include.reports.pdf.layout import columns
from include.reports.pdf.material import Material, short_name
from include.reports.pdf.procedure import procedure
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED, WIDTH
from include.reports.pdf.text import markup
from include.reports.wording import answer_text, counted, listed, place_text, reason_text, verb

_MOST_LIMITS, _MOST_PLACES = 6, 3
#: Points; a block's beginning moves to the next page as a whole, up to that height.
_TALLEST_BEGINNING = 420.0
#: Points; one that is taller, for its many checks, begins wherever that much is left.
_LEAST_ROOM = 240.0


def control_block(material: Material, control: ControlResult) -> Iterator[Flowable]:
    """All that the report says of one control."""
    beginning = list(_beginning(material, control))
    height = sum(one.wrap(WIDTH, 10_000.0)[1] for one in beginning)
    yield CondPageBreak(height if height <= _TALLEST_BEGINNING else _LEAST_ROOM)
    yield from beginning
    yield from _exceptions(material, control)
    for mapped in control.checks:
        if mapped.failing:
            yield from failing_of(material, control, mapped)


def _beginning(material: Material, control: ControlResult) -> Iterator[Flowable]:
    model = material.model
    text = model.control_text(control.id)
    title = f"{control.id}  {control.title}"
    head = StatusHeading(title, words(control.status), level=2, key=key_of(control.id))
    # Not a spacer: at the top of a page there is none.
    head.spaceBefore = 12
    yield head
    if text:
        level = f"  (level {markup(control.level)})" if control.level else ""
        yield Paragraph(f"<b>Claim.</b> {markup(text.objective)}{level}", BODY)
    yield procedure(material, control, text.test_procedure if text else ())
    yield Spacer(1, 6)
    yield Paragraph(f"<b>Result.</b> {markup(reason_text(model, control))}", BODY)
    if control.checks:
        yield _population(material, control)
        yield Spacer(1, 5)
    yield from _what_is_missing(material, control)
    yield from _references(material, control)


def key_of(control_id: str) -> str:
    """The bookmark of a control's block."""
    return f"control-{control_id}"


def _population(material: Material, control: ControlResult) -> Rows:
    """A line for each check: its role, how it was answered, and its population by result."""
    model, facts = material.model, material.facts
    # The column of exceptions is there only where there are any.
    excused = any(mapped.excused for mapped in control.checks)
    rows = []
    for mapped in control.checks:
        result, found = model.check(mapped.id), facts.of(mapped.id)
        counts = [found.population, found.passed, found.failed, found.unanswered]
        if excused:
            counts.insert(3, len(mapped.excused))
        by = ", ".join(short_name(source) for source in result.sources)
        said = words(result.answer)
        rows.append(
            (
                result.question,
                mapped.role if result.judges else "shown",
                words(result.severity),
                f"{said}: {by}" if by else said,
                *(f"{n:,}" if result.judges else "-" for n in counts),
            )
        )
    told = any(model.check(mapped.id).sources for mapped in control.checks)
    check, answer = (140, 100) if told else (175, 65)
    if excused:
        check, answer = check - 20, answer - 22
    wanted: list[Any] = [
        ("Check", check),
        ("Role", 46),
        ("Severity", 63),
        ("Answer, by", answer),
        ("Population", 54, "number"),
        ("Pass", 28, "number"),
        ("Fail", 26, "number"),
        ("Unanswered", 57, "number"),
    ]
    if excused:
        wanted.insert(7, ("Excused", 42, "number"))
    again = f"{control.id}  {control.title} (continued)"
    return Rows(columns(*wanted), rows, again=again)


def _exceptions(material: Material, control: ControlResult) -> Iterator[Flowable]:
    """The exceptions that excuse failing resources here: by whom, and until when."""
    excused: dict[str, int] = {}
    for mapped in control.checks:
        for one in mapped.excused:
            excused[one.exception] = excused.get(one.exception, 0) + 1
    if not excused:
        return
    rows = []
    for name, n in excused.items():
        line = material.exception(name)
        rows.append(
            (name, f"{n:,}", line.reason, f"{line.owner},\n{line.approver}", line.until)
            if line
            else (name, f"{n:,}", "", "", "")
        )
    yield Spacer(1, 5)
    yield Rows(
        columns(
            ("Exception", 16, "strong"),
            ("Excuses", 11, "number"),
            ("Reason", 52),
            ("Owner, approver", 42),
            ("Until", 16),
        ),
        rows,
    )
    yield Spacer(1, 6)


def _what_is_missing(material: Material, control: ControlResult) -> Iterator[Flowable]:
    """What keeps the control from being decided, where, and what to do; limitations of the rest."""
    if control.status == "INCONCLUSIVE" and control.checks:
        rows = [
            (one.what, listed(list(one.places), _MOST_PLACES) or "all of the scope", one.step)
            for one in material.next_steps.of(control, people=False)
        ]
        if len(rows) == 1:
            what, where, step = (markup(text) for text in rows[0])
            text = f"<b>What is missing.</b> {what} Where: {where}. <b>What to do.</b> {step}"
            yield Paragraph(text, BODY)
        elif rows:
            yield Rows(columns(("What is missing", 42), ("Where", 28), ("What to do", 50)), rows)
            yield Spacer(1, 4)
    elif limits := list(_limits(material, control)):
        yield Paragraph(
            f"<b>Limitations here.</b> {markup('; '.join(limits))}.",
            SMALL_MUTED,
        )


def _limits(material: Material, control: ControlResult) -> Iterator[str]:
    """What the reader of one control's result should know about how it came about, in short."""
    model = material.model
    places: dict[tuple[str, str], list[str]] = {}
    for mapped in control.checks:
        for cell in model.check(mapped.id).cells:
            said = [answer_text(cell)] if not cell.settled else list(cell.notes)
            if cell.disagreements:
                said.append(
                    "sources disagree (the worse answer counts) on "
                    + listed([d.resource.rsplit(":", 1)[-1] for d in cell.disagreements], 2)
                )
            for text in said:
                places.setdefault((mapped.id, text), []).append(place_text(cell))
    out = [
        f"{model.check(check_id).id} in {listed(where, _MOST_PLACES)}: {text.rstrip('.')}"
        for (check_id, text), where in places.items()
    ]
    yield from out[:_MOST_LIMITS]
    if len(out) > _MOST_LIMITS:
        yield f"{len(out) - _MOST_LIMITS} more of {len(out)}, in report.json"


def _references(material: Material, control: ControlResult) -> Iterator[Flowable]:
    """Where the evidence is: counts, the receipts' numbers in appendix A, files."""
    evidence = material.evidence_of(control.id)
    if not control.checks and not evidence.get("items"):
        return
    parts = []
    if evidence.get("items"):
        known = [
            f"{evidence[kind]:,} {kind.replace('_', ' ')}"
            for kind in ("contemporaneous", "reconstructed", "current_only")
            if evidence.get(kind)
        ]
        items = counted(int(evidence["items"]), "item")
        parts.append(items + (f" ({', '.join(known)})" if known else ""))
    sources = [s for m in control.checks for s in material.model.check(m.id).sources]
    if numbers := material.receipts_of(sources):
        parts.append(f"receipts {numbers} in appendix A")
    if evidence.get("items") != 0:
        parts.append(f"evidence.csv, control {control.id}")
    if not parts:
        parts = ["none"]
    yield Paragraph(f"<b>Evidence.</b> {markup('; '.join(parts))}.", SMALL_MUTED)


def failing_count(mapped: Sequence[MappedCheck]) -> int:
    """How many resources fail these checks, each once."""
    return len({resource for one in mapped for resource in one.failing})


def fails(n: int) -> str:
    """``1 resource fails``, ``2 resources fail``."""
    return f"{counted(n, 'resource')} {verb(n, 'fails', 'fail')}"
