"""Adding to a register: comments and order stay, a bad entry changes nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.assessment.register_files import add_entry, schema, schema_file
from include.assessment.registers import REGISTERS, load_registers
from include.errors import InputError

ENTRY: dict[str, Any] = {
    "check": "imdsv2-required",
    "reason": "The vendor supports it next year: really.",
    "owner": "platform@example.org",
    "approver": "security@example.org",
    "from": date(2026, 9, 1),
    "until": date(2026, 12, 31),
}
LAID_OUT = """\
# Reviewed every quarter.
version: 1   # of the layout

exceptions:
  # The appliance.
  - {id: EX-3, control: "5.7", reason: r, owner: a, approver: b,
     from: 2026-01-01, until: 2026-09-30}

  - id: EX-12            # was EX-4
    check: imdsv2-required
    reason: |
      Two lines,
      # the second like a comment.
    owner: a
    approver: b
    from: 2026-01-01
    until: 2026-09-30
  # EX-13 was withdrawn.

# The end.
"""


@pytest.mark.parametrize("register", REGISTERS)
def test_the_published_schema_is_generated_from_what_reads_the_file(register: str) -> None:
    published = json.loads(schema_file(register).read_text())
    assert published == schema(register), "python -m include.assessment.register_files writes them"
    entry = published["properties"][register]["items"]
    assert {"id", "reason", "owner", "approver", "from", "until"} <= set(entry["required"])


def test_comments_and_order_stay_and_the_entry_comes_behind_the_last(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_text(LAID_OUT)
    path.chmod(0o640)
    _, entry = add_entry(tmp_path, "exceptions", ENTRY)
    text = path.read_text()
    assert entry.id == "EX-13"
    start, end = text.index("  - id: EX-13\n"), text.index("  # EX-13 was withdrawn.")
    assert text[:start] + text[end:] == LAID_OUT
    assert [e.id for e in load_registers(tmp_path).exceptions] == ["EX-3", "EX-12", "EX-13"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "empty",
    ["", "version: 1\nexceptions:\n", "version: 1\nexceptions: []  # none\n",
     "exceptions: null\nversion: 1\n", "version: 1\r\nexceptions:\r\n"],
)  # fmt: skip
def test_an_empty_register_gets_its_first_entry(tmp_path: Path, empty: str) -> None:
    path = tmp_path / "exceptions.yaml"
    if empty:
        path.write_bytes(empty.encode())
    add_entry(tmp_path, "exceptions", {**ENTRY, "control": "1.10"})
    [entry] = load_registers(tmp_path).exceptions
    assert (entry.id, entry.control, entry.reason) == ("EX-1", "1.10", ENTRY["reason"])
    assert ("# none" in path.read_text()) == ("# none" in empty)
    assert (b"\r\n" in path.read_bytes()) == ("\r\n" in empty)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"approver": "Platform@example.org"}, "the approver can't be the owner"),
        ({"until": date(2026, 1, 1)}, "before it begins"),
        ({"until": "soon"}, "until: "),
        ({"reason": ""}, "reason: Field required"),
        ({"check": ""}, "name a control, a check or a resource"),
        ({"colour": "red"}, "colour: Extra inputs"),
        ({"id": "EX-3"}, "has an entry 'EX-3' already"),
    ],
)
def test_a_bad_entry_is_refused_with_its_field_and_changes_nothing(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_text(LAID_OUT)
    with pytest.raises(InputError, match=said):
        add_entry(tmp_path, "exceptions", {**ENTRY, **changed})
    assert path.read_text() == LAID_OUT


def test_a_file_that_is_written_another_way_is_left_to_its_authors(tmp_path: Path) -> None:
    path = tmp_path / "exceptions.yaml"
    flow = (
        "version: 1\nexceptions: [{id: EX-1, check: c, reason: r, owner: a, approver: b, "
        "from: 2026-01-01, until: 2026-02-01}]\n"
    )
    path.write_text(flow)
    with pytest.raises(InputError, match="by hand"):
        add_entry(tmp_path, "exceptions", ENTRY)
    assert path.read_text() == flow


def test_two_who_add_at_once_both_get_in(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: add_entry(tmp_path, "exceptions", ENTRY), range(16)))
    ids = [entry.id for entry in load_registers(tmp_path).exceptions]
    assert ids == [f"EX-{n}" for n in range(1, 17)]
