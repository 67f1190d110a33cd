"""``workpapers.pdf`` and ``samples.csv``, read back with programs that don't know this one."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shlex
import subprocess
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pdfplumber
import pyarrow as pa
import pytest
from pypdf import PdfReader

from include.evidence.receipt import Count, FailedCall, Page
from include.reports.model import ReportContext, ReportModel, source_name
from include.reports.tables.csv_files import write_population
from include.reports.workpapers.pdf import write_workpapers
from include.reports.workpapers.receipt_files import write_receipts
from include.reports.workpapers.samples_csv import COLUMNS, write_samples
from include.workpapers.provenance import provenance_of
from include.workpapers.samples import counting_checks, samples_of
from include.workpapers.sampling import Sampling
from tests.include.reports.sample import model_of, streamed

NAMES = (
    "報告書 バケット",
    "حاوية-التقارير",
    "emoji \U0001f9ff and \u202e reversed",
    '<b>not bold</b> & "quoted"',
    "arn:aws:s3:::" + "a-very-long-name-" * 18,
    "=cmd|' /C calc'!A0",
)


def page(number: int, **request: Any) -> Page:
    return Page(
        number=number,
        operation="config:GetComplianceDetailsByConfigRule",
        request=request,
        request_id=f"0a1b2c3d-{number:04d}",
        items=4,
        sha256=f"{number:064x}",
        next_token="",
        service_date=f"2026-11-01T06:00:{number:02d}Z",
    )


@lru_cache(maxsize=2)
def made(each: int = 4) -> ReportModel:
    """A model whose receipts have pages, counts and a call that failed."""
    model = streamed(each=each)

    def receipts() -> Any:
        for receipt in model.context.receipts():
            if receipt.source == "aws_config":
                receipt = replace(
                    receipt,
                    pages=tuple(
                        page(n, ConfigRuleName=f"rule-{n}", Limit=100) for n in range(1, 7)
                    ),
                    counts=(
                        Count("rules", 6, 6),
                        Count("resources", 9, 8, "one was made while we asked"),
                    ),
                )
            if receipt.status == "DENIED":
                call = FailedCall(
                    "securityhub:GetFindings", {}, 1, 403, "AccessDeniedException", "r-9", ""
                )
                receipt = replace(receipt, failed_call=call)
            yield receipt

    return replace(model, context=replace(model.context, receipts=receipts))


def with_names(names: tuple[str, ...]) -> ReportModel:
    """The same with resources of other names in the population."""
    model = made()

    def population() -> Any:
        for table in model.context.population():
            resources = [
                names[n % len(names)] if n < 60 else name
                for n, name in enumerate(table["resource"].to_pylist())
            ]
            at = table.column_names.index("resource")
            yield table.set_column(at, "resource", pa.array(resources))

    return replace(
        model, context=replace(model.context, population=population, sampling=Sampling("all"))
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workpapers(made(), tmp_path_factory.mktemp("papers") / "workpapers.pdf")


@pytest.fixture(scope="module")
def text(path: Path) -> str:
    return read(path)


def read(path: Path) -> str:
    return "\n".join(pages_of(path))


def pages_of(path: Path) -> list[str]:
    """The pages' text, in the order in which it was drawn: a cell's lines stay together."""
    return [one.extract_text() for one in PdfReader(path).pages]


def unbroken(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_equal_models_give_equal_bytes(tmp_path: Path, path: Path) -> None:
    made.cache_clear()
    again = write_workpapers(made(), tmp_path / "again.pdf")
    assert again.read_bytes() == path.read_bytes()


def test_every_source_has_a_page_that_says_who_asked_what_and_when(text: str) -> None:
    model, plain = made(), unbroken(text)
    for source in {line.source for line in model.assessment.receipts}:
        assert re.search(rf"2\.\d {source_name(source)}", text)
    for receipt in model.context.receipts():
        assert unbroken(receipt.caller_arn) in plain
        assert unbroken(receipt.started[:19].replace("T", " ")) in plain
    for line in model.assessment.receipts:
        assert unbroken(line.uri) + line.digest in plain


def test_exact_requests_stand_there_as_commands_and_what_is_left_out_is_counted(text: str) -> None:
    plain = unbroken(text.replace(" \\\n", " "))
    for n in (1, 2, 3):
        command = (
            "aws configservice get-compliance-details-by-config-rule --cli-input-json "
            f'\'{{"ConfigRuleName": "rule-{n}", "Limit": 100}}\' --region eu-west-1'
        )
        assert unbroken(command) in plain
        assert f"0a1b2c3d-{n:04d};{n:064x}" in plain
    assert unbroken("asked 6 times") in plain, "the same request in six places"
    assert unbroken("3 more requests that differ in ConfigRuleName (6 values)") in plain


def commands_of(text: str) -> list[str]:
    """Commands as somebody copies them: a line, and those after it while it ends in a backslash."""
    found: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        if re.match(r"(aws|jq) .", line):
            taken = [line]
            while taken[-1].endswith("\\"):
                taken.append(next(lines))
            found.append("\n".join(taken))
    return found


def joined(command: str) -> str:
    """A command on one line, which Python's shlex wants."""
    return command.replace("\\\n", "")


ODD = (
    {"Expression": "SELECT x WHERE y = 'it''s' AND z IN ($HOME, `id`)", "Limit": 100},
    {"ConfigRuleName": "a rule with words " * 7, "Limit": 3},
    {"ConfigRuleName": "two  spaces"},
    {"ConfigRuleName": "hidden \u202e mark"},
    {"ConfigRuleName": "報告書"},
    {"ResourceIds": [f"i-{n:017x}" for n in range(60)]},
)


def asked(request: dict[str, Any]) -> ReportModel:
    model = made()

    def receipts() -> Any:
        for receipt in model.context.receipts():
            if receipt.source == "aws_config":
                endpoint = "http://127.0.0.1:4566"
                receipt = replace(receipt, endpoint=endpoint, pages=(page(1, **request),))
            yield receipt

    none: Any = list
    context = replace(model.context, receipts=receipts, evidence=none, population=none)
    return replace(model, context=context)


@pytest.mark.parametrize("request_asked", ODD)
def test_commands_copied_out_of_the_pdf_run_in_a_shell_and_ask_the_same(
    request_asked: dict[str, Any], tmp_path: Path
) -> None:
    model = asked(request_asked)
    path = write_workpapers(model, tmp_path / "w.pdf")
    lines, receipts = model.assessment.receipts, model.context.receipts()
    (one,) = [p for p in provenance_of(lines, receipts, "eu-west-1") if p.source == "aws_config"]
    (example,) = one.operations[0].examples
    wanted = shlex.split(example.command)
    with pdfplumber.open(path) as document:
        plumbed = "\n".join(one.extract_text() for one in document.pages)
    copied = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True, text=True)
    for text in (plumbed, copied.stdout):
        found = commands_of(text)
        assert len(found) == len(commands_of(plumbed)) in (1, 2)
        for command in found:
            subprocess.run(["bash", "-n", "-c", command], check=True)
        if len(found) == 2:
            # Read from the receipt: too long for a line, or a text that copying would change.
            at = wanted.index("--cli-input-json") + 1
            wanted[at] = "file://request.json"
            assert shlex.split(joined(found[0])) == [
                "jq", ".pages[0].request", f"receipts/{example.receipt}", ">", "request.json",
            ]  # fmt: skip
        assert shlex.split(joined(found[-1])) == wanted
        shown = f"aws() {{ printf '%s\\0' aws \"$@\"; }}\n{found[-1]}"
        told = subprocess.run(["bash", "-c", shown], capture_output=True, check=True, text=True)
        assert told.stdout.split("\0")[:-1] == wanted
    assert (len(commands_of(plumbed)) == 1) == (request_asked in (ODD[0], ODD[4]))


def test_how_each_place_ended_is_told_with_what_a_receipt_remarks(text: str) -> None:
    model, plain = made(), unbroken(text)
    ended = Counter(line.status for line in model.assessment.receipts)
    assert text.count("Denied") >= ended["DENIED"] == 1
    assert unbroken("Missing permission: securityhub:GetFindings.") in plain
    assert unbroken("AccessDeniedException, request r-9") in plain
    assert unbroken("12 compared, 6 differ, 0 unexplained") in plain
    assert unbroken("one was made while we asked") in plain


def test_the_population_is_reconciled_and_says_where_it_is_not(text: str, tmp_path: Path) -> None:
    model = made()
    items = sum(line.items for line in model.assessment.receipts)
    assert f"The receipts tell of {items:,} items" in text.replace("\n", " ")
    assert "no difference, for no source and no account" in text.replace("\n", " ")
    assert "no difference, in no place" in text.replace("\n", " ")
    short = replace(
        model.context,
        evidence=lambda: list(model.context.evidence())[1:],
        population=lambda: [table.slice(1) for table in model.context.population()],
    )
    said = read(write_workpapers(replace(model, context=short), tmp_path / "short.pdf"))
    assert "they differ for 1 source and account" in said.replace("\n", " ")
    assert re.search(r"they differ in [1-3] place", said.replace("\n", " "))


def test_each_control_s_sheet_lists_what_was_drawn(text: str) -> None:
    model, plain = made(), unbroken(text)
    samples = samples_of(model.assessment, model.context.population, model.context.sampling)
    assert {sample.of for sample in samples} == set(counting_checks(model.assessment))
    for sample in samples:
        assert (f"Control{sample.of}" in plain) == bool(sample.items)
        for item in sample.items:
            assert unbroken(item.resource) in plain
    assert model.assessment.content_digest in plain, "the seed"
    sheets = sum(bool(sample.items) for sample in samples)
    assert len(re.findall(r"Examined by _+", text)) == sheets


def test_papers_can_be_signed_and_the_index_leads_there(path: Path, text: str) -> None:
    sources = len({line.source for line in made().assessment.receipts})
    assert len(re.findall("Reviewed by", text)) == sources + 1
    reader = PdfReader(path)
    outline = [one.title for one in flat(reader.outline)]
    assert [title[0] for title in outline if re.match(r"\d  ?\w", title)] == ["1", "2", "3", "4"]
    assert any(title.startswith("Control 1.4") for title in outline)
    assert str(reader.metadata.title).startswith("Workpapers: ")  # type: ignore[union-attr]
    last = len(reader.pages)
    assert f"Page {last} of {last}" in text


def flat(outline: Any) -> list[Any]:
    return [one for part in outline for one in (flat(part) if isinstance(part, list) else [part])]


def test_names_of_any_kind_neither_break_out_nor_vanish(tmp_path: Path) -> None:
    path = write_workpapers(with_names(NAMES), tmp_path / "hostile.pdf")
    pages = pages_of(path)
    plain = unbroken("".join(pages))
    for name in (NAMES[0], NAMES[3], NAMES[4], NAMES[5]):
        assert unbroken(name) in plain
    assert "[U+202E]" in plain
    odd = [n for n, text in enumerate(pages) if "a-very-long-name" in text or "U+202E" in text]
    with pdfplumber.open(path) as document:
        for one in (document.pages[n] for n in odd[:8]):
            for char in one.chars:
                assert char["x0"] >= 45 and char["x1"] <= one.width - 45, char["text"]
                assert char["top"] >= 20 and char["bottom"] <= one.height - 20


def test_an_interim_result_says_so_on_every_page(tmp_path: Path) -> None:
    model = made()
    interim = replace(model.assessment, status="INTERIM", interim=("1 of 3 accounts",))
    path = write_workpapers(model_of(interim, model.context), tmp_path / "interim.pdf")
    assert all("INTERIM" in text for text in pages_of(path))


def test_without_population_evidence_and_receipts_the_papers_say_what_is_not_at_hand(
    tmp_path: Path,
) -> None:
    bare = replace(made(), context=ReportContext("demo", "x"))
    said = read(write_workpapers(bare, tmp_path / "bare.pdf")).replace("\n", " ")
    assert "the receipts are not at hand" in said
    assert "the evidence is not at hand here" in said
    assert "the population is not at hand" in said
    empty = replace(bare, assessment=replace(bare.assessment, receipts=(), checks=(), controls=()))
    assert "there are no receipts" in read(write_workpapers(empty, tmp_path / "empty.pdf"))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_samples_csv_has_what_the_sheets_have_and_room_for_the_auditor(tmp_path: Path) -> None:
    model = made(each=20)
    rows = rows_of(write_samples(model, tmp_path / "samples.csv"))
    samples = samples_of(model.assessment, model.context.population, model.context.sampling)
    assert [(r["control"], r["account"], r["resource"]) for r in rows] == [
        (sample.of, item.account, item.resource) for sample in samples for item in sample.items
    ]
    assert tuple(rows[0]) == COLUMNS
    assert {r["seed"] for r in rows} == {model.assessment.content_digest}
    assert all(r[name] == "" for r in rows for name in COLUMNS[-4:])
    sizes = Counter(r["control"] for r in rows)
    assert all(sizes[r["control"]] == int(r["sample_size"]) for r in rows)
    assert all(
        n == 25
        for n in (min(sizes[r["control"]], 25) for r in rows if int(r["population_size"]) > 25)
    )


def test_whoever_has_population_csv_draws_the_same_samples(tmp_path: Path) -> None:
    """As docs/workpapers.md says it, with nothing of this product."""
    model = made(each=20)
    samples = rows_of(write_samples(model, tmp_path / "samples.csv"))
    population = rows_of(write_population(model, tmp_path / "population.csv"))
    for control in {row["control"] for row in samples}:
        drawn = [row for row in samples if row["control"] == control]
        checks = set(counting_checks(model.assessment)[control])
        items = {(r["account"], r["resource"]) for r in population if r["check"] in checks}
        ranked = sorted(
            items,
            key=lambda item: hashlib.sha256(
                f"{drawn[0]['seed']}\n{item[0]}\n{item[1]}".encode()
            ).hexdigest(),
        )
        assert ranked[:25] == [(row["account"], row["resource"]) for row in drawn]
        assert len(items) == int(drawn[0]["population_size"])


def test_samples_csv_runs_nothing_in_a_spreadsheet_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    first = write_samples(with_names(NAMES), tmp_path / "a.csv")
    assert first.read_bytes() == write_samples(with_names(NAMES), tmp_path / "b.csv").read_bytes()
    cells = [row["resource"] for row in rows_of(first)]
    assert any(cell == f"'{NAMES[5]}" for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_stratified_samples_name_their_strata(tmp_path: Path) -> None:
    model = made(each=20)
    stratified = replace(model.context, sampling=Sampling("stratified", 12, "7"))
    model = replace(model, context=stratified)
    rows = rows_of(write_samples(model, tmp_path / "samples.csv"))
    assert {r["method"] for r in rows} == {"stratified"} and {r["seed"] for r in rows} == {"7"}
    for row in rows:
        account, _, region = row["stratum"].partition(" ")
        assert account == row["account"] and region in ("-", *row["region"].split())
    said = read(write_workpapers(model, tmp_path / "w.pdf"))
    assert "account, region" in said and "of 40" in said


def test_every_receipt_is_a_file_of_its_own_and_whole(tmp_path: Path) -> None:
    model = made()
    paths = write_receipts(model, tmp_path / "receipts")
    receipts = list(model.context.receipts())
    assert len({one.name for one in paths}) == len(paths) == len(receipts)
    assert [json.loads(one.read_text()) for one in paths] == [
        json.loads(json.dumps(receipt.to_json())) for receipt in receipts
    ]
    assert (tmp_path / "receipts" / "aws_config_111111111111_eu-west-1.json").exists()
