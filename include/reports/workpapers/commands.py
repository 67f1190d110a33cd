"""What a source was asked, and the commands that ask it again: they can be copied into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence

from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer

from include.reports.model import source_name
from include.reports.pdf.bidi import needs_reordering
from include.reports.pdf.columns import Column
from include.reports.pdf.layout import columns, heading
from include.reports.pdf.rows import Rows
from include.reports.pdf.style import BODY, SMALL_MUTED, WIDTH
from include.reports.pdf.text import drawable, markup, measure
from include.reports.wording import counted, plain_time
from include.workpapers.provenance import Example, Operation, Provenance

_REPLAY = (
    "Each command asks the first page of a listing as it was asked then, with your credentials "
    "for the account; a role with read access will do. A line that ends in \\ goes on in the next "
    "one: copy them together. Take --no-paginate away to follow the listing to its end. AWS "
    "answers as of now: what has changed since is no error of the evidence. The digest is the "
    "SHA-256 of the answer as it was received; docs/workpapers.md tells how to compare it with "
    "the page that was kept."
)
#: The only column of the commands' table: beside another one, a reader that copies lines of text
#: would mix the two.
_COMMANDS = Column("Exact parameters, as a command; the answer's request id and SHA-256", WIDTH)
_REQUEST_FILE = "request.json"
_GOES_ON = " \\"


def asked(one: Provenance) -> Iterator[Flowable]:
    """The operations with their numbers, then a command for each request that is shown."""
    yield heading("What was asked, and how to ask it again", level=3)
    if not one.operations:
        yield Paragraph("No page of an answer was kept, or the receipts are not at hand.", BODY)
        return
    yield Rows(
        columns(
            ("Operation", 104, "strong"),
            ("Requests", 22, "number"),
            ("Different ones", 26, "number"),
            ("Items", 22, "number"),
        ),
        ((o.name, f"{o.requests:,}", f"{o.different:,}", f"{o.items:,}") for o in one.operations),
        again=f"{source_name(one.source)}: what was asked (continued)",
    )
    yield Spacer(1, 8)
    yield CondPageBreak(110)
    yield Paragraph(markup(_REPLAY), SMALL_MUTED)
    yield Spacer(1, 4)
    yield Rows(
        [_COMMANDS],
        (row for operation in one.operations for row in _rows(operation)),
        again=f"{source_name(one.source)}: how to ask it again (continued)",
    )
    yield Spacer(1, 8)


def shell_lines(arguments: Sequence[str]) -> list[str] | None:
    """A command of quoted ``arguments`` in lines that fit, broken between arguments alone.

    None where one can't stand on a line as it is: it is too long, or has what is drawn otherwise
    or read back otherwise (invisible characters, writing from right to left, several spaces).
    """
    lines: list[str] = []
    for argument in arguments:
        if drawable(argument) != argument or needs_reordering(argument) or "  " in argument:
            return None
        longer = f"{lines[-1]} {argument}" if lines else ""
        if lines and _fits(longer):
            lines[-1] = longer
        elif _fits(argument):
            lines.append(argument)
        else:
            return None
    return [line + _GOES_ON for line in lines[:-1]] + lines[-1:]


def _fits(line: str) -> bool:
    return measure(line + _GOES_ON, _COMMANDS.font, _COMMANDS.size) <= _COMMANDS.room


def _rows(operation: Operation) -> Iterator[tuple[str]]:
    for example in operation.examples:
        times = f", asked {example.requests:,} times" if example.requests > 1 else ""
        yield (
            f"{operation.name}\n{_command(operation, example)}\n"
            f"{example.account}, page {example.page}{times}; "
            f"request {example.request_id or 'without id'}; {example.sha256}",
        )
    more = operation.different - len(operation.examples)
    if more > 0:
        varying = ", ".join(
            f"{parameter} ({counted(n, 'value')})" for parameter, n in operation.varying.items()
        )
        yield (
            f"{operation.name}\n{counted(more, 'more request')} that differ in {varying}: see the "
            f"receipts, {plain_time(operation.first)} to {plain_time(operation.last)}.",
        )


def _command(operation: Operation, example: Example) -> str:
    request = json.dumps(example.request, sort_keys=True, ensure_ascii=False)
    if not example.command:
        return f"{operation.name} {request}"
    parts = shlex.split(example.command)
    lines = None if example.long else shell_lines([shlex.quote(part) for part in parts])
    if lines is not None:
        return "\n".join(lines)
    # The receipt has the request: some fill pages, some can't be written on one line.
    if "--cli-input-json" in parts:
        parts[parts.index("--cli-input-json") + 1] = f"file://{_REQUEST_FILE}"
    taken = [
        *("jq", f"'.pages[{example.page - 1}].request'"),
        *(shlex.quote(f"receipts/{example.receipt}"), ">", _REQUEST_FILE),
    ]
    told = _sizes(example) if example.long else request
    commands = [taken, [shlex.quote(part) for part in parts]]
    return "\n".join(
        [*(line for one in commands for line in shell_lines(one) or [" ".join(one)]), told]
    )


def _sizes(example: Example) -> str:
    """The parameters of a long request: how long they are."""
    return "; ".join(
        f"{parameter}: {counted(len(value), 'entry', 'entries')}"
        if isinstance(value, (list, dict))
        else f"{parameter}: {json.dumps(value, ensure_ascii=False)[:80]}"
        for parameter, value in example.request.items()
    )
