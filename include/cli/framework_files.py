"""A framework that a command names: by its id, or as a file that needn't lie in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from include.frameworks.loader import Frameworks
    from include.frameworks.schema import Framework


def is_file(name: str) -> bool:
    """Whether an argument means a file: an id has neither slash nor such an ending."""
    return "/" in name or name.endswith((".yaml", ".yml"))


def load(frameworks: Frameworks, name: str, *, named: bool = True) -> Framework:
    """The framework. ``named``: a file has to bear its id as its name. Raises InputError."""
    if not is_file(name):
        return frameworks.load(name)
    return frameworks.load_file(existing(name), named=named)


def frameworks_for(names: Sequence[str]) -> Frameworks:
    """All frameworks that ``names`` can refer to: the usual ones, and those beside named files."""
    from include.frameworks.loader import Frameworks
    from include.settings import current_settings

    own = current_settings().own_frameworks
    folders = [] if own is None else [own]
    for name in names:
        if is_file(name) and (folder := existing(name).parent) not in folders:
            folders.append(folder)
    return Frameworks(folders)


def existing(name: str) -> Path:
    """The file, as a whole path. Raises InputError where there is none."""
    path = Path(name)
    if not path.is_file():
        raise InputError(f"There is no file {name}.")
    return path.resolve()


def require_controls(framework: Framework, names: Sequence[str]) -> None:
    """Refuse control ids that a framework hasn't. Raises InputError with the nearest ones."""
    known = [control.id for control in framework.controls()]
    for name in names:
        if name not in known:
            raise InputError(
                f"{framework.id} has no control '{name}'.",
                hint=did_you_mean(name, known) or f"See ./audit frameworks show {framework.id}",
            )


def listed(values: Sequence[str] | None) -> list[str]:
    """Values of an option that may be repeated, and may hold several between commas."""
    parts = (part.strip() for value in values or () for part in value.split(","))
    return list(dict.fromkeys(part for part in parts if part))
