"""The pages of report.pdf: everything found is there, and nothing else is claimed."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pdfplumber
import pypdf
import pytest

from include.assessment.assess import assess
from include.assessment.period import parse_period
from include.assessment.scope import Scope
from include.checks.catalogue import load_catalogue
from include.frameworks.loader import load_framework
from include.metrics.compute import compute_metrics
from include.reports.model import ReportModel, percent_text, words
from include.reports.pdf.appendix_change import passing_again
from include.reports.pdf.document import write_pdf
from include.reports.pdf.failing import resource_rows
from include.reports.pdf.material import Material
from include.reports.pdf.style import MARGIN, PAGE_HEIGHT, PAGE_WIDTH
from include.reports.wording import reason_text, remedy_of
from include.workpapers.samples import samples_of
from tests.include.assessment.estate import (
    ACCOUNT,
    AWAY,
    HOME,
    PERIOD,
    config,
    hub,
    hub_row,
    judged,
    row,
)
from tests.include.assessment.estate import control as asked
from tests.include.reports.sample import CONTEXT, assessment, model, model_of, streamed


def pages_of(path: Path) -> list[str]:
    with pdfplumber.open(path) as pdf:
        return [page.extract_text() for page in pdf.pages]


def text_of(path: Path) -> str:
    if not shutil.which("pdftotext"):
        return "\f".join(pages_of(path))
    return subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout


def squeezed(text: str) -> str:
    return "".join(text.split())


@lru_cache(maxsize=1)
def sample() -> ReportModel:
    return streamed()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pdf(sample(), tmp_path_factory.mktemp("pages") / "report.pdf")


@pytest.fixture(scope="module")
def flow(drawn: Path) -> list[str]:
    """The pages' texts cell by cell, in the order in which they were drawn."""
    with pdfplumber.open(drawn) as pdf:
        return [page.extract_text(use_text_flow=True) for page in pdf.pages]


@pytest.fixture(scope="module")
def pages(drawn: Path) -> list[str]:
    return pages_of(drawn)


def test_the_pdf_names_every_control_gap_and_failing_resource(drawn: Path) -> None:
    found, text = sample(), squeezed(text_of(drawn))
    for control in found.assessment.controls:
        assert squeezed(control.title)[:12] in text
    assert "DENIED" not in text  # statuses are written for people
    assert "Denied" in text
    assert "securityhub:GetFindings" in text
    for digest in (line.content_digest[:12] for line in found.assessment.receipts):
        assert digest in text
    names = {r.rsplit("/", 1)[-1] for check in found.assessment.checks for r in check.failing}
    assert names
    for name in names:
        assert squeezed(name) in text


def test_what_failed_and_was_fixed_is_shown_with_its_days(drawn: Path) -> None:
    found = sample()
    assert any(cell.fixed for check in found.assessment.checks for cell in check.cells)
    text = text_of(drawn)
    chapter = text[text.rindex("Failed within the period") :]
    assert "2026-10-03 10:00:00" in chapter
    assert "2026-10-04 18:20:31" in chapter


def test_every_page_names_package_framework_version_and_period(drawn: Path) -> None:
    a = sample().assessment
    for page in pages_of(drawn)[1:]:
        head, _, _ = page.partition("\n")
        assert head.startswith(f"{a.framework_title} | version {a.framework_version} | {a.period}")
        assert head.endswith("Package 0123456789abcdef")


def test_an_interim_result_is_badged_on_every_page(tmp_path: Path) -> None:
    interim = replace(assessment(), status="INTERIM", interim=("1 of 3 accounts",))
    text = text_of(write_pdf(model_of(interim, CONTEXT), tmp_path / "report.pdf"))
    pages = text.rstrip("\f").split("\f")
    assert len(pages) > 5
    assert all("interim" in page.lower() for page in pages)


def test_every_page_has_its_number(drawn: Path) -> None:
    text = text_of(drawn)
    for number, page in enumerate(text.rstrip("\f").split("\f"), 1):
        assert f"Page {number}" in page


def test_a_failing_control_says_what_to_do_and_what_is_not_known_there(drawn: Path) -> None:
    found, text = sample(), squeezed(text_of(drawn))
    checks = {m.id for c in found.failing_controls() for m in c.checks if m.failing}
    assert checks
    for check in checks:
        assert squeezed(f"Remedy: {load_catalogue()[check].remedy}") in text
    assert "Limitationshere." in text


def test_since_and_region_are_told_in_words_where_there_is_no_value() -> None:
    found = assessment()
    check = next(c for c in found.checks if c.locality == "account" and c.failing)
    cells = tuple(
        replace(
            cell,
            failing=tuple(
                replace(
                    f,
                    region="eu-west-1",
                    findings=tuple(
                        replace(x, since=found.period_start, failed=((found.period_start, ""),))
                        for x in f.findings
                    ),
                )
                for f in cell.failing
            ),
        )
        for cell in check.cells
    )
    checks = tuple(replace(c, cells=cells) if c.id == check.id else c for c in found.checks)
    mapped = next(m for c in found.controls for m in c.checks if m.id == check.id)
    rows = list(resource_rows(Material(model_of(replace(found, checks=checks), CONTEXT)), mapped))
    assert rows
    assert {(row[3], row[2]) for row in rows} == {("before the period", "account")}


def test_a_check_that_the_catalogue_no_longer_knows_is_drawn_without_a_remedy() -> None:
    assert remedy_of("forgotten-check") == ""


def test_a_receipt_that_is_not_complete_is_named_also_without_a_gap(tmp_path: Path) -> None:
    found = assessment(denied=False)
    complete = text_of(write_pdf(model_of(found, CONTEXT), tmp_path / "a.pdf"))
    said = "Every source was collected completely, everywhere in scope."
    assert said in " ".join(complete[complete.rindex("Missing evidence") :].split())
    line = replace(
        found.receipts[0], status="NOT_ENABLED", message="Switched off here.", content_digest=""
    )
    changed = replace(found, gaps=(), receipts=(line, *found.receipts[1:]))
    text = text_of(write_pdf(model_of(changed, CONTEXT), tmp_path / "b.pdf"))
    assert said not in " ".join(text.split())
    assert "Switched off here." in text


def test_required_checks_left_open_are_listed_with_place_and_cause(drawn: Path) -> None:
    text = text_of(drawn)
    chapter = text[text.rindex("Required checks left unanswered") :]
    assert "222222222222 us-east-1" in chapter[: chapter.index("Results in figures")]


def test_a_resource_that_was_fixed_has_one_row_for_all_its_sources() -> None:
    found = Material(model())
    checks = found.model.assessment.checks
    for check in checks:
        rows = list(passing_again(found, check))
        assert len({row[2] for row in rows}) == len(rows)
    told = [row for check in checks for row in passing_again(found, check)]
    assert any("AWS Config, AWS Security Hub" in row[7] for row in told)


def test_reasons_name_no_ids_of_checks_and_stay_as_they_are_in_the_result() -> None:
    found = model()
    for control in found.assessment.controls:
        text = reason_text(found, control)
        if not control.decision:
            assert not [m.id for m in control.checks if m.id in text.split()]
    passing = next(c for c in found.assessment.controls if c.status == "COMPLIANT")
    assert reason_text(found, passing) == "Nothing fails."
    assert "answered everywhere" in passing.reason


def test_the_pdf_is_dated_by_its_evidence_and_carries_the_whole_digest(tmp_path: Path) -> None:
    found = assessment()
    path = write_pdf(model_of(found, CONTEXT), tmp_path / "report.pdf")
    stamp = re.sub(r"[-:TZ]", "", found.as_of[:19]).encode()
    assert b"/CreationDate (D:" + stamp in path.read_bytes()
    assert found.content_digest in squeezed(text_of(path))


def inner(page: str) -> str:
    """A page without its running head and foot."""
    return "\n".join(page.split("\n")[1:-1])


def blocks(found: ReportModel, flow: list[str]) -> Iterator[tuple[Any, str]]:
    """Each control with the text from its heading up to the next one's, white space taken out."""
    text = squeezed("".join(page for page in flow[3:]))
    controls = found.assessment.controls
    heads = [squeezed(f"{c.id}{c.title}{words(c.status)}") + "Claim" for c in controls]
    places = [text.index(head) for head in heads] + [text.index("AppendixACompleteness")]
    assert places == sorted(places)
    for control, start, end in zip(controls, places, places[1:], strict=False):
        yield control, text[start:end]


def test_every_control_has_a_block_with_its_status_and_all_that_fails_it(flow: list[str]) -> None:
    failing = 0
    for control, block in blocks(sample(), flow):
        text = sample().control_text(control.id)
        assert text is not None
        assert squeezed(f"Claim. {text.objective}") in block
        steps = [squeezed(f"{n}. {s}")[:12] for n, s in enumerate(text.test_procedure, 1)]
        at = [block.index(step) for step in steps]
        assert at == sorted(at), control.id
        assert "Result." in block
        for mapped in control.checks:
            for resource in mapped.failing:
                failing += 1
                assert squeezed(resource.rsplit("/", 1)[-1]) in block, control.id
        for one in (e for m in control.checks for e in m.excused):
            assert one.exception in block
    assert failing > 50


def test_an_inconclusive_control_says_what_is_missing_and_what_to_do(flow: list[str]) -> None:
    for control, block in blocks(sample(), flow):
        if control.status == "INCONCLUSIVE" and "Not answered" in control.reason:
            assert re.search(r"Whatismissing(\.|Where)", block), control.id
            assert "Whattodo" in block, control.id
        if control.manual and not control.manual.settled:
            assert squeezed(f"State: {control.manual.state}") in block


def test_a_block_counts_its_population_as_the_cells_do(flow: list[str]) -> None:
    for control, block in blocks(sample(), flow):
        checks = [sample().check(m.id) for m in control.checks if m.role != "shown"]
        cells = [cell for check in checks if check.judges for cell in check.cells]
        n = sum(c.passing + len(c.failing) + len(c.unanswered) for c in cells)
        if n:
            assert f"Population{n:,}:" in block, control.id


def test_the_executive_page_is_one_page_with_the_figures_of_the_metrics(pages: list[str]) -> None:
    metrics, page = sample().metrics, pages[1]
    assert "1 Executive summary" in page
    assert "Contents" not in page
    assert pages[2].split("\n")[1] == "Contents"
    assert percent_text(metrics.compliance["compliance_score"]) in page
    assert percent_text(metrics.coverage["controls_percent"]) in page
    for status in ("compliant", "non_compliant", "inconclusive", "not_applicable"):
        count = metrics.compliance[f"{status}_controls"]
        assert f"{words(status.upper())} {count}" in page
    for one in metrics.by_control_set:
        assert percent_text(one["compliance_score"]) in page
    assert "Missing evidence" in page
    assert "AWS Security Hub in 222222222222 us-east-1: denied" in page
    assert "securityhub:GetFindings" in squeezed(page)


def test_the_breakdowns_are_those_of_the_metrics(pages: list[str]) -> None:
    metrics = sample().metrics
    text = "\n".join(pages)
    chapter = text[text.index("4 Results in figures", text.index("Every")) :]
    for one in metrics.by_account:
        line = next(x for x in chapter.split("\n") if x.startswith(one["account"]))
        assert f"{one['cells_answered']} of {one['cells_total']}" in line
        assert percent_text(one["compliance_score"]) in line
        assert line.endswith(f" {one['failing_resources']}")
    for one in metrics.by_severity:
        line = next(x for x in chapter.split("\n") if x.startswith(f"{words(one['severity'])} "))
        assert line.endswith(
            f"{one['passing_results']} {one['failing_results']} {one['unanswered_results']} "
            f"{one['failing_resources']}"
        )


def test_the_contents_name_the_pages_on_which_the_chapters_begin(pages: list[str]) -> None:
    lines = [re.fullmatch(r"(.+?)[ .]* (\d+)", line) for line in inner(pages[2]).split("\n")]
    found = [(line[1], int(line[2])) for line in lines if line]
    chapters = [title for title, _ in found if re.match(r"\d+ |Appendix [A-G] ", title)]
    assert len(chapters) == 4 + len(sample().assessment.sets) + 7
    for title, page in found:
        assert title in pages[page - 1].split("\n"), title


def test_links_lead_to_where_the_controls_are(drawn: Path, pages: list[str]) -> None:
    reader = pypdf.PdfReader(drawn)
    numbers = {
        page.indirect_reference.idnum: n
        for n, page in enumerate(reader.pages)
        if page.indirect_reference
    }
    led = [
        (annotation.get_object()["/Contents"], annotation.get_object()["/Dest"][0].idnum)
        for page in reader.pages
        for annotation in page.get("/Annots", ())
    ]
    assert len(led) > len(sample().assessment.controls)
    for name, page in led:
        assert squeezed(name) in squeezed(pages[numbers[page]]), name
    assert {name for name, _ in led} >= {
        f"{control.id}  {control.title}" for control in sample().assessment.controls
    }


def test_the_table_of_a_set_gives_the_page_of_each_control(pages: list[str]) -> None:
    text = "\n".join(inner(page) for page in pages[3:])
    for control in sample().assessment.controls:
        found = re.search(
            rf"^{re.escape(control.id)} .*{words(control.status)} \d+ \S+ (\d+)$", text, re.M
        )
        assert found, control.id
        page = squeezed(pages[int(found[1]) - 1])
        assert squeezed(f"{control.id}{control.title}{words(control.status)}Claim") in page


def test_equal_models_give_equal_bytes(drawn: Path, tmp_path: Path) -> None:
    assert write_pdf(streamed(), tmp_path / "again.pdf").read_bytes() == (drawn.read_bytes())


def test_an_empty_world_says_so_in_every_chapter(tmp_path: Path) -> None:
    text = text_of(write_pdf(model_of(judged()), tmp_path / "report.pdf"))
    for sentence in (
        "Nothing was collected.",
        "Nothing was collected: there are no receipts.",
        "No item of evidence was collected.",
        "Nothing is known to fail; 1 control could not be decided.",
        "There is no earlier result to compare with.",
        "No decision is on record.",
        "No source answered.",
        "Nothing that passed at the end is known to have failed before.",
    ):
        assert sentence in text, sentence


def test_where_everything_holds_the_report_says_that_nothing_is_missing(tmp_path: Path) -> None:
    whole = judged(config(row("PASS")), hub(hub_row("PASS")))
    text = text_of(write_pdf(model_of(whole), tmp_path / "report.pdf"))
    assert whole.status == "COMPLETE"
    assert "Nothing is missing and nothing waits for a decision." in text
    assert "100.00 %" in text
    assert "Nothing fails." in text
    assert "Every source was collected completely, everywhere in scope." in text


def test_a_long_list_of_failures_is_drawn_once_and_referred_to(tmp_path: Path) -> None:
    names = [f"arn:aws:ec2:{HOME}:{ACCOUNT}:instance/i-{n:05d}" for n in range(60)]
    rows = [row("FAIL", resource=name) for name in names]
    controls = [asked("1.1", "both"), asked("1.2", "both")]
    found = judged(config(*rows), hub(), controls=controls)
    path = write_pdf(model_of(found), tmp_path / "report.pdf")
    with pdfplumber.open(path) as pdf:
        text = squeezed("".join(page.extract_text(use_text_flow=True) for page in pdf.pages))
    for name in names:
        assert name in text
    assert squeezed("60 resources fail: all of them are listed under 1.1") in text
    blocks = text[text.rindex("1.2Control1.2Non-compliantTestprocedure") :]
    assert "i-00033" not in blocks[: blocks.index("AppendixA")]


def test_a_catalogue_of_a_thousand_controls_is_whole_and_its_summary_one_page(
    tmp_path: Path,
) -> None:
    framework = load_framework("nist_800_53_r5")
    found = assess(framework, load_catalogue(), Scope((ACCOUNT,), (HOME,)), PERIOD, [])
    start = time.process_time()
    path = write_pdf(model_of(found), tmp_path / "report.pdf")
    assert time.process_time() - start < 60
    reader = pypdf.PdfReader(path)
    assert "Contents" in reader.pages[2].extract_text()
    titles = set(_titles(reader.outline))
    assert titles >= {f"{c.id}  {c.title}" for c in found.controls}


def _titles(outline: Any) -> Iterator[str]:
    for one in outline:
        if isinstance(one, list):
            yield from _titles(one)
        else:
            yield str(one.title)


def test_a_change_is_told_with_arrow_and_word(tmp_path: Path) -> None:
    before = judged(
        config(row("FAIL"), period="2026-09"),
        hub(hub_row("FAIL"), period="2026-09"),
        period=parse_period("2026-09"),
    )
    now = judged(config(row("PASS")), hub(hub_row("PASS")))
    figures = compute_metrics(now, earlier=[before])
    path = write_pdf(ReportModel(now, figures, CONTEXT), tmp_path / "report.pdf")
    pages = pages_of(path)
    with pdfplumber.open(path) as pdf:
        summary = squeezed(pdf.pages[1].extract_text(use_text_flow=True))
    assert squeezed("\N{UPWARDS ARROW} up 100.00 points since 2026-09.") in summary
    appendix = "\n".join(pages)
    appendix = appendix[appendix.rindex("Appendix C") :]
    assert "1.1 Control 1.1 Non-compliant Compliant better" in appendix


def test_the_population_is_counted_reconciled_and_listed_once(flow: list[str]) -> None:
    found = sample()
    text = "\n".join(flow)
    appendix = text[text.rindex("Appendix B Population") : text.rindex("Appendix C Change")]
    names: set[tuple[str, str]] = set()
    rows = 0
    for table in found.context.population():
        rows += table.num_rows
        names.update(zip(table["account"].to_pylist(), table["resource"].to_pylist(), strict=True))
    assert f"{len(names):,} resources with {rows:,} results" in " ".join(appendix.split())
    assert f"add up to the same {rows:,}." in " ".join(appendix.split())
    listed = squeezed(
        appendix[appendix.index("Every resource") : appendix.index("Resources drawn")]
    )
    for _, name in names:
        assert squeezed(name) in listed, name


def test_a_sample_is_listed_with_what_draws_it_again(flow: list[str]) -> None:
    found = sample()
    text = squeezed("\n".join(flow))
    appendix = text[text.rindex("AppendixBPopulation") : text.rindex("AppendixCChange")]
    assert f"Theseedis{found.assessment.content_digest}" in appendix
    drawn = appendix[appendix.index("Resourcesdrawn") :]
    for one in samples_of(found.assessment, found.context.population, found.context.sampling):
        assert all(squeezed(item.resource) in drawn for item in one.items)


def test_many_accounts_are_counted_on_the_cover_and_listed_in_the_chapter_on_scope(
    tmp_path: Path,
) -> None:
    accounts = tuple(f"{111_111_111_111 + n}" for n in range(100))
    found = judged(*(config(account=one) for one in accounts), accounts=accounts)
    pages = pages_of(write_pdf(model_of(found), tmp_path / "report.pdf"))
    assert "100 accounts, listed in chapter 2" in pages[0]
    assert all(one in pages[3] for one in accounts)
    assert "In 100 of 100 places (an account in a region) every source was read" in pages[3]


def test_one_of_a_thing_is_told_in_the_singular(tmp_path: Path) -> None:
    found = judged(config(row("FAIL")), hub(hub_row("PASS")))
    text = text_of(write_pdf(model_of(found), tmp_path / "report.pdf"))
    assert "1 control fails, by 1 resource;" in text
    assert "1 account and 1 region were assessed." in text
    for wrong in ("1 resources", "1 controls", "1 accounts", "1 receipts", "1 items", "1 cells"):
        assert not re.search(rf"(?<![\d,.]){wrong}", text), wrong


def test_a_decision_that_ends_soon_and_evidence_to_review_are_on_the_executive_page(
    tmp_path: Path,
) -> None:
    figures = compute_metrics(assessment(), expiring_days=365)
    path = write_pdf(ReportModel(assessment(), figures, CONTEXT), tmp_path / "report.pdf")
    page = " ".join(pages_of(path)[1].split())
    assert "1 exception ends within 365 days of the period's end: EX-7" in page


def test_nothing_stands_outside_its_frame(drawn: Path) -> None:
    with pdfplumber.open(drawn) as pdf:
        for page in pdf.pages:
            body = [c for c in page.chars if c["text"].strip()]
            assert min(c["x0"] for c in body) >= MARGIN - 0.5
            assert max(c["x1"] for c in body) <= PAGE_WIDTH - MARGIN + 0.5
            assert max(c["bottom"] for c in body) <= PAGE_HEIGHT - 20


def test_places_that_miss_the_same_share_a_line_however_many_they_are(tmp_path: Path) -> None:
    accounts = tuple(f"{111_111_111_111 + n}" for n in range(100))
    found = judged(accounts=accounts, regions=(HOME, AWAY))
    pages = pages_of(write_pdf(model_of(found), tmp_path / "report.pdf"))
    assert len(pages) < 25
    assert any("all 100 accounts" in page for page in pages)
