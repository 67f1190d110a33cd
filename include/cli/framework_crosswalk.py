"""``frameworks crosswalk``: what evidence for one framework answers in another."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from include.cli.framework_list import Json
from include.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from include.frameworks.carry_over import CarriedCheck, CarriedControl, CarryOver
    from include.frameworks.schema import Framework, Role

_ASKS = {
    "equal": "its answers hold",
    "stricter": "stricter: its passes hold",
    "weaker": "weaker: its failures hold",
    "other": "neither stricter nor weaker",
}
#: Controls of the first framework that are named in a row.
_NAMED = 4


def crosswalk(
    first: Annotated[str, typer.Argument(metavar="FROM", help="The one that is assessed.")],
    second: Annotated[str, typer.Argument(metavar="TO", help="The one to be answered, too.")],
    control: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option("--control", "-c", help="Only this control of TO, check by check."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show controls of TO that nothing carries over to, too.")
    ] = False,
    as_json: Json = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="As CSV: a row for each check of each control of TO.")
    ] = False,
) -> None:
    """Show which controls of TO are answered by checks that FROM maps: collected once, used twice.

    A check counts when FROM maps it in any role. The same question with other values is told
    apart. Evidence that people provide is reviewed for each framework anew.
    """
    from include.checks.catalogue import load_catalogue
    from include.cli.framework_files import frameworks_for, listed, load, require_controls
    from include.cli.framework_tables import console
    from include.frameworks.carry_over import COLUMNS, carry_over

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other.", hint="Choose one.")
    frameworks = frameworks_for([first, second])
    one, other = (load(frameworks, name, named=False) for name in (first, second))
    if one.path == other.path:
        raise InputError("Both are the same framework.", hint="Name two.")
    wanted = listed(control)
    require_controls(other, wanted)
    found = carry_over(one, other, load_catalogue(), wanted)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(found.rows())
    else:
        out = console()
        shown = _details(one, found) if wanted else _overview(one, other, found, everything)
        for renderable in shown:
            out.print(renderable)


def _overview(
    one: Framework, other: Framework, found: CarryOver, everything: bool
) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import number, table

    yield Text(f"From {one.name} to {other.name}", style="bold")
    yield ""
    shown = [control for control in found.controls if everything or control.touched]
    if shown:
        rows = [
            (
                control.id,
                control.title,
                control.answered,
                _part(control, "required") + (" +" if control.people else ""),
                _part(control, "supporting"),
                _from(control),
            )
            for control in shown
        ]
        headings = ("control", "", "answered", "required", "supporting", "by controls")
        yield table(headings, rows, whole=(0, 2, 3, 4))
        yield ""
    totals = found.totals
    yes, other_value, no = (len(found.checks(kind)) for kind in ("yes", "other_value", "no"))
    yield (
        f"{number(len(found.controls), 'control')} of {other.id}: {totals['fully']} fully "
        f"answered by checks of {one.id}, {totals['partly']} partly, {totals['not']} not; "
        f"{totals['manual']} without required checks."
    )
    values = f", {other_value} are asked with other values" if other_value else ""
    yield f"Of {number(yes + other_value + no, 'required check')}, {yes} carry over{values}."
    if any(control.people for control in shown):
        yield "+: evidence that people provide is needed there as well."
    hidden = len(found.controls) - len(shown)
    if hidden:
        yield f"{number(hidden, 'control')} that nothing carries over to: --all shows them."
    yield "Check by check: --control ID"


def _part(control: CarriedControl, role: Role) -> str:
    carried, count = control.count(role)
    return f"{carried} of {count}" if count else ""


def _from(control: CarriedControl) -> str:
    named = list(control.speakers)
    more = f" … {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _details(one: Framework, found: CarryOver) -> Iterator[RenderableType]:
    from rich.text import Text

    from include.cli.framework_tables import table

    for control in found.controls:
        yield Text(f"{found.second} {control.id}  {control.title}", style="bold")
        if control.required:
            people = "; evidence of people is needed as well" if control.people else ""
            yield (
                f"{control.carried} of {control.required} required checks are answered for "
                f"{one.id}{people}."
            )
        else:
            yield "It has no required checks: people decide it."
        yield ""
        rows = [(check.check, check.role, _carried(check), _speakers(check))
                for check in control.checks]  # fmt: skip
        if rows:
            yield table(("check", "role", "carries over", f"in {one.id}"), rows, whole=(1,))
            yield ""


def _carried(check: CarriedCheck) -> str:
    if check.carried == "other_value":
        return f"same question, other value: {check.instead} ({_ASKS[check.asks]})"
    return check.carried


def _speakers(check: CarriedCheck) -> str:
    return ", ".join(
        speaker.control if speaker.role == "required" else f"{speaker.control} ({speaker.role})"
        for speaker in check.speakers
    )
