"""``frameworks validate``: everything that is wrong with frameworks, with file and line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from include.cli.ending import EVIDENCE_MISSING, WRONG_USAGE, Ended
from include.cli.framework_list import Json
from include.errors import InputError

if TYPE_CHECKING:
    from include.frameworks.loader import Frameworks
    from include.frameworks.problems import Problem
    from include.frameworks.schema import Framework


def validate(
    frameworks: Annotated[
        Optional[list[str]],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Argument(help="Ids or files. Default: all of your own, and your own checks."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The library's frameworks, too.")
    ] = False,
    deployed: Annotated[
        bool,
        typer.Option(
            "--deployed", help="Also ask the scope what it can't answer. Reads only; needs AWS."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say everything that is wrong with frameworks and your own checks, each with file and line.

    Exits with 64 when something is wrong, with 2 when the scope can't answer what they ask.
    """
    from include.cli.framework_files import frameworks_for
    from include.frameworks.problems import examine_frameworks, own_check_problems

    names = frameworks or []
    known = frameworks_for(names)
    paths, problems = _paths(known, names, everything)
    with _unlogged("include.checks.catalogue"):  # its problems are among the results
        problems = [*own_check_problems(), *problems]
        examined = examine_frameworks(known, paths)
    problems += [problem for one in examined for problem in one.problems]
    if deployed:
        problems += _unanswered([one.framework for one in examined if one.framework])
    report(problems, paths, as_json=as_json)


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _unanswered(frameworks: Sequence[Framework]) -> list[Problem]:
    """What a run at this moment would leave open, at the controls that require it."""
    from include.checks.catalogue import load_catalogue
    from include.cli import deployment
    from include.frameworks.problems import missing_in_scope
    from include.runs.deployed import coverage_in_scope, unanswered

    if not frameworks:
        return []
    settings = deployment.enter()
    sessions = deployment.usable_sessions(settings)
    missing = unanswered(coverage_in_scope(settings, sessions, frameworks, load_catalogue()))
    return [problem for one in frameworks for problem in missing_in_scope(one, missing)]


def report(problems: Sequence[Problem], paths: Sequence[Path], *, as_json: bool) -> None:
    """Print the problems and a sentence about ``paths``, the files that were examined.

    Raises Ended: with 64 if any file is wrong, else with 2 if the scope can't answer what the
    files ask.
    """
    from include.cli.framework_tables import number

    errors = sum(problem.level == "error" for problem in problems)
    missing = len(problems) - errors
    if as_json:
        shown = {
            "files": [str(path) for path in paths],
            "errors": errors,
            "missing": missing,
            "problems": [problem.as_json() for problem in problems],
        }
        typer.echo(json.dumps(shown, indent=2))
    else:
        for problem in problems:
            typer.echo(str(problem))
        wrong = {problem.path for problem in problems if problem.level == "error"}
        if errors:
            said = f"{number(errors, 'error')} in {number(len(wrong), 'file')}"
            more = f", {missing} missing in the scope" if missing else ""
            typer.echo(f"{said}{more}.", err=True)
        elif missing:
            typer.echo(f"In order, but {missing} missing in the scope.", err=True)
        elif paths:
            typer.echo(f"{number(len(paths), 'framework')} in order.")
        else:
            typer.echo("There are no frameworks of your own. ./audit frameworks new ID writes one.")
    if errors:
        raise Ended(WRONG_USAGE)
    if missing:
        raise Ended(EVIDENCE_MISSING)


def _paths(
    known: Frameworks, names: Sequence[str], everything: bool
) -> tuple[list[Path], list[Problem]]:
    """The files to examine, and what is wrong with the folder itself."""
    from include.cli.framework_files import existing, is_file
    from include.frameworks.loader import LIBRARY, readable_frameworks
    from include.frameworks.problems import problem_of
    from include.settings import current_settings

    _, broken = readable_frameworks(known.directories)
    # Files that can't stand beside the others; the rest of what is broken, examining tells.
    outside = {path: error for path, error in broken.items() if path not in known.files.values()}
    if names:
        # A file that lies elsewhere may be a new version of one of the same name.
        own = current_settings().own_frameworks
        told = {p for p in outside if p.parent == own and (p.stem in names or _named(p, names))}
        paths = []
        for name in names:
            if any(path.stem == name or _named(path, [name]) for path in told):
                continue
            if is_file(name):
                paths.append(existing(name))
            elif name in known.files:
                paths.append(known.files[name])
            else:
                known.load(name)  # says which there are
        problems = [problem_of(error, path) for path, error in outside.items() if path in told]
        return list(dict.fromkeys(paths)), problems
    paths = [p for p in known.files.values() if everything or p.parent != LIBRARY]
    return paths, [problem_of(error, path) for path, error in outside.items()]


def _named(path: Path, names: Sequence[str]) -> bool:
    """Whether one of ``names`` is this very file."""
    return any(Path(name).absolute() == path.absolute() for name in names)


__all__ = ["InputError", "report", "validate"]
