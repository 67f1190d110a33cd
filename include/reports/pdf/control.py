"""One block per control: claim, procedure with what was obtained, population, result, references.

Short for what holds, long only for what fails: most controls of a large catalogue are for people
alone, and many of them have to stand on one page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.assessment.result import ControlResult, MappedCheck
from include.reports.model import source_name, words
from include.reports.next_steps import step_for_people
from include.reports.pdf.drawings import StatusHeading
from include.reports.pdf.failing import failing_of
from include.reports.pdf.layout import columns, listed, plain_time
from include.reports.pdf.material import Material, short_name
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED, WIDTH
from include.reports.pdf.text import markup
from include.reports.wording import answer_text, counted, place_text, reason_text, verb

_MOST_LIMITS, _MOST_PLACES = 6, 3
#: Points; a block's beginning moves to the next page as a whole, up to that height.
_TALLEST_BEGINNING = 420.0


def control_block(material: Material, control: ControlResult) -> Iterator[Flowable]:
    """All that the report says of one control."""
    beginning = list(_beginning(material, control))
    height = sum(one.wrap(WIDTH, 10_000.0)[1] for one in beginning)
    yield CondPageBreak(min(height, _TALLEST_BEGINNING))
    yield from beginning
    yield from _exceptions(material, control)
    for mapped in control.checks:
        if mapped.failing:
            yield from failing_of(material, control, mapped)
    yield Spacer(1, 12)


def _beginning(material: Material, control: ControlResult) -> Iterator[Flowable]:
    model = material.model
    text = model.control_text(control.id)
    title = f"{control.id}  {control.title}"
    yield StatusHeading(title, words(control.status), level=2, key=key_of(control.id))
    if text:
        level = f"  (level {markup(control.level)})" if control.level else ""
        yield Paragraph(f"<b>Claim.</b> {markup(text.objective)}{level}", BODY)
    yield _procedure(material, control, text.test_procedure if text else ())
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


def _procedure(material: Material, control: ControlResult, steps: Sequence[str]) -> Rows:
    """The steps, numbered, beside what was obtained and inspected for them, and then judged.

    The steps that say what fails stand beside the counts; all others beside the sources.
    """
    numbered = [f"{n}. {step}" for n, step in enumerate(steps, 1)]
    judge = [text for text, step in zip(numbered, steps, strict=True) if step.startswith("Fail")]
    obtain = [text for text in numbered if text not in judge]
    if not steps:
        obtain = ["The library does not know this control's procedure any more."]
    rows = [("\n".join(obtain), "\n".join(_obtained(material, control)))]
    counts = _judged(material, control)
    if judge:
        rows.append(("\n".join(judge), counts))
    else:
        rows[0] = (rows[0][0], f"{rows[0][1]}\n{counts}")
    return Rows(columns(("Test procedure", 44), ("Obtained and inspected", 56)), rows)


def _obtained(material: Material, control: ControlResult) -> Iterator[str]:
    """By source: how many cells it answered, for how many checks, and when it last looked."""
    facts = material.facts
    judging, showing = facts.judging(control), facts.showing(control)
    found = facts.inspected(judging)
    said: dict[str, list[str]] = {}
    for one in found:
        # To the minute: when exactly stands in the evidence.
        last = plain_time(one.last_evaluated)[:16]
        text = (
            f"{one.answered:,} of {counted(one.cells, 'cell')}"
            + (f" of {counted(one.checks, 'check')}" if len(judging) > 1 else "")
            + (f", last evaluated {last} UTC" if last else "")
        )
        if one.other_parameters:
            text += f"; {one.other_parameters:,} with other parameters or scope than asked"
        said.setdefault(text, []).append(source_name(one.source))
    for text, names in said.items():
        yield f"{', '.join(names)}: answered {'each ' if len(names) > 1 else ''}{text}."
    if judging and not found:
        yield "No source answered."
    still_open = facts.total(judging, "open")
    if still_open:
        cells = facts.total(judging, "cells")
        yield f"Left open: {still_open:,} of {counted(cells, 'cell')}."
    if showing:
        items = facts.total(showing, "evidence")
        sources = dict.fromkeys(
            source_name(source.source)
            for m in showing
            if (told := material.model.check_text(m.id))
            for source in told.sources
        )
        yield (
            f"Shown beside, deciding nothing: {counted(len(showing), 'check')} with "
            f"{counted(items, 'item')} of evidence ({listed(list(sources), 4)})."
        )
    yield from _of_people(material, control)


def _of_people(material: Material, control: ControlResult) -> Iterator[str]:
    manual = control.manual
    if manual is None:
        if not control.checks:
            yield "Nothing: neither checks nor people's evidence is mapped to it."
        return
    yield f"Asked of people: {manual.asked}"
    given = f"{counted(len(manual.present), 'item')} provided, {len(manual.accepted):,} accepted"
    state = f"State: {manual.state} ({given})." if manual.present else f"State: {manual.state}."
    yield state if manual.settled else f"{state} {step_for_people(manual)}"
    for line in material.model.assessment.registers:
        if line.register == "acceptances" and line.used and _about(line.what, control.id):
            yield (
                f"Reviewed by {line.approver} (decision {line.id}; provided by {line.owner}): "
                f"{line.reason}"
            )


def _about(what: str, control: str) -> bool:
    """Whether an entry's line names the control."""
    return f"control {control}" in what.split(", ")


def _judged(material: Material, control: ControlResult) -> str:
    facts = material.facts
    judging = facts.judging(control)
    if control.decision:
        return "Not judged: a decision on record says that it does not apply."
    if not judging:
        manual = control.manual
        if manual is None:
            return "Not judged."
        return (
            "Judged by the reviewer who accepted the evidence."
            if manual.settled
            else "Not judged: for the reviewer of people's evidence to say."
        )
    if not facts.total(judging, "population"):
        if all(facts.of(m.id).open == 0 for m in judging):
            return "Population 0: proven to be empty."
        return "Population unknown: no resource was judged."
    excused = sum(len(m.excused) for m in judging)
    parts = [
        f"{facts.total(judging, 'passed'):,} pass",
        f"{facts.total(judging, 'failed'):,} fail"
        + (f" ({excused:,} of them excused)" if excused else ""),
        f"{facts.total(judging, 'unanswered'):,} unanswered",
    ]
    text = f"Population {facts.total(judging, 'population'):,}: {', '.join(parts)}."
    disagree = facts.total(judging, "disagreements")
    if disagree:
        text += f" Sources disagree on {disagree:,}; the worse answer counts."
    shown = [
        f"{facts.total(judging, kind):,} {said}"
        for kind, said in (("fixed", "failed and were fixed"), ("gone", "failed and are gone"))
        if facts.total(judging, kind)
    ]
    if shown:
        text += f" Within the period, {' and '.join(shown)} (appendix D)."
    return text


def _population(material: Material, control: ControlResult) -> Rows:
    """A line for each check: its role, how it was answered, and its population by result."""
    model, facts = material.model, material.facts
    # The column of exceptions is there only where there are any.
    excused = any(mapped.excused for mapped in control.checks)
    rows = []
    for mapped in control.checks:
        check, found = model.check(mapped.id), facts.of(mapped.id)
        counts = [found.population, found.passed, found.failed, found.unanswered]
        if excused:
            counts.insert(3, len(mapped.excused))
        by = ", ".join(short_name(source) for source in check.sources)
        answer = words(check.answer)
        rows.append(
            (
                check.question,
                mapped.role if check.judges else "shown",
                words(check.severity),
                f"{answer}: {by}" if by else answer,
                *(f"{n:,}" if check.judges else "-" for n in counts),
            )
        )
    wanted: list[Any] = [
        ("Check", 160),
        ("Role", 50),
        ("Severity", 64),
        ("Answer, by", 112 if not excused else 84),
        ("Popu-\nlation", 36, "number"),
        ("Pass", 30, "number"),
        ("Fail", 28, "number"),
        ("Unan-\nswered", 40, "number"),
    ]
    if excused:
        wanted.insert(7, ("Ex-\ncused", 36, "number"))
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
    if evidence:
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
    parts.append(f"rows in evidence.csv whose controls name {control.id}")
    yield Paragraph(f"<b>Evidence.</b> {markup('; '.join(parts))}.", SMALL_MUTED)


def failing_count(mapped: Sequence[MappedCheck]) -> int:
    """How many resources fail these checks, each once."""
    return len({resource for one in mapped for resource in one.failing})


def fails(n: int) -> str:
    """``1 resource fails``, ``2 resources fail``."""
    return f"{counted(n, 'resource')} {verb(n, 'fails', 'fail')}"
