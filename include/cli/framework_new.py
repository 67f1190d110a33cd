"""``frameworks new``: a framework of one's own to begin with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Optional

import typer

from include.errors import InputError

#: Lends the first text one of its controls.
_EXAMPLE = "cis_aws_5.0"


def new(
    framework_id: Annotated[str, typer.Argument(metavar="ID", help="Such as ours_1.")],
    source: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option("--from", help="Take the controls of this framework."),
    ] = None,
    controls: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="Only these controls of it: 1.1,1.2; may be repeated."),
    ] = None,
) -> None:
    """Write a framework of your own: commented, valid, ready to be changed.

    It goes into the folder of your own frameworks (framework_folder in audit.yaml), which is made
    if it isn't there. Nothing is ever overwritten.
    """
    from include.checks.catalogue import load_catalogue
    from include.cli.framework_files import listed, require_controls
    from include.cli.framework_tables import number
    from include.frameworks.drafting import draft, draft_from
    from include.frameworks.header import ID_PATTERN
    from include.frameworks.loader import Frameworks
    from include.settings import ROOT, current_settings

    if not re.match(ID_PATTERN, framework_id):
        plain = re.sub(r"[^a-z0-9_.-]+", "_", framework_id.lower()).strip("_.-")
        raise InputError(
            f"'{framework_id}' is no framework id.",
            hint="Use lower-case letters, digits, '_', '.' and '-'"
            + (f", such as {plain}." if plain else "."),
        )
    wanted = listed(controls)
    if wanted and source is None:
        raise InputError("--controls needs --from.", hint="Say of which framework.")
    settings = current_settings()
    folder = settings.own_frameworks or ROOT / "frameworks"
    if settings.framework_folder is not None:
        folder = ROOT / settings.framework_folder
    frameworks = Frameworks([folder] if folder.is_dir() else [])
    if framework_id in frameworks.files:
        there = frameworks.files[framework_id]
        raise InputError(
            f"There is a framework '{framework_id}' already: {there}.", hint="Choose another id."
        )
    catalogue = load_catalogue()
    if source is None:
        text = draft(framework_id, frameworks.load(_EXAMPLE), catalogue)
    else:
        other = frameworks.load(source)
        require_controls(other, wanted)
        text = draft_from(framework_id, other, catalogue, wanted)
    path = folder / f"{framework_id}.yaml"
    _write(path, text)
    written = Frameworks([folder], catalogue).load_file(path)
    typer.echo(
        f"Wrote {path}: {number(len(list(written.controls())), 'control')}. Change it, then run "
        f"./audit frameworks validate {framework_id}"
    )


def _write(path: Path, text: str) -> None:
    """A new file, whole or not at all. Raises InputError where there is one."""
    import os
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.link(name, path)  # unlike a rename, it refuses to replace what is there
    except FileExistsError:
        raise InputError(f"{path} is there already.", hint="Choose another id.") from None
    finally:
        os.unlink(name)
