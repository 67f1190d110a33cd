"""Finding and reading frameworks: our own ones in ``library``, a user's own in further folders.

Importing this module is cheap; pydantic and the catalogue come in with :meth:`Frameworks.load`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from include.errors import InputError
from include.frameworks.header import FrameworkHeader, load_header

if TYPE_CHECKING:
    from include.checks.catalogue import Catalogue
    from include.frameworks.schema import Framework

__all__ = [
    "LIBRARY",
    "FrameworkHeader",
    "Frameworks",
    "framework_files",
    "list_frameworks",
    "load_framework",
    "load_header",
    "readable_frameworks",
]

#: The folder of the frameworks that come with the product.
LIBRARY = Path(__file__).with_name("library")
_SUFFIXES = (".yaml", ".yml")


def _found(directories: Iterable[Path] | None) -> tuple[dict[str, Path], dict[Path, InputError]]:
    """The framework files by id, and those that can't stand beside the others."""
    found: dict[str, Path] = {}
    broken: dict[Path, InputError] = {}
    for directory in dict.fromkeys([LIBRARY, *_folders(directories)]):
        if not directory.is_dir():
            broken[directory] = InputError(
                f"The framework folder {directory} does not exist.",
                hint="Create it or take it out of the settings.",
            )
            continue
        for path in sorted(directory.iterdir()):
            if path.suffix not in _SUFFIXES or path.name[0] in "._":
                continue
            if not path.is_file():
                if path.is_symlink():
                    broken[path] = InputError(
                        f"The link {path} leads to no file.", hint="Correct or remove it."
                    )
                continue
            if path.stem in found:
                broken[path] = InputError(
                    f"There are two frameworks '{path.stem}': {found[path.stem]} and {path}.",
                    hint="Give one of them another id and file name.",
                )
                continue
            found[path.stem] = path
    return dict(sorted(found.items())), broken


def _folders(directories: Iterable[Path] | None) -> Iterable[Path]:
    if directories is not None:
        return directories
    from include.settings import current_settings

    folder = current_settings().own_frameworks
    return () if folder is None else (folder,)


def framework_files(directories: Iterable[Path] | None = None) -> list[Path]:
    """Every framework file of the library and of ``directories``, ordered by name.

    By default those are the folder that the settings name. Names that begin with ``_`` or ``.``
    are left out. Raises InputError for a missing folder and for two files that would be the same
    framework.
    """
    found, broken = _found(directories)
    for error in broken.values():
        raise error
    return list(found.values())


def list_frameworks(directories: Sequence[Path] | None = None) -> list[FrameworkHeader]:
    """The headers of all frameworks, ordered by id. Raises InputError for the first broken one."""
    return [load_header(path) for path in framework_files(directories)]


def readable_frameworks(
    directories: Sequence[Path] | None = None,
) -> tuple[list[FrameworkHeader], dict[Path, InputError]]:
    """The headers that can be read, ordered by id, and what is wrong with the other files."""
    found, broken = _found(directories)
    headers = []
    for path in found.values():
        try:
            headers.append(load_header(path))
        except InputError as error:
            broken[path] = error
    return headers, broken


@dataclass
class Frameworks:
    """All frameworks that can be referred to; each file is read once, when it is asked for."""

    directories: Sequence[Path] | None = None
    catalogue: Catalogue | None = None
    _loaded: dict[Path, Framework] = field(default_factory=dict)
    _broken: dict[Path, InputError] = field(default_factory=dict)
    _reading: list[Path] = field(default_factory=list)

    def load(self, framework_id: str) -> Framework:
        """Read and validate one framework by its id.

        Raises InputError: unknown id (with those that exist), or the file's first problem with
        its line and how many more there are.
        """
        if framework_id not in self.files:
            near = difflib.get_close_matches(framework_id, self.files, n=3) or list(self.files)
            raise InputError(
                f"There is no framework '{framework_id}'.", hint=f"Known here: {', '.join(near)}."
            )
        return self.load_file(self.files[framework_id])

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The file of each framework, by id, as they lie there when this is first asked for."""
        return _found(self.directories)[0]

    def load_file(self, path: Path, *, named: bool = True) -> Framework:
        """Read and validate one framework file. Raises InputError like :meth:`load`.

        ``named``: the file has to bear the framework's id as its name.
        """
        if path not in self._loaded:
            if path in self._broken:
                raise self._broken[path]
            framework, problems = self.examine(path, named=named)
            if framework is None:
                first, more = problems[0], len(problems) - 1
                if more:
                    said = f"{first.message} ({more} more problem(s) in this framework)"
                    first = InputError(said, hint=first.hint)
                self._broken[path] = first
                raise first
            self._loaded[path] = framework
        return self._loaded[path]

    def examine(
        self, path: Path, *, named: bool = True
    ) -> tuple[Framework | None, list[InputError]]:
        """The framework in ``path`` and everything that is wrong with it."""
        from include.checks.catalogue import load_catalogue
        from include.frameworks.reading import read_framework

        if path in self._reading:
            circle = self._reading[self._reading.index(path) :]
            chain = " → ".join(one.stem for one in [*circle, path])
            return None, [InputError(f"Frameworks refer to each other in a circle: {chain}.")]
        self._reading.append(path)
        try:
            catalogue = self.catalogue or load_catalogue()
            return read_framework(path, catalogue, self.load, named=named)
        finally:
            self._reading.pop()


def load_framework(
    framework_id: str,
    directories: Sequence[Path] | None = None,
    catalogue: Catalogue | None = None,
) -> Framework:
    """Read and validate one framework by its id; see :meth:`Frameworks.load`."""
    return Frameworks(directories, catalogue).load(framework_id)
