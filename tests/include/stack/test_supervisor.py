"""The whole stack, up and down: real PostgreSQL, real Airflow, the local AWS."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from include.errors import AuditError, InputError
from include.stack import ports, process, state, supervisor
from include.stack.credentials import Credentials, load_or_make
from include.stack.parameters import EstateParameters
from include.stack.state import Record
from include.stack.supervisor import AIRFLOW_PARTS, Wish

EVERYTHING = {"local-aws", "postgres", *AIRFLOW_PARTS}


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that everybody may enter, stopped and removed afterwards whatever happened."""
    made = Path(tempfile.mkdtemp(prefix="audit-test-", dir="/var/tmp"))
    made.chmod(0o711)
    yield made
    supervisor.down(base=made)
    shutil.rmtree(made)


@pytest.fixture
def wish() -> Wish:
    return Wish(EstateParameters(resources=30, months=2), ports.any_free(), ports.any_free())


def test_a_part_that_dies_at_its_start_is_named_with_its_last_error(
    base: Path, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(record: Record) -> process.Component:
        return process.start(
            "local-aws",
            [sys.executable, "-c", "raise SystemExit('error: the estate is damaged')"],
            env={},
            log=record.folder / "logs" / "local-aws.log",
        )

    monkeypatch.setattr(supervisor, "start_local_aws", broken)
    monkeypatch.setenv("AUDIT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(supervisor, "_begin_migration", lambda *_: None)
    with pytest.raises(
        AuditError, match=r"local-aws stopped .* the estate is damaged .*local-aws\.log"
    ):
        supervisor.up(wish, base=base)
    record = state.current(base)
    assert record is not None
    assert record.components == ()


def test_what_another_program_answers_on_our_port_is_not_taken_for_ours(
    base: Path, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    with socket.socket() as theirs:

        def overtaken(record: Record) -> process.Component:
            theirs.bind(("127.0.0.1", record.ports["aws"]))
            theirs.listen()
            return process.start(
                "local-aws",
                [sys.executable, "-c", "import time; time.sleep(60)"],
                env={},
                log=record.folder / "logs" / "local-aws.log",
            )

        def answer(_: str) -> dict[str, object]:
            return {"clock": "2026-11-01T06:00:00Z", "accounts": ["111111111111"], "regions": ["x"]}

        monkeypatch.setattr(supervisor, "start_local_aws", overtaken)
        monkeypatch.setattr(supervisor.health, "local_aws", answer)
        monkeypatch.setattr(supervisor, "_begin_migration", lambda *_: None)
        monkeypatch.setenv("AUDIT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
        with pytest.raises(AuditError, match=f"Port {wish.aws_port} was taken by another"):
            supervisor.up(wish, base=base)
    record = state.current(base)
    assert record is not None
    assert record.components == ()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://a:b@host/db", "postgresql+psycopg2://a:b@host/db"),
        ("postgresql+asyncpg://a@host:5433/db", "postgresql+psycopg2://a@host:5433/db"),
    ],
)
def test_any_postgresql_url_can_be_used_instead(given: str, used: str, base: Path) -> None:
    record = Record(base, None, {})
    credentials = Credentials("", "", "", "", "")
    environ = {"AUDIT_DATABASE_URL": given}
    assert supervisor.database_url(record, credentials, environ) == used


@pytest.mark.parametrize("given", ["sqlite:////x.db", "mysql://host/db", "host/db"])
def test_another_database_is_refused(given: str, base: Path) -> None:
    with pytest.raises(InputError, match="must be a PostgreSQL URL"):
        supervisor.database_url(
            Record(base, None, {}),
            Credentials("", "", "", "", ""),
            {"AUDIT_DATABASE_URL": given},
        )


def test_a_taken_port_is_an_error_before_anything_starts(base: Path, wish: Wish) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} on 127.0.0.1 is taken"):
            supervisor.up(replace(wish, api_port=port), base=base)
    assert state.current(base) is None


def test_nothing_runs_before_the_first_start(base: Path) -> None:
    assert supervisor.down(base=base) is False
    with pytest.raises(AuditError, match="No stack is running"):
        supervisor.attach(base)


@pytest.mark.slow
def test_the_stack_comes_up_on_the_loopback_survives_a_crash_and_goes_down(
    base: Path, wish: Wish
) -> None:
    told: list[tuple[str, str]] = []
    first = supervisor.up(wish, base=base, report=lambda part, what: told.append((part, what)))
    assert first.started_here
    assert first.new_password
    assert {part for part, what in told if what == "ready"} == {*EVERYTHING, "database"}
    assert {part.name for part in first.record.components} == EVERYTHING
    assert first.record.aws is not None
    assert len(first.record.aws.accounts) == 3

    listening = {
        connection.laddr.ip
        for part in first.record.components
        for one in [psutil.Process(part.pid), *psutil.Process(part.pid).children(recursive=True)]
        for connection in one.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}

    again = supervisor.up(wish, base=base)
    assert not again.started_here
    assert again.new_password is None

    scheduler = next(part for part in first.record.components if part.name == "scheduler")
    workers = psutil.Process(scheduler.pid).children(recursive=True)
    os.kill(scheduler.pid, signal.SIGKILL)
    with pytest.raises(AuditError, match=r"The stack is broken: scheduler stopped.*\./audit up"):
        process._wait([scheduler], 10)
        supervisor.attach(base)

    told.clear()
    healed = supervisor.up(wish, base=base, report=lambda part, what: told.append((part, what)))
    assert healed.started_here
    assert healed.new_password is None
    assert ("database", "starting") not in told  # it was made already
    assert workers
    assert not any(_runs(worker) for worker in workers)
    assert load_or_make(healed.record.folder)[0] == first.surroundings.credentials

    assert supervisor.down(base=base) is True
    assert not any(part.alive for part in healed.record.components)
    assert all(ports.is_free(port) for port in healed.record.ports.values())


def _runs(one: psutil.Process) -> bool:
    return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
