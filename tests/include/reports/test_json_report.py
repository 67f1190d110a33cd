"""report.json: the promised fields, the shipped schema, the same bytes for the same result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.assessment.registers import Exception_, Registers
from include.assessment.result import Assessment
from include.reports.json_report import report_json, write_json
from include.reports.model import ReportContext
from tests.include.assessment.estate import (
    ACCOUNT,
    HOME,
    INSTANCE,
    config,
    control,
    hub,
    hub_row,
    judged,
    row,
    snap,
)
from tests.include.reports.sample import model, model_of

FIRST_FORM: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "format_version",
            "report_timestamp",
            "environment",
            "assessment_id",
            "assessment_name",
            "framework",
            "framework_title",
            "framework_version",
            "assessment_status",
            "interim_reasons",
            "earlier_result",
            "s3_location",
            "content_digest",
            "limitations",
            "by_account",
            "by_region",
            "by_severity",
        ),
        (),
    ),
    "period": ("label", "start", "end"),
    "scope": ("accounts", "regions"),
    "compliance_metrics": (
        "total_controls",
        "compliant_controls",
        "non_compliant_controls",
        "inconclusive_controls",
        "not_applicable_controls",
        "compliance_score",
    ),
    "coverage": (
        "controls_judged",
        "controls_total",
        "controls_percent",
        "controls_awaiting_manual_evidence",
        "cells_answered",
        "cells_total",
        "cells_percent",
    ),
    "evidence_summary": (
        "total_evidence_items",
        "mapped_evidence_items",
        "evidence_sources",
        "by_source",
        "by_known",
        "by_source_and_known",
        "by_result",
    ),
    "resources": ("failing", "excused", "failed_and_fixed", "failed_and_gone", "disagreements"),
    "by_control_set": ("id", "title", "total_controls", "compliance_score", "failing_resources"),
    "controls": (
        "id",
        "set",
        "title",
        "level",
        "status",
        "reason",
        "decision",
        "by_account",
        "manual",
        "checks",
    ),
    "gaps": (
        "source",
        "account",
        "region",
        "status",
        "message",
        "controls",
        "blocking",
        "decision",
    ),
    "registers": (
        "register",
        "id",
        "what",
        "reason",
        "owner",
        "approver",
        "from",
        "until",
        "state",
        "used",
    ),
    "receipts": (
        "source",
        "account",
        "region",
        "selection",
        "status",
        "items",
        "pages",
        "retries",
        "throttles",
        "cursor_exhausted",
        "started",
        "ended",
        "message",
        "missing_permission",
        "snapshot",
    ),
}
FIRST_CHECK = (
    "id",
    "role",
    "question",
    "severity",
    "resource_type",
    "judges",
    "answer",
    "sources",
    "failing",
    "excused",
)
FIRST_FINDING = ("resource", "resource_type", "account", "found_by")
FIRST_ANSWER = (
    "account",
    "region",
    "answer",
    "blocked",
    "sources",
    "answered_in",
    "passing",
    "failing",
    "unanswered",
    "disagreements",
    "fixed_within_period",
    "gone_before_end",
    "evidence",
    "proof",
    "notes",
)
CONTEXT = ReportContext("test", "Small, October", "a-1", "s3://reports/small")
DAYS = (("2026-10-03T00:00:00Z", "2026-10-09T00:00:00Z"),)


def assessment(**more: Any) -> Assessment:
    """With something of everything: a failure, an exception, a gap, a fix, manual evidence."""
    entry = {
        "id": "EX-1",
        "check": "both",
        "resource": INSTANCE,
        "reason": "r",
        "owner": "a",
        "approver": "b",
        "from": "2026-01-01",
        "until": "2026-12-31",
    }
    return judged(
        config(row("FAIL"), row("PASS", resource="i-fixed", failed=DAYS)),
        hub(hub_row("PASS"), hub_row("UNANSWERED", resource="i-unknown")),
        snap(
            "security_hub",
            region="us-east-1",
            status="DENIED",
            message="Access was denied.",
            missing_permission="securityhub:GetFindings",
        ),
        regions=[HOME, "us-east-1"],
        controls=[control("1.1", "both"), control("1.2", manual="A signed plan.")],
        registers=Registers(exceptions=(Exception_.model_validate(entry),)),
        **more,
    )


def report(found: Assessment | None = None) -> dict[str, Any]:
    return report_json(model_of(found or assessment(), CONTEXT))


def test_the_report_has_the_promised_fields() -> None:
    found = report()
    for name in (
        "report_timestamp",
        "environment",
        "assessment_id",
        "assessment_name",
        "framework",
        "assessment_status",
        "s3_location",
        "controls",
        "gaps",
        "coverage",
    ):
        assert name in found
    assert {
        "total_controls",
        "compliant_controls",
        "non_compliant_controls",
        "compliance_score",
    } <= set(found["compliance_metrics"])
    assert {"total_evidence_items", "evidence_sources"} <= set(found["evidence_summary"])
    check = found["controls"][0]["checks"][0]
    assert (check["id"], check["role"], check["answer"]) == ("both", "required", "INCOMPLETE")
    assert check["failing"] == [INSTANCE]
    assert check["excused"] == [{"resource": INSTANCE, "exception": "EX-1"}]
    assert found["gaps"][0] | {"controls": ["1.1"]} == found["gaps"][0]


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_json(model_of(assessment(), CONTEXT), tmp_path / "a.json")
    second = write_json(model_of(assessment(), CONTEXT), tmp_path / "b.json")
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().endswith(b"}\n")


def test_what_is_written_is_what_the_report_says(tmp_path: Path) -> None:
    path = write_json(model_of(assessment(), CONTEXT), tmp_path / "report.json")
    assert json.loads(path.read_text(encoding="utf-8")) == report()


def test_findings_and_answers_stand_once_and_controls_refer_to_them() -> None:
    both = [control("1.1", "both"), control("1.2", "both")]
    found = report(judged(config(row("FAIL")), hub(hub_row("FAIL")), controls=both))
    [check] = found["checks"]
    assert [f["resource"] for f in check["findings"]] == [INSTANCE]
    assert check["controls"] == ["1.1", "1.2"]
    assert json.dumps(found["controls"]).count(INSTANCE) == 2  # named, not repeated
    for one in found["controls"]:
        [mapped] = one["checks"]
        assert mapped["id"] == check["id"]
        assert mapped["failing"] == [f["resource"] for f in check["findings"]]
        assert not {"findings", "answers"} & set(mapped)


def test_every_field_of_the_first_form_is_there_still() -> None:
    found = report()
    assert set(FIRST_FORM) <= set(found)
    for name, members in FIRST_FORM.items():
        rows = found[name] if isinstance(found[name], list) else [found[name]]
        for each in rows:
            assert set(members) <= set(each if isinstance(each, dict) else members), name
    mapped = found["controls"][0]["checks"][0]
    [check] = [one for one in found["checks"] if one["id"] == mapped["id"]]
    assert set(FIRST_CHECK) <= set(mapped)
    # These two moved to the check itself.
    assert set(FIRST_FINDING) <= set(check["findings"][0])
    assert set(FIRST_ANSWER) <= set(check["answers"][0])


def test_the_texts_are_the_librarys_and_counts_are_the_cells() -> None:
    found = report_json(model())
    [control_] = [c for c in found["controls"] if c["id"] == "1.7"]
    assert "password policy" in " ".join(control_["test_procedure"])
    assert control_["set_title"]
    assert control_["objective"]
    for check in found["checks"]:
        assert check["about"] and check["remedy"], check["id"]
        counts, cells = check["population"], check["answers"]
        assert counts["total"] == sum(cell["population"] for cell in cells)
        assert counts["failing"] == sum(len(cell["failing"]) for cell in cells)
        assert counts["total"] == counts["passing"] + counts["failing"] + counts["unanswered"]


def test_a_control_that_the_library_does_not_know_has_no_texts() -> None:
    assert report()["controls"][0]["objective"] is None
    assert report()["checks"][0]["remedy"] is None


def test_a_large_report_takes_little_more_than_its_result(tmp_path: Path) -> None:
    """A hundred controls that map a failing check don't write its findings a hundred times."""
    rows = [row("FAIL", resource=f"i-{n:04}") for n in range(300)]
    one, many = (
        write_json(
            model_of(
                judged(config(*rows), controls=[control(f"1.{n}", "both") for n in range(each)]),
                CONTEXT,
            ),
            tmp_path / f"{each}.json",
        )
        .stat()
        .st_size
        for each in (1, 100)
    )
    names = len(json.dumps([r.resource for r in rows]))
    assert many < one + 100 * (4 * names)


def test_the_timestamp_is_the_newest_snapshots_as_of_time() -> None:
    assert report()["report_timestamp"] == "2026-11-01T06:05:00Z"


def test_an_assessment_survives_the_way_between_tasks() -> None:
    found = assessment()
    back = Assessment.from_json(json.loads(json.dumps(found.to_json())))
    assert back == found
    assert report(back) == report(found)


def test_the_content_digest_is_about_the_findings_not_the_collecting() -> None:
    found = assessment()
    later = replace(
        found,
        as_of="2026-11-02T00:00:00Z",
        receipts=tuple(replace(line, retries=7, started="x") for line in found.receipts),
    )
    assert later.content_digest == found.content_digest
    other = replace(found, controls=found.controls[:1])
    assert other.content_digest != found.content_digest


def test_a_disagreement_is_shown_with_what_each_source_said() -> None:
    cell = report()["checks"][0]["answers"][0]
    assert cell["account"] == ACCOUNT
    assert cell["disagreements"] == [
        {"resource": INSTANCE, "results": {"aws_config": "FAIL", "security_hub": "PASS"}}
    ]
    assert cell["fixed_within_period"][0]["failed"] == [list(DAYS[0])]
    assert cell["unanswered"] == ["i-unknown"]
