"""``up``, ``down``, ``status``, ``env`` and ``reset``: the stack itself."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import options
from include.cli.ending import FAILED, Ended
from include.errors import AuditError, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from include.stack.supervisor import Running, Wish


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: ./audit up --seed 7 --accounts 5")(up)
    app.command(epilog="Example: ./audit down")(down)
    app.command(epilog="Example: ./audit status")(status)
    app.command(epilog='Example: eval "$(./audit env)" && aws sts get-caller-identity')(env)
    app.command(epilog="Example: ./audit reset --yes")(reset)


def up(
    seed: options.Seed = None,
    accounts: options.Accounts = None,
    regions: options.Regions = None,
    resources: options.Resources = None,
    months: options.Months = None,
    api_port: options.ApiPort = None,
    aws_port: options.AwsPort = None,
    local_aws: Annotated[
        bool,
        typer.Option(
            help="Assess the local AWS; --no-local-aws: the real accounts of audit.yaml, "
            "with the caller's AWS credentials."
        ),
    ] = True,
) -> None:
    """Start Airflow and the local AWS, and leave them running.

    Without options, the stack that ran last is started again.
    """
    from rich.console import Console

    from include.stack import supervisor
    from include.stack.state import base_folder

    base = base_folder()
    given = {
        "seed": seed,
        "accounts": accounts,
        "regions": regions,
        "resources": resources,
        "months": months,
    }
    wish = wished(base, given, local_aws=local_aws, api_port=api_port, aws_port=aws_port)
    console = Console()
    from include.cli.progress import shown

    with shown(console, "Starting") as report:
        running = supervisor.up(wish, base=base, report=report)
    if not running.started_here:
        console.print("The stack is running already.")
    welcome(console, running)


def wished(
    base: Path,
    given: dict[str, int | None],
    *,
    local_aws: bool = True,
    api_port: int | None = None,
    aws_port: int | None = None,
    resume: bool = True,
) -> Wish:
    """What the options ask for; without any, the last stack again (if ``resume``).

    Raises InputError also for wrong settings: every component would stumble over them later.
    """
    from include.settings import load_settings, settings_file
    from include.stack import state
    from include.stack.parameters import EstateParameters
    from include.stack.supervisor import Wish

    settings = load_settings()
    anything = {name: value for name, value in given.items() if value is not None}
    if not local_aws:
        if anything or aws_port:
            raise InputError("--no-local-aws can't be combined with options of the local estate.")
        if not settings.accounts:
            raise InputError(f"{settings_file()} names no accounts.", hint="Add them.")
        return Wish(None, api_port)
    last = state.current(base)
    if (
        last is not None
        and last.parameters is not None
        and not anything
        and (resume or last.running)
    ):
        return Wish(last.parameters, api_port, aws_port)
    return Wish(EstateParameters().changed(**anything), api_port, aws_port)


def welcome(console: Console, running: Running) -> None:
    """Print where the stack is and how to log in."""
    record = running.record
    if record.note:
        console.print(record.note, style="yellow", soft_wrap=True)
    console.print(f"Airflow    {running.ui}   user [bold]admin[/]", highlight=False)
    if running.new_password:
        console.print(
            f"           password [bold]{running.new_password}[/]   (shown once; kept in "
            f"{record.folder / 'passwords.json'})",
            highlight=False,
            soft_wrap=True,
        )
    else:
        console.print(f"           password in {record.folder / 'passwords.json'}", soft_wrap=True)
    if record.aws is not None:
        console.print(
            f'Local AWS  {record.aws.endpoint}   use it with: eval "$(./audit env)"',
            highlight=False,
        )


def down() -> None:
    """Stop everything; the state stays for the next `./audit up`."""
    from rich.console import Console

    from include.cli.progress import shown
    from include.stack import supervisor
    from include.stack.state import base_folder

    console = Console()
    with shown(console, "Stopping") as report:
        ran = supervisor.down(base=base_folder(), report=report)
    if not ran:
        console.print("Nothing was running.")


def status() -> None:
    """Show what runs, where, and whether it is healthy. Exits with 1 unless all is."""
    from rich.console import Console
    from rich.table import Table

    from include.stack import health, state

    console = Console()
    record = state.current(state.base_folder())
    if record is None or not record.components:
        console.print("No stack is running. Start one: ./audit up")
        raise Ended(FAILED)
    well: dict[str, bool] = {}
    if "api" in record.ports:
        well |= health.airflow(f"http://127.0.0.1:{record.ports['api']}")
    clock = ""
    if record.aws is not None:
        answer = health.local_aws(record.aws.endpoint)
        well["local-aws"] = answer is not None
        clock = str(answer["clock"]) if answer else ""
    table = Table("part", "pid", "port", "state", title=record.key)
    good = True
    ports = {"api-server": "api", "local-aws": "aws", "postgres": "postgres"}
    for part in record.components:
        fine = part.alive and well.get(part.name, True)
        good = good and fine
        words = "[green]healthy[/]" if fine else "[red]stopped[/]"
        if part.alive and not fine:
            words = "[yellow]not answering[/]"
        port = record.ports.get(ports.get(part.name, ""), "")
        table.add_row(part.name, str(part.pid), str(port), words)
    console.print(table)
    console.print(f"Logs: {record.folder / 'logs'}", highlight=False, soft_wrap=True)
    if clock:
        console.print(f"The local AWS's clock: {clock}", highlight=False)
    if not good:
        raise Ended(FAILED)


def env() -> None:
    """Print the exports with which `aws` and boto3 talk to the local AWS."""
    from include.stack import state
    from include.stack.environment import AWS_VARIABLES, aws_environment

    record = state.current(state.base_folder())
    if record is None or not record.running:
        raise AuditError("No stack is running.", hint="Start one: ./audit up")
    if record.aws is None:
        raise InputError("This stack uses real AWS, so there is nothing to export.")
    typer.echo(f"unset {' '.join(AWS_VARIABLES)}")
    for name, value in aws_environment(record.aws).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All stacks, not only the current one.")
    ] = False,
) -> None:
    """Stop the stack and delete its state: database, evidence, passwords."""
    from include.stack import state, supervisor

    base = state.base_folder()
    current = base / "current"
    key = current.read_text().strip() if current.exists() else ""
    folders = (
        [folder for folder in base.iterdir() if (folder / "logs").is_dir()]
        if everything and base.exists()
        else [base / key]
        if key and (base / key).exists()
        else []
    )
    if not folders:
        typer.echo("There is nothing to delete.")
        return
    names = ", ".join(str(folder) for folder in folders)
    if not yes and not typer.confirm(f"Delete {names} with all runs and evidence in it?"):
        raise Ended(FAILED)
    supervisor.down(base=base)
    with state.turn(base):
        for folder in folders:
            state.remove(folder)
        current.unlink(missing_ok=True)
    typer.echo(f"Deleted {names}.")
