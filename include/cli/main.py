"""The command line: its commands, its exit codes, its errors in one line."""

from __future__ import annotations

import errno
import inspect
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer

from include.cli import (
    assessing,
    coverage,
    diff,
    doctor,
    evidence_commands,
    framework_commands,
    permissions,
    portfolio,
    register_commands,
    sample,
    stack_commands,
    testing,
)
from include.cli.ending import EVIDENCE_MISSING, FAILED, OK, WRONG_USAGE, Ended
from include.errors import AuditError, InputError

#: Typer's own base of all errors in arguments; it has no public name.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="./audit",
    add_completion=False,
    pretty_exceptions_enable=False,
    help=(
        "Compliance assessments of AWS accounts, run by Airflow.\n\n"
        f"Exit codes: {OK} everything was collected, {EVIDENCE_MISSING} evidence is missing, "
        f"{FAILED} error, {WRONG_USAGE} wrong usage or input.\n\n"
        "Every command takes --help."
    ),
    epilog=(
        "Start with: ./audit demo\n\n"
        "--debug, before or behind a command: shows an error's traceback.\n\n"
        "Environment: AUDIT_SETTINGS, another settings file than audit.yaml (AUDIT_REGIONS and "
        "so on override single values); AUDIT_PYTHON, the Python to install with; AUDIT_STATE, "
        "where stacks keep their state (default: .audit); AUDIT_DATABASE_URL, a PostgreSQL to use "
        "instead of the embedded one."
    ),
)
assessing.register(app)
stack_commands.register(app)
doctor.register(app)
permissions.register(app)
evidence_commands.register(app)
register_commands.register(app)
framework_commands.register(app)
coverage.register(app)
diff.register(app)
portfolio.register(app)
sample.register(app)
testing.register(app)


def _flow(group: typer.Typer) -> None:
    """Let the paragraphs of every command's help flow: Typer keeps the line ends of all but the
    first as the source has them, which a terminal then breaks once more."""
    for command in group.registered_commands:
        text = inspect.getdoc(command.callback) or ""
        command.help = "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _flow(inner.typer_instance)


_flow(app)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    rest = list(arguments) or ["--help"]
    # --debug is understood anywhere, except behind `test`, whose arguments are pytest's.
    ours = rest[: rest.index("test")] if "test" in rest else rest
    debug = "--debug" in ours
    if debug:
        rest.remove("--debug")
    try:
        # Not "standalone": there, Typer would exit with 2 on wrong usage, which means
        # missing evidence here.
        return int(app(rest, prog_name="./audit", standalone_mode=False) or OK)
    except Ended as ended:
        return ended.code
    except _UsageError as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "./audit"
        said = error.format_message() if hasattr(error, "format_message") else str(error)
        _complain(said, f"See: {where} --help")
        return WRONG_USAGE
    except (KeyboardInterrupt, typer.Abort):
        _complain("Interrupted.")
        return 128 + signal.SIGINT
    except AuditError as error:
        if debug:
            raise
        _complain(error.message, error.hint)
        return WRONG_USAGE if isinstance(error, InputError) else FAILED
    except OSError as error:
        if debug:
            raise
        if error.errno == errno.ENOSPC:
            _complain(f"The disk is full ({error.filename or 'while writing'}).", "Make room.")
        else:
            _complain(f"{error}.", "Run again with --debug for details.")
        return FAILED
    except Exception as error:
        if debug:
            raise
        _complain(
            f"Unexpected {type(error).__name__}: {error}".splitlines()[0],
            "Run again with --debug for the traceback, and please report it.",
        )
        return FAILED


def _complain(message: str, hint: str = "") -> None:
    """One red line on stderr."""
    from rich.console import Console
    from rich.text import Text

    line = Text("Error: ", style="bold red").append(message, style="red")
    if hint:
        line.append(f" {hint}", style="default")
    Console(stderr=True, soft_wrap=True).print(line)


def _terminate(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C would, so that whatever was started is stopped."""
    raise KeyboardInterrupt


def run() -> None:
    """Entry point of ``./audit``."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main(sys.argv[1:]))
