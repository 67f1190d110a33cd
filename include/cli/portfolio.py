"""``portfolio``: one report over all frameworks and accounts of a period."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from include.assessment.period import Period
    from include.metrics.portfolio import Portfolio


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ./audit portfolio --period 2026-10")(portfolio)


def portfolio(
    period: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(help="2026-10, 2026-Q3, 2026 or START/END. Default: the last full month."),
    ] = None,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", metavar="DIR", help="Default: out/portfolio_PERIOD."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print portfolio.json instead of the table.")
    ] = False,
) -> None:
    """Put the newest final results of all frameworks for a period into one executive report.

    Looks at the results of the running stack, else at those in the bucket of the settings, with
    the caller's credentials. Writes portfolio.pdf, portfolio.html and portfolio.json into DIR,
    with their SHA256SUMS, and as a package into the bucket. Frameworks without a final result are
    named, never left out.
    """
    from include.cli import deployment
    from include.cli.framework_tables import console
    from include.digests import sha256
    from include.frameworks.assessed import assessed_frameworks
    from include.reports.portfolio.json_file import portfolio_text
    from include.runs.plan import slug_of
    from include.runs.portfolio import (
        gather,
        publish_portfolio,
        require_results,
        write_portfolio,
    )
    from include.runs.publishing import SUMS, seal_package, sums_text
    from include.runs.workspace import Workspace
    from include.settings import ROOT

    settings = deployment.enter()
    about = _period(period)
    s3 = deployment.usable_sessions(settings).base().client("s3")
    found = gather(
        Workspace(s3, settings.reports_bucket, "runs"),
        about,
        settings.environment,
        assessed_frameworks(settings)[0],
        lambda header: settings.schedule_of(header.id, header.schedule),
    ).portfolio
    require_results(found)
    folder = output or ROOT / "out" / f"portfolio_{slug_of(about.label)}"
    # Here first: it is what was asked for, also where the bucket may only be read.
    paths = write_portfolio(found, folder)
    digests = [{"name": path.name, "digest": sha256(path.read_bytes())} for path in paths]
    (folder / SUMS).write_text(sums_text(digests), encoding="utf-8", newline="\n")
    packages = Workspace(s3, settings.reports_bucket, "packages")
    published = publish_portfolio(found, packages)
    package = packages.below(published["package"])
    seal_package(package, published["reports"], dag_id="", run_id="./audit portfolio", started=None)
    if as_json:
        typer.echo(portfolio_text(found), nl=False)
        return
    out = console()
    show(out, found)
    for path in paths:
        out.print(f"  {path}", soft_wrap=True)
    out.print(f"  {package.uri}", soft_wrap=True)


def _period(text: str | None) -> Period:
    """The period asked for, or the last month that is over by the clock of what is assessed."""
    from include.assessment.period import last_finished_month, parse_period
    from include.cli.checking import period_of
    from include.stack import state

    record = state.current(state.base_folder())
    if record is not None and record.running:
        return period_of(text, record)
    return parse_period(text) if text else last_finished_month(datetime.now(UTC))


def show(out: Console, found: Portfolio) -> None:
    """The frameworks in a table, what is missing, and what fails most."""
    from rich.text import Text

    from include.cli.framework_tables import number, table
    from include.cli.outcome import percent
    from include.reports.comparison.text import difference_text
    from include.reports.visible import visible

    totals = found.totals
    out.print(Text(f"Portfolio {found.period['label']}", style="bold"))
    rows = [
        (
            row["framework"],
            "-" if row["score"] is None else percent(row["score"]),
            difference_text(row["score_difference"], True) if row["previous_period"] else "-",
            "-" if row["coverage"] is None else percent(row["coverage"]),
            row["non_compliant_controls"],
            row["failing_resources"],
            row["status"].lower(),
        )
        for row in found.frameworks
    ]
    headings = ("framework", "score", "change", "coverage", "controls", "resources", "result")
    out.print(table(headings, rows, numbers=(1, 2, 3, 4, 5)))
    out.print("controls, resources: those that fail; change: of the score, in points", style="dim")
    for row in found.missing:
        out.print(Text(f"! {visible(row['framework'])}: {visible(row['why'])}", style="yellow"))
    if totals["gaps_blocking"]:
        places = number(totals["gaps_blocking"], "place")
        out.print(Text(f"! Evidence is missing from {places}.", style="yellow"))
    if found.failing_resources:
        out.print(
            f"\n{number(totals['failing_resources'], 'failing resource')}, each once. "
            "Those that break most controls:"
        )
        for row in found.failing_resources[:5]:
            line = f"{row['controls_total']:>5}  {visible(row['resource'])}"
            out.print(Text(line), soft_wrap=True)
    out.print("")
