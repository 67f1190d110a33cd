"""``test``: the test suite."""

from __future__ import annotations

import os
import sys

import typer

from include.errors import AuditError

#: The whole suite: one process per processor, each with whole groups of tests (tests/conftest.py).
_WHOLE = ("-n", "logical", "--maxprocesses", "4", "--no-loadscope-reorder")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog='Example: ./audit test -m "not slow"',
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(test)


def test(context: typer.Context) -> None:
    """Run the tests; all further arguments are pytest's. Without any, several run at a time."""
    from importlib.util import find_spec

    from include.settings import ROOT

    if find_spec("pytest") is None:
        raise AuditError("pytest is not installed.", hint="Start the tests with: ./audit test")
    os.chdir(ROOT)
    sys.stdout.flush()
    # Replaces this process, so that pytest's exit code and Ctrl-C are its own.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "pytest", *(context.args or _WHOLE)])
