"""What counts as decidable is what a run would decide; what is missing is named and weighed."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.coverage.coverage import Coverage
from include.coverage.gains import moves, singles
from include.coverage.places import Hub, Recorder, Standard
from include.coverage.rows import rows
from include.runs.deployed import unanswered
from tests.include.coverage.estate import (
    AWAY,
    HOME,
    control,
    coverage,
    framework,
    place,
    rule,
)

#: One check of the account, by a rule or a control; and one of each region, with a parameter.
MFA, MFA_RULE, MFA_CONTROL = "iam-user-mfa-enabled", "IAM_USER_MFA_ENABLED", "IAM.19"
SSL, SSL_RULE, SSL_CONTROL = "rds-storage-encrypted", "RDS_STORAGE_ENCRYPTED", "RDS.3"
KEYS, KEYS_RULE = "access-keys-rotated", "ACCESS_KEYS_ROTATED"


def decidable(found: Coverage) -> list[str]:
    return [control.decidable for control in found.controls()]


def test_a_control_needs_every_required_check_in_every_region(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA, SSL]})
    here = place("aws_config", HOME, rule(MFA_RULE), rule(SSL_RULE))
    both = (HOME, AWAY)
    assert decidable(coverage(own, here)) == ["now"]
    # The account's check is answered by one region, that of storage is not.
    assert decidable(coverage(own, here, regions=both)) == ["partly"]
    there = place("security_hub", AWAY, control(SSL_CONTROL, AWAY))
    assert decidable(coverage(own, here, there, regions=both)) == ["now"]
    assert decidable(coverage(own)) == ["not"]


def test_what_is_only_shown_decides_nothing_and_is_not_missed(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA], "shown": [SSL]})
    here = place("aws_config", HOME, rule(MFA_RULE))
    found = coverage(own, here)
    assert decidable(found) == ["now"]
    assert moves(found) == singles(found) == []
    # Nor does a source that can't be asked hide anything, as long as all it answers is shown.
    denied = place("security_hub", HOME, standing="DENIED")
    also = coverage(framework(tmp_path, {"required": [KEYS], "shown": [SSL]}), denied)
    [control] = also.controls()
    assert control.lacking == (KEYS,)


def test_a_control_without_a_required_check_is_for_people(tmp_path: Path) -> None:
    own = framework(tmp_path, {"supporting": [SSL]}, {}, {"required": [SSL], "manual": True})
    found = coverage(own, place("aws_config", HOME, rule(SSL_RULE)))
    assert decidable(found) == ["people", "people", "now"]
    assert [control.people for control in found.controls()] == [True, True, True]
    [counted] = found.frameworks
    assert (counted.count("now"), counted.count("people"), counted.after) == (1, 2, 1)


@pytest.mark.parametrize(
    ("age", "state", "result"),
    [("90", "ready", "now"), ("180", "weaker", "partly"), ("60", "stricter", "partly")],
)
def test_other_values_answer_in_part(tmp_path: Path, age: str, state: str, result: str) -> None:
    own = framework(tmp_path, {"required": [KEYS]})
    found = coverage(own, place("aws_config", HOME, rule(KEYS_RULE, maxAccessKeyAge=age)))
    [config] = [row for row in rows(found) if row.source == "aws_config"]
    assert (config.state, decidable(found)) == (state, [result])
    assert (config.wanted, config.deployed) == ("maxAccessKeyAge=90", f"maxAccessKeyAge={age}")
    assert config.to_do == ("" if state == "ready" else f"deploy {KEYS_RULE} (maxAccessKeyAge=90)")


def test_a_rule_that_sees_part_of_the_resources_settles_nothing(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [SSL]})
    found = coverage(own, place("aws_config", HOME, rule(SSL_RULE, narrowed=True)))
    assert decidable(found) == ["partly"]
    assert [row.state for row in rows(found) if row.source == "aws_config"] == ["narrowed"]


def test_a_type_that_is_not_recorded_is_told_with_its_recorder(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [SSL]})
    without = Recorder(running=True, only=None, without=frozenset({"AWS::RDS::DBInstance"}))
    silent = rule(SSL_RULE, state="NOT_RECORDED")
    found = coverage(own, place("aws_config", HOME, silent, recorder=without))
    [config] = [row for row in rows(found) if row.source == "aws_config"]
    assert (config.state, config.to_do) == ("not_recorded", "record AWS::RDS::DBInstance")
    # A rule that is yet to be deployed would need the type as well.
    found = coverage(own, place("aws_config", HOME, recorder=without))
    [config] = [row for row in rows(found) if row.source == "aws_config"]
    assert config.to_do == f"record AWS::RDS::DBInstance; deploy {SSL_RULE}"


def test_what_could_not_be_asked_hides_failures_even_of_supporting_checks(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA], "supporting": [SSL]})
    answered = place("aws_config", HOME, rule(MFA_RULE))
    assert decidable(coverage(own, answered)) == ["now"]
    denied = place("security_hub", HOME, standing="DENIED")
    found = coverage(own, answered, denied)
    assert decidable(found) == ["partly"]
    assert [str(one) for one in found.unknown] == ["security_hub in 111111111111 us-east-1"]
    [gain] = [gain for gain in moves(found) if gain.kind == "reach"]
    # Nobody knows what it would say of storage, but it could hide nothing any more.
    assert (gain.added, gain.places) == (1, 1)


def test_gains_are_counted_in_controls_and_ranked(tmp_path: Path) -> None:
    own = framework(
        tmp_path, {"required": [MFA]}, {"required": [SSL]}, {"required": [MFA, SSL, KEYS]}
    )
    off = place("security_hub", HOME, standing="NOT_ENABLED")
    found = coverage(own, off)
    added = {gain.name: (gain.added, gain.helps) for gain in moves(found)}
    assert added["aws_config"] == (3, 0)
    # Whether a control answers as it comes is known of these two; keys have one as well.
    assert added["security_hub"] == (3, 0)
    [first, *_] = moves(found)
    assert first.said == "AWS Config: deploy the 3 missing rules"
    assert "enable Security Hub with the 3 missing controls" in [g.said for g in moves(found)]
    single = {gain.name: (gain.added, gain.helps) for gain in singles(found)}
    assert single[MFA_RULE] == (1, 1)
    assert single[f"{KEYS_RULE} (maxAccessKeyAge=90)"] == (0, 1)
    assert [gain.added for gain in singles(found)] == sorted(
        (gain.added for gain in singles(found)), reverse=True
    )


def test_a_standard_adds_what_it_holds(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA]}, {"required": [SSL]})
    hub = place(
        "security_hub",
        HOME,
        control(MFA_CONTROL, state="DISABLED"),
        control(SSL_CONTROL, state="DISABLED"),
        hub=Hub(("nist/v/5",), frozenset({MFA_CONTROL}), frozenset({MFA_CONTROL})),
    )
    standard = Standard("fsbp/v/1", "FSBP", frozenset({SSL_CONTROL, MFA_CONTROL}))
    found = coverage(own, hub, standards=[standard])
    gains = {(gain.kind, gain.name): gain for gain in moves(found)}
    # The other one is held by a standard that is on: it was switched off there.
    assert gains["standard", "fsbp/v/1"].added == 1
    assert gains["source", "security_hub"].added == 2
    said = {row.keyword: row.to_do for row in rows(found) if row.source == "security_hub"}
    assert said[MFA_CONTROL] == f"switch the control {MFA_CONTROL} on"
    assert said[SSL_CONTROL] == f"enable a standard that holds {SSL_CONTROL}"


def test_without_a_recorder_the_recorder_is_part_of_what_is_missing(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA]})
    found = coverage(own, place("aws_config", HOME, standing="NOT_ENABLED"))
    [config] = [row for row in rows(found) if row.source == "aws_config"]
    assert (config.state, config.decided) == ("off", False)
    assert "let AWS Config's recorder run" in config.to_do and MFA_RULE in config.to_do
    assert singles(found)[0].added == 1


def test_what_nothing_answers_is_listed_for_validation(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA, SSL]})
    found = coverage(own, place("aws_config", HOME, rule(MFA_RULE)))
    [(check, said, remedy)] = unanswered(found)
    assert check == SSL
    assert said == (
        "not answered in 111111111111 us-east-1 "
        "(AWS Config: not deployed; AWS Security Hub: not deployed)."
    )
    assert remedy == f"Deploy {SSL_RULE}."


def test_equal_findings_give_equal_coverage(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": [MFA, SSL]}, {"required": [KEYS]})
    here = place("aws_config", HOME, rule(KEYS_RULE, maxAccessKeyAge="90"))
    one, other = coverage(own, here), coverage(own, here)
    assert one == other
    assert [*rows(one)] == [*rows(other)] and moves(one) == moves(other)
