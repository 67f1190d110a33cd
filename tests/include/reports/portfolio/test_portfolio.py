"""The portfolio: figures are the frameworks' own, what they share counts once, nothing is lost."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from itertools import permutations
from pathlib import Path
from typing import Any

import jsonschema
import pdfplumber
import pytest

from include.frameworks.loader import readable_frameworks
from include.metrics.portfolio import NotAssessed, Portfolio, portfolio_of
from include.reports.model import percent_text
from include.reports.portfolio.failing import TOP_ACCOUNTS, TOP_RESOURCES
from include.reports.portfolio.html import write_portfolio_html
from include.reports.portfolio.json_file import SCHEMA_FILE, portfolio_text
from include.reports.portfolio.parts import short_title
from include.reports.portfolio.pdf import write_portfolio_pdf
from tests.include.assessment.estate import ACCOUNT, control
from tests.include.reports.comparison.pairs import (
    CONTROLS,
    OCTOBER,
    SEPTEMBER,
    disk,
    september,
)
from tests.include.reports.portfolio.world import HOSTILE, of, portfolio, published

OTHER = "222222222222"


def text_of(path: Path) -> str:
    with pdfplumber.open(path) as pdf:
        return "\n".join(page.extract_text() for page in pdf.pages)


def several() -> Portfolio:
    first = of("first_1.0", "a", "b")
    before = replace(september("a"), framework="first_1.0")
    return portfolio(
        published(first, before),
        of("second_1.0", "b", status="PARTIAL"),
        of("fourth_1.0", accounts=(ACCOUNT, OTHER)),
    )


def test_each_framework_s_figures_are_its_own() -> None:
    results = [published(of("first_1.0", "a")), published(of("second_1.0"))]
    found = portfolio(*results)
    for row, one in zip(found.frameworks, results, strict=True):
        assert row["score"] == one.metrics.compliance["compliance_score"]
        assert row["coverage"] == one.metrics.coverage["controls_percent"]
        assert row["failing_resources"] == one.metrics.resources["failing"]
        assert row["content_digest"] == one.assessment.content_digest
    for row in found.by_account:
        for one in results:
            (own,) = [r for r in one.metrics.by_account if r["account"] == row["account"]]
            cell = row["frameworks"][one.assessment.framework]
            assert cell["compliance_score"] == own["compliance_score"]


def test_a_resource_that_fails_several_frameworks_counts_once_with_all_its_controls() -> None:
    found = portfolio(of("first_1.0", "a", "b"), of("second_1.0", "b"))
    assert found.totals["failing_resources"] == 2
    top = found.failing_resources[0]
    assert top["resource"] == disk("b") and top["rank"] == 1
    assert top["controls"] == {"first_1.0": ["1.1", "1.3"], "second_1.0": ["1.1", "1.3"]}
    assert top["controls_total"] == 4
    (account,) = found.by_account
    assert account["failing_resources"] == 2
    assert sum(row["failing_resources"] for row in found.by_severity) == 2


def test_a_place_s_count_is_never_less_than_any_framework_s_there() -> None:
    found = several()
    for row in (*found.by_account, *found.by_region):
        for cell in row["frameworks"].values():
            assert cell is None or cell["failing_resources"] <= row["failing_resources"]


def test_checks_are_ranked_by_the_controls_they_break() -> None:
    found = portfolio(of("first_1.0", "a"), of("second_1.0", "b"))
    (check,) = found.failing_checks
    assert (check["check"], check["resources"], check["controls_total"]) == ("disks", 2, 4)


def test_totals_are_counts_and_no_score_is_made_of_several() -> None:
    found = several()
    assert found.totals["compliant_controls"] == sum(
        row["compliant_controls"] for row in found.frameworks
    )
    assert not [name for name in found.totals if "score" in name or "percent" in name]


def test_a_framework_without_a_result_is_named_with_the_reason_in_every_face(
    tmp_path: Path,
) -> None:
    found = several()
    assert found.totals["frameworks"] == 4 and found.totals["frameworks_missing"] == 1
    said = "No result for 2026-10. It is assessed yearly."
    assert found.missing[0]["why"] == said
    page = write_portfolio_html(found, tmp_path / "p.html").read_text(encoding="utf-8")
    assert said in page and "1 of 4 frameworks" in page
    pdf = text_of(write_portfolio_pdf(found, tmp_path / "p.pdf"))
    assert said in pdf and "1 of 4 frameworks has no final result for this period" in pdf


def library(*, assessed: int) -> Portfolio:
    """All frameworks of the library by name, the first ones assessed."""
    headers = readable_frameworks()[0]
    return portfolio(
        *(
            replace(of(h.id, "a"), framework_title=h.title, framework_version=h.version)
            for h in headers[:assessed]
        ),
        missing=[
            NotAssessed(h.id, h.name, "No result for 2026-10. It is assessed by hand only.")
            for h in headers[assessed:]
        ],
    )


def test_editions_of_a_framework_are_told_apart_and_a_reason_of_many_is_told_once(
    tmp_path: Path,
) -> None:
    found = library(assessed=2)
    page = write_portfolio_html(found, tmp_path / "p.html").read_text(encoding="utf-8")
    pdf = " ".join(text_of(write_portfolio_pdf(found, tmp_path / "p.pdf")).split())
    for text in (unescape(page), pdf):
        assert "CIS AWS Foundations Benchmark v3.0.0 (cis_aws_3.0)" in text
        assert "CIS AWS Foundations Benchmark v5.0.0 (cis_aws_5.0)" in text
        for row in found.missing:
            assert f"{row['title']} ({row['framework']})" in text
    why = found.missing[0]["why"]
    assert pdf.count(why) == 1
    assert all(row["title"].endswith(("v1.0.0", "v1.0")) for row in found.frameworks)


def test_at_the_head_of_a_matrix_no_word_and_no_id_is_broken(tmp_path: Path) -> None:
    found = library(assessed=99)
    short = [short_title(row) for row in found.frameworks]
    assert {"CIS AWS 5.0", "SOC 2 2017", "GDPR 2016", "NIST 800 53 R5 moderate"} <= {*short}
    assert len({*short}) == len(short)
    with pdfplumber.open(write_portfolio_pdf(found, tmp_path / "p.pdf")) as pdf:
        words = {word["text"] for page in pdf.pages for word in page.extract_words()}
    assert {word for title in short for word in title.split()} <= words
    page = write_portfolio_html(found, tmp_path / "p.html").read_text(encoding="utf-8")
    assert all(page.count(f'<th class="n words">{title}</th>') == 2 for title in short)


def test_missing_evidence_is_one_place_with_the_controls_of_each_framework() -> None:
    found = portfolio(of("first_1.0", status="DENIED"), of("second_1.0", status="DENIED"))
    (gap,) = found.gaps
    assert gap["blocking"] and gap["status"] == "DENIED"
    assert set(gap["controls"]) == {"first_1.0", "second_1.0"}
    assert found.totals["gaps_blocking"] == 1


def test_what_waits_for_people_is_named_by_framework_and_control() -> None:
    found = portfolio(of("first_1.0"), of("second_1.0"))
    assert [(row["framework"], row["control"], row["state"]) for row in found.awaiting] == [
        ("first_1.0", "1.4", "missing"),
        ("second_1.0", "1.4", "missing"),
    ]


def test_an_account_outside_a_framework_s_scope_has_no_figure_there() -> None:
    found = several()
    (row,) = [row for row in found.by_account if row["account"] == OTHER]
    assert row["frameworks"]["first_1.0"] is None
    assert row["frameworks"]["fourth_1.0"]["compliance_score"] is not None


def test_change_and_trend_are_the_framework_s_and_absent_where_there_is_no_result_before() -> None:
    first, fourth, _ = several().frameworks
    assert first["previous_period"] == "2026-09"
    assert [point["period"] for point in first["trend"]] == ["2026-09", "2026-10"]
    assert first["change"]["new"] == 1 and first["change"]["still_failing"] == 1
    assert fourth["change"] is None and fourth["previous_period"] is None


def test_the_order_of_results_makes_no_difference() -> None:
    results = [published(of(f"{name}_1.0", name)) for name in "abc"]
    assert len({portfolio_text(portfolio(*order)) for order in permutations(results)}) == 1


def test_a_result_of_another_period_is_refused() -> None:
    with pytest.raises(ValueError, match="not of 2026-09"):
        portfolio_of("test", SEPTEMBER, [published(of("first_1.0"))])
    twice = [published(of("first_1.0")), published(of("first_1.0", "a"))]
    with pytest.raises(ValueError, match="two results of one framework"):
        portfolio_of("test", OCTOBER, twice)


def test_json_fits_its_schema_and_is_read_back() -> None:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for found in (several(), portfolio(missing=()), portfolio(of("only_1.0"), missing=())):
        value = json.loads(portfolio_text(found))
        jsonschema.validate(value, schema)
        del value["format_version"]
        assert portfolio_text(Portfolio.from_json(value)) == portfolio_text(found)


def test_the_pdf_has_every_framework_with_its_figures(tmp_path: Path) -> None:
    found = several()
    text = text_of(write_portfolio_pdf(found, tmp_path / "p.pdf", "0123456789abcdef"))
    lines = text.splitlines()
    for row in found.frameworks:
        (n,) = [n for n, line in enumerate(lines) if line.startswith(row["title"])]
        line = " ".join(lines[n : n + 3])
        assert percent_text(row["score"]) in line and percent_text(row["coverage"]) in line
        assert row["content_digest"][:20] in text
    assert re.search(r"\b3 of 4\b", text)
    assert "0123456789abcdef" in text


def test_many_frameworks_accounts_and_resources_fit_and_what_is_cut_is_counted(
    tmp_path: Path,
) -> None:
    names = [f"framework_number_{n:02d}" for n in range(14)]
    accounts = (ACCOUNT, *(f"{n:012d}" for n in range(1, 30)))
    failing = [f"volume-{n:03d}" for n in range(60)]
    found = portfolio(*(of(name, *failing, accounts=accounts) for name in names))
    path = write_portfolio_pdf(found, tmp_path / "p.pdf")
    text = text_of(path)
    flowing = " ".join(text.split())
    assert f"The first {TOP_RESOURCES} of 60 failing resources" in flowing
    assert f"The first {TOP_ACCOUNTS} of 30 accounts" in flowing
    assert "and 10 more frameworks" in flowing
    with pdfplumber.open(path) as pdf:
        assert len(pdf.pages) <= 8
        for page in pdf.pages:
            assert all(c["x0"] >= 0 and c["x1"] <= page.width for c in page.chars)
    joined = re.sub(r"\s", "", text)
    assert all(name in joined for name in names)


def hostile() -> Portfolio:
    controls = (*CONTROLS, {**control("1.5", "disks"), "title": HOSTILE})
    return portfolio(replace(of("first_1.0", HOSTILE, controls=controls), framework_title=HOSTILE))


def test_the_page_escapes_everything_and_asks_the_network_for_nothing(tmp_path: Path) -> None:
    page = write_portfolio_html(hostile(), tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page and "The &lt;third&gt;" in page
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert "default-src 'none'" in page


def test_hostile_names_are_drawn_as_text(tmp_path: Path) -> None:
    assert "<script>" in text_of(write_portfolio_pdf(hostile(), tmp_path / "p.pdf"))


def test_an_empty_portfolio_says_so(tmp_path: Path) -> None:
    nothing = portfolio()
    assert "0 of 1" in text_of(write_portfolio_pdf(nothing, tmp_path / "p.pdf"))
    write_portfolio_html(nothing, tmp_path / "p.html")


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    written: list[Any] = []
    for n in ("1", "2"):
        folder = tmp_path / n
        folder.mkdir()
        found = several()
        written.append(
            (
                write_portfolio_pdf(found, folder / "p.pdf").read_bytes(),
                write_portfolio_html(found, folder / "p.html").read_bytes(),
                portfolio_text(found),
            )
        )
    assert written[0] == written[1]
