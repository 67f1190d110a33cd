"""How a command ends: the exit codes."""

from __future__ import annotations

OK = 0
FAILED = 1
EVIDENCE_MISSING = 2
#: The codes of finished runs, from best to worst: of several runs the worst counts.
SEVERITY = (OK, EVIDENCE_MISSING, FAILED)
WRONG_USAGE = 64  # EX_USAGE of sysexits.h; Typer's own 2 means missing evidence here


class Ended(Exception):
    """Ends the command with ``code``, without a message."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
