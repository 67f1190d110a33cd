"""Where the checks of the user's own are: in the folder ``checks`` beside their frameworks."""

from __future__ import annotations

from pathlib import Path

from include.settings import current_settings

#: The folder's name, below that of the user's own frameworks.
FOLDER = "checks"


def own_check_files() -> tuple[Path, ...]:
    """The files, ordered by name; names that begin with ``_`` or ``.`` are left out."""
    frameworks = current_settings().own_frameworks
    if frameworks is None or not (frameworks / FOLDER).is_dir():
        return ()
    return tuple(
        sorted(
            path
            for path in (frameworks / FOLDER).iterdir()
            if path.suffix in (".yaml", ".yml") and path.name[0] not in "._" and path.is_file()
        )
    )


def stamp_of(path: Path) -> tuple[int, int]:
    """What changes when a file does: its time of change, in nanoseconds, and its size."""
    try:
        found = path.stat()
    except OSError:  # reading it will tell
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
