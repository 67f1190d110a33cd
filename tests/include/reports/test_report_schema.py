"""report.schema.json: whatever the report has to have is demanded, and nothing else is let in."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import jsonschema
import pytest

from include.assessment.period import parse_period
from include.assessment.registers import (
    Acceptance,
    Exception_,
    Exclusion,
    NotApplicable,
    Registers,
)
from include.assessment.result import Assessment, Earlier
from include.checks.catalogue import load_catalogue
from include.metrics.compute import compute_metrics
from include.metrics.evidence import aggregate
from include.reports.json_report import FORMAT_VERSION, SCHEMA_FILE, report_json
from include.reports.model import ReportContext, ReportModel
from tests.include.assessment.estate import (
    ACCOUNT,
    HOME,
    INSTANCE,
    Snap,
    check,
    control,
    deployment,
    judged,
    row,
    snap,
    source,
)
from tests.include.reports.sample import model, table_of

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
OTHER = "222222222222"
FIXED = (("2026-10-03T00:00:00Z", "2026-10-09T00:00:00Z"),)
OPEN = (("2026-10-12T00:00:00Z", ""),)
#: A check of the catalogue with parameters, asked of made-up sources.
CHECK = "password-policy-length"


def _config(*rows: Any, account: str = ACCOUNT) -> Snap:
    # Known within the period, so that a failure has a beginning.
    return snap("aws_config", account=account, deployments=[deployment()], rows=rows)


def _hub(*rows: Any) -> Snap:
    ready = [deployment("security_hub", "EC2.8")]
    return snap("security_hub", deployments=ready, rows=rows)


def _entry(kind: Any, id_: str, **more: Any) -> Any:
    values = {
        "id": id_,
        "reason": "Because.",
        "owner": "a@example.org",
        "approver": "b@example.org",
        "from": "2026-01-01",
        "until": "2026-12-31",
    }
    return kind.model_validate({**values, **more})


PLAN = row("NONE", "manual", "1.2", account="organization", attributes={"sha256": "ab" * 32})
REGISTERS = Registers(
    exceptions=(
        _entry(Exception_, "EX-1", check=CHECK, resource="i-excused"),
        _entry(Exception_, "EX-2", check=CHECK, resource="i-nothing"),
        _entry(Exception_, "EX-3", check=CHECK, resource="i-old", until="2026-02-01"),
    ),
    not_applicable=(_entry(NotApplicable, "NA-1", control="1.3"),),
    acceptances=(
        _entry(Acceptance, "AC-1", control="1.2", evidence=PLAN.evidence_id, period="2026-10"),
    ),
    exclusions=(_entry(Exclusion, "XS-1", source="inspector"),),
)


def _assessment(period: str, *fails: str) -> Assessment:
    asked = check(CHECK, source("aws_config", "RULE"), source("security_hub", "EC2.8"))
    end = parse_period(period)
    rows = [row("FAIL", resource=one, failed=OPEN) for one in fails]
    return judged(
        _config(*rows, row("PASS", resource="i-fixed", failed=FIXED)),
        _hub(
            row("PASS", "security_hub", "EC2.8"),
            row("UNANSWERED", "security_hub", "EC2.8", resource="i-unknown"),
        ),
        snap("manual", account="organization", rows=[PLAN]),
        snap(
            "aws_config",
            account=OTHER,
            status="DENIED",
            message="Access was denied.",
            missing_permission="config:DescribeConfigRules",
        ),
        checks=[asked],
        accounts=[ACCOUNT, OTHER],
        controls=[
            control("1.1", CHECK),
            control("1.2", manual="A signed plan."),
            control("1.3", CHECK),
        ],
        registers=REGISTERS,
        period=end,
    )


@cache
def _rich() -> str:
    """A report with something of everything, as text."""
    before = replace(_assessment("2026-10", "i-before"), period="2026-09", framework="cis_aws_5.0")
    before = replace(
        before,
        period_start="2026-09-01T00:00:00Z",
        period_end="2026-10-01T00:00:00Z",
        controls=tuple(replace(c, status="INCONCLUSIVE") for c in before.controls),
    )
    now = replace(
        _assessment("2026-10", INSTANCE, "i-excused"),
        framework="cis_aws_5.0",
        earlier=Earlier(before.period, before.content_digest),
    )
    items = [row("FAIL", keyword="IAM_PASSWORD_POLICY"), PLAN]
    figures = compute_metrics(
        now,
        earlier=[before],
        evidence=aggregate([table_of(items)]),
        catalogue=load_catalogue(),
    )
    context = ReportContext("test", "CIS, October", "a-1", "s3://reports/small", "cis_2026-10_1a2b")
    return json.dumps(report_json(ReportModel(now, figures, context)))


def rich() -> dict[str, Any]:
    report: dict[str, Any] = json.loads(_rich())
    return report


def resolved(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    """The schema that describes a value, references and alternatives followed."""
    while True:
        if "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            wanted = [s for s in schema["anyOf"] if (s.get("type") == "null") is (value is None)]
            schema = wanted[0]
        else:
            return schema


Path = tuple[str | int, ...]


def objects(
    schema: dict[str, Any], value: Any, path: Path = ()
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object of a report with its schema."""
    schema = resolved(schema, value)
    if isinstance(value, dict):
        yield path, schema
        for name, inner in value.items():
            of = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if isinstance(of, dict):
                yield from objects(of, inner, (*path, name))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from objects(schema.get("items", {}), inner, (*path, n))


def of_each_kind(report: dict[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """The first object of each schema."""
    first: dict[int, tuple[Path, dict[str, Any]]] = {}
    for path, schema in objects(SCHEMA, report):
        first.setdefault(id(schema), (path, schema))
    return list(first.values())


def closed_schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object with named members."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from closed_schemas(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from closed_schemas(inner)


def at(report: Any, path: Path) -> Any:
    for step in path:
        report = report[step]
    return report


def valid(report: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(report)


def test_the_schema_is_one_and_says_which_form_it_describes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"].endswith(FORMAT_VERSION)
    assert SCHEMA["properties"]["format_version"]["const"] == FORMAT_VERSION


def test_reports_follow_it() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for report in (rich(), json.loads(json.dumps(report_json(model())))):
        assert [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(report)] == []


def test_every_object_demands_all_its_members_and_lets_no_other_in() -> None:
    for schema in closed_schemas(SCHEMA):
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False


def test_every_member_says_what_it_is() -> None:
    for schema in closed_schemas(SCHEMA):
        for name, member in schema["properties"].items():
            described = member.get("description") or SCHEMA["$defs"].get(
                member.get("$ref", "").rsplit("/", 1)[-1], {}
            ).get("description")
            assert described, name
            if member.get("type") in ("number", "integer"):
                assert len(described) > 4, name


def test_the_sample_has_an_object_of_every_kind() -> None:
    """Guards the tests below: what the sample lacks, they would not try."""
    seen = {id(schema) for _, schema in objects(SCHEMA, rich())}
    missing = [list(s["properties"])[:5] for s in closed_schemas(SCHEMA) if id(s) not in seen]
    assert missing == []


def test_no_member_can_be_left_out() -> None:
    let_through = []
    for path, schema in of_each_kind(rich()):
        for name in schema.get("required", ()):
            report = copy.deepcopy(rich())
            del at(report, path)[name]
            if valid(report):
                let_through.append((*path, name))
    assert let_through == []


def test_no_member_can_be_of_another_kind() -> None:
    let_through = []
    for path, schema in of_each_kind(rich()):
        for name in schema.get("properties", ()):
            report = copy.deepcopy(rich())
            value = at(report, path)[name]
            at(report, path)[name] = "?" if isinstance(value, (dict, list)) else {"?": "?"}
            if valid(report):
                let_through.append((*path, name))
    assert let_through == []


def test_no_member_can_be_added() -> None:
    let_through = []
    for path, schema in of_each_kind(rich()):
        if "properties" in schema:
            report = copy.deepcopy(rich())
            at(report, path)["run_id"] = "manual__1"
            if valid(report):
                let_through.append(path)
    assert let_through == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format_version",), "1.0"),
        (("report_timestamp",), "2026-11-01T06:05:00"),
        (("report_timestamp",), "2026-11-01T06:05:00+01:00"),
        (("assessment_status",), "FINE"),
        (("scope", "accounts", 0), "12345"),
        (("compliance_metrics", "compliance_score"), 100.01),
        (("compliance_metrics", "total_controls"), -1),
        (("controls", 0, "status"), "PASSED"),
        (("controls", 0, "reason"), ""),
        (("controls", 0, "by_account", "x"), "COMPLIANT"),
        (("controls", 0, "checks", 0, "role"), "optional"),
        (("controls", 1, "manual", "state"), "fine"),
        (("checks", 0, "answer"), "MAYBE"),
        (("checks", 0, "findings", 0, "found_by"), []),
        (("content_digest",), "ABC"),
        (("registers", 0, "until"), 20261231),
        (("evidence_summary", "by_source", "rumour"), 1),
    ],
)
def test_no_value_can_be_one_that_means_nothing(path: Path, value: Any) -> None:
    report = rich()
    at(report, path[:-1])[path[-1]] = value
    assert not valid(report)


def test_the_place_of_an_answer_may_be_the_whole_account() -> None:
    report = rich()
    report["checks"][0]["answers"][0]["region"] = None
    assert valid(report)
    assert HOME in report["scope"]["regions"]
