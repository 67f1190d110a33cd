"""``frameworks sync`` and ``frameworks import``: frameworks to and from Audit Manager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from include.errors import AuditError

if TYPE_CHECKING:
    from rich.console import Console

    from include.audit_manager.sync import Progress, SyncPlan
    from include.settings import Settings

#: Of the sources that were left out, as many controls are shown.
_SHOWN = 10


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("sync", epilog="Example: ./audit frameworks sync cis_aws_5.0 --dry-run")(sync)
    group.command(
        "import",
        epilog="Example: ./audit frameworks import 'Our controls' --to frameworks",
    )(import_)


def sync(
    frameworks: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Argument(help="Ids of frameworks. Default: all that are enabled."),
    ] = None,
    automated: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(
            "--automated-sources/--manual-sources",
            help="Give controls Audit Manager's automated mapping sources, too: AWS then collects "
            "and bills by itself. Default: as it is there; manual in a new framework.",
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(help="Delete own controls that no framework and no assessment uses any more."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")
    ] = False,
) -> None:
    """Create and update frameworks in Audit Manager as their files say; what is there stays.

    A standard framework is used where the account has it. Quotas are checked before anything is
    written. A second sync writes nothing.
    """
    from rich.console import Console

    from include.audit_manager.quotas import Quotas, require
    from include.audit_manager.setup import ensure_registered, is_registered
    from include.audit_manager.sync import apply_sync, plan_sync
    from include.cli import deployment
    from include.frameworks.loader import Frameworks
    from include.runs.enabled import enabled_frameworks

    settings = deployment.enter()
    loader = Frameworks()
    chosen = (
        [loader.load(name) for name in dict.fromkeys(frameworks)]
        if frameworks
        else enabled_frameworks(loader, settings.enabled_frameworks)
    )
    console = Console(soft_wrap=True, highlight=False)
    with _asked(settings) as client:
        if not dry_run:
            ensure_registered(client)
        elif not is_registered(client):
            raise AuditError(
                "Audit Manager is not on for this account and region, so there is nothing to "
                "compare with.",
                hint="Without --dry-run, the account is registered where that is still possible.",
            )
        with _progress() as progress:
            plan = plan_sync(
                client,
                chosen,
                automated=automated,
                prune=prune,
                quotas=Quotas(
                    custom_controls=settings.audit_manager.custom_controls,
                    custom_frameworks=settings.audit_manager.custom_frameworks,
                ),
                progress=progress,
            )
        _show(plan, console, prune=prune)
        require(plan.uses)
        if dry_run:
            console.print(f"{plan.writes} objects would be written; nothing was.")
            return
        with _progress() as progress:
            apply_sync(client, plan, progress=progress)
    console.print(f"{plan.writes} objects written." if plan.writes else "All is as it should be.")


def import_(
    framework: Annotated[str, typer.Argument(help="Name or id of a framework in Audit Manager.")],
    to: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder to write to. Default: the folder of your own frameworks."),
    ] = None,
    own_id: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--id", help="Its id here. Default: made of its name."),
    ] = None,
) -> None:
    """Write a framework of Audit Manager, standard or custom, as a framework file."""
    import re

    from rich.console import Console

    from include.audit_manager.framework_import import (
        import_framework,
        taken_ids,
        write_framework,
    )
    from include.cli import deployment
    from include.errors import InputError
    from include.settings import ROOT

    if own_id is not None and not re.fullmatch(r"[a-z0-9][a-z0-9_.]*", own_id):
        raise InputError(
            f"'{own_id}' can't be a framework's id.",
            hint="Use lower-case letters, digits, '_' and '.'.",
        )
    settings = deployment.enter()
    own = settings.own_frameworks or ROOT / "frameworks"
    with _asked(settings) as client:
        imported = import_framework(
            client, framework, own_id=own_id or "", taken=taken_ids([own, *([to] if to else [])])
        )
    path = write_framework(imported, to or own)
    console = Console(soft_wrap=True, highlight=False)
    console.print(
        f"{imported.name}: {imported.controls} controls, {imported.checks} checks → {path}",
        markup=False,
    )
    if imported.unknown:
        sources = sum(map(len, imported.unknown.values()))
        console.print(
            f"[yellow]![/] No check answers {sources} mapping sources of {len(imported.unknown)} "
            "controls; they are listed at the top of the file."
        )


@contextmanager
def _asked(settings: Settings) -> Iterator[Any]:
    """A client of the deployment's Audit Manager; what it refuses becomes an AuditError."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from include.aws.sessions import RetryPolicy

    try:
        yield boto3.client(
            "auditmanager",
            region_name=settings.audit_manager.region or settings.home_region,
            endpoint_url=settings.audit_manager.endpoint,
            config=RetryPolicy().config(),
        )
    except ClientError as error:
        said = error.response["Error"]
        hint = "See ./audit permissions for what the caller has to be allowed."
        raise AuditError(
            f"Audit Manager refused {error.operation_name}: {said.get('Message', said['Code'])}",
            hint=hint if "AccessDenied" in said["Code"] else "Run it again to complete it.",
        ) from error
    except BotoCoreError as error:
        raise AuditError(
            f"Audit Manager can't be asked: {error}",
            hint="Check the credentials, and audit_manager.endpoint in the settings.",
        ) from error


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("asking Audit Manager", total=None)

        def progress(what: str, done: int, of: int) -> None:
            bar.update(task, description=what[:60], completed=done, total=of)

        yield progress


def _show(plan: SyncPlan, console: Console, *, prune: bool) -> None:
    from rich.markup import escape

    from include.audit_manager.sync import left_out

    for one in plan.frameworks:
        if one.standard:
            assert one.present is not None
            said = f"the standard framework '{escape(one.present['name'])}' is used"
        elif not one.writes:
            said = f"{len(one.controls)} controls, all as they should be"
        else:
            doing = {"create": "is created", "update": "is updated", "same": "stays"}[one.state]
            said = (
                f"{doing}; controls: {one.count('create')} created, {one.count('update')} updated, "
                f"{one.count('same')} left as they are"
            )
        console.print(f"{one.definition.id}: {said}")
        for control in one.controls:
            if control.state == "update":
                console.print(f"  updated  {escape(control.name)}")
        for control_id, name in one.dropped.items():
            state = (
                "deleted " if control_id in one.pruned else "unused  " if not prune else "in use  "
            )
            console.print(f"  {state} {escape(name)}")
        if one.dropped and not prune:
            console.print("  (with --prune, what nothing uses is deleted)")
    skipped = list(left_out(plan))
    for framework, name, sources in skipped[:_SHOWN]:
        console.print(f"  left out of {framework} {name}: {escape(', '.join(sources))}")
    if len(skipped) > _SHOWN:
        console.print(f"  … and sources of {len(skipped) - _SHOWN} more controls")
    for use in plan.uses:
        mark = "[red]✗[/]" if use.exceeded else "[green]✓[/]"
        console.print(
            f"{mark} {use.what}: {use.present} there, {use.more} more, {use.most} allowed"
        )
