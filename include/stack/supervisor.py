"""Brings the stack up and down: local AWS, PostgreSQL, Airflow's three services."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from include.errors import AuditError, InputError
from include.settings import ROOT
from include.stack import health, ports, postgres, state
from include.stack.credentials import Credentials, load_or_make, write_private
from include.stack.environment import LocalAws, Surroundings, process_environment
from include.stack.parameters import EstateParameters
from include.stack.process import MARKER, Component, last_error, start, stop
from include.stack.state import Record

#: Told about each part: its name and "starting", "ready", "stopping", "stopped" or "killed".
Report = Callable[[str, str], None]

AIRFLOW_PARTS = {
    # Its log server would listen on all addresses; logs are read from disk here.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "api-server": ("api-server",),
}
#: Under which name a record keeps the port that a part listens on.
_PORT_OF = {"local-aws": "aws", "api-server": "api"}
_PATIENCE = 180.0  # seconds until a start is given up; a loaded machine may need a minute


@dataclass(frozen=True)
class Wish:
    """What to start. ``parameters`` is None for real AWS; ports are None to be chosen."""

    parameters: EstateParameters | None
    api_port: int | None = None
    aws_port: int | None = None

    @property
    def key(self) -> str:
        """The name of the state directory."""
        return self.parameters.key if self.parameters else state.REAL_AWS


@dataclass(frozen=True)
class Running:
    """A stack that runs. ``new_password`` is set only when it was made just now."""

    record: Record
    surroundings: Surroundings
    started_here: bool
    new_password: str | None = None

    @property
    def ui(self) -> str:
        """The address of Airflow's UI and API."""
        return f"http://127.0.0.1:{self.record.ports['api']}"


def silent(part: str, what: str) -> None:
    """A report to nobody."""


def up(wish: Wish, *, base: Path, report: Report = silent) -> Running:
    """Start the wished stack, or find it running. Raises AuditError with everything stopped."""
    with state.turn(base):
        present = state.current(base)
        if present is not None and present.running:
            if present.key != wish.key:
                raise InputError(
                    f"Another stack ({present.key}) is running.",
                    hint="Stop it first: ./audit down",
                )
            if present.complete and "api" in present.ports:
                return _running(present, started_here=False)
        folder = base / wish.key
        state.prepare(folder)
        left = state.load(folder)
        if left is not None:
            stop(left.components)  # what a crash left running
        credentials, made = load_or_make(folder)
        record = _record(wish, folder, left)
        try:
            record = _start(record, credentials, report)
        except BaseException:
            stop_all(state.load(folder) or record, report)
            raise
        return replace(
            _running(record, started_here=True),
            new_password=credentials.admin_password if made else None,
        )


def attach(base: Path) -> Running:
    """The running stack. Raises AuditError when none runs."""
    record = state.current(base)
    if record is None or not record.running or "api" not in record.ports:
        raise AuditError("No stack is running.", hint="Start one: ./audit up")
    dead = [component.name for component in record.components if not component.alive]
    if dead:
        raise AuditError(
            f"The stack is broken: {', '.join(dead)} stopped.",
            hint="Run ./audit up, which restarts it. Logs: " + str(record.folder / "logs"),
        )
    return _running(record, started_here=False)


def down(*, base: Path, report: Report = silent) -> bool:
    """Stop the current stack; its state stays. Returns whether anything ran."""
    with state.turn(base):
        record = state.current(base)
        if record is None:
            return False
        ran = record.running
        stop_all(record, report)
        return ran


def stop_all(record: Record, report: Report = silent) -> None:
    """Stop Airflow first, then what it needs; forget the components."""
    needed = ("postgres", "local-aws")
    for group in (
        [part for part in record.components if part.name not in needed],
        [part for part in record.components if part.name in needed],
    ):
        alive = [part for part in group if part.alive]
        for part in alive:
            report(part.name, "stopping")
        killed = stop(group)
        for part in alive:
            report(part.name, "killed" if part.name in killed else "stopped")
    replace(record, components=()).save()


def _running(record: Record, *, started_here: bool) -> Running:
    credentials, _ = load_or_make(record.folder)
    return Running(record, surroundings(record, credentials), started_here)


def _record(wish: Wish, folder: Path, left: Record | None) -> Record:
    """A fresh record: ports as demanded, else as last time, else the usual ones, else free."""
    last = dict(left.ports) if left else {}
    chosen: dict[str, int] = {}

    def choose(name: str, demanded: int | None, usual: int | None) -> None:
        chosen[name] = ports.choose(
            demanded=demanded, preferred=last.get(name, usual), but=chosen.values()
        )

    choose("api", wish.api_port, 8080)
    if wish.parameters is not None:
        choose("aws", wish.aws_port, 4566)
    if not os.environ.get("AUDIT_DATABASE_URL"):
        choose("postgres", None, None)
    return Record(folder, wish.parameters, chosen)


def database_url(record: Record, credentials: Credentials, environ: Mapping[str, str]) -> str:
    """The embedded server's URL, or the PostgreSQL named in ``AUDIT_DATABASE_URL``."""
    given = environ.get("AUDIT_DATABASE_URL", "").strip()
    if not given:
        return postgres.url_for(record.ports.get("postgres", 0), credentials.database_password)
    scheme, separator, rest = given.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise InputError(
            f"AUDIT_DATABASE_URL begins with '{scheme}'.",
            hint="It must be a PostgreSQL URL: postgresql://user:password@host:5432/database",
        )
    return f"postgresql+psycopg2://{rest}"


def surroundings(record: Record, credentials: Credentials) -> Surroundings:
    """What the environment of the stack's processes is made from."""
    topic = {}
    if record.aws is not None:
        from include.stack.mailbox import topic_arn

        topic = {"AUDIT_SNS_TOPIC": topic_arn(record.aws)}
    return Surroundings(
        root=ROOT,
        state=record.folder,
        database_url=database_url(record, credentials, os.environ),
        api_port=record.ports.get("api", 0),
        credentials=credentials,
        aws=record.aws,
        audit_settings=topic,
    )


def _start(record: Record, credentials: Credentials, report: Report) -> Record:
    """Start everything, overlapping what doesn't depend on each other."""
    logs = record.folder / "logs"
    if record.parameters is not None:
        report("local-aws", "starting")
        record = record.with_component(start_local_aws(record))
    state.make_current(record)
    if "postgres" in record.ports:
        report("postgres", "starting")
        place = postgres.locate(record.folder)
        record = replace(record, note=place.note)
        postgres.initialise(place, credentials.database_password)
        server = postgres.launch(place, record.ports["postgres"], logs / "postgres.log")
        record = record.with_component(server)
        postgres.wait_until_ready(database_url(record, credentials, {}), server)
        report("postgres", "ready")
    # The migration needs no AWS, so it runs while the local AWS makes its estate.
    migration = _begin_migration(record, credentials, report)
    try:
        if record.parameters is not None:
            record = replace(record, aws=wait_for_local_aws(record, report))
            record.save()
        _end_migration(migration, record, report)
    finally:
        if migration is not None and migration.poll() is None:
            migration.kill()
            migration.wait()
    return _start_airflow(record, credentials, report)


def start_local_aws(record: Record) -> Component:
    """Start the local AWS; it keeps its state in the stack's ``aws`` folder."""
    assert record.parameters is not None
    return start(
        "local-aws",
        [
            *(sys.executable, "-P", "-m", "include.local_aws.server"),
            *("--state", record.folder / "aws", "--port", str(record.ports["aws"])),
            *record.parameters.arguments(),
        ],
        env={
            # The caller's AWS settings are not the stand-in's.
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("AWS_") and name != "PYTHONDONTWRITEBYTECODE"
            },
            **{"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", MARKER: str(record.folder)},
        },
        log=record.folder / "logs" / "local-aws.log",
        cwd=ROOT,
    )


def wait_for_local_aws(record: Record, report: Report) -> LocalAws:
    """Wait until the local AWS answers, and learn its accounts and regions."""
    endpoint = f"http://127.0.0.1:{record.ports['aws']}"
    deadline = time.monotonic() + _PATIENCE
    while (answer := health.local_aws(endpoint)) is None:
        _check(record, deadline, "local-aws")
        time.sleep(0.1)
    _check_answers_itself(record, "local-aws")
    aws = LocalAws(endpoint, tuple(answer["accounts"]), tuple(answer["regions"]))
    from include.stack.mailbox import open_mailbox

    open_mailbox(aws)
    report("local-aws", "ready")
    return aws


def _check(record: Record, deadline: float, waiting_for: str) -> None:
    """Raise when a component has stopped or time is up."""
    for component in record.components:
        if not component.alive:
            port = record.ports.get(_PORT_OF.get(component.name, ""))
            if port and not ports.is_free(port):
                raise _taken(port)
            raise AuditError(
                f"{component.name} stopped while starting: {last_error(Path(component.log))}",
                hint=f"The whole log: {component.log}",
            )
    if time.monotonic() > deadline:
        raise AuditError(
            f"{waiting_for} did not become ready in {_PATIENCE:.0f} seconds.",
            hint=f"Logs: {record.folder / 'logs'}",
        )


def _check_answers_itself(record: Record, name: str) -> None:
    """Raise unless it is our own ``name`` that answered: another stack answers just alike."""
    port = record.ports[_PORT_OF[name]]
    component = next(part for part in record.components if part.name == name)
    if not component.listens_on(port):
        raise _taken(port)


def _taken(port: int) -> AuditError:
    return AuditError(
        f"Port {port} was taken by another program while starting.",
        hint="Start again: a free port is chosen then.",
    )


def _migrated(url: str) -> str:
    """What a finished migration leaves behind: it need not run again for the same."""
    return f"{version('apache-airflow-core')} {url.rsplit('@', 1)[-1].partition('/')[2]}\n"


def _begin_migration(
    record: Record, credentials: Credentials, report: Report
) -> subprocess.Popen[bytes] | None:
    done = record.folder / "migrated"
    url = database_url(record, credentials, os.environ)
    if done.exists() and done.read_text() == _migrated(url):
        return None
    report("database", "starting")
    log = record.folder / "logs" / "migrate.log"
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "plugins.commands.migrate"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=process_environment(surroundings(record, credentials), os.environ),
            cwd=ROOT,
            start_new_session=True,
        )


def _end_migration(
    migration: subprocess.Popen[bytes] | None, record: Record, report: Report
) -> None:
    if migration is None:
        return
    deadline = time.monotonic() + _PATIENCE
    while migration.poll() is None:
        _check(record, deadline, "Airflow's database")
        time.sleep(0.05)
    log = record.folder / "logs" / "migrate.log"
    if migration.returncode:
        raise AuditError(
            f"Airflow's database could not be prepared: {last_error(log)}",
            hint=f"The whole log: {log}",
        )
    credentials, _ = load_or_make(record.folder)
    url = database_url(record, credentials, os.environ)
    write_private(record.folder / "migrated", _migrated(url))
    report("database", "ready")


def _start_airflow(record: Record, credentials: Credentials, report: Report) -> Record:
    _preload(record.folder / "airflow")
    env = process_environment(surroundings(record, credentials), os.environ)
    for name, arguments in AIRFLOW_PARTS.items():
        report(name, "starting")
        record = record.with_component(
            start(
                name,
                [sys.executable, "-P", "-m", "airflow", *arguments],
                env=env,
                log=record.folder / "logs" / f"{name}.log",
                cwd=ROOT,
            )
        )
    api = f"http://127.0.0.1:{record.ports['api']}"
    deadline = time.monotonic() + _PATIENCE
    waiting = dict.fromkeys(AIRFLOW_PARTS)
    while waiting:
        _check(record, deadline, " and ".join(waiting))
        answered = health.airflow(api)
        if any(answered.values()):
            _check_answers_itself(record, "api-server")
        for name, healthy in answered.items():
            if healthy and name in waiting:
                del waiting[name]
                report(name, "ready")
        time.sleep(0.2 if waiting else 0)
    return record


def _preload(home: Path) -> None:
    """Let the scheduler import what tasks need: its forked tasks inherit it (seconds each)."""
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "airflow_local_settings.py").write_text(
        '"""Written by ./audit: imports that the scheduler\'s forked tasks inherit."""\n'
        "import sys\n\n"
        'if sys.argv[1:2] == ["scheduler"]:\n'
        "    import inspect\n\n"
        "    import airflow.providers.amazon.aws.hooks.s3  # noqa: F401\n"
        "    import boto3  # noqa: F401\n"
        "    import pandas  # noqa: F401\n"
        "    import pyarrow.parquet  # noqa: F401\n\n"
        "    # The provider asks for the stack to name its caller; the first time costs 0.15 s.\n"
        "    inspect.stack()\n"
    )
