"""oscal/assessment-results.json, read by compliance-trestle: valid, honest, always the same."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from trestle.core.duplicates_validator import DuplicatesValidator
from trestle.core.refs_validator import RefsValidator
from trestle.oscal.assessment_results import AssessmentResults

from include.assessment.result import Assessment, FailingResource, ManualState, RegisterLine
from include.frameworks.loader import load_framework
from include.reports.model import ReportModel
from include.reports.oscal.document import write_oscal
from include.reports.oscal.names import NS, control_ids
from tests.include.reports.sample import assessment, model_of

ROOT = Path(__file__).parents[3]
LIBRARY = sorted(p.stem for p in (ROOT / "include/frameworks/library").glob("*.yaml"))


def package(folder: Path) -> list[Path]:
    """Files to cite."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("report.json", "evidence.csv", "receipts.csv"):
        (folder / name).write_text(f"{name}\n")
    return sorted(folder.glob("*.*"))


def written(folder: Path, model: ReportModel) -> Path:
    return write_oscal(model, folder / "oscal" / "assessment-results.json", package(folder))


def read(path: Path) -> Any:
    found = AssessmentResults.oscal_read(path)
    assert isinstance(found, AssessmentResults)
    return found


def word(value: Any) -> str:
    """A value that trestle wraps once or twice."""
    while not isinstance(value, str):
        value = value.value if hasattr(value, "value") else value.root
    return value


def result(folder: Path, found: Assessment) -> Any:
    [one] = read(written(folder, model_of(found))).results
    return one


def props(thing: Any) -> dict[str, str]:
    """Our own properties; several of one name by their class."""
    return {
        p.name + (f" {p.class_}" if p.class_ else ""): p.value
        for p in thing.props
        if str(p.ns) == NS
    }


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def uuids(value: Any, *names: str) -> Iterator[str]:
    """All values of members with these names."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in names:
                yield from strings(inner)
            else:
                yield from uuids(inner, *names)
    elif isinstance(value, list):
        for inner in value:
            yield from uuids(inner, *names)


def with_not_applicable(found: Assessment, which: int = 2) -> Assessment:
    controls = list(found.controls)
    controls[which] = replace(
        controls[which],
        status="NOT_APPLICABLE",
        decision="NA-1",
        reason="Not applicable until 2026-12-31 by decision NA-1.",
    )
    return replace(found, controls=tuple(controls))


def test_trestle_reads_it_and_no_uuid_occurs_twice(tmp_path: Path) -> None:
    found = read(written(tmp_path, model_of(assessment())))
    assert DuplicatesValidator().model_is_valid(found, True)
    assert RefsValidator().model_is_valid(found, True)


@pytest.mark.parametrize("framework", LIBRARY)
def test_every_framework_of_the_library_has_valid_different_control_ids(
    tmp_path: Path, framework: str
) -> None:
    controls = list(load_framework(framework).controls())
    ids = control_ids(one.id for one in controls)
    assert len({one.casefold() for one in ids.values()}) == len(controls)
    like = assessment().controls[0]
    found = replace(
        assessment(),
        framework=framework,
        checks=(),
        gaps=(),
        controls=tuple(
            replace(like, id=one.id, title=one.title, checks=()) for one in controls[:40]
        ),
    )
    one = result(tmp_path, found)
    assert [props(f)["control-id"] for f in one.findings] == [c.id for c in controls[:40]]


def test_nist_controls_have_the_ids_of_nists_own_catalog() -> None:
    ids = control_ids(["AC-2", "AC-2(1)", "SC-7(10)"], lower=True)
    assert list(ids.values()) == ["ac-2", "ac-2.1", "sc-7.10"]


def test_ids_that_would_become_one_stay_different() -> None:
    assert list(control_ids(["A(1)", "A.1", "a.1", "1.1"]).values()) == [
        "A.1",
        "A.1_2",
        "a.1_3",
        "c-1.1",
    ]


def test_each_control_is_told_by_a_finding_and_nobody_can_read_inconclusive_as_satisfied(
    tmp_path: Path,
) -> None:
    found = assessment()
    one = result(tmp_path, found)
    told = {props(finding)["control-id"]: finding for finding in one.findings}
    assert list(told) == [control.id for control in found.controls]
    seen = set()
    for control in found.controls:
        finding = told[control.id]
        assert props(finding)["control-status"] == control.status
        status = finding.target.status
        seen.add((control.status, word(status.state), word(status.reason)))
        if control.status == "INCONCLUSIVE":
            assert "INCONCLUSIVE" in status.remarks
            assert finding.related_risks, control.id
        elif control.status == "NON_COMPLIANT":
            assert finding.related_risks, control.id
    assert seen == {
        ("COMPLIANT", "satisfied", "pass"),
        ("NON_COMPLIANT", "not-satisfied", "fail"),
        ("INCONCLUSIVE", "not-satisfied", "other"),
    }


def test_a_control_that_does_not_apply_has_no_finding_and_is_excluded_with_its_decision(
    tmp_path: Path,
) -> None:
    found = with_not_applicable(assessment())
    control = found.controls[2]
    one = result(tmp_path, found)
    assert control.id not in {props(finding)["control-id"] for finding in one.findings}
    [selection] = one.reviewed_controls.control_selections
    [left_out] = selection.exclude_controls
    assert left_out.control_id == f"c-{control.id}"
    [why] = selection.props
    assert (why.name, why.value, why.remarks) == ("not-applicable", control.id, control.reason)
    assert left_out.control_id not in {c.control_id for c in selection.include_controls}


def test_nothing_but_decisions_is_valid_too(tmp_path: Path) -> None:
    found = with_not_applicable(assessment(), 0)
    one = result(tmp_path, replace(found, controls=found.controls[:1], checks=(), gaps=()))
    assert one.findings is None
    assert len(one.reviewed_controls.control_selections[0].exclude_controls) == 1


def test_nothing_collected_at_all_is_valid_and_says_so(tmp_path: Path) -> None:
    found = assessment()
    empty = replace(
        found,
        status="INTERIM",
        interim=("Nothing was collected.",),
        controls=tuple(
            replace(c, status="INCONCLUSIVE", reason="Nothing.", checks=()) for c in found.controls
        ),
        checks=(),
        gaps=(),
        receipts=(),
        registers=(),
    )
    document = read(written(tmp_path, model_of(empty)))
    [one] = document.results
    assert document.metadata.title.startswith("INTERIM: ")
    assert one.title.startswith("INTERIM: ")
    assert "Nothing was collected." in one.remarks
    assert props(one)["assessment-status"] == "INTERIM"
    assert {word(f.target.status.state) for f in one.findings} == {"not-satisfied"}


def test_the_subjects_of_an_observation_are_what_fails(tmp_path: Path) -> None:
    found = assessment()
    one = result(tmp_path, found)
    names = {
        item.uuid: next(p.value for p in item.props if p.name == "asset-id")
        for item in one.local_definitions.inventory_items
    }
    told = {props(o)["check"]: o for o in one.observations}
    for check in found.checks:
        observation = told[check.id]
        subjects = [names[s.subject_uuid] for s in observation.subjects or ()]
        assert subjects == sorted(check.failing)
        assert props(observation)["answer"] == check.answer
        methods = [word(m) for m in observation.methods]
        assert methods == (["TEST"] if check.judges else ["EXAMINE"])
    assert set(names.values()) == {r for check in found.checks for r in check.failing}


def test_what_people_provided_is_an_observation_of_its_own(tmp_path: Path) -> None:
    found = assessment()
    manual = ManualState("A signed plan.", ("e1", "e2"), ("e1",), ("222222222222",))
    control = replace(found.controls[0], manual=manual)
    one = result(tmp_path, replace(found, controls=(control, *found.controls[1:])))
    [told] = [o for o in one.observations if "manual-evidence" in props(o)]
    assert props(told)["not-accepted-for"] == "222222222222"
    assert {"EXAMINE", "INTERVIEW"} == {word(m) for m in told.methods}
    assert [p.value for p in told.relevant_evidence[0].props] == ["e1", "e2"]
    assert told.uuid in {r.observation_uuid for r in one.findings[0].related_observations}


def test_what_fails_is_an_open_risk_with_a_remedy_and_a_gap_is_one_too(tmp_path: Path) -> None:
    found = assessment()
    one = result(tmp_path, found)
    for risk in one.risks:
        mine = props(risk)
        if "exception" in mine:
            continue
        assert word(risk.status) == "open"
        if "check" in mine or "gap" in mine:
            assert risk.remediations[0].description, mine
    gaps = [props(risk) for risk in one.risks if "gap" in props(risk)]
    assert [(g["gap"], g["source"], g["account"], g["region"]) for g in gaps] == [
        (gap.status, gap.source, gap.account, gap.region) for gap in found.gaps
    ]


def test_an_exception_in_use_is_an_approved_deviation_until_its_last_day(tmp_path: Path) -> None:
    one = result(tmp_path, assessment())
    [risk] = [risk for risk in one.risks if "exception" in props(risk)]
    assert word(risk.status) == "deviation-approved"
    assert risk.deadline.isoformat() == "2026-12-31T23:59:59+00:00"
    assert props(risk)["owner"] == "platform@example.org"
    excused = [f for f in one.findings if risk.uuid in {r.risk_uuid for r in f.related_risks or ()}]
    assert [props(f)["control-id"] for f in excused] == ["5.7"]


def test_every_receipt_is_in_the_log(tmp_path: Path) -> None:
    found = assessment()
    entries = result(tmp_path, found).assessment_log.entries
    assert [
        (props(e)["source"], props(e)["account"], props(e)["region"], props(e)["receipt-status"])
        for e in entries
    ] == [(line.source, line.account, line.region, line.status) for line in found.receipts]


def test_cited_files_have_their_hash_and_an_address_from_the_document(tmp_path: Path) -> None:
    path = written(tmp_path, model_of(assessment()))
    cited = [r for r in read(path).back_matter.resources if r.rlinks]
    assert len(cited) == 3
    for resource in cited:
        [link] = resource.rlinks
        [hash_] = link.hashes
        target = path.parent / link.href
        assert hash_.value == hashlib.sha256(target.read_bytes()).hexdigest()
        assert not link.href.startswith("/")


def test_every_reference_leads_somewhere(tmp_path: Path) -> None:
    data = json.loads(written(tmp_path, model_of(with_not_applicable(assessment()))).read_bytes())
    known = set(uuids(data, "uuid"))
    named = ("subject-uuid", "observation-uuid", "risk-uuid", "actor-uuid", "component-uuid")
    assert set(uuids(data, *named, "party-uuids")) <= known
    assert {href[1:] for href in uuids(data, "href") if href.startswith("#")} <= known
    objectives = set(uuids(data["assessment-results"]["local-definitions"], "id"))
    assert set(uuids(data, "target-id", "objective-id")) == objectives


def test_the_same_result_gives_the_same_bytes_in_any_process_and_place(tmp_path: Path) -> None:
    first = written(tmp_path / "one", model_of(assessment())).read_bytes()
    code = (
        "import sys; from pathlib import Path; from tests.include.reports import test_oscal as t;"
        "t.written(Path(sys.argv[1]), t.model_of(t.assessment()))"
    )
    where = tmp_path / "elsewhere" / "deeper"
    subprocess.run(
        [sys.executable, "-c", code, str(where)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati"},
        check=True,
    )
    assert (where / "oscal" / "assessment-results.json").read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_other_bytes_cited_or_another_result_give_another_document(tmp_path: Path) -> None:
    found = assessment()
    first = read(written(tmp_path / "a", model_of(found)))
    other = read(written(tmp_path / "b", model_of(replace(found, controls=found.controls[1:]))))
    assert first.uuid != other.uuid
    assert first.results[0].uuid != other.results[0].uuid
    cited = package(tmp_path / "c")
    cited[0].write_text("changed")
    third = read(write_oscal(model_of(found), tmp_path / "c" / "oscal" / "x.json", cited))
    assert first.uuid != third.uuid
    assert first.results[0].uuid == third.results[0].uuid


def test_a_resource_has_the_same_uuid_in_every_document(tmp_path: Path) -> None:
    found = assessment()
    later = replace(found, period="2026-11", controls=found.controls[3:])

    def items(folder: Path, of: Assessment) -> set[str]:
        return {i.uuid for i in result(folder, of).local_definitions.inventory_items}

    assert items(tmp_path / "a", found) == items(tmp_path / "b", later)
    assert {UUID(one).version for one in items(tmp_path / "a", found)} == {5}


@pytest.mark.parametrize(
    "name",
    [
        "two\nlines",
        " spaces around ",
        "\u202eright to left",
        "日本語のバケット",
        "🪣" * 20,
        "x" * 2000,
        "\u2028",
        '"quoted" \\ and <b>',
    ],
)
def test_hostile_names_stay_valid_and_whole(tmp_path: Path, name: str) -> None:
    found = assessment()
    check = next(c for c in found.checks if c.failing)
    cell = next(c for c in check.cells if c.failing)
    hostile = replace(
        cell, failing=(FailingResource(name, "AWS::S3::Bucket", cell.account, "", ()),)
    )
    cells = tuple(hostile if c is cell else replace(c, failing=()) for c in check.cells)
    changed = replace(check, cells=cells, failing=(name,))
    gap = replace(found.gaps[0], message=f"{name}\n{name}")
    entry = RegisterLine("exceptions", name, name, name, name, name, "2026-01-01", "2026-12-31",
                         "in force", True)  # fmt: skip
    one = result(
        tmp_path,
        replace(
            found,
            checks=tuple(changed if c is check else c for c in found.checks),
            gaps=(gap,),
            registers=(entry,),
        ),
    )
    assert name in {item.description for item in one.local_definitions.inventory_items}


def test_size_grows_with_what_fails_not_with_controls_times_failures(tmp_path: Path) -> None:
    found = assessment()
    control = max(found.controls, key=lambda c: sum(len(m.failing) for m in c.checks))

    def size(controls: int) -> int:
        many = tuple(replace(control, id=f"X.{n}") for n in range(controls))
        path = written(tmp_path / str(controls), model_of(replace(found, controls=many)))
        return path.stat().st_size

    one, two, three = size(100), size(200), size(300)
    assert abs((three - two) - (two - one)) < 1_000
    failing = sum(len(m.failing) for m in control.checks)
    names = sum(len(r) for m in control.checks for r in m.failing)
    assert failing
    assert (two - one) / 100 < 6_000 + names
