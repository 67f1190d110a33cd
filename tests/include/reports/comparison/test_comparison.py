"""Two results compared: every kind of change is found, named, and told in the same words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from include.assessment.result import Assessment
from include.errors import InputError
from include.metrics.comparison import KINDS, Comparison, compare
from include.reports.comparison.html import write_comparison_html
from include.reports.comparison.json_file import SCHEMA_FILE, comparison_text
from include.reports.comparison.text import told
from tests.include.assessment.estate import ACCOUNT, control
from tests.include.reports.comparison.pairs import (
    CONTROLS,
    compared,
    disk,
    october,
    september,
    side,
)

HOSTILE = 'a\x1b[2J<script>alert("1")</script>\u202egnp.exe'


def text_of(comparison: Comparison, **how: Any) -> str:
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for part in told(comparison, **how):
        console.print(part, crop=False)
    return console.export_text()


def resources(comparison: Comparison, kind: str) -> list[str]:
    return [row["resource"] for row in comparison.items(kind)]


def test_what_fails_now_and_passed_before_is_new_and_the_other_way_round_fixed() -> None:
    found = compared(september("a", passing=("b",)), october("b", passing=("a",)))
    assert resources(found, "new") == [disk("b")]
    assert resources(found, "fixed") == [disk("a")]
    assert found.verdict == "worse"
    assert found.worse == ("1 finding newly fails.",)
    assert found.better == ("1 finding was fixed.",)


def test_what_fails_in_both_is_no_news() -> None:
    found = compared(september("a"), october("a"))
    assert resources(found, "still_failing") == [disk("a")]
    assert found.nothing_changed and found.verdict == "same"
    assert "Nothing changed; 1 finding that fails is the same." in text_of(found)


def test_what_failed_once_before_and_was_fixed_is_reopened() -> None:
    august = replace(september("a"), period="2026-08")
    found = compared(september(), october("a"), august)
    assert resources(found, "reopened") == [disk("a")]
    assert "1 finding fails again." in found.worse


def test_what_was_not_answered_before_is_newly_asked_which_is_not_worse() -> None:
    found = compared(september(rules=("KEYS",)), october("a"))
    assert resources(found, "newly_asked") == [disk("a")]
    assert resources(found, "new") == []


def test_what_is_not_judged_any_more_is_never_an_improvement() -> None:
    found = compared(september("a"), october(status="DENIED", rules=()))
    assert resources(found, "unknown") == [disk("a")]
    assert resources(found, "fixed") == []
    assert found.verdict == "worse"
    directions = {row["name"]: row["direction"] for row in found.figures}
    assert directions["score"] == directions["coverage"] == "worse"
    # There are fewer failures to be seen, because less was seen.
    assert directions["failing"] == directions["non_compliant"] == "other"
    assert {row["control"]: row["direction"] for row in found.controls} == {
        "1.1": "other",
        "1.2": "worse",
        "1.3": "other",
    }
    assert found.better == ()
    assert [gap["status"] for gap in found.gaps["new"]] == ["DENIED"]
    assert "Evidence is missing from 1 more place." in found.worse
    assert "Evidence missing now and not before: 1" in text_of(found)


def test_evidence_that_is_there_again_is_better() -> None:
    found = compared(september(status="DENIED", rules=()), october())
    assert found.gaps["new"] == [] and len(found.gaps["closed"]) == 1
    assert found.verdict == "better"


def test_a_control_that_changes_is_told_with_its_direction() -> None:
    found = compared(september(), october("a"))
    assert [(row["control"], row["direction"]) for row in found.controls] == [
        ("1.1", "worse"),
        ("1.3", "worse"),
    ]
    assert "Compliant → Non-compliant" in text_of(found)


def test_figures_are_the_results_own_and_their_difference() -> None:
    one, two = side(september()), side(october("a"))
    found = compare(one, two)
    score = next(row for row in found.figures if row["name"] == "score")
    assert (score["before"], score["now"]) == (
        one.metrics.compliance["compliance_score"],
        two.metrics.compliance["compliance_score"],
    )
    assert score["difference"] == pytest.approx(score["now"] - score["before"])
    assert found.change["score"] == {key: score[key] for key in ("before", "now", "difference")}


def kinds(found: Comparison) -> list[str]:
    return [row["kind"] for row in found.warnings]


def test_another_scope_is_said_before_anything_else() -> None:
    found = compared(september(), october(accounts=(ACCOUNT, "222222222222")))
    assert kinds(found) == ["scope"]
    assert "only now: 222222222222" in found.warnings[0]["text"]
    lines = text_of(found).splitlines()
    assert lines[2].startswith("! The two have other accounts")


@pytest.mark.parametrize("width", [76, 80, 120])
def test_no_account_and_no_figure_is_cut_in_a_narrow_terminal(width: int) -> None:
    accounts = (ACCOUNT, "222222222222")
    found = compared(september("a", accounts=accounts), october("b", accounts=accounts))
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for part in told(found):
        console.print(part, crop=False)
    lines = console.export_text().split("By account")[1].splitlines()
    assert lines[2].split() == ["account", *["2026-09", "2026-10", "change"] * 2]
    assert [line.split()[0] for line in lines[4:6]] == list(accounts)
    assert [line.split()[1:3] for line in lines[4:6]] == [["25.00", "%"], ["75.00", "%"]]


def test_an_account_of_one_result_only_has_no_figure_in_the_other() -> None:
    found = compared(september(), october(accounts=(ACCOUNT, "222222222222")))
    (new,) = [row for row in found.accounts if row["account"] == "222222222222"]
    assert new["score"]["before"] is None and new["score"]["difference"] is None


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"status": "INTERIM", "interim": ("1 of 3 accounts",)}, "interim"),
        ({"framework_version": "2.0"}, "version"),
        ({"regions": ("us-east-1",)}, "scope"),
    ],
)
def test_what_differs_in_kind_is_said(changed: dict[str, Any], kind: str) -> None:
    now: Assessment = replace(october(), **changed)
    assert kind in kinds(compared(september(), now))


def test_other_controls_are_named() -> None:
    found = compared(september(), october(controls=(*CONTROLS, control("1.5", "disks"))))
    assert any("only now: 1.5" in row["text"] for row in found.warnings)
    (new,) = [row for row in found.controls if row["control"] == "1.5"]
    assert new["before"] is None
    assert "not there → Compliant" in text_of(found)


def test_one_result_with_itself_is_said_to_be_the_same() -> None:
    found = compared(october("a"), october("a"))
    assert kinds(found) == ["identical"] and found.nothing_changed


def test_two_results_of_one_period_are_revisions() -> None:
    assert kinds(compared(october("a"), october("b"))) == ["revision"]


def test_periods_in_the_wrong_order_are_said() -> None:
    assert kinds(compared(october(), september())) == ["order"]


def test_two_frameworks_are_refused_with_the_way_to_compare_them() -> None:
    other = replace(october(), framework="large_1.0")
    with pytest.raises(InputError, match=r"frameworks crosswalk small_1\.0 large_1\.0"):
        compare(side(september()), side(other))


def test_lists_are_cut_with_a_count_and_whole_when_asked() -> None:
    found = compared(september(), october(*(f"d{n}" for n in range(30))))
    assert "… and 26 more, --all" in text_of(found)
    everything = text_of(found, everything=True)
    assert all(disk(f"d{n}") in everything for n in range(30)) and "--all" not in everything


def test_only_worse_leaves_out_what_got_better_or_stayed() -> None:
    found = compared(september("a", "b", passing=("c",)), october("b", "c", passing=("a",)))
    only = text_of(found, only_worse=True)
    assert disk("c") in only
    assert disk("a") not in only and "Still failing" not in only


def test_a_terminal_is_given_nothing_to_obey() -> None:
    said = text_of(compared(september(), october(HOSTILE)))
    assert "\x1b" not in said and "\u202e" not in said
    assert "\\u001b[2J" in said


def test_the_page_escapes_names_has_every_finding_and_asks_the_network_for_nothing(
    tmp_path: Path,
) -> None:
    many = [f"d{n}" for n in range(40)]
    found = compared(september("gone"), october(HOSTILE, *many))
    page = write_comparison_html(found, tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "\x1b" not in page and "\u202e" not in page and "\\u202egnp" in page
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert "default-src 'none'" in page
    assert all(disk(name) in page for name in many)
    for row in found.warnings:
        assert row["text"] in page


def test_json_fits_its_schema_and_has_all_items() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    august = replace(september("z"), period="2026-08")
    pairs = [
        compared(september("a", "b"), october("b", "z", status="PARTIAL"), august),
        compared(september(), october(status="DENIED", rules=())),
        compared(october(), october()),
    ]
    for found in pairs:
        value = json.loads(comparison_text(found))
        jsonschema.validate(value, schema)
        assert sum(value["change"]["counts"].values()) == len(value["change"]["items"])
        assert list(value["change"]["counts"]) and set(value["change"]["counts"]) == set(KINDS)


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    for n in (1, 2):
        found = compared(september("a", "b"), october("b", "c"))
        write_comparison_html(found, tmp_path / f"{n}.html")
        (tmp_path / f"{n}.json").write_text(comparison_text(found))
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
