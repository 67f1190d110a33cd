"""Registers: read with file and line, never approved by their owner, listed once expired."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.assessment.period import parse_period
from include.assessment.registers import load_registers
from include.errors import InputError

GOOD = """\
version: 1
exceptions:
- id: EX-1
  check: imdsv2-required
  reason: The vendor supports it next year.
  owner: platform@example.org
  approver: security@example.org
  from: 2026-09-01
  until: 2026-10-31
- id: EX-2
  control: "5.7"
  reason: Being replaced.
  owner: platform@example.org
  approver: security@example.org
  from: 2026-01-01
  until: 2026-09-30
"""


def test_a_folder_without_files_is_empty_registers(tmp_path: Path) -> None:
    assert load_registers(tmp_path).every() == []


def test_only_entries_in_force_on_the_periods_last_day_count(tmp_path: Path) -> None:
    (tmp_path / "exceptions.yaml").write_text(GOOD)
    registers = load_registers(tmp_path)
    october = parse_period("2026-10")
    assert [e.id for e in registers.in_force(october).exceptions] == ["EX-1"]
    assert [e.state(october) for e in registers.exceptions] == ["in force", "expired"]
    assert registers.exceptions[0].state(parse_period("2026-08")) == "not yet in force"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approver: security@example.org", "approver: Platform@example.org", "approver"),
        ("until: 2026-10-31", "until: 2026-08-31", "before it begins"),
        ("  check: imdsv2-required\n", "", "name a control"),
        ("  reason: The vendor supports it next year.\n", "", "reason"),
        ("id: EX-2", "id: EX-1", "two entries"),
        ("owner: platform@example.org", "ownr: x", "ownr"),
        ("version: 1", "version: 2", "version"),
    ],
)
def test_a_wrong_entry_is_refused_with_file_and_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "exceptions.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=said) as error:
        load_registers(tmp_path)
    assert f"{path}, line " in str(error.value)


def test_the_other_registers_have_fields_of_their_own(tmp_path: Path) -> None:
    common = "  reason: r\n  owner: a\n  approver: b\n  from: 2026-01-01\n  until: 2026-12-31\n"
    (tmp_path / "not_applicable.yaml").write_text(
        f'version: 1\nnot_applicable:\n- id: N-1\n  control: "1.1"\n{common}'
    )
    (tmp_path / "acceptances.yaml").write_text(
        "version: 1\nacceptances:\n- id: A-1\n  control: '1.1'\n  evidence: abc\n"
        f"  period: 2026-10\n{common}"
    )
    (tmp_path / "exclusions.yaml").write_text(
        f"version: 1\nexclusions:\n- id: X-1\n  region: us-east-1\n{common}"
    )
    registers = load_registers(tmp_path)
    assert [(name, e.id, e.what) for name, e in registers.every()] == [
        ("not_applicable", "N-1", "control 1.1"),
        ("acceptances", "A-1", "control 1.1, evidence abc, period 2026-10"),
        ("exclusions", "X-1", "region us-east-1"),
    ]
    assert registers.exclusions[0].covers("aws_config", "111111111111", "us-east-1")
    assert not registers.exclusions[0].covers("aws_config", "111111111111", "eu-west-1")
