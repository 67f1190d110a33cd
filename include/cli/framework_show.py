"""``frameworks show``: a framework's numbers, a set's controls, everything about one control."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from include.cli.framework_list import Json
from include.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from rich.console import RenderableType

    from include.checks.catalogue import Catalogue
    from include.checks.check import Check
    from include.frameworks.schema import CheckMapping, Control, ControlSet, Framework, Withdrawn

_DECIDED = {
    "automated": "by checks",
    "with_people": "by checks, and evidence that people provide",
    "manual": "by evidence that people provide",
}
_PLACES = {"account": "one answer for each account", "region": "each account and region"}
_ANSWERS = {
    "verdict": "",
    "assertion": "judged here",
    "events": "activity",
    "threshold": "severity and age",
    "evidence_only": "shown only",
}


def show(
    framework: Annotated[str, typer.Argument(help="A framework's id, or a file.")],
    part: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Argument(metavar="[SET|CONTROL]", help="A control set's or a control's id."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a framework at a glance, the controls of a set, or all about one control."""
    from include.checks.catalogue import load_catalogue
    from include.cli.framework_files import frameworks_for, load
    from include.cli.framework_tables import console
    from include.frameworks.overview import control_as_json, framework_as_json

    found = load(frameworks_for([framework]), framework)
    out, catalogue = console(), load_catalogue()
    if part is None:
        if as_json:
            typer.echo(json.dumps(framework_as_json(found), indent=2))
            return
        for shown in _framework(found):
            out.print(shown)
        return
    thing = _part(found, part)
    if as_json:
        from include.frameworks.schema import Control

        values = (
            control_as_json(found, thing, catalogue)
            if isinstance(thing, Control)
            else thing.model_dump(mode="json")
        )
        typer.echo(json.dumps(values, indent=2))
        return
    for shown in _told(found, thing, catalogue):
        out.print(shown)


def _part(framework: Framework, name: str) -> Control | ControlSet | Withdrawn:
    parts: dict[str, Control | ControlSet | Withdrawn] = {
        **{one.id: one for one in framework.control_sets},
        **{one.id: one for one in framework.withdrawn()},
        **{one.id: one for one in framework.controls()},
    }
    if name in parts:
        return parts[name]
    # Publishers write AC-2(1), people ac-2 (1).
    plain = {key.casefold(): value for key, value in parts.items()}
    if "".join(name.casefold().split()) in plain:
        return plain["".join(name.casefold().split())]
    raise InputError(
        f"{framework.id} has no control or control set '{name}'.",
        hint=did_you_mean(name, parts) or f"See ./audit frameworks show {framework.id}",
    )


def _told(
    framework: Framework, thing: Control | ControlSet | Withdrawn, catalogue: Catalogue
) -> Iterator[RenderableType]:
    from include.frameworks.schema import Control, ControlSet

    if isinstance(thing, Control):
        yield from _control(framework, thing, catalogue)
    elif isinstance(thing, ControlSet):
        yield from _set(framework, thing)
    else:
        moved = f" Now part of: {', '.join(thing.moved_to)}." if thing.moved_to else ""
        yield f"{framework.name}\n{thing.id}  {thing.title}\n"
        yield f"Withdrawn by {framework.publisher}; not assessed.{moved}"


def _framework(framework: Framework) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import SOURCE_NAMES, labelled, number, table
    from include.frameworks.crosswalks import load_crosswalks
    from include.frameworks.overview import BASES, ROLES, overview_of

    all_of_it = overview_of(framework.control_sets)
    decided = all_of_it.decided
    gone = f", {all_of_it.withdrawn} withdrawn" if all_of_it.withdrawn else ""
    judged = {
        "period_end": "as it stands at the period's end",
        "whole_period": "over the whole period",
    }[framework.judge]
    yield Text(framework.name, style="bold")
    yield Text(framework.description)
    yield ""
    yield labelled(
        [
            ("id", framework.id),
            ("publisher", framework.publisher),
            ("runs", f"every {framework.schedule}, judged {judged}"),
            ("DAG", framework.dag_id),
            ("sources", ", ".join(SOURCE_NAMES[name] for name in framework.sources)),
            ("tags", ", ".join(framework.tags)),
            ("file", str(framework.path)),
            (
                "controls",
                f"{all_of_it.controls}{gone}: {decided['automated']} automated, "
                f"{decided['with_people']} with people, {decided['manual']} manual",
            ),
            ("checks", f"{number(all_of_it.checks, 'different check')}, mapped as follows"),
        ]
    )
    yield ""
    titles = {"aws_stated": "stated by AWS", "derived": "derived", "judgement": "our judgement"}
    mappings: list[Sequence[str | int]] = [
        (role, *counts, sum(counts))
        for role in ROLES
        if sum(counts := [all_of_it.mappings[role, basis] for basis in BASES])
    ]
    if mappings:
        headings = ("mappings", *(titles[basis] for basis in BASES), "all")
        yield table(headings, mappings, numbers=(1, 2, 3, 4))
        yield ""
    if all_of_it.by:
        known = load_crosswalks()
        said = [(known[name].title, count) for name, count in all_of_it.by.items()]
        yield table(("who says so", "mappings"), said, whole=(), numbers=(1,))
        yield ""
    rows: list[Sequence[str | int]] = []
    for one in framework.control_sets:
        numbers = overview_of([one])
        rows.append((one.id, one.title, numbers.controls, *numbers.decided.values()))
    headings = ("set", "", "controls", "automated", "with people", "manual")
    yield table(headings, rows, numbers=(2, 3, 4, 5))
    yield f"\nMore: ./audit frameworks show {framework.id} SET or CONTROL"


def _set(framework: Framework, one: ControlSet) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import table
    from include.frameworks.overview import decided_by

    yield framework.name
    yield Text(f"{one.id}  {one.title}", style="bold")
    yield ""
    words = {"automated": "automated", "with_people": "with people", "manual": "manual"}
    rows = [
        (
            control.id,
            control.title,
            words[decided_by(control)],
            len(control.required),
            len(control.checks) - len(control.required),
        )
        for control in one.controls
    ]
    headings = ("control", "", "decided", "required", "other")
    yield table(headings, rows, whole=(0, 2), numbers=(3, 4))
    if one.withdrawn:
        yield ""
        rows_gone = [(gone.id, gone.title, ", ".join(gone.moved_to)) for gone in one.withdrawn]
        yield table(("withdrawn", "", "now part of"), rows_gone)


def _control(
    framework: Framework, control: Control, catalogue: Catalogue
) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import labelled
    from include.frameworks.overview import decided_by, how_often, set_of

    one = set_of(framework, control.id)
    path, line = framework.where(control.id)
    origins = framework.origins(control.id)
    yield f"{framework.name} · {one.id} {one.title}"
    yield Text(f"{control.id}  {control.title}", style="bold")
    yield ""
    provide = control.manual.provide if control.manual else ""
    yield labelled(
        [
            ("objective", control.objective),
            ("level", str(control.level or "")),
            ("decided", _DECIDED[decided_by(control)]),
            ("procedure", _numbered(control.test_procedure)),
            ("provide", provide),
            ("how often", how_often(control)),
            ("taken from", origins[0] if origins else ""),
            ("written in", f"{path}:{line}"),
        ]
    )
    for role, heading in (
        ("required", "Required checks: each must be answered, none may fail"),
        ("supporting", "Supporting checks: a failure counts, silence doesn't"),
        ("shown", "Shown beside it: decides nothing"),
    ):
        mappings = [mapping for mapping in control.checks if mapping.role == role]
        if mappings:
            yield Text(f"\n{heading}", style="bold")
        for mapping in mappings:
            yield from _mapping(mapping, catalogue[mapping.check])


def _numbered(steps: tuple[str, ...]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for n, step in enumerate(steps, 1):
        grid.add_row(f"{n}.", Text(step))
    return grid


def _mapping(mapping: CheckMapping, check: Check) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import labelled
    from include.frameworks.overview import basis_in_words, parameter_in_words

    where = _PLACES.get(check.locality, f"each account, in {check.locality}")
    values = "; ".join(parameter_in_words(n, p) for n, p in check.parameters.items())
    yield ""
    yield Text(mapping.check, style="cyan")
    yield labelled(
        [
            ("asks", check.question),
            ("about", f"{check.resource_type}, {where}, {check.severity.lower()} severity"),
            ("values", values),
            ("basis", basis_in_words(mapping)),
            ("reason", mapping.reason),
            ("answered by", "\n".join(_sources(check))),
        ],
        indent=2,
    )


def _sources(check: Check) -> Iterator[str]:
    from include.cli.framework_tables import SOURCE_NAMES

    for source in check.sources:
        notes = [_ANSWERS[source.answers], "retired by AWS" if source.retired else ""]
        if source.answers == "events":
            notes[0] = {
                "absent": "must not happen",
                "present": "must happen",
            }[source.expected]
        said = ", ".join(note for note in notes if note)
        keywords = ", ".join((*source.all_keywords, *source.uses))
        yield f"{SOURCE_NAMES[source.source]} {keywords}{f' ({said})' if said else ''}"
