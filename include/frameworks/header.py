"""What a DAG has to know of a framework: its header, read without its controls.

Airflow parses DAG files again and again, so this module imports neither pydantic nor the
catalogue, and reads a file only up to ``control_sets:``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from include.checks.located_yaml import LocatedYaml, read_located
from include.errors import InputError
from include.evidence.item import SourceName

Schedule = Literal["month", "quarter", "year"]
#: `period_end`: the state at the end decides; `whole_period`: it has to hold all the time.
Judge = Literal["period_end", "whole_period"]

SCHEDULES: tuple[str, ...] = ("month", "quarter", "year")
JUDGES: tuple[str, ...] = ("period_end", "whole_period")
#: Such ids are good as file name, DAG id and part of a bucket key.
ID_PATTERN = r"^[a-z0-9][a-z0-9_.-]{0,99}$"


@dataclass(frozen=True)
class FrameworkHeader:
    """The head of a framework file; ``path`` is the file itself."""

    id: str
    title: str
    version: str
    publisher: str
    compliance_type: str
    description: str
    schedule: Schedule
    judge: Judge
    #: The sources its controls use; a DAG has one collecting task for each.
    sources: tuple[str, ...]
    path: Path
    #: Words by which the Airflow UI filters, besides the publisher.
    tags: tuple[str, ...] = ()

    @property
    def dag_id(self) -> str:
        """The id of the framework's assessment DAG."""
        return f"assess_{self.id}"


_FIELDS = tuple(field.name for field in fields(FrameworkHeader) if field.name != "path")
_REQUIRED = tuple(name for name in _FIELDS if name != "tags")
_LISTS = frozenset({"sources", "tags"})


def load_header(path: Path) -> FrameworkHeader:
    """Read a framework file's header. Raises InputError with file and line."""
    lines: list[str] = []
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                if line.startswith("control_sets:"):
                    break
                lines.append(line)
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: {error}.") from None
    document = read_located(path, "".join(lines))
    if not isinstance(document.data, dict):
        raise document.error((), "a framework has to begin with 'id: …' and 'title: …'")
    return _checked(document, document.data, path)


def _checked(document: LocatedYaml, data: dict[str, Any], path: Path) -> FrameworkHeader:
    for name in data:
        if name not in _FIELDS:
            raise document.error((name,), f"unknown field '{name}'", hint="Check the spelling.")
    for name in _REQUIRED:
        if name not in data:
            raise document.error((), f"the field '{name}' is missing", hint="Add it.")
    for name, value in data.items():
        if name == "tags":
            _check_tags(document, value)
        elif name == "sources":
            _check_sources(document, value)
        elif not isinstance(value, str) or not value.strip():
            raise document.error(
                (name,), f"'{name}' has to be text, found {value!r}", hint=f'Use {name}: "…".'
            )
    if not re.match(ID_PATTERN, data["id"]):
        raise document.error(
            ("id",),
            f"'{data['id']}' is no framework id",
            hint="Use lower-case letters, digits, '_', '.' and '-'.",
        )
    if path.stem != data["id"]:
        raise document.error(
            ("id",), f"the id '{data['id']}' differs from the file's name", hint="Rename one."
        )
    for name, allowed in (("schedule", SCHEDULES), ("judge", JUDGES)):
        if data[name] not in allowed:
            raise document.error(
                (name,), f"'{name}' can't be '{data[name]}'", hint=f"Use {' or '.join(allowed)}."
            )
    texts = {name: data[name].strip() for name in _FIELDS if name not in _LISTS}
    return FrameworkHeader(
        **texts, sources=tuple(data["sources"]), tags=tuple(data.get("tags", ())), path=path
    )


def _check_tags(document: LocatedYaml, value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag for tag in value):
        raise document.error(("tags",), f"'tags' has to be a list of words, found {value!r}")


def _check_sources(document: LocatedYaml, value: Any) -> None:
    known = get_args(SourceName)
    if not isinstance(value, list) or not value:
        raise document.error(
            ("sources",), f"'sources' has to be a list, found {value!r}", hint="Name at least one."
        )
    for position, source in enumerate(value):
        if source not in known:
            raise document.error(
                ("sources", position),
                f"there is no evidence source '{source}'",
                hint=f"Sources: {', '.join(known)}.",
            )
        if source in value[:position]:
            raise document.error(
                ("sources", position), f"'{source}' stands there twice", hint="Remove one of them."
            )
