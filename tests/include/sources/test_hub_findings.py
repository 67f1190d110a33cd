"""Any finding becomes evidence that says no more than it knows: odd, old, huge or half empty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.assessment.period import parse_period
from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.local_aws.services.filters import matches_strings
from include.sources.finding_history import (
    FindingPast,
    Now,
    Question,
    _Record,
    _updates,
    _wound_back,
)
from include.sources.hub_archived import why_archived
from include.sources.hub_filters import MANY, own_findings, partitions
from include.sources.hub_findings import FindingReader
from include.sources.hub_page import FindingsPage
from include.sources.hub_resources import cloudformation_type
from include.sources.hub_states import Seen, deployments, state_of
from include.sources.hub_switches import Association, Subscription, Switches
from include.sources.timeline import Change

PERIOD = parse_period("2026-10")
AFTER = PERIOD.end + timedelta(hours=6)
CELL = Cell("security_hub", "111111111111", "eu-west-1", PERIOD, "all")
CIS = "cis-aws-foundations-benchmark/v/1.4.0"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
ARN = "arn:aws:securityhub:eu-west-1:111111111111"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def switches(**changed: Any) -> Switches:
    """A hub with two standards that hold EC2.8, as it has been for a year."""
    given: dict[str, Any] = {
        "subscribed": at("2025-01-01"),
        "consolidated": True,
        "standards": (
            Subscription(f"arn:aws:securityhub:eu-west-1::standards/{FSBP}", "READY", ""),
            Subscription(f"arn:aws:securityhub:eu-west-1::standards/{CIS}", "READY", ""),
        ),
        "severities": {"EC2.8": "HIGH"},
        "controls": {"EC2.8": {"Parameters": {"days": {"Value": {"Integer": 90}}}}},
        "associations": {
            "EC2.8": [
                Association(FSBP, True, at("2025-01-01")),
                Association(CIS, True, at("2025-01-01")),
            ]
        },
        "rules": {f"{CIS}/5.6": "EC2.8"},
    }
    return Switches(**{**given, **changed})


def finding(**changed: Any) -> dict[str, Any]:
    return {
        "Id": f"{ARN}:security-control/EC2.8/finding/1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/EC2.8",
        "CreatedAt": "2026-08-01T00:00:00.000Z",
        "UpdatedAt": "2026-09-01T00:00:00.000Z",
        "Compliance": {
            "Status": "PASSED",
            "SecurityControlId": "EC2.8",
            "AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}],
        },
        "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:1:instance/i-1"}],
        "Workflow": {"Status": "RESOLVED"},
        "RecordState": "ACTIVE",
        **changed,
    }


def read(
    *findings: dict[str, Any],
    hub: Switches | None = None,
    listed: datetime = AFTER,
    past: FindingPast | None = None,
) -> tuple[list[Evidence], FindingReader]:
    """The evidence of a page, sent over the wire's form; ``past`` answers every question."""

    def answer(questions: Sequence[Question]) -> Iterator[FindingPast]:
        for one in questions:
            yield past or FindingPast.unchanged(one.now, one.created)

    reader = FindingReader(CELL, hub or switches(), frozenset(), answer)
    page = msgspec.json.decode(json.dumps({"Findings": findings}), type=FindingsPage)
    return list(reader.read(page.Findings, (listed, listed), "p")), reader


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("PASSED", "PASS"),
        ("FAILED", "FAIL"),
        ("WARNING", "UNANSWERED"),
        ("NOT_AVAILABLE", "UNANSWERED"),
        ("MAYBE", "UNANSWERED"),
        (None, "UNANSWERED"),
        (7, "UNANSWERED"),
    ],
)
def test_only_passed_and_failed_are_verdicts(status: Any, result: str) -> None:
    ((item,), _) = read(finding(Compliance={"Status": status, "SecurityControlId": "EC2.8"}))
    assert item.result == result
    assert item.raw_status == str(status or "NOT_AVAILABLE")
    assert item.in_population


@pytest.mark.parametrize(
    "name",
    ["CreatedAt", "UpdatedAt", "Compliance", "Resources", "Workflow", "RecordState", "Id"],
)
@pytest.mark.parametrize("value", [None, "left out"])
def test_nothing_that_is_missing_makes_it_crash_or_pass_for_something_else(
    name: str, value: Any
) -> None:
    given = finding()
    given[name] = None
    if value:
        del given[name]
    ((item,), _) = read(given)
    assert item.raw_status == ("NOT_AVAILABLE" if name == "Compliance" else "PASSED")
    assert item.resource


def test_a_time_that_cannot_be_read_asks_the_history() -> None:
    asked = []

    def answer(questions: Sequence[Question]) -> Iterator[FindingPast]:
        asked.extend(questions)
        yield from (FindingPast.unchanged(one.now, one.created) for one in questions)

    reader = FindingReader(CELL, switches(), frozenset(), answer)
    page = msgspec.json.decode(
        json.dumps({"Findings": [finding(UpdatedAt="yesterday")]}), type=FindingsPage
    )
    assert len(list(reader.read(page.Findings, (AFTER, AFTER), "p"))) == len(asked) == 1


def test_unicode_and_240_kilobytes_pass_through() -> None:
    id_ = "arn:aws:s3:::büro-日本-🪣"
    given = finding(
        Resources=[
            {"Type": "AwsS3Bucket", "Id": id_, "Details": {"Other": {"x": "é" * 120_000}}},
            {"Type": "Other", "Id": "second"},
        ],
        Description="\u0000\u2028" * 500,
    )
    assert len(json.dumps(given, ensure_ascii=False).encode()) > 240_000
    ((item,), _) = read(given)
    assert (item.resource, item.resource_type) == (id_, "AWS::S3::Bucket")


def test_a_standards_own_finding_is_about_the_control_behind_its_rule() -> None:
    own = finding(
        Id=f"{ARN}:subscription/{CIS}/5.6/finding/2",
        GeneratorId=f"{CIS}/5.6",
        Compliance={"Status": "FAILED"},
        ProductFields={"RuleId": "5.6"},
    )
    by_name = finding(
        Id=f"{ARN}:subscription/{FSBP}/EC2.8/finding/3",
        GeneratorId=f"{FSBP}/EC2.8",
        Compliance={"Status": "PASSED"},
        ProductFields={"ControlId": "EC2.8"},
    )
    items, reader = read(own, by_name, finding(), hub=switches(consolidated=False))
    assert {item.keyword for item in items} == {"EC2.8"}
    assert len({(item.deployment, item.resource) for item in items}) == 1
    assert sorted(item.result for item in items) == ["FAIL", "PASS", "PASS"]
    assert reader.unmapped == 0


def test_a_rule_nobody_knows_is_unanswered_and_its_standard_proves_nothing() -> None:
    own = finding(
        Id=f"{ARN}:subscription/{CIS}/9.9/finding/2",
        GeneratorId=f"{CIS}/9.9",
        Compliance={"Status": "PASSED"},
    )
    hub = switches(
        consolidated=False,
        associations={"EC2.8": [Association(CIS, True, at("2025-01-01"))]},
    )
    ((item,), reader) = read(own, hub=hub)
    assert (item.keyword, item.result) == (f"{CIS}/9.9", "UNANSWERED")
    assert state_of("EC2.8", hub, reader.seen, PERIOD.end, reached=True) == "NEVER_EVALUATED"
    assert state_of("EC2.8", hub, Seen(), PERIOD.end, reached=True) == "ACTIVE"


def test_a_finding_judged_by_other_parameters_belongs_to_the_control_as_it_was() -> None:
    def judged(days: str) -> dict[str, Any]:
        return {
            "Status": "PASSED",
            "SecurityControlId": "EC2.8",
            "SecurityControlParameters": [{"Name": "days", "Value": [days]}],
        }

    hub = switches()
    items, reader = read(finding(Compliance=judged("90")), finding(Compliance=judged("365")))
    same, other = items
    found = {d.arn: d.parameters for d in deployments(CELL, hub, reader.seen, AFTER)}
    assert found == {same.deployment: {"days": 90}, other.deployment: {"days": "365"}}


def test_a_suppressed_finding_keeps_its_result_and_who_suppressed_it() -> None:
    given = finding(
        Compliance={"Status": "FAILED", "SecurityControlId": "EC2.8"},
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "Accepted.", "UpdatedBy": "jdoe"},
    )
    ((item,), _) = read(given)
    assert (item.result, item.attributes["workflow"]) == ("FAIL", "SUPPRESSED")
    assert item.attributes["note_by"] == "jdoe"
    later = FindingPast(
        {
            "result": (Change(at("2026-08-01"), "FAILED"),),
            "state": (Change(at("2026-08-01"), "ACTIVE"),),
            "workflow": (Change(at("2026-08-01"), "NEW"), Change(AFTER, "SUPPRESSED")),
        }
    )
    ((item,), _) = read(given, past=later)
    assert item.attributes["workflow"] == ""


def test_what_security_hub_has_forgotten_is_current_only() -> None:
    listed = PERIOD.end + timedelta(days=91)
    changed, unchanged = (
        finding(UpdatedAt="2027-01-20T00:00:00Z", Id="a"),
        finding(
            UpdatedAt="2026-10-20T00:00:00Z",
            Id="b",
            Compliance={"Status": "FAILED", "SecurityControlId": "EC2.8"},
        ),
    )
    items, reader = read(changed, unchanged, listed=listed)
    known = {item.attributes["id"]: item for item in items}
    assert known["a"].known == "CURRENT_ONLY"
    assert known["b"].known == "RECONSTRUCTED"
    # How it stood before its last change isn't known, and not claimed.
    assert known["b"].failed == (("2026-10-20T00:00:00Z", "2026-11-01T00:00:00Z"),)
    assert {d.state for d in deployments(CELL, switches(), reader.seen, listed)} == {"BEYOND_REACH"}


def test_forgotten_deletions_leave_a_control_incomplete() -> None:
    for days, narrowed in ((29, False), (31, True)):
        now = PERIOD.end + timedelta(days=days)
        (deployment,) = deployments(CELL, switches(), Seen(), now)
        assert (deployment.state, deployment.narrowed) == ("ACTIVE", narrowed)


def _archived(when: str, *, back: str = "") -> FindingPast:
    states = [Change(at("2026-08-01"), "ACTIVE"), Change(at(when), "ARCHIVED")]
    states += [Change(at(back), "ACTIVE")] if back else []
    return FindingPast(
        {
            "result": (Change(at("2026-08-01"), "PASSED"),),
            "state": tuple(states),
            "workflow": (Change(at("2026-08-01"), "RESOLVED"),),
        }
    )


@pytest.mark.parametrize(
    ("associations", "back", "cause", "result"),
    [
        ([(FSBP, True, "2025-01-01")], "", "RESOURCE_DELETED", "PASS"),
        ([(FSBP, False, "2026-10-10")], "", "CONTROL_DISABLED", "NONE"),
        ([(FSBP, False, "2026-10-20")], "", "RESOURCE_DELETED", "PASS"),
        ([(FSBP, False, "2026-10-01"), (CIS, False, "2026-10-10")], "", "CONTROL_DISABLED", "NONE"),
        ([(FSBP, False, "2026-10-10"), (CIS, True, "2025-01-01")], "", "RESOURCE_DELETED", "PASS"),
        ([(FSBP, True, "2026-11-01")], "2026-11-01", "CONTROL_DISABLED", "NONE"),
        ([], "", "STANDARD_DISABLED", "NONE"),
    ],
)
def test_archived_is_never_a_pass_and_says_why(
    associations: list[tuple[str, bool, str]], back: str, cause: str, result: str
) -> None:
    held = [Association(standard, on, at(since)) for standard, on, since in associations]
    hub = switches(associations={"EC2.8": held})
    given = finding(RecordState="ARCHIVED", UpdatedAt="2026-10-12T00:00:00Z")
    ((item,), reader) = read(given, hub=hub, past=_archived("2026-10-12", back=back))
    assert (item.attributes["archived"], item.result) == (cause, result)
    assert not item.in_population
    assert "EC2.8" not in reader.seen.judging


def test_an_archived_finding_of_an_unknown_control_is_open() -> None:
    given = finding(
        RecordState="ARCHIVED",
        UpdatedAt="2026-10-12T00:00:00Z",
        Compliance={"Status": "PASSED", "SecurityControlId": "Quantum.1"},
    )
    ((item,), _) = read(given, past=_archived("2026-10-12"))
    assert (item.attributes["archived"], item.result) == ("UNKNOWN", "UNANSWERED")
    assert item.in_population


def test_switching_to_consolidated_findings_replaces_the_standards_own() -> None:
    cause = why_archived("EC2.8", FSBP, at("2026-10-12"), came_back=False, switches=switches())
    assert cause == "FINDING_REPLACED"


@pytest.mark.parametrize(
    ("associations", "judging", "state"),
    [
        ([(FSBP, True, "2025-01-01")], None, "ACTIVE"),
        ([(FSBP, True, "2026-11-01")], None, "NEVER_EVALUATED"),
        # Switched on hours before the end, it may not have looked at everything by then.
        ([(FSBP, True, "2026-10-31T12:00:00")], None, "NEVER_EVALUATED"),
        ([(FSBP, True, "2026-10-30")], None, "ACTIVE"),
        ([(FSBP, True, "2026-11-01")], {FSBP}, "ACTIVE"),
        ([(FSBP, False, "2026-10-30")], None, "DISABLED"),
        # Archiving lags behind the switch: active findings don't prove that it was still on.
        ([(FSBP, False, "2026-10-30")], {FSBP}, "DISABLED"),
        ([(FSBP, False, "2026-11-01")], {FSBP}, "ACTIVE"),
        # It was on in a standard that is no longer there to ask.
        ([(FSBP, False, "2026-10-30")], {FSBP, CIS}, "ACTIVE"),
        ([], None, "DISABLED"),
    ],
)
def test_a_controls_state_is_that_of_the_periods_end(
    associations: list[tuple[str, bool, str]], judging: set[str] | None, state: str
) -> None:
    held = [Association(standard, on, at(since)) for standard, on, since in associations]
    hub = switches(associations={"EC2.8": held})
    seen = Seen(judging={"EC2.8": judging} if judging else {})
    assert state_of("EC2.8", hub, seen, PERIOD.end, reached=True) == state


@pytest.mark.parametrize("status", ["PENDING", "INCOMPLETE", "FAILED", "DELETING", "NEW_WORD"])
def test_a_standard_that_is_not_ready_proves_no_absence(status: str) -> None:
    one = Subscription(f"arn:aws:securityhub:eu-west-1::standards/{FSBP}", status, "")
    hub = switches(
        standards=(one,), associations={"EC2.8": [Association(FSBP, True, at("2025-01-01"))]}
    )
    assert state_of("EC2.8", hub, Seen(), PERIOD.end, reached=True) == "NEVER_EVALUATED"


def test_a_hub_switched_on_later_has_never_evaluated() -> None:
    hub = switches(subscribed=at("2026-11-01"))
    assert state_of("EC2.8", hub, Seen(), PERIOD.end, reached=True) == "NEVER_EVALUATED"


def _record(when: str, *updates: tuple[str, str, str]) -> _Record:
    return _Record(at(when), False, updates)


def test_a_past_is_wound_back_from_the_present() -> None:
    records = [
        _record("2026-10-20", ("result", "FAILED", "PASSED"), ("workflow", "NEW", "RESOLVED")),
        _record("2026-10-10", ("result", "PASSED", "FAILED")),
    ]
    past = _wound_back(records, Now("PASSED", "ACTIVE", "RESOLVED"), at("2026-08-01"), PERIOD.start)
    assert [(c.at.day, c.status) for c in past.changes["result"]] == [
        (1, "PASSED"),
        (10, "FAILED"),
        (20, "PASSED"),
    ]
    assert past.contradiction == ""


def test_a_value_that_was_left_out_is_taken_from_what_came_next() -> None:
    records = [
        _record("2026-10-10", ("result", "PASSED", "")),
        _record("2026-10-20", ("result", "FAILED", "PASSED")),
    ]
    past = _wound_back(records, Now("PASSED", "ACTIVE", "NEW"), at("2026-08-01"), PERIOD.start)
    assert [c.status for c in past.changes["result"]] == ["PASSED", "FAILED", "PASSED"]


def test_a_past_that_does_not_lead_to_the_present_answers_nothing() -> None:
    records = [_record("2026-10-10", ("result", "PASSED", "FAILED"))]
    past = _wound_back(records, Now("PASSED", "ACTIVE", "NEW"), at("2026-08-01"), PERIOD.start)
    assert "became FAILED" in past.contradiction
    ((item,), reader) = read(finding(UpdatedAt="2026-10-12T00:00:00Z"), past=past)
    assert (item.result, item.in_population) == ("UNANSWERED", True)
    assert reader.contradictory == 1


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("Compliance.Status", "PASSED", "FAILED"),
        ("ComplianceStatus", '"PASSED"', '"FAILED"'),
        ("Compliance/Status", "PASSED", "FAILED"),
        ("Compliance", '{"Status":"PASSED"}', '{"Status":"FAILED","StatusReasons":[]}'),
    ],
)
def test_changes_are_read_however_they_are_spelled(field: str, old: str, new: str) -> None:
    told = [{"UpdatedField": field, "OldValue": old, "NewValue": new}, {"UpdatedField": None}]
    assert list(_updates(told)) == [("result", "PASSED", "FAILED")]


WORDS = st.sampled_from(["PASSED", "FAILED", "WARNING", "NOT_AVAILABLE", "ODD", ""])
TYPES = st.sampled_from(["AwsEc2Instance", "AwsIamUser", "AwsS3Bucket", "AwsKmsKey", "Other", ""])


@given(WORDS, TYPES)
def test_the_parts_of_a_listing_are_disjoint_and_leave_nothing_out(status: str, kind: str) -> None:
    values = {
        "ComplianceStatus": [status] if status else [],
        "ResourceType": [kind] if kind else [],
        "AwsAccountId": ["1"],
        "Region": ["r"],
        "ProductName": ["Security Hub"],
    }
    matching = [
        part
        for part in partitions(own_findings("1", "r"), MANY)
        if all(
            matches_strings(values[name], [(c["Comparison"], c["Value"]) for c in conditions])
            for name, conditions in part.items()
        )
    ]
    assert len(matching) == 1
    assert partitions(own_findings("1", "r"), MANY - 1) == (own_findings("1", "r"),)


@pytest.mark.parametrize(
    ("asff", "expected"),
    [
        ("AwsAccount", "AWS::::Account"),
        ("AwsEc2SecurityGroup", "AWS::EC2::SecurityGroup"),
        ("AwsElbv2LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        ("AwsRdsDbInstance", "AWS::RDS::DBInstance"),
        ("AwsCloudTrailTrail", "AWS::CloudTrail::Trail"),
        ("SomethingElse", "SomethingElse"),
    ],
)
def test_types_are_cloudformations(asff: str, expected: str) -> None:
    assert cloudformation_type(asff) == expected
