"""Finding and reading frameworks: our own ones beside this file, custom ones in further folders.

Importing this module is cheap; pydantic and the catalogue come in with :func:`load_framework`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from include.checks.located_yaml import LocatedYaml, Place, read_located
from include.digests import sha256
from include.errors import InputError
from include.frameworks.header import FrameworkHeader, load_header

if TYPE_CHECKING:
    from include.checks.catalogue import Catalogue
    from include.frameworks.schema import Control, Framework

__all__ = [
    "LIBRARY",
    "FrameworkHeader",
    "framework_files",
    "list_frameworks",
    "load_framework",
    "load_framework_file",
    "load_header",
]

#: The folder of the frameworks that come with the product.
LIBRARY = Path(__file__).parent


def framework_files(directories: Iterable[Path] = ()) -> list[Path]:
    """Every framework file of the library and of ``directories``, ordered by name.

    Names that begin with ``_`` or ``.`` are left out. Raises InputError for a missing folder
    and for two files that would be the same framework.
    """
    found: dict[str, Path] = {}
    for directory in dict.fromkeys([LIBRARY, *directories]):
        if not directory.is_dir():
            raise InputError(
                f"The framework folder {directory} does not exist.",
                hint="Create it or take it out of the settings.",
            )
        for path in sorted(directory.iterdir()):
            if path.suffix not in (".yaml", ".yml") or path.name[0] in "._":
                continue
            if path.stem in found:
                raise InputError(
                    f"There are two frameworks '{path.stem}': {found[path.stem]} and {path}.",
                    hint="Give one of them another id and file name.",
                )
            found[path.stem] = path
    return [found[name] for name in sorted(found)]


def list_frameworks(directories: Sequence[Path] = ()) -> list[FrameworkHeader]:
    """The headers of all frameworks, ordered by id. Raises InputError for the first broken one."""
    return [load_header(path) for path in framework_files(directories)]


def load_framework(
    framework_id: str, directories: Sequence[Path] = (), catalogue: Catalogue | None = None
) -> Framework:
    """Read and validate one framework by its id.

    Raises InputError: unknown id (with those that exist), or the file's first problem with its
    line.
    """
    files = {path.stem: path for path in framework_files(directories)}
    if framework_id not in files:
        near = difflib.get_close_matches(framework_id, files, n=3) or sorted(files)
        raise InputError(
            f"There is no framework '{framework_id}'.", hint=f"Known here: {', '.join(near)}."
        )
    return load_framework_file(files[framework_id], catalogue)


def load_framework_file(path: Path, catalogue: Catalogue | None = None) -> Framework:
    """Read and validate one framework file against the catalogue (by default the product's)."""
    from include.checks.catalogue import load_catalogue
    from include.checks.validation import validated
    from include.frameworks.schema import Framework

    load_header(path)  # its errors are about the header alone, and say more
    content = path.read_bytes()
    document = read_located(path, content.decode("utf-8"))
    framework = validated(Framework, document, document.data)
    _require_unique(framework, document)
    checks = load_catalogue() if catalogue is None else catalogue
    for place, control in _placed(framework):
        _require_answerable(control, place, document, checks)
    _require_sources(framework, document, checks)
    framework._path = path
    framework._digest = sha256(content)
    return framework


def _require_sources(framework: Framework, document: LocatedYaml, catalogue: Catalogue) -> None:
    """The header repeats which sources the controls use, so that a DAG can be made from it."""
    needed = framework.sources_needed(catalogue)
    if set(framework.sources) != set(needed):
        raise document.error(
            ("sources",),
            f"'sources' is {', '.join(framework.sources)}, but the controls use "
            f"{', '.join(needed) or 'none'}",
            hint=f"Write sources: [{', '.join(needed)}].",
        )


def _placed(framework: Framework) -> Iterable[tuple[Place, Control]]:
    for s, control_set in enumerate(framework.control_sets):
        for c, control in enumerate(control_set.controls):
            yield ("control_sets", s, "controls", c), control


def _require_unique(framework: Framework, document: LocatedYaml) -> None:
    sets: set[str] = set()
    for s, control_set in enumerate(framework.control_sets):
        if control_set.id in sets:
            raise document.error(
                ("control_sets", s, "id"), f"there are two control sets '{control_set.id}'"
            )
        sets.add(control_set.id)
    controls: dict[str, int] = {}
    for place, control in _placed(framework):
        line = document.line((*place, "id"))
        if control.id in controls:
            raise document.error(
                (*place, "id"),
                f"the control '{control.id}' stands in line {controls[control.id]} already",
                hint="Each control stands in one set, once.",
            )
        controls[control.id] = line


def _require_answerable(
    control: Control, place: Place, document: LocatedYaml, catalogue: Catalogue
) -> None:
    """A control needs something that can decide it, or words on what people have to provide."""
    seen: set[str] = set()
    for m, mapping in enumerate(control.checks):
        at = (*place, "checks", m)
        named = f"control {control.id}: "
        if mapping.check not in catalogue:
            raise document.error(
                (*at, "check"),
                f"{named}there is no check '{mapping.check}'",
                hint=catalogue.suggestion(mapping.check),
            )
        if mapping.check in seen:
            raise document.error((*at, "check"), f"{named}names '{mapping.check}' twice")
        seen.add(mapping.check)
        if mapping.role == "required" and not catalogue[mapping.check].judges:
            raise document.error(
                (*at, "role"),
                f"{named}'{mapping.check}' only shows evidence and can't be required",
                hint="Make it supporting.",
            )
        if mapping.basis != "aws_stated" and not mapping.reason:
            raise document.error(
                at,
                f"{named}'{mapping.check}' is {mapping.basis} and gives no reason",
                hint="Say in 'reason' why it fits.",
            )
    if control.manual is None and not control.required:
        what = "only supporting checks" if control.checks else "neither checks"
        joint = "and no" if control.checks else "nor"
        raise document.error(
            place,
            f"control {control.id} has {what} {joint} manual evidence, so nothing can decide it",
            hint="Add a required check, or 'manual' with what to provide.",
        )
