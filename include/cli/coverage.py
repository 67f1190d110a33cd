"""``coverage``: what is deployed and enabled, before any run, and what enabling more would add."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from include.cli import options
from include.cli.ending import EVIDENCE_MISSING, Ended
from include.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from include.coverage.coverage import Coverage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ./audit coverage --framework cis_aws_5.0 --details")(coverage)


def coverage(
    framework: options.Frameworks,
    accounts: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(help="Only these accounts of the settings, separated by commas."),
    ] = None,
    regions: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only these regions of the settings, separated by commas."),
    ] = None,
    details: Annotated[
        bool, typer.Option("--details", help="Also places, controls and what is missing where.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="A line per account, region, source and check, as CSV.")
    ] = False,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Write JSON or CSV there instead (by its ending, if neither is asked)."),
    ] = None,
    write_conformance_pack: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="FILE.yaml",
            help="Write templates that deploy the Config rules without which checks stay open.",
        ),
    ] = None,
    every_rule: Annotated[
        bool, typer.Option("--all", help="With it: every rule that the frameworks map.")
    ] = False,
) -> None:
    """Say which mapped rules and controls are deployed and enabled, and what is missing.

    Looks at the running stack's local AWS, else at the real accounts of the settings, with the
    caller's credentials. Reads only. Exits with 2 when something could not be asked: it never
    counts as covered.
    """
    from rich.console import Console

    from include.checks.catalogue import load_catalogue
    from include.cli import coverage_table, deployment
    from include.cli.checking import loaded_frameworks
    from include.runs.deployed import coverage_in_scope

    form = _form(as_json, as_csv, out)
    if every_rule and write_conformance_pack is None:
        raise InputError(
            "--all says which rules a conformance pack has.",
            hint="Add --write-conformance-pack FILE.yaml.",
        )
    for path in filter(None, (out, write_conformance_pack)):
        if not path.parent.is_dir():
            raise InputError(f"There is no folder {path.parent}.", hint="Make it, or name another.")
    chosen = loaded_frameworks(framework)
    settings = deployment.enter()
    spoken = Console(stderr=True)
    with spoken.status("Asking") as status:
        found = coverage_in_scope(
            settings,
            deployment.usable_sessions(settings),
            chosen,
            load_catalogue(),
            accounts=_listed(accounts),
            regions=_listed(regions),
            progress=lambda done, of: status.update(f"Asking: {done} of {of}"),
        )
    console = Console(highlight=False)
    if form:
        _write(found, form, out)
        if out is not None:
            console.print(f"Written: {out}", soft_wrap=True)
    else:
        coverage_table.show(console, found, details=details)
    if write_conformance_pack is not None:
        # JSON and CSV on stdout stay what they are.
        told = spoken if form and out is None else console
        _write_packs(told, found, write_conformance_pack, every_rule)
    if found.unknown:
        raise Ended(EVIDENCE_MISSING)


def _form(as_json: bool, as_csv: bool, out: Path | None) -> str:
    if as_json and as_csv:
        raise InputError("--json and --csv can't be had together.", hint="Choose one.")
    if as_json or as_csv or out is None:
        return "json" if as_json else "csv" if as_csv else ""
    if out.suffix not in (".json", ".csv"):
        raise InputError(
            f"What to write into {out} is not clear.", hint="Add --json or --csv, or end it so."
        )
    return out.suffix.removeprefix(".")


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _write(found: Coverage, form: str, out: Path | None) -> None:
    import io
    import json

    from include.coverage.rows import to_json, write_csv

    if form == "json":
        text = json.dumps(to_json(found), indent=2) + "\n"
    else:
        lines = io.StringIO()
        write_csv(found, lines)
        text = lines.getvalue()
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _write_packs(console: Console, found: Coverage, path: Path, every_rule: bool) -> None:
    from include.cli import coverage_table
    from include.coverage.pack import all_rules, files_of, missing_rules

    packs = all_rules(found) if every_rule else missing_rules(found)
    files = files_of(packs, path.name)
    for name, pack in files.items():
        (path.parent / name).write_text(pack.body, encoding="utf-8")
    written = {str(path.parent / name): pack for name, pack in files.items()}
    coverage_table.show_packs(console, found, packs, written)
