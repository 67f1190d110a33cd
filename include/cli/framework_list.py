"""``frameworks``: what can be assessed, listed; ``frameworks checks``: what controls can map to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from include.checks.check import Check

#: Least width of the questions beside the checks' ids.
_ROOM = 36

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def list_frameworks(as_json: Json = False) -> None:
    """List the frameworks that can be assessed: ours, and those of your own folder.

    Only their headers are read; one of your own that can't be read is told on stderr.
    """
    from include.cli.framework_tables import console, number, table
    from include.frameworks.loader import LIBRARY, readable_frameworks

    headers, broken = readable_frameworks()
    if as_json:
        shown = [
            {
                **{field: getattr(header, field) for field in _SHOWN},
                "own": header.path.parent != LIBRARY,
                "path": str(header.path),
                "dag": header.dag_id,
            }
            for header in headers
        ]
        typer.echo(json.dumps(shown, indent=2))
    else:
        rows = [
            (
                header.id,
                header.title,
                header.version,
                header.schedule,
                "" if header.path.parent == LIBRARY else "yes",
            )
            for header in headers
        ]
        own = any(row[-1] for row in rows)
        headings = ("id", "framework", "version", "every", "own")[: 5 if own else 4]
        out = console()
        out.print(table(headings, [row[: len(headings)] for row in rows], whole=(0, 3)))
        out.print(f"\n{number(len(rows), 'framework')}. More: ./audit frameworks show ID")
    for error in broken.values():
        console(stderr=True).print(f"Left out: {error}", style="yellow", soft_wrap=True)


_SHOWN = (
    "id", "title", "version", "publisher", "compliance_type", "description", "schedule", "judge",
    "sources", "tags",
)  # fmt: skip


def list_checks(
    words: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Argument(help="In id, question, resource type or a source's keyword; all of them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the checks that controls can map to: ours, and your own in the folder 'checks'."""
    from rich.padding import Padding
    from rich.text import Text

    from include.checks.catalogue import load_catalogue
    from include.cli.framework_tables import console, number, table

    catalogue = load_catalogue()
    wanted = [word.casefold() for word in words or ()]
    found = [check for check in catalogue.values() if all(w in _searched(check) for w in wanted)]
    if as_json:
        typer.echo(json.dumps([check.model_dump(mode="json") for check in found], indent=2))
        return
    out = console()
    # Ids are there to be copied: where one leaves its question too little room, each gets a line.
    if found and max(len(check.id) for check in found) + _ROOM <= out.width:
        out.print(table(("id", "question"), [(check.id, check.question) for check in found]))
    else:
        for check in found:
            out.print(Text(check.id, style="bold"), soft_wrap=True)
            out.print(Padding(Text(check.question), (0, 0, 0, 4)))
    out.print(f"\n{len(found)} of {number(len(catalogue), 'check')}.")
    for error in catalogue.broken:
        console(stderr=True).print(f"Left out: {error}", style="yellow", soft_wrap=True)


def _searched(check: Check) -> str:
    keywords = (word for source in check.sources for word in source.all_keywords)
    return " ".join((check.id, check.question, check.resource_type, *keywords)).casefold()
