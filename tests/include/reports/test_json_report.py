"""report.json: the promised fields, the shipped schema, the same bytes for the same result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from include.assessment.registers import Exception_, Registers
from include.assessment.result import Assessment
from include.reports.json_report import SCHEMA_FILE, report_json, write_json
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
from tests.include.reports.sample import model_of

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


def test_the_report_follows_its_schema() -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(report())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.pop("coverage"),
        lambda r: r.update(assessment_status="FINE"),
        lambda r: r["controls"][0].update(status="PASSED"),
        lambda r: r["controls"][0]["checks"][0].update(answer="MAYBE"),
        lambda r: r["gaps"][0].pop("controls"),
        lambda r: r.update(run_id="manual__1"),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(spoil: Any) -> None:
    found = json.loads(json.dumps(report()))
    spoil(found)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, json.loads(SCHEMA_FILE.read_text()))


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_json(model_of(assessment(), CONTEXT), tmp_path / "a.json")
    second = write_json(model_of(assessment(), CONTEXT), tmp_path / "b.json")
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().endswith(b"}\n")


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
    cell = report()["controls"][0]["checks"][0]["answers"][0]
    assert cell["account"] == ACCOUNT
    assert cell["disagreements"] == [
        {"resource": INSTANCE, "results": {"aws_config": "FAIL", "security_hub": "PASS"}}
    ]
    assert cell["fixed_within_period"][0]["failed"] == [list(DAYS[0])]
    assert cell["unanswered"] == ["i-unknown"]
