"""``evidence``: files handed in by people, and who accepted them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import typer

from include.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from include.aws.sessions import ClientFactory
    from include.cli.evidence_table import Row
    from include.settings import Settings
    from include.sources.manual_records import Piece

PeriodOption = Annotated[
    Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(help="Such as 2026-10."),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    own = typer.Typer(
        help="Manual evidence: hand files in, see what is there and what expires, accept or reject "
        "it for a period. Talks to the running stack's local AWS, else to the caller's account.",
        no_args_is_help=True,
        epilog="Example: ./audit evidence list --expiring 30d",
    )
    own.command(
        "add",
        epilog="Example: ./audit evidence add policy.pdf --control 1.2 --effective 2026-10-14 "
        "--expires 2027-10-14 --description 'Access policy, signed by the CISO.'",
    )(add)
    own.command("list", epilog="Example: ./audit evidence list --period 2026-10")(list_evidence)
    own.command(
        "accept",
        epilog="Example: ./audit evidence accept ME-0123456789abcdef --by reviewer@example.org "
        "--comment 'Signed and in force.'",
    )(accept)
    own.command(
        "reject",
        epilog="Example: ./audit evidence reject ME-0123456789abcdef --by reviewer@example.org "
        "--comment 'The signature is missing.'",
    )(reject)
    own.command("schema", epilog="Example: ./audit evidence schema > record.schema.json")(schema)
    app.add_typer(own, name="evidence")


def add(
    file: Annotated[
        Path, typer.Argument(help="The file: PDF, image, text, office … up to 100 MB.")
    ],
    control: Annotated[str, typer.Option(help="The id of the control it is evidence for.")],
    effective: Annotated[
        str, typer.Option(help="The day from which on it is so: it decides the period.")
    ],
    description: Annotated[
        str, typer.Option(help="What it shows, for a reader who is a stranger.")
    ],
    title: Annotated[
        str,
        typer.Option(
            help="Default: the file's name. The same title again for the same control is a new "
            "revision; the older ones are kept."
        ),
    ] = "",
    expires: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The last day on which it holds. Default: the end of its period."),
    ] = None,
    framework: Annotated[
        str, typer.Option("--framework", "-f", help="For this framework only. Default: for all.")
    ] = "",
    account: Annotated[
        str, typer.Option(help="About this account only. Default: the whole organisation.")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", help="Who provides it. Default: the caller's ARN.")
    ] = "",
) -> None:
    """Hand a file in as evidence for a control. It counts once somebody else has accepted it."""
    from include.cli.checking import known_framework
    from include.runs.buckets import ensure_bucket
    from include.sources.manual_intake import digest_of_file, take_in
    from include.sources.manual_records import HandIn

    if framework:
        framework = known_framework(framework).id
    wanted = _asked(control, framework)
    digest, _ = digest_of_file(file)
    since = _day("--effective", effective)
    until = _day("--expires", expires) if expires else None
    settings, clients = _deployment()
    s3 = clients.client("s3")
    if settings.manual_evidence.bucket is None:
        ensure_bucket(
            s3, settings.manual_bucket, region=settings.home_region, kms_key=settings.kms_key
        )
    record = HandIn(
        file=file.name,
        control=control,
        title=(title or file.name).strip(),
        description=description.strip(),
        effective=since,
        expires=until,
        framework=framework,
        account=account,
        provided_by=by.strip() or clients.caller_arn(),
        sha256=digest,
        provided_at=datetime.now(UTC),
    )
    taken = take_in(s3, settings.manual_bucket, settings.manual_evidence.prefix, file, record)
    row = next(row for row in _rows(settings, clients) if row.standing.piece.id == taken.piece.id)
    said = f"revision {row.standing.revision}" if taken.new else "it was handed in before"
    typer.echo(f"{taken.piece.id}  {taken.piece.uri}  ({said})")
    if not wanted:
        typer.echo(f"Note: control {control} asks for no manual evidence; it is shown beside it.")
    typer.echo(
        f"Somebody else than {record.provided_by} has to accept it: "
        f"./audit evidence accept {taken.piece.id} --by … --comment …"
    )


def list_evidence(
    period: PeriodOption = None,
    expiring: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only what has expired, or will within this time: 30d, 2w."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what was handed in; with --period what concerns it, and whether it was accepted."""
    from include.assessment.period import parse_period
    from include.cli.evidence_table import as_json_values, expiring_within, of, print_rows

    within = _span(expiring) if expiring else None
    when = parse_period(period) if period else None
    settings, clients = _deployment()
    rows = _rows(settings, clients, complain=not as_json)
    if when is not None:
        rows = of(rows, when)
    if within is not None:
        rows = expiring_within(rows, within, datetime.now(UTC).date())
    if as_json:
        typer.echo(json.dumps(as_json_values(rows, when), indent=2))
    else:
        print_rows(rows, when)


def accept(
    evidence: Annotated[str, typer.Argument(help="The id, ME-…; its beginning is enough.")],
    by: Annotated[str, typer.Option("--by", help="Who reviewed it; never who provided it.")],
    comment: Annotated[str, typer.Option(help="What the reviewer saw, for an auditor.")],
    period: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The period it is accepted for. Default: the month it is effective in."),
    ] = None,
) -> None:
    """Accept evidence for a period: from the next run on it counts. Kept in the register."""
    _decide("accepted", evidence, by, comment, period)


def reject(
    evidence: Annotated[str, typer.Argument(help="The id, ME-…; its beginning is enough.")],
    by: Annotated[str, typer.Option("--by", help="Who reviewed it; never who provided it.")],
    comment: Annotated[str, typer.Option(help="What is wrong with it.")],
    period: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The period it is rejected for. Default: the month it is effective in."),
    ] = None,
) -> None:
    """Reject evidence for a period: an earlier acceptance no longer counts. Kept, too."""
    _decide("rejected", evidence, by, comment, period)


def schema(
    of: Annotated[
        Literal["custom", "manual"],
        typer.Argument(help="custom: a record that a script drops. manual: the record of a file."),
    ] = "custom",
) -> None:
    """Print the JSON Schema of what can be put into the bucket without this command."""
    from include.sources import custom_records, manual_records

    path = custom_records.SCHEMA_FILE if of == "custom" else manual_records.SCHEMA_FILE
    typer.echo(path.read_text(encoding="utf-8").rstrip())


def _decide(decision: str, given: str, by: str, comment: str, label: str | None) -> None:
    from include.assessment.period import named, parse_period
    from include.assessment.register_files import add_entry
    from include.cli.evidence_table import of

    settings, clients = _deployment()
    rows = _rows(settings, clients)
    piece = _chosen(given, [row.standing.piece for row in rows])
    provider = piece.record.provided_by
    # Whoever gave no other name goes by the ARN: then the same credentials are the same person.
    names = {by.strip().casefold()}
    if provider.startswith("arn:"):
        names.add(clients.caller_arn().casefold())
    if provider.strip().casefold() in names:
        raise InputError(
            f"{piece.id} was provided by {provider}, who can't review it.",
            hint="Somebody else has to, with credentials of their own unless it was handed in "
            "with --by.",
        )
    month = piece.effective.replace(day=1)
    period = (
        parse_period(label) if label else named(month, (month + timedelta(days=32)).replace(day=1))
    )
    here = {row.standing.piece.id: row for row in of(rows, period)}
    if piece.id not in here or here[piece.id].standing.piece.expired(period):
        until = f", until {piece.record.expires}" if piece.record.expires else ""
        raise InputError(
            f"{piece.id} is no evidence of {period}: it is effective from "
            f"{piece.record.effective}{until}.",
            hint="Name another period with --period.",
        )
    if newer := here[piece.id].standing.newer:
        raise InputError(
            f"{piece.id} was replaced by {newer} for {period}.", hint=f"Review {newer}."
        )
    if here[piece.id].state(period) == decision:
        typer.echo(f"{piece.id} is {decision} for {period} already.")
        return
    values: dict[str, Any] = {
        "control": piece.record.control,
        "evidence": piece.id,
        "period": period.label,
        "decision": decision,
        "reason": comment,
        "owner": provider,
        "approver": by,
        "from": period.start.date(),
        "until": (period.end - timedelta(microseconds=1)).date(),
    }
    path, entry = add_entry(settings.registers_folder, "acceptances", values)
    typer.echo(f"{piece.id} ({piece.record.title}) is {decision} for {period} by {by}.")
    typer.echo(f"Recorded as {entry.id} in {path}; it counts from the next run on.")


def _chosen(given: str, pieces: list[Piece]) -> Piece:
    found = {piece.id: piece for piece in pieces if piece.id.startswith(given)}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise InputError(f"There is no evidence '{given}'.", hint="See ./audit evidence list")
    raise InputError(f"'{given}' may be {' or '.join(sorted(found))}.", hint="Give more of the id.")


def _deployment() -> tuple[Settings, ClientFactory]:
    """The settings in force, and clients of the account that keeps the evidence."""
    from include.cli import deployment

    settings = deployment.enter()
    return settings, deployment.sessions(settings).base()


def _rows(settings: Settings, clients: ClientFactory, *, complain: bool = True) -> list[Row]:
    """All that lies on the shelf, with the decisions on it; complains of what is no evidence."""
    from include.assessment.registers import load_registers
    from include.cli.evidence_table import rows_of
    from include.sources.manual_shelf import look_at_shelf

    shelf = look_at_shelf(
        clients.client("s3"),
        settings.manual_bucket,
        settings.manual_evidence.prefix,
        named=settings.manual_evidence.bucket is not None,
    )
    if complain:
        for text in shelf.refused:
            typer.echo(f"Not evidence: {text}", err=True)
        for key in shelf.unclaimed:
            typer.echo(f"Not evidence, it has no record: {key}", err=True)
    decisions = load_registers(settings.registers_folder).acceptances
    return rows_of([one.piece for one in shelf.pieces], decisions)


def _asked(control: str, framework: str) -> bool:
    """Whether any framework asks for manual evidence there. Raises InputError if none knows it."""

    from include.cli.checking import loaded_frameworks

    frameworks = loaded_frameworks([framework] if framework else [])
    names = [one.id for one in frameworks]
    controls = [control for one in frameworks for control in one.controls()]
    same = [one for one in controls if one.id == control]
    if not same:
        near = did_you_mean(control, [one.id for one in controls])
        raise InputError(
            f"There is no control '{control}' in {', '.join(names)}.",
            hint=near or "See the framework's file.",
        )
    return any(one.manual is not None for one in same)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option} is '{text}', which is no day.", hint="Use 2026-10-14."
        ) from None


def _span(text: str) -> timedelta:
    days = {"d": 1, "w": 7, "m": 30}
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in days:
        raise InputError(f"--expiring is '{text}', which is no time.", hint="Use 30d, 2w or 3m.")
    return timedelta(days=int(number) * days[unit])
