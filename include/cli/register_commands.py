"""``register``: the decisions people made, listed, added and checked."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import typer

from include.cli.ending import FAILED, Ended
from include.errors import InputError

if TYPE_CHECKING:
    from include.assessment.period import Period
    from include.assessment.register_check import Known
    from include.assessment.registers import Entry

Name = Literal["exceptions", "not_applicable", "acceptances", "exclusions"]
Folder = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(help="The registers' folder. Default: that of the settings."),
]
PeriodOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(help="As of this period's last day, such as 2026-10. Default: today."),
]
_STYLES = {"in force": "green", "expired": "dim", "not yet in force": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    own = typer.Typer(
        help="Exceptions, not-applicable decisions, acceptances of manual evidence and exclusions "
        "from the scope: files under version control, one for each register.",
        no_args_is_help=True,
        epilog="Example: ./audit register check",
    )
    own.command("list", epilog="Example: ./audit register list --period 2026-10")(list_entries)
    own.command(
        "add",
        epilog="Example: ./audit register add exceptions --check imdsv2-required --reason 'The "
        "vendor supports it next year.' --owner platform@example.org --approver "
        "security@example.org --until 2026-12-31",
    )(add)
    own.command("check", epilog="Example: ./audit register check --period 2026-10")(check)
    app.add_typer(own, name="register")


def list_entries(
    folder: Folder = None,
    period: PeriodOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Entries as JSON.")] = False,
) -> None:
    """Show every entry and whether it counts."""
    from include.assessment.period import parse_period
    from include.assessment.registers import load_registers

    where, when = _folder(folder), parse_period(period) if period else None
    entries = load_registers(where).every()
    if as_json:
        shown = [
            {
                "register": name,
                "state": _state(entry, when),
                **entry.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            }
            for name, entry in entries
        ]
        typer.echo(json.dumps(shown, indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not entries:
        console.print(f"The registers in {where} are empty.", soft_wrap=True)
        return
    table = Table("register", "id", "what", "reason", "owner", "approver", "from", "until", "state")
    for column in table.columns:
        column.overflow = "fold"  # half an id or half a date tells nothing
    for name, entry in entries:
        state = _state(entry, when)
        table.add_row(
            name.replace("_", " "),
            *(Text(t) for t in (entry.id, entry.what, entry.reason, entry.owner, entry.approver)),
            str(entry.start),
            str(entry.until),
            Text(state, style=_STYLES.get(state, "")),
        )
    console.print(table)


def add(
    name: Annotated[Name, typer.Argument(metavar="REGISTER", help=", ".join(Name.__args__))],
    reason: Annotated[str, typer.Option(help="Why, for an auditor.")],
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    approver: Annotated[str, typer.Option(help="Who agreed; never the owner.")],
    until: Annotated[str, typer.Option(help="The last day on which it counts: 2026-12-31.")],
    start: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--from", help="The first day on which it counts. Default: today."),
    ] = None,
    entry_id: Annotated[
        str, typer.Option("--id", help="Default: the next free one, such as EX-7.")
    ] = "",
    control: Annotated[str, typer.Option(help="A control's id.")] = "",
    check_id: Annotated[str, typer.Option("--check", help="A check's id (exceptions).")] = "",
    resource: Annotated[str, typer.Option(help="A resource's ARN (exceptions).")] = "",
    account: Annotated[str, typer.Option(help="12 digits (exceptions, exclusions).")] = "",
    source: Annotated[str, typer.Option(help="An evidence source (exclusions).")] = "",
    region: Annotated[str, typer.Option(help="Such as eu-west-1 (exclusions).")] = "",
    evidence: Annotated[str, typer.Option(help="The evidence's id, ME-… (acceptances).")] = "",
    period: Annotated[str, typer.Option(help="Such as 2026-10 (acceptances).")] = "",
    decision: Annotated[str, typer.Option(help="accepted or rejected (acceptances).")] = "",
    folder: Folder = None,
) -> None:
    """Add an entry to a register's file; comments and order of the others stay as they are."""
    from include.assessment.register_check import entry_problems
    from include.assessment.register_files import add_entry, checked

    given: dict[str, Any] = {
        "control": control,
        "check": check_id,
        "resource": resource,
        "source": source,
        "account": account,
        "region": region,
        "evidence": evidence,
        "period": period,
        "decision": decision,
        "reason": reason,
        "owner": owner,
        "approver": approver,
        "from": _day("--from", start) if start else _today(),
        "until": _day("--until", until),
    }
    values = {field: value for field, value in given.items() if value != ""}
    entry = checked(name, {"id": entry_id or "new", **values})
    if wrong := entry_problems(name, entry, known()):
        texts = [text.removeprefix(f"{entry.id}: ") for _, text, _ in wrong]
        texts = [text[0].upper() + text[1:] for text in texts]
        raise InputError(" ".join(texts), hint=" ".join(hint for _, _, hint in wrong if hint))
    path, entry = add_entry(_folder(folder), name, {"id": entry_id, **values})
    typer.echo(f"Added {entry.id} to {path}: {entry.what}, until {entry.until}.")


def check(folder: Folder = None, period: PeriodOption = None) -> None:
    """Check the registers' files: each problem with file and line. Exits with 1 for any error.

    Entries that have expired, or do so within 30 days, are told as notices.
    """
    from include.assessment.register_check import check_folder

    where, when = _folder(folder), _period(period)
    day = (when.end - timedelta(microseconds=1)).date()
    problems = check_folder(where, known(), day)
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(problem.level == "error" for problem in problems)
    if errors:
        typer.echo(f"{errors} error(s) in {where}.", err=True)
        raise Ended(FAILED)
    typer.echo(f"The registers in {where} are in order.")


def known() -> Known:
    """What entries may name: controls and checks of the enabled frameworks, checks, sources.

    Among the checks are those that a framework asks with values of its own (``check@value``).
    """
    from include.assessment.register_check import Known
    from include.checks.catalogue import load_catalogue
    from include.cli.checking import loaded_frameworks
    from include.sources import SOURCES

    frameworks = loaded_frameworks()
    controls = {control.id for one in frameworks for control in one.controls()}
    checks = {check for one in frameworks for check in one.checks_needed()}
    return Known(controls, checks | set(load_catalogue()), set(SOURCES))


def _state(entry: Entry, when: Period | None) -> str:
    """Whether it counts on the period's last day, or today; an acceptance is of one period."""
    from include.assessment.period import parse_period
    from include.assessment.registers import Acceptance

    if isinstance(entry, Acceptance):
        if when is not None and when.label != entry.period:
            return "for another period"
        when = parse_period(entry.period)
    return entry.state(when or _period(None))


def _folder(folder: Path | None) -> Path:
    if folder is not None:
        if not folder.is_dir():
            raise InputError(f"There is no folder {folder}.")
        return folder
    from include.settings import load_settings

    return load_settings().registers_folder


def _today() -> date:
    return datetime.now(UTC).date()


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option} is '{text}', which is no day.", hint="Use 2026-12-31."
        ) from None


def _period(text: str | None) -> Period:
    """The period asked for; today, as a period of one day, by default."""
    from include.assessment.period import named, parse_period

    if text is not None:
        return parse_period(text)
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return named(start, start + timedelta(days=1))
