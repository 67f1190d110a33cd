"""``frameworks``: what can be assessed, listed."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    own = typer.Typer(
        help="The frameworks that can be assessed: ours, and those of your own folder.",
        no_args_is_help=False,
        invoke_without_command=True,
        epilog="Example: ./audit frameworks",
    )
    own.callback()(list_or_command)
    app.add_typer(own, name="frameworks")


def list_or_command(context: typer.Context) -> None:
    """Without a command: list the frameworks."""
    if context.invoked_subcommand is None:
        list_all()


def list_all() -> None:
    """List the frameworks that can be assessed."""
    from rich.console import Console
    from rich.table import Table

    from include.frameworks.loader import list_frameworks

    table = Table("id", "framework", "version", "publisher", "schedule")
    for header in list_frameworks():
        table.add_row(header.id, header.title, header.version, header.publisher, header.schedule)
    Console().print(table)
