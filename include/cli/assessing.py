"""``demo``, ``run`` and ``assessments``: assessments from the command line."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from include.cli import options
from include.cli.beginning import Order, begin
from include.cli.checking import (
    asked_frameworks,
    check_request,
    check_scope,
    known_framework,
    last_months,
    period_of,
)
from include.cli.ending import FAILED, OK, SEVERITY, Ended
from include.errors import AuditError

if TYPE_CHECKING:
    from rich.console import Console

    from include.cli.following import Run
    from include.frameworks.header import FrameworkHeader
    from include.stack.environment import LocalAws
    from include.stack.supervisor import Running

_DEMO_FRAMEWORK = "cis_aws_5.0"

Out = Annotated[
    Optional[Path],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(help="Where the reports are copied to. Default: out/ in the project."),
]
Framework = Annotated[str, typer.Option("--framework", "-f", help="See ./audit frameworks.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: ./audit demo --keep --periods 3")(demo)
    app.command(epilog="Example: ./audit run --framework cis_aws_5.0 --period 2026-10")(run)
    app.command(epilog="Example: ./audit assessments")(assessments)


def demo(
    framework: Framework = _DEMO_FRAMEWORK,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running afterwards.")
    ] = False,
    seed: options.Seed = None,
    accounts: options.Accounts = None,
    regions: options.Regions = None,
    resources: options.Resources = None,
    months: options.Months = None,
    api_port: options.ApiPort = None,
    aws_port: options.AwsPort = None,
    periods: Annotated[
        int,
        typer.Option(
            min=1,
            max=24,
            help="How many months are assessed, the last one last. With more than one, the "
            "reports show the trend and what changed.",
        ),
    ] = 1,
    out: Out = None,
) -> None:
    """Set everything up, assess last month's CIS benchmark, show the result.

    Starts the local AWS and Airflow, follows the run, copies the reports, and stops what it
    started. Exits with 0 when all evidence was collected, 2 when some is missing.
    """
    from rich.console import Console

    from include.cli.progress import shown
    from include.cli.stack_commands import welcome, wished
    from include.stack import supervisor
    from include.stack.state import base_folder

    header = known_framework(framework)
    base = base_folder()
    given = {
        "seed": seed,
        "accounts": accounts,
        "regions": regions,
        "resources": resources,
        "months": months,
    }
    wish = wished(base, given, api_port=api_port, aws_port=aws_port, resume=False)
    console = Console()
    left_running = False
    running = None
    code = OK
    try:
        with shown(console, "Starting") as report:
            running = supervisor.up(wish, base=base, report=report)
        welcome(console, running)
        for period in last_months(period_of(None, running.record), periods):
            order = Order(header, period, {})
            # The scheduled run has begun with the first: it knows nothing of earlier periods.
            code = assess_in(running, order, console, out, prefer_scheduled=periods == 1)
        left_running = keep
    finally:
        if running is not None and running.started_here and not left_running:
            with shown(console, "Stopping") as report:
                supervisor.down(base=base, report=report)
    if keep or not running.started_here:
        console.print(f"Still running: {running.ui} (user admin). Stop it with ./audit down")
    raise Ended(code)


def run(
    framework: options.Frameworks,
    period: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="2026-10, 2026-Q3, 2026 or START/END. Default: the last full month."),
    ] = None,
    accounts: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Account ids, separated by commas. Default: all in scope."),
    ] = None,
    regions: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Regions, separated by commas. Default: all in scope."),
    ] = None,
    sources: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Evidence sources, separated by commas. Default: all needed."),
    ] = None,
    assessment_name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The assessment's name in Audit Manager."),
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Collect anew.")] = False,
    upload: Annotated[bool, typer.Option(help="Import evidence into Audit Manager.")] = True,
    notify: Annotated[bool, typer.Option(help="Publish the result to the SNS topic.")] = True,
    in_process: Annotated[
        bool,
        typer.Option("--in-process", help="Without scheduler, in one process: for scripts and CI."),
    ] = False,
    local_aws: Annotated[
        bool, typer.Option(help="With --in-process: assess the local AWS or real accounts.")
    ] = True,
    out: Out = None,
) -> None:
    """Assess frameworks for one period in the running stack, and follow the runs.

    Of several frameworks, the first run collects what all of them need, the others find it there.
    Exits with the worst of their codes: 0 when all evidence was collected, 2 when some is missing.
    """
    from rich.console import Console

    headers, unreadable = asked_frameworks(framework)
    given = {
        "accounts": _listed(accounts),
        "regions": _listed(regions),
        "sources": _listed(sources),
        "assessment_name": assessment_name,
        "refresh": refresh or None,
        "upload": None if upload else False,
        "notify": None if notify else False,
    }
    narrowed = {name: value for name, value in given.items() if value is not None}
    if period is not None:
        from include.assessment.period import parse_period, require_finished

        # Before anything starts; a local AWS's clock is never ahead of ours.
        require_finished(parse_period(period), datetime.now(UTC))
    check_request(narrowed, headers)
    from include.assessment.registers import load_registers
    from include.settings import load_settings

    # A register that can't be read would end the run's first task, with the reason in its log only.
    load_registers(load_settings().registers_folder)
    console = Console()
    for problem in unreadable:
        console.print(f"Not assessed: {problem}", style="red", highlight=False, soft_wrap=True)
    if in_process:
        code = _run_in_process(headers, period, narrowed, local_aws, console, out)
    else:
        from include.stack import supervisor
        from include.stack.state import base_folder

        running = supervisor.attach(base_folder())
        check_scope(narrowed, running.record)
        when = period_of(period, running.record)
        orders = [Order(header, when, narrowed) for header in headers]
        # What the schedule would do anyway need not be done twice.
        prefer = not narrowed
        if len(orders) == 1:
            code = assess_in(running, orders[0], console, out, prefer_scheduled=prefer)
        else:
            from include.cli.several import assess_several_in

            code = assess_several_in(running, orders, console, out, prefer_scheduled=prefer)
    raise Ended(max(code, FAILED, key=SEVERITY.index) if unreadable else code)


def assessments() -> None:
    """List the assessments in Audit Manager."""
    from rich.console import Console

    from include.stack import state

    record = state.current(state.base_folder())
    if record is not None and record.running and record.aws is not None:
        from include.stack.mailbox import client

        manager = client(record.aws, "auditmanager")
    else:
        import boto3

        from include.settings import load_settings

        settings = load_settings()
        if settings.audit_manager.endpoint is None and (record is None or not record.running):
            raise AuditError("No stack is running.", hint="Start one: ./audit up")
        manager = boto3.client(
            "auditmanager",
            region_name=settings.audit_manager.region or settings.home_region,
            endpoint_url=settings.audit_manager.endpoint,
        )
    from botocore.exceptions import BotoCoreError, ClientError

    found: list[tuple[str, ...]] = []
    request: dict[str, Any] = {}
    try:
        while True:
            page = manager.list_assessments(**request)
            for one in page.get("assessmentMetadata", []):
                created = one.get("creationTime")
                when = created.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if created else ""
                parts = (one.get("id"), one.get("status"), when, one.get("name"))
                found.append(tuple(str(part or "") for part in parts))
            if not page.get("nextToken"):
                break
            request = {"nextToken": page["nextToken"]}
    except (ClientError, BotoCoreError) as error:
        raise AuditError(f"Audit Manager can't be asked: {error}") from error
    console = Console()
    # Plain lines, never wrapped: an id has to be copied as a whole.
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    for row in found:
        line = "  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())
    if not found:
        console.print("There are no assessments yet. Make one: ./audit demo")


def _listed(text: str | None) -> list[str] | None:
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    return parts or None


def assess_in(
    running: Running, order: Order, console: Console, out: Path | None, *, prefer_scheduled: bool
) -> int:
    """Start (or find) the run in the stack, follow it to its end; returns the exit code."""
    from include.cli.following import follow
    from include.stack import supervisor
    from include.stack.airflow_api import AirflowApi, Dag

    api = AirflowApi(running.ui, running.surroundings.credentials.admin_password)
    dag = Dag(api, order.framework.dag_id)
    with console.status("Waiting for Airflow to read the DAG"):
        description = dag.wait_until_parsed()
        run_id = begin(dag, description, order, console.print, prefer_scheduled)
    console.print(
        f"Run        {running.ui}/dags/{dag.dag_id}/runs/{run_id}", highlight=False, soft_wrap=True
    )

    def check() -> None:
        supervisor.attach(running.record.folder.parent)

    one = dag.run(run_id)
    state, tasks = follow(one, console, check=check)
    return _finish(one, state, tasks, order, running.record.aws, console, out)


def _finish(
    one: Run,
    state: str,
    tasks: list[Any],
    order: Order,
    aws: LocalAws | None,
    console: Console,
    out: Path | None,
) -> int:
    from include.cli import outcome

    ended = outcome.conclude(one, state, tasks, order, aws, out)
    if ended.summary is not None:
        outcome.show(console, f"{order.framework.name}, {order.period}", ended.summary, ended.paths)
    if aws is not None and order.narrowed.get("notify") is not False:
        outcome.show_message(console, aws)
    if ended.code != OK:
        console.print(
            f"The run is not complete; failed: {', '.join(ended.failed) or 'no single task'}.",
            style="red",
            highlight=False,
        )
    return ended.code


def _run_in_process(
    headers: list[FrameworkHeader],
    period: str | None,
    narrowed: dict[str, Any],
    local: bool,
    console: Console,
    out: Path | None,
) -> int:
    from include.assessment.period import parse_period, require_finished
    from include.cli.following import follow
    from include.cli.progress import shown
    from include.cli.stack_commands import wished
    from include.stack import in_process
    from include.stack.state import Record, base_folder, load

    base = base_folder()
    wish = wished(base, {}, local_aws=local)
    # What can be known before the local AWS runs is checked before it starts.
    known = load(base / wish.key) or Record(base / wish.key, wish.parameters, {})
    if known.aws is not None or wish.parameters is None:
        check_scope(narrowed, known)
    elif period is not None:
        require_finished(parse_period(period), wish.parameters.clock)
    with ExitStack() as stack:
        with shown(console, "Starting") as report:
            record = stack.enter_context(in_process.local_aws(wish, base=base, report=report))
        check_scope(narrowed, record)
        when = period_of(period, record)
        orders = [Order(header, when, narrowed) for header in headers]
        if len(orders) > 1:
            from include.cli.several import assess_several_in_process

            return assess_several_in_process(record, orders, console, out)
        order = orders[0]
        console.print(f"Period     {order.period}, in one process")
        one = stack.enter_context(in_process.run_dag(record, order.framework.dag_id, order.conf))
        state, tasks = follow(one, console)
        return _finish(one, state, tasks, order, record.aws, console, out)
