"""``doctor``: says before any run what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from include.cli.ending import EVIDENCE_MISSING, Ended

if TYPE_CHECKING:
    from include.runs.readiness import Finding

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "missing": "[red]✗[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ./audit doctor --framework cis_aws_5.0")(doctor)


def doctor(
    framework: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(
            "--framework",
            "-f",
            help="Only what these ask. Several: separated by commas, or repeated. Default: the "
            "enabled ones.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="List what is well, too, line by line.")
    ] = False,
) -> None:
    """Check credentials, roles, services and storage of the deployment; changes nothing.

    Looks at the running stack's local AWS, else at the real accounts of the settings, with the
    caller's credentials. Exits with 2 when something is missing that a run would miss.
    """
    from rich.console import Console

    from include.checks.catalogue import load_catalogue
    from include.cli import deployment
    from include.cli.checking import loaded_frameworks
    from include.runs.readiness import examine

    settings = deployment.enter()
    catalogue = load_catalogue()
    sources = list(
        dict.fromkeys(
            source
            for one in loaded_frameworks(framework or ())
            for source in one.sources_needed(catalogue)
        )
    )

    def audit_manager() -> Any:
        import boto3

        return boto3.client(
            "auditmanager",
            region_name=settings.audit_manager.region or settings.home_region,
            endpoint_url=settings.audit_manager.endpoint,
        )

    console = Console(soft_wrap=True, highlight=False)
    found: list[Finding] = []
    for finding in examine(settings, deployment.sessions(settings), sources, audit_manager):
        found.append(finding)
        if not as_json and (everything or finding.state != "ok"):
            console.print(_line(finding))
    missing = [finding for finding in found if finding.state == "missing"]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        well = sum(finding.state == "ok" for finding in found)
        warned = len(found) - well - len(missing)
        warnings = f"{warned} warning{'' if warned == 1 else 's'}"
        console.print(f"{well} of {len(found)} are well, {warnings}, {len(missing)} missing")
    if missing:
        raise Ended(EVIDENCE_MISSING)


def _line(finding: Finding) -> str:
    from rich.markup import escape

    said = " ".join(part for part in (finding.said, finding.remedy) if part)
    return f"{_MARKS[finding.state]} {finding.what:<16} {escape(finding.where)}  {escape(said)}"
