"""A DAG run without scheduler and services: one process, a metadata database of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.errors import AuditError
from include.settings import ROOT
from include.stack import state
from include.stack.airflow_api import TaskState
from include.stack.credentials import load_or_make
from include.stack.environment import process_environment
from include.stack.process import last_error, stop
from include.stack.state import Record
from include.stack.supervisor import Report, Wish, start_local_aws, surroundings, wait_for_local_aws


@contextlib.contextmanager
def local_aws(wish: Wish, *, base: Path, report: Report) -> Iterator[Record]:
    """The running stack's record, or one whose local AWS was started for this block only."""
    present = state.current(base)
    if present is not None and present.complete and present.key == wish.key:
        yield present
        return
    from include.stack import ports

    folder = base / wish.key
    with state.turn(base):
        state.prepare(folder)
        if wish.parameters is None:
            record = Record(folder, None, {})
        else:
            left = state.load(folder)
            if left is not None:
                stop(left.components)
            port = ports.choose(demanded=wish.aws_port, preferred=4566)
            record = Record(folder, wish.parameters, {"aws": port})
            report("local-aws", "starting")
            try:
                record = record.with_component(start_local_aws(record))
                record = replace(record, aws=wait_for_local_aws(record, report))
            except BaseException:
                stop((state.load(folder) or record).components)
                raise
    try:
        yield record
    finally:
        stop(record.components)
        if record.components:
            replace(record, components=()).save()


class FileRun:
    """The only run in the metadata database of an in-process run, read beside the process."""

    def __init__(self, process: subprocess.Popen[bytes], database: Path) -> None:
        self._process = process
        self._database = database

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            with contextlib.closing(
                sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=5)
            ) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:
            return []  # not there yet, or just being written

    def state(self) -> str:
        """``running`` until the process has ended; then the run's own state."""
        if self._process.poll() is None:
            return "running"
        rows = self._rows("SELECT state FROM dag_run")
        return str(rows[0][0]) if rows else "failed"

    def tasks(self) -> list[TaskState]:
        """All task instances there are so far."""
        rows = self._rows("SELECT task_id, map_index, state FROM task_instance")
        return [TaskState(*row) for row in rows]

    def value(self, task_id: str, map_index: int = -1) -> Any:
        """What a task returned, or None."""
        rows = self._rows(
            "SELECT value FROM xcom WHERE key = 'return_value' AND task_id = ? AND map_index = ?",
            task_id,
            map_index,
        )
        if not rows or rows[0][0] is None:
            return None
        value = json.loads(rows[0][0])
        with contextlib.suppress(ValueError, TypeError):
            return json.loads(value) if isinstance(value, str) else value
        return value


@contextlib.contextmanager
def run_dag(record: Record, dag_id: str, conf: Mapping[str, Any]) -> Iterator[FileRun]:
    """Run ``dag_id`` in one process; yields the run. Raises AuditError if it can't start."""
    folder = Path(tempfile.mkdtemp(prefix="in-process-", dir=record.folder))
    log = record.folder / "logs" / f"in-process-{dag_id}.log"
    database = folder / "airflow.db"
    credentials, _ = load_or_make(record.folder)
    env = process_environment(surroundings(record, credentials), os.environ) | {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONFIG": str(folder / "airflow.cfg"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(record.folder / "logs" / "tasks"),
    }
    process: subprocess.Popen[bytes] | None = None
    if not record.ports.get("api"):
        del env["AIRFLOW__API__BASE_URL"]  # no UI runs beside it
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "plugins.commands.run_dag", dag_id, json.dumps(conf)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=ROOT,
                start_new_session=True,
            )
        run = FileRun(process, database)
        yield run
        if process.poll() not in (None, 0) and not run.tasks():
            raise AuditError(
                f"The run could not start: {last_error(log)}", hint=f"The whole log: {log}"
            )
    finally:
        if process is not None and process.poll() is None:
            process.terminate()
            deadline = time.monotonic() + 15
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
