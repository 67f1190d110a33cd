"""``frameworks``: what can be assessed, and frameworks of one's own."""

from __future__ import annotations

import typer

from include.cli import (
    framework_crosswalk,
    framework_diff,
    framework_list,
    framework_new,
    framework_show,
    framework_sync,
    framework_validate,
)
from include.cli.framework_list import Json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    own = typer.Typer(
        help="The frameworks that can be assessed, ours and those of your own folder: listed, "
        "shown, compared, written, checked.",
        no_args_is_help=False,
        invoke_without_command=True,
        epilog="Example: ./audit frameworks",
    )
    own.callback()(list_or_command)
    for name, command, example in (
        ("list", framework_list.list_frameworks, "list"),
        ("show", framework_show.show, "show cis_aws_5.0 1.7"),
        ("checks", framework_list.list_checks, "checks bucket encrypt"),
        ("crosswalk", framework_crosswalk.crosswalk, "crosswalk pci_dss_4.0.1 iso_27001_2022"),
        ("diff", framework_diff.diff, "diff cis_aws_3.0 cis_aws_5.0"),
        ("new", framework_new.new, "new ours_1 --from cis_aws_5.0 --controls 1.3,1.4"),
        ("validate", framework_validate.validate, "validate ours_1"),
    ):
        own.command(name, epilog=f"Example: ./audit frameworks {example}")(command)
    framework_sync.register(own)
    app.add_typer(own, name="frameworks")


def list_or_command(context: typer.Context, as_json: Json = False) -> None:
    """Without a command: list the frameworks."""
    if context.invoked_subcommand is None:
        framework_list.list_frameworks(as_json)
