"""Security Hub's standards, controls and findings as people switch and suppress them over time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.local_aws.estate.store import Estate
from include.local_aws.services.securityhub.lifecycle import Suppression, life
from include.local_aws.services.securityhub.standards import containing, standards
from include.protocol.errors import ServiceError
from tests.include.local_aws.services.small_estate import (
    ACCOUNT,
    AWAY,
    HOME,
    OTHER,
    SG,
    START,
    Ask,
    Builder,
    all_pages,
    asker,
    t,
)

BY_KEY = {one.key: one for one in standards()}
FSBP, OLD, CIS5 = BY_KEY["fsbp-1.0.0"], BY_KEY["cis-1.2.0"], BY_KEY["cis-5.0.0"]
OFF = t("2026-10-10T10:00:00")
BY = f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/jdoe"


def group(region: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:ec2:{region}:{account}:security-group/sg-1"


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """EC2.2 in two regions of two accounts; in AWAY each standard has findings of its own."""
    path: Path = tmp_path_factory.mktemp("hub") / "estate.sqlite"
    build = Builder(path)
    for account in (ACCOUNT, OTHER):
        build.insert("accounts", account, f"team-{account[0]}", "x@example.com", START)
    for place, region in enumerate((HOME, AWAY)):
        build.insert("regions", region, place)
    for account in (ACCOUNT, OTHER):
        for region in (HOME, AWAY):
            build.fact(f"AWS::::Account:{account}:{region}", "SecurityHub", True)
            build.insert("hub_settings", account, region, int(region == HOME))
            for one in (FSBP, OLD, CIS5):
                ends = OFF if (one, region) == (CIS5, AWAY) else None
                build.insert("standards", account, region, one.arn(region), START, ends)
            build.deploy("default-sg-closed", "security_hub", "EC2.2", region, account=account)
            build.resource(group(region, account), SG, region, "sg-1", account=account)
            build.record(
                "default-sg-closed",
                "security_hub",
                "EC2.2",
                group(region, account),
                SG,
                region,
                ("FAIL", START),
                account=account,
            )
    build.insert(
        "control_switches", ACCOUNT, AWAY, "EC2.2", FSBP.arn(AWAY), "DISABLED", "Noise.", OFF
    )
    build.insert("suppressions", ACCOUNT, HOME, "EC2.2", group(HOME), OFF, None, "Accepted.", BY)
    build.db.commit()
    build.db.close()
    return Estate(path)


@pytest.fixture
def ask(estate: Estate) -> Ask:
    return asker(estate)


def found(ask: Ask, **place: Any) -> list[dict[str, Any]]:
    account, region = place.get("account", ACCOUNT), place.get("region", HOME)
    filters = {
        "AwsAccountId": [{"Value": account, "Comparison": "EQUALS"}],
        "Region": [{"Value": region, "Comparison": "EQUALS"}],
    }
    return all_pages(ask, "securityhub", "GetFindings", "Findings", Filters=filters, _at=place)


def test_each_standard_has_its_own_finding_where_they_are_not_consolidated(ask: Ask) -> None:
    assert ask("securityhub", "DescribeHub", _at={"region": AWAY})["ControlFindingGenerator"] == (
        "STANDARD_CONTROL"
    )
    by_generator = {one["GeneratorId"]: one for one in found(ask, region=AWAY)}
    assert set(by_generator) == {
        "aws-foundational-security-best-practices/v/1.0.0/EC2.2",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.3",
        "cis-aws-foundations-benchmark/v/5.0.0/5.5",
    }
    old = by_generator[OLD.generator("EC2.2")]
    assert "SecurityControlId" not in old["Compliance"]
    assert old["ProductFields"]["RuleId"] == "4.3"
    assert old["RecordState"] == "ACTIVE"
    # Switched off in one standard, the other standard switched off as a whole.
    for key in (FSBP, CIS5):
        archived = by_generator[key.generator("EC2.2")]
        assert archived["RecordState"] == "ARCHIVED"
        assert archived["UpdatedAt"] == "2026-10-10T10:00:00.000Z"
        assert archived["Compliance"]["Status"] == "FAILED"
    assert len({one["Id"] for one in by_generator.values()}) == 3


def test_standards_and_associations_are_those_of_the_moment(ask: Ask) -> None:
    def enabled(**at: Any) -> set[str]:
        place = {"region": AWAY, **at}
        listed = ask("securityhub", "GetEnabledStandards", _at=place)["StandardsSubscriptions"]
        return {one["StandardsArn"] for one in listed}

    before = {"now": datetime(2026, 10, 10, 9, tzinfo=UTC)}
    assert enabled(**before) - enabled() == {CIS5.arn(AWAY)}
    pair = {"SecurityControlId": "EC2.2", "StandardsArn": FSBP.arn(AWAY)}
    for at, status, reason in ((before, "ENABLED", None), ({}, "DISABLED", "Noise.")):
        (stands,) = ask(
            "securityhub",
            "BatchGetStandardsControlAssociations",
            StandardsControlAssociationIds=[pair],
            _at={"region": AWAY, **at},
        )["StandardsControlAssociationDetails"]
        assert (stands["AssociationStatus"], stands.get("UpdatedReason")) == (status, reason)
        assert stands["StandardsControlArns"] == [FSBP.control(ACCOUNT, AWAY, "EC2.2")]


def test_suppressing_shows_in_workflow_note_and_history_but_not_in_updated_at(ask: Ask) -> None:
    (one,) = found(ask)
    assert (one["Workflow"]["Status"], one["Compliance"]["Status"]) == ("SUPPRESSED", "FAILED")
    assert one["Note"]["Text"] == "Accepted."
    assert one["UpdatedAt"] < "2026-10-10"
    history = all_pages(
        ask,
        "securityhub",
        "GetFindingHistory",
        "Records",
        FindingIdentifier={"Id": one["Id"], "ProductArn": one["ProductArn"]},
    )
    assert history[0]["UpdateSource"] == {"Type": "BATCH_UPDATE_FINDINGS", "Identity": BY}
    assert history[0]["Updates"] == [
        {"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "SUPPRESSED"}
    ]


def test_archived_findings_are_deleted_after_30_days(ask: Ask) -> None:
    later = datetime(2026, 11, 10, tzinfo=UTC)
    states = [one["RecordState"] for one in found(ask, region=AWAY, now=later)]
    assert states == ["ACTIVE"]


def test_the_administrators_home_region_shows_everybodys_findings(ask: Ask) -> None:
    def places(**place: Any) -> set[tuple[str, str]]:
        listed = all_pages(ask, "securityhub", "GetFindings", "Findings", _at=place)
        return {(one["AwsAccountId"], one["Region"]) for one in listed}

    everywhere = {(a, r) for a in (ACCOUNT, OTHER) for r in (HOME, AWAY)}
    assert places() == everywhere
    assert places(region=AWAY) == {(ACCOUNT, AWAY), (OTHER, AWAY)}
    assert places(account=OTHER) == {(OTHER, HOME), (OTHER, AWAY)}
    assert places(account=OTHER, region=AWAY) == {(OTHER, AWAY)}
    members = ask("securityhub", "ListMembers")["Members"]
    assert [one["AccountId"] for one in members] == [OTHER]
    assert ask("securityhub", "ListMembers", _at={"account": OTHER})["Members"] == []
    administrator = ask("securityhub", "GetAdministratorAccount", _at={"account": OTHER})
    assert administrator["Administrator"]["AccountId"] == ACCOUNT
    (listed,) = ask("securityhub", "ListFindingAggregators")["FindingAggregators"]
    assert ask("securityhub", "GetFindingAggregator", **listed)["FindingAggregationRegion"] == HOME


def test_managed_insights_count_what_is_open(ask: Ask) -> None:
    def counts(number: int, **place: Any) -> dict[str, int]:
        arn = f"arn:aws:securityhub:::insight/securityhub/default/{number}"
        answer = ask("securityhub", "GetInsightResults", InsightArn=arn, _at=place)
        values = answer["InsightResults"]["ResultValues"]
        return {value["GroupByAttributeValue"]: value["Count"] for value in values}

    product = "arn:aws:securityhub:{}::product/aws/securityhub"
    # The suppressed one at home and the archived ones away are not open.
    assert counts(28, account=OTHER, region=AWAY) == {product.format(AWAY): 2}
    assert counts(28) == {product.format(HOME): 1, product.format(AWAY): 3}
    assert counts(27) == {ACCOUNT: 1, OTHER: 3}
    arns = ["arn:aws:securityhub:::insight/securityhub/default/28"]
    (insight,) = ask("securityhub", "GetInsights", InsightArns=arns)["Insights"]
    assert insight["GroupByAttribute"] == "ProductArn"
    with pytest.raises(ServiceError) as error:
        counts(999)
    assert error.value.code == "ResourceNotFoundException"


def test_a_finding_lives_while_its_control_runs_and_is_new_after_a_long_silence() -> None:
    day = 86_400
    states = life([(0, "FAIL")], [(0, 10 * day), (60 * day, None)], [], 70 * day)
    assert [(state.at, state.archived) for state in states] == [(60 * day, False)]
    states = life([(0, "FAIL")], [(0, 10 * day), (12 * day, None)], [], 70 * day)
    assert [(s.at // day, s.archived, s.workflow) for s in states] == [
        (0, False, "NEW"),
        (10, True, "RESOLVED"),
        (12, False, "NEW"),
    ]
    hidden = Suppression((2 * day, 4 * day), "n", "me")
    states = life([(0, "FAIL"), (5 * day, "NOT_AVAILABLE")], [(0, None)], [hidden], 9 * day)
    assert [(s.at // day, s.status, s.workflow, s.by) for s in states] == [
        (0, "FAILED", "NEW", ""),
        (2, "FAILED", "SUPPRESSED", "me"),
        (4, "FAILED", "NEW", "me"),
        (5, "NOT_AVAILABLE", "NEW", ""),
    ]
    assert life([(0, "PASS"), (day, "GONE")], [(0, None)], [], 32 * day) == []


def test_every_control_stands_in_the_standards_of_the_file() -> None:
    assert FSBP in containing("EC2.2") and CIS5 in containing("EC2.2")
    assert CIS5.rule("EC2.2") == "5.5" and FSBP.rule("EC2.2") == "EC2.2"
