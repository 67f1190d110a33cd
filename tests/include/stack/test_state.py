"""State directories: what is written down, who may read it, what happens on a full disk."""

import os
import shutil
import stat
import threading
import time
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.errors import AuditError
from include.stack import state
from include.stack.environment import LocalAws
from include.stack.parameters import EstateParameters
from include.stack.process import Component
from include.stack.state import Record

PARAMETERS = EstateParameters(clock=datetime(2026, 11, 1, 6, tzinfo=UTC))


def record(base: Path, **changes: object) -> Record:
    folder = base / PARAMETERS.key
    state.prepare(folder)
    made = Record(
        folder,
        PARAMETERS,
        {"api": 8080, "aws": 4566},
        LocalAws("http://127.0.0.1:4566", ("111111111111",), ("us-east-1",)),
        (Component("scheduler", 1, 2.5, "log"),),
        "a note",
    )
    return made


def test_a_record_survives_being_written_down(tmp_path: Path) -> None:
    written = record(tmp_path)
    written.save()
    assert state.load(written.folder) == written


def test_the_stack_started_last_is_remembered(tmp_path: Path) -> None:
    assert state.current(tmp_path) is None
    written = record(tmp_path)
    written.save()
    state.make_current(written)
    assert state.current(tmp_path) == written


def test_a_dead_stack_is_not_running(tmp_path: Path) -> None:
    assert not record(tmp_path).running


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    written = record(tmp_path)
    (written.folder / "stack.json").write_text("{}")
    with pytest.raises(AuditError, match=r"stack.json can't be read.*\./audit reset"):
        state.load(written.folder)


def test_others_may_pass_through_but_not_look_inside(tmp_path: Path) -> None:
    folder = record(tmp_path / "base").folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o711
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o711
    for private in ("logs", "airflow", "aws"):
        assert stat.S_IMODE((folder / private).stat().st_mode) == 0o700


def test_a_folder_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    record(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_full_disk_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 5 * 2**20))
    with pytest.raises(AuditError, match=r"Only 5 MB are free under .*Make room"):
        state.prepare(tmp_path / "x")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match=r"file.*AUDIT_STATE"):
        state.prepare(tmp_path / "file" / "x")
    with pytest.raises(AuditError, match=r"file.*AUDIT_STATE"), state.turn(tmp_path / "file"):
        pass


def test_commands_take_turns(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with state.turn(tmp_path):
            order.append("second")

    with state.turn(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_the_place_of_all_stacks_is_the_callers_choice(tmp_path: Path) -> None:
    assert state.base_folder({"AUDIT_STATE": str(tmp_path / "here")}) == tmp_path / "here"
    assert state.base_folder({}).name == ".audit"


def test_removing_leaves_nothing(tmp_path: Path) -> None:
    folder = record(tmp_path).folder
    state.remove(folder)
    assert os.listdir(tmp_path) == []
