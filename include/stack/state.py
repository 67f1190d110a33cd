"""Where a stack keeps its state, and its record of what runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from include.errors import AuditError
from include.settings import ROOT
from include.stack import postgres
from include.stack.credentials import write_private
from include.stack.environment import LocalAws
from include.stack.parameters import EstateParameters
from include.stack.process import Component

REAL_AWS = "real-aws"
_NEEDED_MB = 300


def base_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of all stacks: ``AUDIT_STATE``, else ``.audit`` in the project."""
    return Path(environ.get("AUDIT_STATE") or ROOT / ".audit").resolve()


@dataclass(frozen=True)
class Record:
    """What is known of a stack. ``parameters`` and ``aws`` are None when it uses real AWS."""

    folder: Path
    parameters: EstateParameters | None
    ports: Mapping[str, int]
    aws: LocalAws | None = None
    components: tuple[Component, ...] = ()
    note: str = ""

    @property
    def key(self) -> str:
        """The name of the state directory."""
        return self.folder.name

    @property
    def running(self) -> bool:
        """Whether any part of it runs."""
        return any(component.alive for component in self.components)

    @property
    def complete(self) -> bool:
        """Whether every part of it runs."""
        return bool(self.components) and all(component.alive for component in self.components)

    def save(self) -> None:
        """Write the record into its state directory, at once or not at all."""
        data = {
            "parameters": self.parameters.to_json() if self.parameters else None,
            "ports": dict(self.ports),
            "aws": asdict(self.aws) if self.aws else None,
            "components": [asdict(component) for component in self.components],
            "note": self.note,
        }
        write_private(self.folder / "stack.json", json.dumps(data, indent=1))

    def with_component(self, component: Component) -> Record:
        """A saved copy with one more running component."""
        more = replace(self, components=(*self.components, component))
        more.save()
        return more


def load(folder: Path) -> Record | None:
    """The record in a state directory, or None when there is none."""
    path = folder / "stack.json"
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        parameters, aws = data["parameters"], data["aws"]
        return Record(
            folder=folder,
            parameters=EstateParameters.from_json(parameters) if parameters else None,
            ports=data["ports"],
            aws=LocalAws(aws["endpoint"], tuple(aws["accounts"]), tuple(aws["regions"]))
            if aws
            else None,
            components=tuple(Component(**component) for component in data["components"]),
            note=data["note"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError(
            f"The stack's record {path} can't be read: {error}.",
            hint="Run ./audit reset to start afresh.",
        ) from error


def current(base: Path) -> Record | None:
    """The stack started last (it may have stopped since), or None."""
    try:
        key = (base / "current").read_text().strip()
    except FileNotFoundError:
        return None
    return load(base / key) if key else None


def make_current(record: Record) -> None:
    """Note that ``record``'s stack is the one that was started last."""
    write_private(record.folder.parent / "current", record.key + "\n")


def prepare(folder: Path) -> None:
    """Make a state directory. Others may pass through it (PostgreSQL's user), not read it."""
    try:
        _make_base(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
        for name in ("logs", "airflow", "aws"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        raise AuditError(
            f"The state directory {folder} can't be made: {error.strerror or error}.",
            hint="Name another place in AUDIT_STATE.",
        ) from error
    if free < _NEEDED_MB:
        raise AuditError(
            f"Only {free} MB are free under {folder}; {_NEEDED_MB} MB are needed.",
            hint="Make room, or name another place in AUDIT_STATE.",
        )


def _make_base(base: Path) -> None:
    """Make the folder of all stacks. One that exists (perhaps shared) keeps its permissions."""
    if not base.exists():
        base.mkdir(parents=True)
        base.chmod(0o711)


@contextlib.contextmanager
def turn(base: Path) -> Iterator[None]:
    """Only one command at a time starts or stops a stack; a second one waits its turn.

    The lock is the kernel's, so that a killed command never leaves it behind.
    """
    try:
        _make_base(base)
        lock = (base / "lock").open("w")
    except OSError as error:
        raise AuditError(
            f"{base} can't be written: {error.strerror or error}.",
            hint="Name another place in AUDIT_STATE.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove(folder: Path) -> None:
    """Delete a state directory and the database's data outside it. Its stack must be stopped."""
    postgres.remove(folder)
    shutil.rmtree(folder)
