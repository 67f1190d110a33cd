"""The embedded PostgreSQL: places, permissions, and the real server from the wheel."""

import os
import pwd
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from include.errors import AuditError
from include.stack import ports, postgres
from include.stack.process import stop

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as nobody")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter (pytest's own are for their owner only)."""
    made = Path(tempfile.mkdtemp(prefix="audit-test-", dir="/var/tmp"))
    made.chmod(0o711)
    yield made
    postgres.remove(made)
    postgres.remove(made / "closed")
    shutil.rmtree(made)


def test_a_folder_below_a_closed_one_cannot_be_entered(folder: Path) -> None:
    inner = folder / "closed" / "open"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    (folder / "closed").chmod(0o755)
    assert postgres.enterable(inner)
    (folder / "closed").chmod(0o700)
    assert not postgres.enterable(inner)


@root_only
def test_data_lies_in_the_state_directory_for_nobody_alone(folder: Path) -> None:
    place = postgres.locate(folder)
    assert place.data == folder / "postgres"
    assert place.note == ""
    found = place.data.stat()
    assert found.st_uid == pwd.getpwnam("nobody").pw_uid
    assert stat.S_IMODE(found.st_mode) == 0o700


@root_only
def test_below_a_closed_folder_the_data_goes_elsewhere_and_that_is_said(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    place = postgres.locate(closed)
    assert not place.data.is_relative_to(folder)
    assert str(place.data) in place.note
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    postgres.remove(closed)
    assert not place.data.exists()


@root_only
def test_data_never_goes_into_somebody_elses_folder(folder: Path) -> None:
    (folder / "postgres").mkdir()
    os.chown(folder / "postgres", 12345, 12345)
    with pytest.raises(AuditError, match="belongs to somebody else"):
        postgres.locate(folder)


def test_a_stack_without_the_wheel_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    with pytest.raises(AuditError, match="AUDIT_DATABASE_URL"):
        postgres.locate(folder)


@pytest.mark.slow
def test_the_server_starts_keeps_its_data_and_survives_a_crash(folder: Path) -> None:
    place = postgres.locate(folder)
    # An initdb that was interrupted leaves rubbish, which must not matter.
    place.data.mkdir(exist_ok=True)
    (place.data / "PG_VERSION").write_text("18")
    assert postgres.initialise(place, "right") is True
    assert postgres.initialise(place, "right") is False
    for attempt in range(3):
        port = ports.any_free()
        url = postgres.url_for(port, "right")
        server = postgres.launch(place, port, folder / "postgres.log")
        try:
            postgres.wait_until_ready(url, server)
            plain = url.replace("+psycopg2", "")
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                psycopg2.connect(plain.replace("right", "wrong"))
            connection = psycopg2.connect(plain)
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                cursor.execute("INSERT INTO kept VALUES (1)")
                cursor.execute("SELECT count(*) FROM kept")
                assert cursor.fetchone() == (attempt + 1,)
                cursor.execute("CHECKPOINT")
            connection.close()
        finally:
            if attempt == 1:
                os.kill(server.pid, signal.SIGKILL)
            stop([server])


@pytest.mark.slow
@root_only
def test_programs_that_nobody_cannot_reach_are_copied_owned_by_root(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the clone lies under a folder only root may enter, its .venv with it."""
    monkeypatch.setattr(postgres, "enterable", lambda _: False)
    monkeypatch.setattr(postgres, "OUTSIDE", folder)
    place = postgres.locate(folder / "closed")
    try:
        program = place.programs / "initdb"
        assert program.stat().st_uid == 0
        assert not program.stat().st_mode & 0o022
        assert postgres.initialise(place, "secret") is True
    finally:
        postgres.remove(folder / "closed")


@pytest.mark.slow
def test_a_taken_port_is_named_by_the_servers_own_words(folder: Path) -> None:
    place = postgres.locate(folder)
    postgres.initialise(place, "right")
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = postgres.launch(place, port, folder / "postgres.log")
        with pytest.raises(AuditError, match="PostgreSQL did not start"):
            postgres.wait_until_ready(postgres.url_for(port, "right"), server)
        stop([server])
