"""``frameworks diff``: what a new version of a framework adds, drops and changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli.framework_list import Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from include.frameworks.differences import Change, ControlChange, Differences, Named


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A framework's id, or a file.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="Likewise.")],
    words: Annotated[
        bool, typer.Option("--words", help="Show texts that were reworded, as they were and are.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what AFTER adds to BEFORE, drops, renumbers, rewords and maps anew.

    Exits with 0 whether anything differs or not.
    """
    from include.checks.catalogue import load_catalogue
    from include.cli.framework_files import frameworks_for, load
    from include.cli.framework_tables import console
    from include.frameworks.differences import differences

    frameworks = frameworks_for([before, after])
    one, other = (load(frameworks, name, named=False) for name in (before, after))
    found = differences(one, other, load_catalogue())
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    out = console()
    for shown in _told(found, words):
        out.print(shown)


def _told(found: Differences, words: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import labelled, number

    yield Text(f"{found.before} → {found.after}", style="bold")
    if found.same:
        yield "Nothing differs."
        return
    if found.header or found.sets:
        yield ""
        changes = (*found.header, *found.sets)
        yield labelled([(change.what, _was_and_is(change, words)) for change in changes])
    for heading, sign, controls in (
        ("Added", "+", found.added),
        ("Dropped", "-", found.dropped),
    ):
        if controls:
            yield Text(f"\n{heading}: {number(len(controls), 'control')}", style="bold")
            yield _named(sign, controls)
    renumbered = [one for one in found.changed if one.before != one.after]
    if renumbered:
        yield Text(f"\nRenumbered: {number(len(renumbered), 'control')}", style="bold")
        yield _renumbered(renumbered)
    more = [(one, rest) for one in found.changed if (rest := _worth_telling(one, words))]
    if more:
        yield Text(f"\nChanged: {number(len(more), 'control')}", style="bold")
    for one, rest in more:
        moved = "" if one.before == one.after else f" (was {one.before})"
        yield Text(f"{one.after}{moved}  {one.title}", style="cyan")
        yield labelled([(change.what, _was_and_is(change, words)) for change in rest], indent=2)
    only = [one.after for one in found.changed if _only_words(one)]
    if only and not words:
        yield Text(f"\nOnly words differ: {number(len(only), 'control')}", style="bold")
        yield f"{', '.join(only)}\n--words shows how they were and are."
    yield (
        f"\n{len(found.added)} added, {len(found.dropped)} dropped, "
        f"{found.count('renumbered')} renumbered, {found.count('moved')} moved, "
        f"{found.count('remapped')} remapped, {found.count('manual')} with other evidence of "
        f"people; {number(found.unchanged, 'control')} unchanged."
    )
    if found.strangers:
        yield (
            f"They have no control in common. What carries over: "
            f"./audit frameworks crosswalk {found.before} {found.after}"
        )


def _named(sign: str, controls: Sequence[Named]) -> RenderableType:
    from include.cli.framework_tables import labelled

    rows = []
    for one in controls:
        gone = "; withdrawn by its publisher" if one.withdrawn else ""
        gone += f", now part of {', '.join(one.gone_to)}" if one.gone_to else ""
        rows.append((f"{sign} {one.id}", f"{one.title}{gone}"))
    return labelled(rows)


def _renumbered(controls: Sequence[ControlChange]) -> RenderableType:
    from include.cli.framework_tables import table

    rows = [(f"{one.before} → {one.after}", one.title, one.recognised_by) for one in controls]
    return table(("id", "", "recognised by"), rows)


def _worth_telling(one: ControlChange, words: bool) -> list[Change]:
    return [
        change
        for change in one.changes
        if change.kind != "renumbered" and (words or change.kind != "reworded")
    ]


def _only_words(one: ControlChange) -> bool:
    return {change.kind for change in one.changes} <= {"reworded"}


def _was_and_is(change: Change, words: bool) -> str:
    if change.kind == "reworded" and not words and len(change.before + change.after) > 120:
        return "reworded"
    if not change.before or not change.after:
        return change.before or change.after
    if len(change.before) + len(change.after) > 60:
        return f"was: {change.before}\nis: {change.after}"
    return f"{change.before} → {change.after}"
