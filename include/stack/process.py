"""One supervised process: started in its own session, recognised by pid and start time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from include.errors import AuditError

#: Set in the environment of everything the stack starts.
MARKER = "AUDIT_STACK"


@dataclass(frozen=True)
class Component:
    """A running part of the stack. ``started`` (epoch seconds) tells a recycled pid apart."""

    name: str
    pid: int
    started: float
    log: str
    stop_signal: int = signal.SIGTERM

    @property
    def alive(self) -> bool:
        """Whether this very process (not another with its pid) still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(float(process.create_time()) - self.started) < 2
            return same and process.status() != str(psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def listens_on(self, port: int) -> bool:
        """Whether it (or a process it started) is who listens on this TCP port.

        Where the system doesn't let us look, it is taken to be so.
        """
        try:
            leader = psutil.Process(self.pid)
            processes = [leader, *leader.children(recursive=True)]
        except psutil.Error:
            return False
        for process in processes:
            try:
                connections = process.net_connections("tcp")
            except psutil.AccessDenied:
                return True
            except psutil.Error:
                continue
            if any(
                one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections
            ):
                return True
        return False


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: Path,
    cwd: Path | str = "/",
    user: Mapping[str, Any] | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Component:
    """Start ``command`` detached from this process's terminal and signals, output into ``log``.

    ``user`` holds subprocess's user/group arguments. Raises AuditError when it can't start.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
                umask=0o077,
                **(user or {}),
            )
    except OSError as error:
        raise AuditError(f"{name} can't be started: {error}.") from error
    # The component outlives this Popen on purpose; without this, Python would warn about it.
    process.returncode = 0
    try:
        started = psutil.Process(process.pid).create_time()
    except psutil.Error:
        started = time.time()
    return Component(name, process.pid, started, str(log), stop_signal)


def stop(components: Sequence[Component], *, grace: float = 15.0) -> list[str]:
    """Stop all of them at once; returns the names of those that had to be killed.

    Only the component itself gets the signal: Airflow's scheduler hangs when its workers are
    stopped beside it. Whatever is left in a component's session afterwards is killed.
    """
    led = {component.pid for component in components if component.alive}
    crashed = {component.pid: component.log for component in components if not component.alive}
    for component in components:
        if component.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(component.pid, component.stop_signal)
    stubborn = _wait([component for component in components if component.alive], grace)
    for component in stubborn:
        with contextlib.suppress(ProcessLookupError):
            os.kill(component.pid, signal.SIGKILL)
    for process in _members({*led, *crashed}):
        try:
            session = os.getsid(process.pid)
        except ProcessLookupError:
            continue
        if session in led or (session in crashed and _is_ours(process, crashed[session])):
            with contextlib.suppress(psutil.Error):
                process.kill()
    _wait(stubborn, 5)
    return [component.name for component in stubborn]


def _wait(components: Sequence[Component], seconds: float) -> list[Component]:
    """Wait until they have ended; returns those that have not in time."""
    deadline = time.monotonic() + seconds
    waiting = list(components)
    while waiting and time.monotonic() < deadline:
        time.sleep(0.05)
        for component in waiting:  # our own children stay zombies until somebody asks for them
            with contextlib.suppress(ChildProcessError):
                os.waitpid(component.pid, os.WNOHANG)
        waiting = [component for component in waiting if component.alive]
    for component in components:  # one may have ended between the question and the last look
        with contextlib.suppress(ChildProcessError):
            os.waitpid(component.pid, os.WNOHANG)
    return waiting


def _members(sessions: set[int]) -> list[psutil.Process]:
    """What runs in these sessions, without those that lead them."""
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if pid not in sessions and os.getsid(pid) in sessions:
                found.append(psutil.Process(pid))
    return found


def _is_ours(process: psutil.Process, log: str) -> bool:
    """Whether a process in the session of a crashed component came from that component.

    By now the component's pid may lead a stranger's session. Ours still write into the
    component's log, or carry the mark (some overwrite their environment with their title).
    """
    with contextlib.suppress(psutil.Error):
        if any(file.path == log for file in process.open_files()):
            return True
    with contextlib.suppress(psutil.Error):
        return MARKER in process.environ()
    return False


def last_error(log: Path) -> str:
    """The line of a log that most likely says why its process ended."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 20_000))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    except OSError:
        return "it left no log"
    lines = [line for line in lines if line]
    for line in reversed(lines):
        if any(
            word in line for word in ("Error", "ERROR", "FATAL", "PANIC", "error:", "Exception")
        ):
            return line[:500]
    return lines[-1][:500] if lines else "it wrote nothing into its log"
