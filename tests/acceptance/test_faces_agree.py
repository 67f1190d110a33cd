"""One run, every face of it: what independent readers find agrees, and is the ground truth."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.assessment.assess import assess
from include.assessment.period import parse_period
from include.assessment.registers import Exception_, Registers
from include.assessment.scope import Scope
from include.checks.catalogue import load_catalogue
from include.evidence.table import SCHEMA
from include.frameworks.loader import load_framework
from include.metrics.compute import compute_metrics
from include.metrics.evidence import aggregate
from include.reports.model import ReportContext, ReportModel
from include.reports.write import write_reports
from include.runs.judging import judge_run
from include.runs.snapshots import snapshots_of
from include.workpapers.population import PopulationWriter, read_population
from tests.acceptance import faces
from tests.acceptance.faces import STATUSES, Figures, counted
from tests.browser import CHROMIUM, DRIVER, MISSING
from tests.include.reports import sample
from tests.judge.judge import Verdict, _allowed, judge
from tests.local_stack import ROOT, SOURCES, collect, local_aws

FRAMEWORK = ROOT / "include/frameworks/library/cis_aws_5.0.yaml"
CATALOGUE = ROOT / "include/checks/catalogue"
OSCAL = "oscal/assessment-results.json"
#: Every face and how it is read back.
READERS: Mapping[str, Callable[[Path], Figures]] = {
    "report.json": faces.read_json,
    "report.pdf": faces.read_pdf,
    "report.html": faces.read_html,
    "the CSV files": faces.read_csv,
    "evidence.jsonl": faces.read_jsonl,
    "workbook.xlsx": faces.read_xlsx,
    OSCAL: faces.read_oscal,
}


@dataclass(frozen=True)
class World:
    """A package, and what is true of what it reports; each face is read once."""

    package: Path
    truth: Figures
    _read: dict[str, Figures] = field(default_factory=dict)

    def read(self, face: str) -> Figures:
        if face == "report.html" and not (CHROMIUM and DRIVER):
            pytest.skip(MISSING)
        if face not in self._read:
            self._read[face] = READERS[face](self.package)
        return self._read[face]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two accounts in one region, with two exceptions: one covers a part, one all of a check."""
    folder = tmp_path_factory.mktemp("estate")
    with ExitStack() as stack:
        aws = stack.enter_context(
            local_aws(folder / "aws", seed=7, accounts=2, regions=1, resources=60, months=2)
        )
        plan, store = collect(aws)
        verdict = judge(
            aws.ground_truth,
            FRAMEWORK,
            CATALOGUE,
            start="2026-10-01T00:00:00Z",
            end="2026-11-01T00:00:00Z",
        )
        exceptions = excused_of(verdict)
        population = folder / "population.parquet"
        with PopulationWriter(population) as writer:
            found = judge_run(plan, store, Registers(exceptions=exceptions), population=writer)

        def evidence() -> Iterator[Any]:
            for snapshot in snapshots_of(plan, store):
                yield from snapshot.iter_columns(SCHEMA.names)

        context = ReportContext(
            environment="test",
            assessment_name="faces",
            package="1a2b3c4d5e6f7081",
            evidence=evidence,
            population=lambda: read_population(population),
            receipts=lambda: (one.receipt for one in snapshots_of(plan, store)),
        )
        package = write(
            ReportModel(found, compute_metrics(found, evidence=aggregate(evidence())), context),
            folder / "package",
        )
        items: Counter[str] = Counter()
        for snapshot in snapshots_of(plan, store):
            items[snapshot.receipt.source] += sum(1 for _ in snapshot.iter_evidence())
        truth = figures_of(verdict, exceptions)
        yield World(
            package,
            replace(
                truth,
                interim=False,
                evidence=items,
                receipts=Counter(
                    (source, account, region, "COMPLETE")
                    for source in SOURCES
                    for account in aws.accounts
                    for region in aws.regions
                ),
            ),
        )


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Nothing was collected at all: neither a source nor an account answered; INTERIM."""
    framework = load_framework("cis_aws_5.0")
    found = assess(
        framework,
        load_catalogue(),
        Scope(("111111111111",), ("eu-west-1",)),
        parse_period("2026-10"),
        [],
        Registers(),
        interim=("No source was asked.",),
    )
    context = ReportContext(environment="test", assessment_name="nothing", package="00ff")
    package = write(
        ReportModel(found, compute_metrics(found), context), tmp_path_factory.mktemp("nothing")
    )
    controls = {control["id"]: "INCONCLUSIVE" for control in library_controls()}
    return World(
        package,
        Figures(
            interim=True,
            score="0.00 %",
            coverage="0.00 %",
            counts=counted(controls),
            controls=controls,
            failing=frozenset(),
            evidence={},
            receipts={},
            exceptions=frozenset(),
            gaps=frozenset(
                (source, "111111111111", "eu-west-1", "NOT_COLLECTED") for source in SOURCES
            ),
            missing=f"{len(SOURCES)} places",
        ),
    )


@pytest.fixture(scope="module")
def denied(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A made-up run: one source was denied in one place; the rest is as report.json says."""
    package = write(sample.model(), tmp_path_factory.mktemp("denied"))
    place = (sample.ACCOUNTS[1], sample.REGIONS[1])
    return World(
        package,
        replace(
            faces.read_json(package),
            interim=False,
            gaps=frozenset({("security_hub", *place, "DENIED")}),
            receipts=Counter(
                (source, account, region, "COMPLETE")
                for source in ("aws_config", "security_hub", "cloudtrail", "api_calls", "inspector")
                for account in sample.ACCOUNTS
                for region in sample.REGIONS
                if (source, account, region) != ("security_hub", *place)
            )
            + Counter([("security_hub", *place, "DENIED")]),
            exceptions=frozenset({"EX-7"}),
            missing="1 place",
        ),
    )


def write(model: ReportModel, folder: Path) -> Path:
    write_reports(model.assessment, model.metrics, model.context, folder)
    return folder


def library_controls() -> list[dict[str, Any]]:
    """The framework's controls, read as data."""
    library = yaml.safe_load(FRAMEWORK.read_text())
    return [control for one in library["control_sets"] for control in one["controls"]]


def excused_of(verdict: Verdict) -> tuple[Exception_, Exception_]:
    """One exception for a single resource of several that fail a check, one for the only one."""

    def entry(id_: str, check: str, resource: str) -> Exception_:
        return Exception_.model_validate(
            {
                "id": id_,
                "check": check,
                "resource": resource,
                "reason": "It is replaced next year.",
                "owner": "platform@example.org",
                "approver": "security@example.org",
                "from": "2026-09-01",
                "until": "2026-12-31",
            }
        )

    asked = [m["check"] for control in library_controls() for m in control.get("checks") or []]
    several = next(check for check in asked if len(verdict.failing[check]) > 1)
    alone = next(check for check in asked if len(verdict.failing[check]) == 1)
    return (
        entry("EX-1", several, verdict.failing[several][0]),
        entry("EX-2", alone, verdict.failing[alone][0]),
    )


def figures_of(verdict: Verdict, exceptions: tuple[Exception_, ...]) -> Figures:
    """The verdict's figures; what is excepted doesn't make a control fail, and goes on failing."""
    excepted = {(one.check, one.resource) for one in exceptions}
    places = {
        check: {
            cell: replace(
                place,
                must_fail=frozenset(r for r in place.must_fail if (check, r) not in excepted),
                fails=frozenset(r for r in place.fails if (check, r) not in excepted),
            )
            for cell, place in cells.items()
        }
        for check, cells in verdict.places.items()
    }
    controls = {}
    failing: set[str] = set()
    for control in library_controls():
        [controls[control["id"]]] = _allowed(control, places)
        for mapped in control.get("checks") or []:
            if mapped["role"] != "shown":
                failing.update(verdict.failing[mapped["check"]])
    counts = counted(controls)
    judged = counts["COMPLIANT"] + counts["NON_COMPLIANT"]
    return Figures(
        score=f"{100 * counts['COMPLIANT'] / len(controls):.2f} %",
        coverage=f"{100 * judged / len(controls):.2f} %",
        counts=counts,
        controls=controls,
        failing=frozenset(failing),
        exceptions=frozenset(one.id for one in exceptions),
        gaps=frozenset(),
        missing=f"{counts['INCONCLUSIVE']} controls" if counts["INCONCLUSIVE"] else "None",
    )


def differences(said: Figures, truth: Figures) -> dict[str, tuple[Any, Any]]:
    """What a face says otherwise than it is: (said, true)."""
    true = truth.told()
    wrong = {}
    for name, value in said.told().items():
        if name == "receipts":
            # COMPLETE and COMPLETE_EMPTY differ by what is there to find, not by how it ended.
            value = Counter(
                {
                    (source, account, region, status.removesuffix("_EMPTY")): n
                    for (source, account, region, status), n in value.items()
                }
            )
        if name == "evidence":
            value = {source: n for source, n in value.items() if n}
            true = {**true, name: {source: n for source, n in true[name].items() if n}}
        if value != true[name]:
            wrong[name] = (value, true[name])
    return wrong


@pytest.mark.parametrize("face", READERS)
def test_a_face_says_what_the_ground_truth_says(face: str, estate: World) -> None:
    said = estate.read(face)
    assert said.told()
    assert differences(said, estate.truth) == {}


@pytest.mark.parametrize("face", READERS)
def test_a_face_of_a_run_that_collected_nothing_says_that_nothing_is_known(
    face: str, nothing: World
) -> None:
    assert differences(nothing.read(face), nothing.truth) == {}


@pytest.mark.parametrize(
    "face", ["report.json", "report.pdf", "report.html", "workbook.xlsx", OSCAL]
)
def test_a_face_tells_what_is_missing(face: str, denied: World) -> None:
    said = denied.read(face)
    assert said.gaps
    assert differences(replace(said, evidence=None), denied.truth) == {}


@pytest.mark.parametrize("face", [name for name in READERS if name != "evidence.jsonl"])
def test_a_face_tells_each_of_the_figures_it_is_there_for(face: str, estate: World) -> None:
    """Guards the tests above: what a reader doesn't find, they would not compare."""
    told = set(estate.read(face).told())
    every = {"counts", "controls", "failing", "evidence", "receipts"}
    assert every <= told
    if face not in ("the CSV files",):
        assert {"score", "coverage", "interim"} <= told


def test_the_truth_has_something_of_everything(estate: World) -> None:
    """Guards the tests above: figures that are all zero agree too easily."""
    truth = estate.truth
    assert truth.counts and min(truth.counts[status] for status in STATUSES[:3]) > 3
    assert truth.failing and len(truth.failing) > 5
    assert truth.evidence and set(truth.evidence) == set(SOURCES)
    assert truth.exceptions == frozenset({"EX-1", "EX-2"})


@pytest.mark.parametrize("face", ["report.json", "report.pdf", "the CSV files"])
def test_a_reader_sees_a_difference(face: str, estate: World) -> None:
    """Guards the readers: of another truth, they say that it is another."""
    truth = estate.truth
    assert truth.controls and truth.failing and truth.evidence
    other = dict(truth.controls)
    other[next(iter(other))] = "NOT_APPLICABLE"
    assert "controls" in differences(estate.read(face), replace(truth, controls=other))
    fewer = truth.failing - {min(truth.failing)}
    assert "failing" in differences(estate.read(face), replace(truth, failing=fewer))
    more = {source: n + 1 for source, n in truth.evidence.items()}
    assert "evidence" in differences(estate.read(face), replace(truth, evidence=more))


def test_every_face_carries_the_content_digest(estate: World) -> None:
    """One result, one digest: whoever holds two files can see that they belong together."""
    digest = json.loads((estate.package / "report.json").read_text())["content_digest"]
    oscal = (estate.package / "oscal" / "assessment-results.json").read_text()
    assert digest in oscal
    assert digest in (estate.package / "report.html").read_text(encoding="utf-8")
