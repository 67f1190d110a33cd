"""``sample``: draws resources of a result for an auditor to look at, and says how to redo it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from include.errors import AuditError, InputError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from include.assessment.result import Assessment
    from include.runs.results import Result
    from include.workpapers.sampling import Sample

#: Rows that are shown of one sample; a file holds them all.
_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: ./audit sample cis_aws_5.0@2026-10 --control 1.12\n\n"
        "./audit sample soc2@2026-10 --method stratified --by account,region --size 40 --seed 7 "
        "--output samples.csv"
    )(sample)


def sample(
    result: Annotated[
        str,
        typer.Argument(
            metavar="FRAMEWORK@PERIOD",
            help="Such as cis_aws_5.0@2026-10; the beginning of a framework's id is enough.",
        ),
    ],
    control: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(help="Only this control; may be repeated. Default: all."),
    ] = None,
    check: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Only what this check judged; may be repeated."),
    ] = None,
    method: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="random, stratified or all. Default: as the settings say."),
    ] = None,
    size: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="How many of each control. Default: as the settings say."),
    ] = None,
    seed: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Any text. Default: the result's content digest, or the settings'."),
    ] = None,
    by: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="What strata are made by: some of account, region, resource_type and result. "
            "Default: account,region."
        ),
    ] = None,
    scope: Annotated[str, typer.Option(help="Of several scopes, the one whose id begins so.")] = "",
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="Write the sample to this CSV file, too."),
    ] = None,
) -> None:
    """Draw a sample of the resources that a result judged.

    Takes the newest full result of the framework and period, from the running stack or, with the
    caller's credentials, from the reports bucket of the settings. The same seed draws the same
    resources, on any machine; a larger sample holds the smaller one.
    """
    from dataclasses import replace

    from rich.console import Console

    from include.runs.populations import stored_population
    from include.workpapers.population import read_population
    from include.workpapers.samples import seeded
    from include.workpapers.sampling import METHODS, Sampling, draw

    if output is not None and not output.parent.is_dir():
        raise InputError(f"There is no folder {output.parent}.", hint="Make it, or name another.")
    if method is not None and method not in METHODS:
        raise InputError(f"'{method}' is no way to sample.", hint=f"Use {', '.join(METHODS)}.")
    s3, found, sampling_settings = _found(result, scope)
    sampling = Sampling(**sampling_settings)
    given = {"method": method, "size": size, "seed": seed}
    sampling = seeded(
        found.assessment,
        replace(sampling, **{k: v for k, v in given.items() if v is not None}),  # type: ignore[arg-type]
    )
    if by is not None and sampling.method != "stratified":
        raise InputError("--by makes strata.", hint="Add --method stratified.")
    groups = _groups(found.assessment, control or [], check or [])
    if found.population is None:
        raise AuditError(
            f"The resources that {found.name} judged were not kept: an older version made it.",
            hint="Clear the task map_to_controls of its run, which judges it anew.",
        )
    strata = [part.strip() for part in (by or "account,region").split(",") if part.strip()]
    with stored_population(s3, found.population.to_json()) as path:
        samples = draw(lambda: read_population(path), sampling, groups, by=strata)
    console = Console(highlight=False)
    _tell_where_from(console, found)
    if len(samples) == 1:
        _show_items(console, samples[0], found.assessment)
    else:
        _show_samples(console, samples, found.assessment)
    _tell_how(console, samples[0])
    if output is not None:
        from include.reports.workpapers.samples_csv import write_csv

        write_csv(samples, output)
        console.print(f"Written: {output}", soft_wrap=True)


def _found(text: str, scope: str) -> tuple[Any, Result, dict[str, Any]]:
    """S3, the result, and how the settings sample."""
    from include.cli import deployment
    from include.runs.results import framework_ids, resolve
    from include.runs.workspace import Workspace

    settings = deployment.enter()
    s3 = deployment.usable_sessions(settings).base().client("s3")
    runs = Workspace(s3, settings.reports_bucket, "runs")
    return s3, resolve(text, runs, framework_ids(settings), scope), settings.sampling.model_dump()


def _groups(
    assessment: Assessment, controls: Sequence[str], checks: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What is drawn from: a control's counting checks; of named checks, what each one judged."""
    from include.workpapers.samples import counting_checks

    counting = counting_checks(assessment)
    for one in controls:
        if one in counting:
            continue
        if any(one == control.id for control in assessment.controls):
            raise InputError(
                f"Control {one} has no resources: no check decides it.",
                hint="Its evidence is what people handed in: ./audit evidence list.",
            )
        raise InputError(
            f"There is no control '{one}' in {assessment.framework}.",
            hint=did_you_mean(one, counting)
            or f"See ./audit frameworks show {assessment.framework}.",
        )
    chosen = {one: counting[one] for one in controls} if controls else counting
    known = {check for of in chosen.values() for check in of}
    for one in checks:
        if one not in known:
            where = f"control {', '.join(controls)}" if controls else assessment.framework
            raise InputError(
                f"No check '{one}' decides {where}.",
                hint=did_you_mean(one, known) or f"{len(known)} do: {_some(known)}.",
            )
    if not checks:
        return chosen
    if controls:
        kept = {of: tuple(c for c in its if c in checks) for of, its in chosen.items()}
        return {of: its for of, its in kept.items() if its}
    return {one: (one,) for one in checks}


def _some(names: Collection[str]) -> str:
    """The first few, and how many more there are."""
    first, more = sorted(names)[:8], len(names) - 8
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _tell_where_from(console: Console, found: Result) -> None:
    assessment, population = found.assessment, found.population
    console.print(
        f"{assessment.framework_title}, {assessment.period}: {assessment.status}, scope "
        f"{found.scope} ({len(assessment.accounts)} accounts, {len(assessment.regions)} regions)",
        soft_wrap=True,
    )
    if not found.final:
        console.print("INTERIM: this is not the period's final result.", style="bold red")
    console.print(f"Result      {found.reference.uri}", soft_wrap=True)
    if population:
        console.print(f"Population  {population.uri}", soft_wrap=True)
    console.print()


def _tell_how(console: Console, sample: Sample) -> None:
    console.print(
        "\nAny resource's place: printf '%s\\n%s\\n%s' SEED ACCOUNT RESOURCE | sha256sum; the "
        "smallest are drawn."
    )
    console.print(f"SEED is {sample.seed or '(empty)'}", soft_wrap=True)


def _show_samples(console: Console, samples: Sequence[Sample], assessment: Assessment) -> None:
    from rich.table import Table
    from rich.text import Text

    titles = {control.id: control.title for control in assessment.controls}
    titles |= {check.id: check.question for check in assessment.checks}
    table = Table("drawn from", "", "method")
    table.add_column("resources", justify="right")
    table.add_column("drawn", justify="right")
    table.add_column("failing", justify="right")
    for one in samples:
        failing = sum(item.result == "FAIL" for item in one.items)
        table.add_row(
            Text(one.of),
            Text(titles.get(one.of, "")),
            one.method,
            f"{one.population:,}",
            f"{len(one.items):,}",
            f"{failing:,}",
        )
    console.print(table)


def _show_items(console: Console, sample: Sample, assessment: Assessment) -> None:
    from rich.text import Text

    from include.reports.visible import visible

    size = f"{len(sample.items):,} of {sample.population:,} resources"
    console.print(f"{sample.of}: {size}, {sample.method}")
    console.print(f"judged by {', '.join(sample.checks)}")
    for stratum in sample.strata:
        name = ", ".join(part or "-" for part in stratum.name)
        console.print(f"  {name}: {stratum.drawn:,} of {stratum.population:,}")
    for item in sample.items[:_SHOWN]:
        where = "  ".join(part for part in (item.account, " ".join(item.regions)) if part)
        about = Text(f"{item.rank:>5}  {item.result}  ", style="bold")
        about.append(visible(f"{item.resource_type}  {where}"), style="not bold dim")
        console.print(about, soft_wrap=True)
        # On one line however narrow the terminal: a name is there to be copied.
        console.print(Text(f"       {visible(item.resource)}"), soft_wrap=True)
    if len(sample.items) > _SHOWN:
        more = len(sample.items) - _SHOWN
        console.print(f"… and {more:,} more: --output FILE.csv has them all.")
