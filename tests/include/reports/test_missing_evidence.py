"""What is missing: one figure and one sentence, the same on every face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pdfplumber
import pytest
from openpyxl import load_workbook

from include.assessment.result import Assessment, ManualState
from include.reports.html.document import write_html
from include.reports.missing_evidence import missing_evidence
from include.reports.pdf.document import write_pdf
from include.reports.tables.workbook import write_workbook
from tests.include.assessment.estate import config, control, deployment, hub, hub_row, judged, row
from tests.include.reports.html.reading import read
from tests.include.reports.sample import model_of


def whole() -> Assessment:
    return judged(config(row("PASS")), hub(hub_row("PASS")))


def silent() -> Assessment:
    """Every receipt is complete; nobody is able to answer."""
    off = deployment("security_hub", "EC2.8", state="DISABLED")
    unrecorded = deployment(state="NOT_RECORDED")
    return judged(
        config(deployments=[unrecorded]),
        hub(deployments=[off]),
        controls=[control("1.1", "both"), control("1.2", "both")],
    )


def waiting() -> Assessment:
    """Answered everywhere, and people still have to provide something."""
    found = whole()
    asks = ManualState("A signed policy.")
    one = replace(found.controls[0], status="INCONCLUSIVE", manual=asks)
    return replace(found, controls=(one,))


def denied() -> Assessment:
    return judged(config(row("PASS")), hub(status="DENIED", message="Access was denied."))


def excluded() -> Assessment:
    """What was not collected was left out by a decision."""
    found = denied()
    gaps = tuple(replace(gap, blocking=False, decision="X-1") for gap in found.gaps)
    return replace(found, gaps=gaps, status="COMPLETE")


WORLDS = {
    "whole": (whole, "None", "Every source was collected completely, everywhere in scope."),
    "silent": (silent, "2 controls", "2 controls stay open: 2 for want of answers to checks."),
    "waiting": (waiting, "1 control", "1 control stays open: 1 for evidence from people."),
    "denied": (denied, "1 place", "1 place asked gave no complete answer. 1 control stays open"),
    "excluded": (excluded, "1 control", "1 place is left out by decision. 1 control stays open"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_pdf_html_and_workbook_say_the_same_of_what_is_missing(name: str, tmp_path: Path) -> None:
    make, headline, said = WORLDS[name]
    model = model_of(make())
    told = missing_evidence(model)
    assert told.headline == headline
    assert said in told.sentence
    with pdfplumber.open(write_pdf(model, tmp_path / "report.pdf")) as pdf:
        cover, executive = (" ".join(pdf.pages[n].extract_text().split()) for n in (0, 1))
    # The badge's word stands beside the sentence, between its lines.
    assert told.sentence in cover.replace(" Complete ", " ").replace(" Incomplete ", " ")
    assert headline in executive
    tile = next(
        one
        for one in read(write_html(model, tmp_path / "report.html")).all("div", class_="figure")
        if one.one("h3").text() == "Missing evidence"
    )
    assert tile.one("p", class_="value").text() == headline
    assert told.sentence in " ".join(tile.text().split())
    sheets = load_workbook(write_workbook(model, tmp_path / "w.xlsx"))
    cells = [line[0] for line in sheets["Read me"].iter_rows(values_only=True)]
    at = cells.index("Missing evidence")
    assert cells[at + 1] == headline
    assert str(cells[at + 2]).startswith(told.sentence)


def test_a_complete_result_says_how_many_controls_stay_open_on_its_cover(tmp_path: Path) -> None:
    found = silent()
    assert (found.status, found.gaps) == ("COMPLETE", ())
    with pdfplumber.open(write_pdf(model_of(found), tmp_path / "report.pdf")) as pdf:
        cover = " ".join(pdf.pages[0].extract_text().split()).replace(" Complete ", " ")
    assert "Every source was collected completely, everywhere in scope. 2 controls stay" in cover
