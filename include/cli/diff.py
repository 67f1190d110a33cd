"""``diff``: what changed between two results of one framework."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from include.cli.ending import EVIDENCE_MISSING, Ended
from include.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.metrics.comparison import Comparison, Judged
    from include.runs.results import Result
    from include.runs.workspace import Workspace

#: ``--fail-on worse`` ends with the code that other commands have for evidence that is missing.
WORSE = EVIDENCE_MISSING


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ./audit diff soc2@2026-09 soc2@2026-10 --only worse")(diff)


def diff(
    before: Annotated[
        str,
        typer.Argument(metavar="BEFORE", help="A framework and a period, such as soc2@2026-09."),
    ],
    now: Annotated[
        str,
        typer.Argument(metavar="NOW", help="Likewise; soc2@2026-10~1 is the revision before."),
    ],
    scope: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(
            help="The scope's digest, or its beginning, where a framework was assessed in "
            "several. Once for both, twice for one each."
        ),
    ] = None,
    only: Annotated[
        Optional[Literal["worse"]],  # noqa: UP045
        typer.Option(help="worse: leave out what stayed or got better."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Cut no list short.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    html: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Write everything as one HTML page, too."),
    ] = None,
    fail_on: Annotated[
        Optional[Literal["worse"]],  # noqa: UP045
        typer.Option(help=f"worse: exit with {WORSE} when anything is."),
    ] = None,
) -> None:
    """Show what changed from one result of a framework to another.

    Looks at the results of the running stack, else at those in the bucket of the settings, with
    the caller's credentials. Reads only. Exits with 0 whether anything changed or not, unless
    --fail-on says otherwise.
    """
    if html is not None and not html.absolute().parent.is_dir():
        raise InputError(f"There is no folder {html.parent}.", hint="Make it, or name another.")
    scopes = _scopes(scope or [])
    comparison = _compare([before, now], scopes)
    if html is not None:
        from include.reports.comparison.html import write_comparison_html

        write_comparison_html(comparison, html)
    if as_json:
        from include.reports.comparison.json_file import comparison_text

        typer.echo(comparison_text(comparison), nl=False)
    else:
        from include.cli.framework_tables import console
        from include.reports.comparison.text import told

        out = console()
        for part in told(comparison, everything=everything, only_worse=only == "worse"):
            out.print(part, crop=False)
        if html is not None:
            out.print(f"\n{html}", soft_wrap=True)
    if fail_on == "worse" and comparison.verdict == "worse":
        raise Ended(WORSE)


def _scopes(given: Sequence[str]) -> tuple[str, str]:
    if len(given) > 2:
        raise InputError("--scope was given more than twice.", hint="Once for each of the two.")
    return (given[0], given[-1]) if given else ("", "")


def _compare(names: Sequence[str], scopes: tuple[str, str]) -> Comparison:
    from include.cli import deployment
    from include.metrics.comparison import compare
    from include.runs.results import framework_ids
    from include.runs.revisions import result_before
    from include.runs.workspace import Workspace

    settings = deployment.enter()
    clients = deployment.usable_sessions(settings).base()
    runs = Workspace(clients.client("s3"), settings.reports_bucket, "runs")
    known = framework_ids(settings)
    (one, before), (two, now) = (
        _result(name, runs, known, scope) for name, scope in zip(names, scopes, strict=True)
    )
    last = result_before(runs, one)
    return compare(_judged(one, before), _judged(two, now), [last] if last else [])


def _result(name: str, runs: Workspace, known: Iterable[str], scope: str) -> tuple[Result, str]:
    """What ``framework@period`` names, or ``framework@period~1``: so many final results before.

    With it, the name it is shown by: in full, with the revision.
    """
    from include.runs.results import resolve
    from include.runs.revisions import revision

    plain, back = name, 0
    if found := re.fullmatch(r"(.+)~(\d+)", name):
        plain, back = found[1], int(found[2])
    result = resolve(plain, runs, known, scope)
    if not back:
        return result, result.name
    return revision(runs, result, back), f"{result.name}~{back}"


def _judged(result: Result, name: str) -> Judged:
    from include.metrics.comparison import Judged
    from include.metrics.compute import compute_metrics

    # Both by the definitions of today, whatever computed the figures when they were published.
    return Judged(name, result.assessment, compute_metrics(result.assessment))
