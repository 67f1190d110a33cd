"""A control's test procedure beside what was obtained and inspected for it, and the counts.

Nobody is said to have done what a program did: the facts are the cells', by source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from include.assessment.result import ControlResult
from include.reports.model import source_name
from include.reports.next_steps import step_for_people
from include.reports.pdf.layout import columns
from include.reports.pdf.material import Material
from include.reports.pdf.rows import Rows
from include.reports.wording import counted, listed, plain_time, verb

_NO_PROCEDURE = ("The library does not know this control's procedure any more.",)


def procedure(material: Material, control: ControlResult, steps: Sequence[str]) -> Rows:
    """The steps, numbered, beside what was obtained and inspected for them, and then judged.

    The steps that say what fails stand beside the counts; all others beside the sources.
    """
    told = {False: "\n".join(_obtained(material, control)), True: _judged(material, control)}
    rows = []
    as_for: dict[bool, str] = {}
    numbered = list(enumerate(steps or _NO_PROCEDURE, 1))
    for fails, group in groupby(numbered, lambda step: step[1].startswith("Fail")):
        found = list(group)
        text = "\n".join(f"{n}. {step}" if steps else step for n, step in found)
        # Beside later steps that look at the same, where it stands.
        rows.append((text, told.pop(fails) if fails in told else as_for[fails]))
        as_for.setdefault(fails, f"As for {_steps([n for n, _ in found])}.")
    rows += [("", said) for said in told.values()]
    return Rows(columns(("Test procedure", 44), ("Obtained and inspected", 56)), rows)


def _steps(numbers: Sequence[int]) -> str:
    """``step 1``, ``steps 1 to 3``."""
    first, last = numbers[0], numbers[-1]
    return f"step {first}" if first == last else f"steps {first} to {last}"


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
    fixed, gone = facts.total(judging, "fixed"), facts.total(judging, "gone")
    shown = [f"{fixed:,} failed and {verb(fixed, 'was', 'were')} fixed"] if fixed else []
    shown += [f"{gone:,} failed and {verb(gone, 'is', 'are')} gone"] if gone else []
    if shown:
        text += f" Within the period, {' and '.join(shown)} (appendix D)."
    return text
