"""When a check counts as answered in a cell, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import structs

from include.assessment.registers import Exclusion, Registers
from include.evidence.identity import account_identity
from include.evidence.receipt import Page
from tests.include.assessment.estate import (
    ACCOUNT,
    AWAY,
    BOTH,
    HOME,
    INSTANCE,
    USER,
    cell,
    check,
    config,
    deployment,
    hub,
    hub_row,
    judged,
    only,
    row,
    snap,
    source,
)

OTHER = INSTANCE.replace("i-1", "i-2")


def test_one_source_that_answers_completely_is_enough() -> None:
    answer = cell(judged(config(row("PASS")), snap("security_hub", status="NOT_ENABLED")))
    assert (answer.answer, answer.sources, answer.passing) == ("ANSWERED", ("aws_config",), 1)


@pytest.mark.parametrize("status", ["PARTIAL", "DENIED", "EXPIRED", "FAILED"])
def test_a_source_that_ended_incomplete_blocks_even_if_another_answers(status: str) -> None:
    result = judged(config(row("PASS")), snap("security_hub", status=status))
    assert cell(result).answer == "INCOMPLETE"
    assert cell(result).blocked
    assert only(result).status == "INCONCLUSIVE"
    assert [(g.source, g.status, g.blocking) for g in result.gaps] == [
        ("security_hub", status, True)
    ]
    assert result.status == "INCOMPLETE"


def test_a_failure_found_beside_a_denied_source_still_fails_the_control() -> None:
    result = judged(config(row("FAIL")), snap("security_hub", status="DENIED"))
    assert only(result).status == "NON_COMPLIANT"
    assert "not answered" in only(result).reason


def test_a_cell_that_was_never_collected_blocks_and_is_a_gap() -> None:
    result = judged(config(row("PASS")))
    assert cell(result).answer == "INCOMPLETE"
    assert result.gaps[0].status == "NOT_COLLECTED"


def test_an_excluded_cell_stays_open_and_does_not_fail_the_run() -> None:
    excluded = Exclusion.model_validate(
        {
            "id": "X-1",
            "source": "security_hub",
            "reason": "r",
            "owner": "a",
            "approver": "b",
            "from": "2026-01-01",
            "until": "2026-12-31",
        }
    )
    result = judged(config(row("PASS")), registers=Registers(exclusions=(excluded,)))
    assert only(result).status == "INCONCLUSIVE"
    assert [(g.status, g.blocking, g.decision) for g in result.gaps] == [("EXCLUDED", False, "X-1")]
    assert result.status == "COMPLETE"
    late = replace_until(excluded, "2026-10-30")
    expired = judged(config(row("PASS")), registers=Registers(exclusions=(late,)))
    assert [(g.status, g.blocking) for g in expired.gaps] == [("NOT_COLLECTED", True)]
    assert [(line.state, line.used) for line in expired.registers] == [("expired", False)]


def replace_until(entry: Exclusion, until: str) -> Exclusion:
    return Exclusion.model_validate({**entry.model_dump(by_alias=True), "until": until})


def test_a_source_left_out_of_the_run_is_never_an_answer() -> None:
    result = judged(config(row("PASS")), sources=["aws_config"], interim=["1 of 2 sources"])
    assert cell(result).answer == "INCOMPLETE"
    assert [(g.status, g.blocking) for g in result.gaps] == [("NOT_ASKED", False)]
    assert result.status == "INTERIM"


def test_a_source_not_deployed_does_not_block_while_another_answers() -> None:
    answer = cell(judged(config(row("PASS")), hub(deployments=[])))
    assert (answer.answer, answer.sources) == ("ANSWERED", ("aws_config",))


def test_no_source_deployed_is_not_answered() -> None:
    result = judged(config(deployments=[]), hub(deployments=[]))
    assert cell(result).answer == "NOT_DEPLOYED"
    assert only(result).status == "INCONCLUSIVE"
    assert result.gaps == ()


def test_a_source_that_answered_last_period_and_is_gone_now_blocks() -> None:
    last = judged(config(row("PASS")), hub(hub_row("PASS")))
    now = judged(config(row("PASS")), hub(deployments=[]), earlier=last)
    assert cell(now).answer == "INCOMPLETE"
    assert "answered last period" in " ".join(cell(now).notes)


@pytest.mark.parametrize(
    "state", ["DISABLED", "NOT_RECORDED", "NEVER_EVALUATED", "STALE", "BEYOND_REACH"]
)
def test_a_deployment_that_was_not_working_names_itself(state: str) -> None:
    idle = config(row("PASS"), deployments=[deployment(state=state)])
    assert cell(judged(idle, hub(deployments=[]))).answer == state
    assert cell(judged(idle, hub(hub_row("PASS")))).answer == "ANSWERED"


def test_an_active_rule_last_evaluated_before_the_period_is_stale() -> None:
    old = deployment(last_evaluated="2026-09-30T23:59:59Z")
    answer = cell(judged(config(deployments=[old]), hub(deployments=[])))
    assert answer.answer == "STALE"


def test_no_resources_needs_an_active_deployment_and_a_complete_receipt() -> None:
    empty = config(status="COMPLETE_EMPTY")
    assert cell(judged(empty, hub(deployments=[]))).answer == "NO_RESOURCES"
    assert only(judged(empty, hub(deployments=[]))).status == "COMPLIANT"
    assert cell(judged(config(deployments=[]), hub(deployments=[]))).answer == "NOT_DEPLOYED"
    assert cell(judged(config(status="PARTIAL"), hub(deployments=[]))).answer == "INCOMPLETE"


def test_an_account_check_without_a_word_is_never_no_resources() -> None:
    of_account = check("acct", source("aws_config", "RULE"), resource_type="AWS::::Account")
    assert cell(judged(config(), checks=[of_account]), "acct").answer == "NEVER_EVALUATED"
    outside = row("NOT_APPLICABLE", resource=account_identity(ACCOUNT, HOME))
    assert cell(judged(config(outside), checks=[of_account]), "acct").answer == "NO_RESOURCES"


ACCOUNT_WIDE = check(
    "users", source("aws_config", "RULE"), resource_type="AWS::IAM::User", locality="account"
)


def test_of_an_account_wide_check_one_regions_answer_suffices_and_is_named() -> None:
    result = judged(
        config(row("PASS", resource=USER)),
        config(region=AWAY, deployments=[]),
        checks=[ACCOUNT_WIDE],
        regions=[HOME, AWAY],
    )
    (answer,) = result.check_by_id["users"].cells
    assert (answer.answer, answer.region, answer.answered_in) == ("ANSWERED", "", (HOME,))


def test_of_an_account_wide_check_any_regions_failure_counts() -> None:
    result = judged(
        config(row("PASS", resource=USER)),
        config(row("FAIL", resource=USER, region=AWAY), region=AWAY),
        checks=[ACCOUNT_WIDE],
        regions=[HOME, AWAY],
    )
    assert result.check_by_id["users"].failing == (USER,)
    assert only(result).status == "NON_COMPLIANT"


def test_of_a_regional_check_every_region_has_to_answer() -> None:
    result = judged(
        config(row("PASS")),
        config(region=AWAY, deployments=[]),
        hub(hub_row("PASS")),
        hub(region=AWAY, deployments=[]),
        regions=[HOME, AWAY],
    )
    assert [c.answer for c in result.check_by_id["both"].cells] == ["ANSWERED", "NOT_DEPLOYED"]
    assert result.check_by_id["both"].answer == "NOT_DEPLOYED"
    assert AWAY in only(result).reason


def test_two_sources_that_disagree_are_shown_and_the_worse_counts() -> None:
    answer = cell(judged(config(row("PASS")), hub(hub_row("FAIL"))))
    assert answer.answer == "ANSWERED"
    assert [f.resource for f in answer.failing] == [INSTANCE]
    assert answer.passing == 0
    assert [(d.resource, dict(d.results)) for d in answer.disagreements] == [
        (INSTANCE, {"aws_config": "PASS", "security_hub": "FAIL"})
    ]


LENGTH = check(
    "length",
    source("aws_config", "IAM_PASSWORD_POLICY", parameters={"MinimumPasswordLength": 14}),
    parameters={"MinimumPasswordLength": {"value": 14, "stricter": "higher"}},
    locality="account",
    resource_type="AWS::::Account",
)


def policy(result: str, asked: dict[str, Any], **more: Any) -> Any:
    rule = deployment(keyword="IAM_PASSWORD_POLICY", parameters=asked, arn="arn:rule")
    item = row(
        result,
        keyword="IAM_PASSWORD_POLICY",
        deployment="arn:rule",
        resource=account_identity(ACCOUNT),
        resource_type="AWS::::Account",
    )
    return config(item, deployments=[replace(rule, **more)])


@pytest.mark.parametrize(
    ("asked", "result", "answer", "fails"),
    [
        ("14", "PASS", "ANSWERED", False),
        ("14", "FAIL", "ANSWERED", True),
        ("20", "PASS", "ANSWERED", False),
        ("20", "FAIL", "INCOMPLETE", False),
        ("8", "PASS", "INCOMPLETE", False),
        ("8", "FAIL", "ANSWERED", True),
    ],
)
def test_of_a_stricter_rule_only_pass_counts_and_of_a_weaker_one_only_fail(
    asked: str, result: str, answer: str, fails: bool
) -> None:
    asked_for = {"MinimumPasswordLength": asked, "PasswordReusePrevention": ""}
    found = cell(judged(policy(result, asked_for), checks=[LENGTH]), "length")
    assert (found.answer, bool(found.failing)) == (answer, fails)


def test_a_rule_of_the_same_name_that_asks_something_else_is_another_check() -> None:
    other = policy("FAIL", {"MinimumPasswordLength": "8", "PasswordReusePrevention": "24"})
    found = cell(judged(other, checks=[LENGTH]), "length")
    assert (found.answer, found.failing) == ("NOT_DEPLOYED", ())


def test_a_narrowed_rule_judges_what_it_sees_and_never_completes() -> None:
    narrowed = [deployment(narrowed=True)]
    passing = judged(config(row("PASS"), deployments=narrowed), hub(deployments=[]))
    assert cell(passing).answer == "INCOMPLETE"
    failing = judged(config(row("FAIL"), deployments=narrowed), hub(hub_row("PASS")))
    assert (cell(failing).answer, only(failing).status) == ("ANSWERED", "NON_COMPLIANT")


def test_several_deployments_of_one_rule_stay_apart_by_arn() -> None:
    rules = [deployment(arn="arn:one"), deployment(arn="arn:two")]
    rows = [row("PASS", deployment="arn:one"), row("FAIL", deployment="arn:two")]
    answer = cell(judged(config(*rows, deployments=rules), hub(deployments=[])))
    assert [f.deployment for f in answer.failing[0].findings] == ["arn:two"]
    mixed = [deployment(arn="arn:one"), deployment(arn="arn:two", state="DISABLED")]
    assert cell(judged(config(*rows, deployments=mixed), hub(deployments=[]))).failing == ()


def test_unanswered_is_unanswered_unless_another_source_answers_the_resource() -> None:
    unclear = config(row("PASS", resource=OTHER), row("UNANSWERED"))
    alone = cell(judged(unclear, hub(deployments=[])))
    assert (alone.answer, alone.unanswered) == ("INCOMPLETE", (INSTANCE,))
    helped = cell(judged(unclear, hub(hub_row("PASS"))))
    assert (helped.answer, helped.unanswered, helped.passing) == ("ANSWERED", (), 2)


def test_not_applicable_is_outside_the_population() -> None:
    answer = cell(judged(config(row("NOT_APPLICABLE")), hub(deployments=[])))
    assert (answer.answer, answer.passing, answer.unanswered) == ("NO_RESOURCES", 0, ())


def test_what_speaks_of_today_only_decides_nothing_about_a_past_period() -> None:
    now_only = config(row("PASS", known="CURRENT_ONLY"))
    assert cell(judged(now_only, hub(deployments=[]))).answer == "BEYOND_REACH"
    failing = config(row("FAIL", known="CURRENT_ONLY"))
    assert cell(judged(failing, hub(hub_row("PASS")))).failing == ()
    assert only(judged(failing, hub(hub_row("PASS")))).status == "COMPLIANT"


def test_while_a_period_runs_today_is_its_state_and_the_result_is_interim() -> None:
    running = replace(config(row("PASS", known="CURRENT_ONLY")), as_of="2026-10-20T00:00:00Z")
    result = judged(running, replace(hub(deployments=[]), as_of="2026-10-20T00:00:00Z"))
    assert cell(result).answer == "ANSWERED"
    assert (result.status, result.interim) == ("INTERIM", ("the period has not ended",))


def test_a_resource_gone_before_the_end_is_shown_with_its_days_and_not_in_the_verdict() -> None:
    days = (("2026-10-03T00:00:00Z", "2026-10-09T00:00:00Z"),)
    gone = row("FAIL", resource=OTHER, in_population=False, failed=days)
    answer = cell(judged(config(row("PASS"), gone), hub(deployments=[])))
    assert (answer.failing, answer.passing) == ((), 1)
    assert [(s.resource, s.failed) for s in answer.gone] == [(OTHER, days)]


FIXED = (("2026-10-03T00:00:00Z", "2026-10-09T00:00:00Z"),)


def test_what_failed_and_was_fixed_within_the_period_is_shown_beside_the_verdict() -> None:
    result = judged(config(row("PASS", failed=FIXED)), hub(deployments=[]))
    assert only(result).status == "COMPLIANT"
    assert [s.resource for s in cell(result).fixed] == [INSTANCE]


def test_a_framework_may_judge_the_whole_period() -> None:
    fixed = config(row("PASS", failed=FIXED))
    result = judged(fixed, hub(deployments=[]), judge="whole_period")
    assert only(result).status == "NON_COMPLIANT"


OPEN_SSH = [
    {
        "IpProtocol": "tcp",
        "FromPort": 445,
        "ToPort": 445,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        "Ipv6Ranges": [],
    }
]
GROUPS = check(
    "groups",
    source(
        "api_calls", "ec2_DescribeSecurityGroups", "assertion", assertion="no_port_open_to_world"
    ),
    parameters={"ports": {"value": [445], "stricter": "same"}},
    resource_type="AWS::EC2::SecurityGroup",
)


def group(number: int, rules: list[dict[str, Any]], **more: Any) -> Any:
    return row(
        "NONE",
        "api_calls",
        "ec2_DescribeSecurityGroups",
        resource=f"arn:aws:ec2:{HOME}:{ACCOUNT}:security-group/sg-{number}",
        **{
            "resource_type": "AWS::EC2::SecurityGroup",
            "attributes": {"configuration": {"GroupId": f"sg-{number}", "IpPermissions": rules}},
            **more,
        },
    )


def test_assertions_judge_configurations_of_the_checks_own_resource_type() -> None:
    calls = snap(
        "api_calls",
        deployments=[deployment("api_calls", "ec2_DescribeSecurityGroups")],
        rows=[group(1, []), group(2, OPEN_SSH), group(3, OPEN_SSH, resource_type="AWS::EC2::VPC")],
    )
    answer = cell(judged(calls, checks=[GROUPS]), "groups")
    assert (answer.answer, answer.passing) == ("ANSWERED", 1)
    assert [f.resource[-4:] for f in answer.failing] == ["sg-2"]


def test_a_configuration_that_cannot_be_read_is_unanswered_not_a_pass() -> None:
    broken = group(1, [], attributes={"configuration": {"GroupId": "sg-1"}})
    without = group(2, [], attributes={})
    calls = snap(
        "api_calls",
        deployments=[deployment("api_calls", "ec2_DescribeSecurityGroups")],
        rows=[broken, without],
    )
    answer = cell(judged(calls, checks=[GROUPS]), "groups")
    assert (answer.answer, len(answer.unanswered)) == ("INCOMPLETE", 2)


FLOW_LOGS = check(
    "flow-logs",
    source(
        "api_calls",
        "ec2_DescribeVpcs",
        "assertion",
        assertion="vpc_has_active_flow_log",
        uses=["ec2_DescribeFlowLogs"],
    ),
    resource_type="AWS::EC2::VPC",
)


def flow_logs(*logs: dict[str, Any], called: bool = True, **more: Any) -> Any:
    vpc = row(
        "NONE",
        "api_calls",
        "ec2_DescribeVpcs",
        resource="vpc-1",
        resource_type="AWS::EC2::VPC",
        attributes={"configuration": {"VpcId": "vpc-1"}},
    )
    rows = [
        row(
            "NONE",
            "api_calls",
            "ec2_DescribeFlowLogs",
            resource=f"fl-{n}",
            resource_type="AWS::EC2::FlowLog",
            attributes={"configuration": log},
            **more,
        )
        for n, log in enumerate(logs)
    ]
    page = Page(1, "DescribeFlowLogs", {}, "r", len(logs), "0" * 64, "", "")
    return snap(
        "api_calls",
        deployments=[deployment("api_calls", "ec2_DescribeVpcs")],
        rows=[vpc, *rows],
        pages=(page,) if called else (),
    )


def test_assertions_see_the_related_items_of_the_same_account_and_region() -> None:
    log = {"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}
    logged = cell(judged(flow_logs(log), checks=[FLOW_LOGS]), "flow-logs")
    assert (logged.answer, logged.passing) == ("ANSWERED", 1)
    nothing = cell(judged(flow_logs(), checks=[FLOW_LOGS]), "flow-logs")
    assert [f.resource for f in nothing.failing] == ["vpc-1"]


def test_a_related_call_that_was_not_made_is_not_taken_for_an_empty_list() -> None:
    silent = cell(judged(flow_logs(called=False), checks=[FLOW_LOGS]), "flow-logs")
    assert (silent.answer, silent.failing) == ("INCOMPLETE", ())


def test_related_items_that_speak_of_today_only_decide_nothing_about_the_past() -> None:
    log = {"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}
    answer = cell(judged(flow_logs(log, known="CURRENT_ONLY"), checks=[FLOW_LOGS]), "flow-logs")
    assert answer.answer == "BEYOND_REACH"


@pytest.mark.parametrize("log", ["CONTEMPORANEOUS", "RECONSTRUCTED"])
def test_beside_an_item_out_of_a_history_a_list_of_others_says_nothing(log: str) -> None:
    """A flow log goes with its VPC: today's list lacks it, which is no violation then."""
    active = {"ResourceId": "vpc-1", "FlowLogStatus": "ACTIVE", "TrafficType": "ALL"}
    for logs in (flow_logs(active, known=log), flow_logs()):
        rows = [structs.replace(logs.rows[0], known="RECONSTRUCTED"), *logs.rows[1:]]
        answer = cell(judged(replace(logs, rows=rows), checks=[FLOW_LOGS]), "flow-logs")
        assert (answer.answer, answer.failing) == ("BEYOND_REACH", ())


ACTIVITY = check(
    "activity",
    source("cloudtrail", "ConsoleLogin", "evidence_only"),
    resource_type="AWS::::Account",
    locality="account",
    severity="INFORMATIONAL",
)


def test_evidence_only_is_shown_and_never_judges() -> None:
    trail = snap(
        "cloudtrail",
        deployments=[deployment("cloudtrail", "ConsoleLogin")],
        rows=[row("FAIL", "cloudtrail", "ConsoleLogin")],
    )
    result = judged(trail, checks=[ACTIVITY])
    assert (cell(result, "activity").answer, cell(result, "activity").evidence) == ("ANSWERED", 1)
    assert result.check_by_id["activity"].failing == ()
    assert only(result).status == "INCONCLUSIVE"


OLD_FINDINGS = check(
    "patched",
    source("inspector", "inspector2_ListFindings", "threshold"),
    parameters={
        "severity": {"value": "CRITICAL", "stricter": "same"},
        "days": {"value": 30, "stricter": "lower"},
    },
)


@pytest.mark.parametrize(
    ("severity", "first", "fix", "fails"),
    [
        ("CRITICAL", "2026-10-01T23:59:59Z", "YES", True),
        ("CRITICAL", "2026-10-02T00:00:00Z", "YES", False),
        ("HIGH", "2026-01-01T00:00:00Z", "YES", False),
        ("CRITICAL", "2026-01-01T00:00:00Z", "NO", False),
    ],
)
def test_a_threshold_fails_what_is_severe_and_older_than_allowed(
    severity: str, first: str, fix: str, fails: bool
) -> None:
    finding = row(
        "FAIL",
        "inspector",
        "inspector2_ListFindings",
        severity=severity,
        attributes={"first_observed": first, "fix_available": fix},
    )
    inspector = snap(
        "inspector",
        deployments=[deployment("inspector", "inspector2_ListFindings")],
        rows=[finding],
    )
    answer = cell(judged(inspector, checks=[OLD_FINDINGS]), "patched")
    assert (answer.answer, bool(answer.failing)) == ("ANSWERED", fails)


@pytest.mark.parametrize(
    ("severity", "result"), [("UNTRIAGED", "NONE"), ("TOMORROWS", "NONE"), ("HIGH", "UNANSWERED")]
)
def test_a_finding_of_no_known_severity_or_status_passes_no_threshold(
    severity: str, result: str
) -> None:
    finding = row(
        result,
        "inspector",
        "inspector2_ListFindings",
        severity=severity,
        attributes={"first_observed": "2026-01-01T00:00:00Z", "fix_available": "YES"},
    )
    inspector = snap(
        "inspector",
        deployments=[deployment("inspector", "inspector2_ListFindings")],
        rows=[finding],
    )
    answer = cell(judged(inspector, checks=[OLD_FINDINGS]), "patched")
    assert (answer.answer, bool(answer.unanswered)) == ("INCOMPLETE", True)


def test_activity_that_must_not_happen_fails_within_the_period_only() -> None:
    quiet = check("quiet", source("cloudtrail", "StopLogging", "events"))
    for at, fails in (
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 1, tzinfo=UTC), False),
    ):
        trail = snap(
            "cloudtrail",
            deployments=[deployment("cloudtrail", "StopLogging")],
            rows=[row("NONE", "cloudtrail", "StopLogging", source_time=at)],
        )
        assert bool(cell(judged(trail, checks=[quiet]), "quiet").failing) is fails


def test_rows_without_a_known_deployment_can_fail_a_check_but_never_complete_it() -> None:
    stray = config(row("FAIL", deployment=""), deployments=[])
    result = judged(stray, hub(deployments=[]))
    assert cell(result).answer == "NOT_DEPLOYED"
    assert only(result).status == "NON_COMPLIANT"


@pytest.mark.parametrize("status", ["NOT_ENABLED", "BEYOND_REACH"])
def test_a_source_that_gave_nothing_is_named_and_blocks_where_nobody_else_answered(
    status: str,
) -> None:
    off = snap("security_hub", status=status)
    answered = judged(config(row("PASS")), off)
    assert [(g.status, g.blocking, g.controls) for g in answered.gaps] == [(status, False, ())]
    assert answered.status == "COMPLETE"
    open_ = judged(config(deployments=[]), off)
    assert [(g.status, g.blocking, g.controls) for g in open_.gaps] == [(status, True, ("1.1",))]
    assert open_.status == "INCOMPLETE"


def test_evidence_is_streamed_once_where_no_assertion_relates_to_other_items() -> None:
    snapshot = config(row("PASS"), row("PASS", resource=OTHER))
    judged(snapshot, hub(deployments=[]), checks=[BOTH])
    assert snapshot.streamed == [0, 1]


@pytest.mark.parametrize(
    ("now", "blocks"),
    [
        (hub(deployments=[deployment("security_hub", "EC2.8", state="DISABLED")]), True),
        (snap("security_hub", status="NOT_ENABLED"), True),
        (hub(deployments=[deployment("security_hub", "EC2.8", state="BEYOND_REACH")]), False),
        (hub(deployments=[deployment("security_hub", "EC2.8", narrowed=True)]), False),
        (hub(hub_row("PASS", known="CURRENT_ONLY")), False),
        (hub(), False),
    ],
    ids=["disabled", "not enabled", "forgetful", "narrowed", "of the present", "nothing found"],
)
def test_what_is_gone_blocks_and_what_merely_forgot_does_not(now: Any, blocks: bool) -> None:
    last = judged(config(row("PASS")), hub(hub_row("PASS")))
    answer = cell(judged(config(row("PASS")), now, earlier=last))
    assert (answer.blocked, answer.settled) == (blocks, not blocks)


EVENTS = check(
    "no-trail-stop",
    source("cloudtrail", "StopLogging", "events"),
    resource_type="AWS::::Account",
    locality="account",
)
DRILL = check(
    "drill-done",
    source("cloudtrail", "StartDrill", "events", expected="present"),
    resource_type="AWS::::Account",
    locality="account",
)
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main"


def trail(keyword: str, *rows: Any, **more: Any) -> Any:
    ready = [deployment("cloudtrail", keyword)]
    return snap("cloudtrail", **{"deployments": ready, "rows": rows, **more})


def event(keyword: str, at: datetime = datetime(2026, 10, 3, tzinfo=UTC)) -> Any:
    return row("NONE", "cloudtrail", keyword, resource=TRAIL, source_time=at)


def test_activity_that_must_not_happen_passes_where_the_whole_period_was_quiet() -> None:
    answer = cell(judged(trail("StopLogging"), checks=[EVENTS]), EVENTS.id)
    assert (answer.answer, answer.passing, answer.failing) == ("ANSWERED", 1, ())
    seen = judged(trail("StopLogging", event("StopLogging")), checks=[EVENTS])
    assert [f.resource for f in cell(seen, EVENTS.id).failing] == [TRAIL]
    assert only(seen).status == "NON_COMPLIANT"


def test_activity_that_must_happen_fails_the_account_where_it_did_not() -> None:
    quiet = cell(judged(trail("StartDrill"), checks=[DRILL]), DRILL.id)
    assert [f.resource for f in quiet.failing] == [account_identity(ACCOUNT)]
    assert quiet.failing[0].findings[0].raw_status == "NOT_SEEN"
    done = cell(judged(trail("StartDrill", event("StartDrill")), checks=[DRILL]), DRILL.id)
    assert (done.answer, done.passing, done.failing) == ("ANSWERED", 1, ())
    late = event("StartDrill", datetime(2026, 11, 1, tzinfo=UTC))
    assert cell(judged(trail("StartDrill", late), checks=[DRILL]), DRILL.id).failing


@pytest.mark.parametrize("keyword", ["StopLogging", "StartDrill"])
def test_activity_needs_every_region_and_the_whole_period(keyword: str) -> None:
    asked = EVENTS if keyword == "StopLogging" else DRILL
    part = trail(keyword, deployments=[deployment("cloudtrail", keyword, state="BEYOND_REACH")])
    answer = cell(judged(part, checks=[asked]), asked.id)
    assert (answer.answer, answer.passing, answer.failing) == ("BEYOND_REACH", 0, ())
    one_region = judged(
        trail(keyword), trail(keyword, region=AWAY, deployments=[]),
        checks=[asked], regions=[HOME, AWAY],
    )  # fmt: skip
    answer = cell(one_region, asked.id)
    assert not answer.settled
    assert (answer.passing, answer.failing) == (0, ())
    denied = cell(judged(trail(keyword, status="DENIED"), checks=[asked]), asked.id)
    assert (denied.answer, denied.failing) == ("INCOMPLETE", ())


def test_ran_and_found_nothing_is_told_with_its_proof() -> None:
    found = cell(judged(config(), hub(deployments=[])))
    assert found.answer == "NO_RESOURCES"
    (proof,) = found.proof
    assert (proof.source, proof.deployment, proof.comparison) == (
        "aws_config", "arn:aws_config:RULE", "equal"
    )  # fmt: skip
    assert proof.last_evaluated == "2026-10-30T00:00:00Z"
    assert (proof.region, proof.narrowed) == (HOME, False)
    assert cell(judged(config(deployments=[]), hub(deployments=[]))).proof == ()


def test_a_check_of_a_fixed_region_is_asked_there_and_nowhere_else() -> None:
    fixed = check("fixed", source("aws_config", "RULE"), locality=AWAY)
    result = judged(
        config(row("FAIL")), config(row("PASS"), region=AWAY),
        checks=[fixed], regions=[HOME, AWAY],
    )  # fmt: skip
    (answer,) = result.check_by_id["fixed"].cells
    assert (answer.region, answer.answer, answer.answered_in) == (AWAY, "ANSWERED", (AWAY,))
    assert (answer.passing, answer.failing) == (1, ())
    elsewhere = judged(config(row("PASS")), checks=[fixed])
    (answer,) = elsewhere.check_by_id["fixed"].cells
    assert (answer.answer, answer.blocked) == ("INCOMPLETE", True)
    assert "not in the scope" in answer.notes[0]


def test_a_multi_region_trail_is_one_resource_whatever_regions_show_it() -> None:
    trails = check("trails", source("aws_config", "RULE"), resource_type="AWS::CloudTrail::Trail")
    result = judged(
        config(row("PASS", resource=TRAIL)),
        config(row("FAIL", resource=TRAIL, region=AWAY), region=AWAY),
        checks=[trails], regions=[HOME, AWAY],
    )  # fmt: skip
    home, away = result.check_by_id["trails"].cells
    assert [f.resource for f in home.failing] == [TRAIL]
    assert (away.answer, away.failing, away.passing) == ("NO_RESOURCES", (), 0)


def test_the_earlier_result_is_named() -> None:
    last = judged(config(row("PASS")), hub(hub_row("PASS")))
    now = judged(config(row("PASS")), hub(hub_row("PASS")), earlier=last)
    assert now.earlier is not None
    assert now.earlier.content_digest == last.content_digest
    assert (last.earlier, last.content_digest == now.content_digest) == (None, False)
