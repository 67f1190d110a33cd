"""What a DAG has to know of a framework: its header, read without its controls.

Airflow parses DAG files again and again, so this module imports neither pydantic nor the
catalogue, and reads a file only up to ``control_sets:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
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


def full_name(title: str, version: str) -> str:
    """Title and version, as people say it: "PCI DSS v4.0.1", "HIPAA Security Rule, 2003"."""
    numbered = re.fullmatch(r"\d{1,3}(\.\d+)*", version)  # not a year
    return f"{title} v{version}" if numbered else f"{title}, {version}"


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
    def name(self) -> str:
        """Title and version, as one says them: "PCI DSS v4.0.1", "HIPAA Security Rule, 2003"."""
        return full_name(self.title, self.version)

    @property
    def dag_id(self) -> str:
        """The id of the framework's assessment DAG."""
        return f"assess_{self.id}"


_FIELDS = tuple(field.name for field in fields(FrameworkHeader) if field.name != "path")
_REQUIRED = tuple(name for name in _FIELDS if name != "tags")
_LISTS = frozenset({"sources", "tags"})
_CHOICES: Mapping[str, tuple[str, ...]] = {"schedule": SCHEDULES, "judge": JUDGES}


def load_header(path: Path, *, named: bool = True) -> FrameworkHeader:
    """Read a framework file's header. Raises InputError with file and line.

    ``named``: the file has to bear the framework's id as its name.
    """
    document = _document(path)
    for problem in _problems(document, path, named):
        raise problem
    data = document.data
    texts = {name: data[name].strip() for name in _FIELDS if name not in _LISTS}
    return FrameworkHeader(
        **texts, sources=tuple(data["sources"]), tags=tuple(data.get("tags", ())), path=path
    )


def header_problems(path: Path, *, named: bool = True) -> list[InputError]:
    """Everything that is wrong with a file's header, not the first alone."""
    try:
        return list(_problems(_document(path), path, named))
    except InputError as error:
        return [error]


def _document(path: Path) -> LocatedYaml:
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
    return document


def _problems(document: LocatedYaml, path: Path, named: bool) -> Iterator[InputError]:
    data: dict[str, Any] = document.data
    unknown = [name for name in data if name not in _FIELDS]
    missing = [name for name in _REQUIRED if name not in data]
    for name in unknown:
        # A misspelt field is also a missing one: it is told once, where it stands.
        near = get_close_matches(name, missing, n=1)
        missing = [one for one in missing if one not in near]
        hint = f"Did you mean '{near[0]}'?" if near else "Check the spelling or remove it."
        yield document.error((name,), f"unknown field '{name}'", hint=hint)
    for name in missing:
        hint = "Add it, above 'control_sets'."
        yield document.error((), f"the field '{name}' is missing", hint=hint)
    for name, value in data.items():
        if name in unknown:
            continue
        if name == "tags":
            if not isinstance(value, list) or not all(isinstance(t, str) and t for t in value):
                said = f"'tags' has to be a list of words, found {value!r}"
                yield document.error(("tags",), said)
        elif name == "sources":
            yield from _source_problems(document, value)
        elif not isinstance(value, str) or not value.strip():
            yield document.error(
                (name,), f"'{name}' has to be text, found {value!r}", hint=f'Use {name}: "…".'
            )
        elif name == "id":
            yield from _id_problems(document, value, path if named else None)
        elif name in _CHOICES and value not in _CHOICES[name]:
            yield document.error(
                (name,), f"'{name}' can't be '{value}'", hint=f"Use {' or '.join(_CHOICES[name])}."
            )


def _id_problems(document: LocatedYaml, value: str, path: Path | None) -> Iterator[InputError]:
    if not re.match(ID_PATTERN, value):
        yield document.error(
            ("id",),
            f"'{value}' is no framework id",
            hint="Use lower-case letters, digits, '_', '.' and '-'.",
        )
    elif path is not None and path.stem != value:
        yield document.error(
            ("id",), f"the id '{value}' differs from the file's name", hint="Rename one."
        )


def _source_problems(document: LocatedYaml, value: Any) -> Iterator[InputError]:
    known = get_args(SourceName)
    if not isinstance(value, list) or not value:
        yield document.error(
            ("sources",), f"'sources' has to be a list, found {value!r}", hint="Name at least one."
        )
        return
    for position, source in enumerate(value):
        if source not in known:
            yield document.error(
                ("sources", position),
                f"there is no evidence source '{source}'",
                hint=f"Sources: {', '.join(known)}.",
            )
        elif source in value[:position]:
            yield document.error(
                ("sources", position), f"'{source}' stands there twice", hint="Remove one of them."
            )
