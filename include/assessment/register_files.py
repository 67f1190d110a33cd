"""The registers' files: their JSON Schemas, and how an entry is added without harm to the rest."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.assessment.registers import REGISTERS, Entry, read_register
from include.checks.located_yaml import LocatedYaml, read_text
from include.errors import InputError

#: What the ids that are given out begin with.
PREFIXES = {"exceptions": "EX", "not_applicable": "NA", "acceptances": "AC", "exclusions": "XC"}


def schema_file(register: str) -> Path:
    """Where a register's JSON Schema is published."""
    return Path(__file__).with_name(f"{register}.schema.json")


def schema(register: str) -> dict[str, Any]:
    """The JSON Schema of a register's file, generated from what reads it."""
    entry = REGISTERS[register].model_json_schema(by_alias=True)
    definitions = entry.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Register: {register.replace('_', ' ')}",
        "description": "The approver is never the owner; 'until' is not before 'from'.",
        "type": "object",
        "required": ["version", register],
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1},
            register: {"type": ["array", "null"], "items": entry},
        },
        **({"$defs": definitions} if definitions else {}),
    }


def write_schemas() -> None:
    """Write all schemas beside this module: ``python -m include.assessment.register_files``."""
    for register in REGISTERS:
        schema_file(register).write_text(json.dumps(schema(register), indent=2) + "\n")


def checked(register: str, values: Mapping[str, Any]) -> Entry:
    """An entry from its fields. Raises InputError that names each wrong field and the reason."""
    try:
        return REGISTERS[register].model_validate(dict(values))
    except ValidationError as error:
        wrong = []
        for one in error.errors(include_url=False):
            name = str(one["loc"][-1]) if one["loc"] else ""
            said = str(one["msg"]).removeprefix("Value error, ")
            wrong.append(f"{name}: {said}" if name else said)
        raise InputError(
            f"The entry for {register.replace('_', ' ')} is refused. {'; '.join(wrong)}.",
            hint="Correct these fields.",
        ) from None


def next_id(folder: Path, register: str) -> str:
    """An id that no entry has: the prefix and the number after the highest."""
    prefix = PREFIXES[register]
    path = folder / f"{register}.yaml"
    entries = read_register(path, register) if path.exists() else ()
    numbers = [int(found[1]) for e in entries if (found := re.fullmatch(rf"{prefix}-(\d+)", e.id))]
    return f"{prefix}-{max(numbers, default=0) + 1}"


def add_entry(folder: Path, register: str, values: Mapping[str, Any]) -> tuple[Path, Entry]:
    """Append an entry to its register's file; comments and order of the others stay as they are.

    ``values`` by the file's field names; without an ``id`` the next free one is given. The file
    is replaced at once or not at all. Raises InputError for an entry that is refused, a file
    that is broken, and an id that is taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{register}.yaml"
    with _alone(folder):
        given = {name: value for name, value in values.items() if value not in ("", None)}
        given = {"id": given.pop("id", None) or next_id(folder, register), **given}
        entry = checked(register, given)
        before = read_register(path, register) if path.exists() else ()
        if any(entry.id == other.id for other in before):
            raise InputError(
                f"{path} has an entry '{entry.id}' already.", hint="Choose another id."
            )
        text = f"version: 1\n{register}:\n"
        if path.exists():
            read_text(path)  # says why it can't be read, if it can't
            text = path.read_bytes().decode()  # with the line ends as they are
        text = _with_entry(path, text, register, given)
        if read_register(path, register, text) != (*before, entry):
            raise InputError(
                f"{path} is written in a way that an entry can't be added to safely.",
                hint="Add it by hand.",
            )
        _replace(path, text)
    return path, entry


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _with_entry(path: Path, text: str, register: str, values: Mapping[str, Any]) -> str:
    """The text with one more entry behind the last one."""
    LocatedYaml(path, text)  # says where it is broken, if it is
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    node = _list_node(text, register)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        indent = node.start_mark.column
        at = node.end_mark.line if node.end_mark.column == 0 else node.end_mark.line + 1
        at = min(at, len(lines))
        # Blank lines and comments behind the last entry stay behind it.
        while at and (not lines[at - 1].strip() or lines[at - 1].lstrip().startswith("#")):
            at -= 1
    else:
        # Still empty: 'exceptions:', 'exceptions: []' or 'exceptions: null'.
        indent = 0
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{register}:")) + 1
        comment = re.search(r"\s+#.*$", lines[at - 1])
        lines[at - 1] = f"{register}:" + (comment[0] if comment else "")
    dumped = yaml.safe_dump([dict(values)], sort_keys=False, allow_unicode=True, width=100)
    added = [(" " * indent + line).rstrip() for line in dumped.splitlines()]
    return newline.join([*lines[:at], *added, *lines[at:]]) + newline


def _list_node(text: str, register: str) -> yaml.Node | None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.MappingNode):
        for key, value in root.value:
            if key.value == register:
                return value  # type: ignore[no-any-return]
    return None


def _replace(path: Path, text: str) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    write_schemas()
