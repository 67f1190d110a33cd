"""Checking registers: every problem with its file and line, and what was probably meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from include.assessment.register_check import Known, check_folder

KNOWN = Known({"1.1", "5.7"}, {"imdsv2-required"}, {"inspector", "aws_config"})
DAY = date(2026, 10, 31)
PEOPLE = "  reason: r\n  owner: a\n  approver: b\n"


def entry(id_: str, *lines: str, start: str = "2026-01-01", until: str = "2027-12-31") -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"- id: {id_}\n{body}{PEOPLE}  from: {start}\n  until: {until}\n"


def told(folder: Path) -> list[str]:
    return [
        f"{p.path.name}:{p.line} {p.level} {p.text} {p.hint}"
        for p in check_folder(folder, KNOWN, DAY)
    ]


def test_good_registers_and_none_at_all_have_no_problems(tmp_path: Path) -> None:
    assert told(tmp_path) == []
    (tmp_path / "exceptions.yaml").write_text(
        "version: 1\nexceptions:\n" + entry("EX-1", "check: imdsv2-required")
    )
    (tmp_path / "exclusions.yaml").write_text(
        "version: 1\nexclusions:\n"
        + entry("XC-1", "source: inspector", 'account: "111111111111"', "region: eu-west-1")
    )
    assert told(tmp_path) == []


def test_all_problems_are_told_not_only_the_first(tmp_path: Path) -> None:
    (tmp_path / "exceptions.yaml").write_text(
        "version: 1\nexceptions:\n"
        + entry("EX-1", "check: imdsv2-require")
        + entry("EX-1", 'control: "5.8"')
        + "- id: EX-2\n  check: imdsv2-required\n"
        + entry("EX-3", "check: imdsv2-required", until="2026-10-30")
        + entry("EX-4", "check: imdsv2-required", until="2026-11-15")
    )
    found = told(tmp_path)
    assert [text.split()[0] for text in found] == [
        "exceptions.yaml:4", "exceptions.yaml:10", "exceptions.yaml:11", "exceptions.yaml:17",
        "exceptions.yaml:25", "exceptions.yaml:32",
    ]  # fmt: skip
    assert "no check 'imdsv2-require'. Did you mean imdsv2-required?" in found[0]
    assert "an entry 'EX-1' on line 3 already" in found[1]
    assert "no control '5.8'. Did you mean 5.7?" in found[2]
    assert "is missing" in found[3]
    assert "notice EX-3 expired on 2026-10-30" in found[4]
    assert "notice EX-4 expires on 2026-11-15" in found[5]


def test_exclusions_name_source_account_and_region(tmp_path: Path) -> None:
    (tmp_path / "exclusions.yaml").write_text(
        "version: 1\nexclusions:\n"
        + entry("XC-1", "source: inspektor", "account: '12'", "region: Ireland")
        + entry("XC-2")
    )
    found = told(tmp_path)
    assert "no source 'inspektor'. Did you mean inspector?" in found[0]
    assert "'12' is no account" in found[1] and "'Ireland' is no region" in found[2]
    assert "XC-2: excludes every source" in found[3]


def test_an_acceptance_is_of_a_period_and_does_not_expire(tmp_path: Path) -> None:
    (tmp_path / "acceptances.yaml").write_text(
        "version: 1\nacceptances:\n"
        + entry("AC-1", "control: '1.1'", "evidence: ME-1", "period: 2026-01", until="2026-01-31")
        + entry("AC-2", "control: '1.1'", "evidence: ME-1", "period: january")
    )
    [found] = told(tmp_path)
    assert "acceptances.yaml:15 error AC-2: 'january' is not a period" in found


def test_broken_and_strange_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "acceptances.yaml").write_text("version: 1\nacceptances: [\n")
    (tmp_path / "exceptions.yaml").write_text("version: 1\nexceptions: none\n")
    (tmp_path / "exclusion.yml").write_text("version: 1\n")
    found = told(tmp_path)
    assert "acceptances.yaml:3 error not readable as YAML" in found[0]
    assert "exceptions.yaml:2 error expected a list of entries" in found[1]
    assert "exclusion.yml:1 error is no register" in found[2] and "exclusions.yaml" in found[2]
