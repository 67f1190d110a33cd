"""Processes: recognised, stopped, and never mistaken for another with their pid."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from include.errors import AuditError
from include.stack.process import MARKER, Component, last_error, start, stop

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Component]]:
    components: list[Component] = []
    yield components
    stop(components, grace=0)


def python(tmp_path: Path, code: str, **env: str) -> Component:
    component = start(
        "it",
        [sys.executable, "-c", code + "\nimport time\ntime.sleep(60)"],
        env={"PATH": os.defpath, **env},
        log=tmp_path / "it.log",
    )
    deadline = time.monotonic() + 20
    while "up" in code and "up" not in (tmp_path / "it.log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return component


def test_a_component_leads_a_session_of_its_own(tmp_path: Path, started: list[Component]) -> None:
    component = python(tmp_path, "")
    started.append(component)
    assert component.alive
    assert os.getsid(component.pid) == component.pid


def test_a_stopped_component_is_dead_and_its_signal_was_enough(tmp_path: Path) -> None:
    component = python(tmp_path, "")
    assert stop([component]) == []
    assert not component.alive


def test_one_that_ignores_the_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    component = python(tmp_path, STUBBORN)
    began = time.monotonic()
    assert stop([component], grace=0.3) == ["it"]
    assert time.monotonic() - began < 5
    assert not component.alive


def test_children_left_in_its_session_are_ended_too(tmp_path: Path) -> None:
    component = python(
        tmp_path,
        "import subprocess; child = subprocess.Popen(['sleep', '60']);"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid)); print('up', flush=True)",
    )
    child = int((tmp_path / "child").read_text())
    stop([component])
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("output", "mark"),
    [
        ("None", {}),  # inherits the log; some lose their environment (setproctitle)
        ("subprocess.DEVNULL", {MARKER: "here"}),
    ],
)
def test_children_of_a_crashed_component_are_ended_by_their_log_or_mark(
    tmp_path: Path, output: str, mark: dict[str, str]
) -> None:
    component = python(
        tmp_path,
        f"import subprocess; child = subprocess.Popen(['sleep', '60'], stdout={output},"
        f" stderr={output});"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid)); print('up', flush=True)",
        **mark,
    )
    child = int((tmp_path / "child").read_text())
    os.kill(component.pid, signal.SIGKILL)
    os.waitpid(component.pid, 0)
    assert not component.alive
    stop([component])
    deadline = time.monotonic() + 5
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_recycled_pid_is_never_touched(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        mistaken = Component("it", stranger.pid, time.time() - 3600, str(tmp_path / "log"))
        assert not mistaken.alive
        stop([mistaken], grace=0)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_program_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="it can't be started"):
        start("it", [tmp_path / "nothing"], env={}, log=tmp_path / "log")


def test_the_environment_is_exactly_the_given_one(tmp_path: Path, started: list[Component]) -> None:
    component = python(tmp_path, "import os; print('up', sorted(os.environ), flush=True)", A="1")
    started.append(component)
    said = Path(component.log).read_text()
    assert "'A'" in said
    assert "HOME" not in said


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("starting\nValueError: bad port\n  at exit\n", "ValueError: bad port"),
        ("one\ntwo\n", "two"),
        ("", "it wrote nothing into its log"),
    ],
)
def test_the_line_that_explains_the_end_is_found(tmp_path: Path, log: str, said: str) -> None:
    (tmp_path / "log").write_text(log)
    assert last_error(tmp_path / "log") == said


def test_a_component_survives_being_written_down(tmp_path: Path) -> None:
    one = Component("it", 1, 2.5, "log", signal.SIGINT)
    assert replace(one) == one


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_who_listens_on_a_port_is_known(tmp_path: Path) -> None:
    text = (
        "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen();"
        "print(s.getsockname()[1], flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    made = start("x", [sys.executable, "-c", text], env={}, log=log)
    try:
        deadline = time.monotonic() + 20
        while not log.read_text().endswith("\n"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        port = int(log.read_text())
        assert made.listens_on(port)
        assert not made.listens_on(port + 1)
    finally:
        stop([made])
    assert not made.listens_on(port)
