"""The catalogue of checks is consistent, and a broken one is refused with file and line."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from include.checks.assertions import ASSERTIONS
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.checks.parameters import compare_parameters
from include.errors import InputError
from include.sources.api_table import CALLS

CATALOGUE = load_catalogue()
FACTS = Path(__file__).parents[2] / "facts"
RULES = {
    row["rule_identifier"]: row
    for row in csv.DictReader((FACTS / "config_rules.csv").open(encoding="utf-8"))
}
CONTROLS = {
    row["control_id"]: row
    for row in csv.DictReader((FACTS / "security_hub_controls.csv").open(encoding="utf-8"))
}

VALID = """\
checks:
  - id: root-mfa
    question: Does the root user sign in with MFA?
    about: Why.
    remedy: What to do.
    resource_type: AWS::::Account
    locality: account
    severity: CRITICAL
    sources:
    - source: api_calls
      keyword: iam_GetAccountSummary
      answers: assertion
      assertion: root_mfa_enabled
"""


def load(tmp_path: Path, text: str) -> dict[str, Check]:
    path = tmp_path / "catalogue.yaml"
    path.write_text(text, encoding="utf-8")
    return dict(load_catalogue(path))


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as error:
        load(tmp_path, text)
    return str(error.value)


def test_it_answers_every_config_rule_and_every_security_hub_control() -> None:
    assert (len(RULES), len(CONTROLS)) == (590, 584)
    for source, known in (("aws_config", RULES), ("security_hub", CONTROLS)):
        answered = {
            keyword
            for check in CATALOGUE.values()
            for answering in check.sources
            if answering.source == source
            for keyword in answering.all_keywords
        }
        assert answered == set(known), source


def test_a_control_that_security_hub_dropped_is_retired() -> None:
    retired = {
        source.keyword for check in CATALOGUE.values() for source in check.sources if source.retired
    }
    gone = {name for name, row in CONTROLS.items() if row["status"] != "current"}
    assert len(gone) == 9
    assert gone <= retired


def test_its_digest_follows_its_bytes() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", CATALOGUE.digest)
    assert CATALOGUE["root-mfa"].by_source["security_hub"].keyword == "IAM.9"


def test_a_check_is_found_by_the_keyword_that_answers_it() -> None:
    found = [check.id for check in CATALOGUE.answered_by("aws_config", "IAM_PASSWORD_POLICY")]
    assert {"password-policy-length", "password-policy-reuse"} < set(found)
    events = [check.id for check in CATALOGUE.answered_by("cloudtrail", "ConsoleLogin")]
    assert {"activity-sign-in-without-mfa", "activity-sign-in-failures"} <= set(events)
    assert CATALOGUE.answered_by("aws_config", "NO_SUCH_RULE") == ()


def test_every_check_speaks_in_single_sentences() -> None:
    for check in CATALOGUE.values():
        assert check.question.endswith("?"), check.id
        for text in (check.about, check.remedy):
            assert text.endswith(".") and not text.endswith(".."), check.id
            assert ". " not in text, check.id


def test_every_keyword_has_the_form_that_audit_manager_takes() -> None:
    forms = {
        "aws_config": r"[A-Z0-9]+(_[A-Z0-9]+)+",
        "security_hub": r"[A-Za-z0-9]+\.\d+",
        "api_calls": r"[a-z0-9]+_[A-Z][A-Za-z0-9]+",
        "inspector": r"inspector2_[A-Z][A-Za-z]+",
        "license_manager": r"licensemanager_[A-Z][A-Za-z]+",
        "cloudtrail": r"@[a-z-]+|[A-Z][A-Za-z0-9]+",
    }
    for check in CATALOGUE.values():
        for source in check.sources:
            if source.source in forms:
                for keyword in source.all_keywords + source.uses:
                    assert re.fullmatch(forms[source.source], keyword), (check.id, keyword)


def test_a_rule_and_a_control_of_one_check_are_the_same_question_to_aws() -> None:
    compared = 0
    for check in CATALOGUE.values():
        if "aws_config" in check.by_source and "security_hub" in check.by_source:
            row = CONTROLS[check.by_source["security_hub"].keyword]
            assert row["config_rule_identifier"] == check.by_source["aws_config"].keyword, check.id
            compared += 1
    assert compared > 400


def test_no_two_checks_ask_the_same() -> None:
    questions = Counter(check.question for check in CATALOGUE.values())
    assert questions.most_common(1)[0][1] == 1
    asked = Counter(
        (source.source, source.all_keywords, source.assertion, str(check.parameters))
        for check in CATALOGUE.values()
        for source in check.sources
        if source.source in ("aws_config", "security_hub")
    )
    assert asked.most_common(1)[0][1] == 1


def _asked(*sources: str) -> set[str]:
    return {
        keyword
        for check in CATALOGUE.values()
        for source in check.sources
        if source.source in sources
        for keyword in source.all_keywords + source.uses
    }


def test_api_operations_exist_in_the_sdk() -> None:
    session = pytest.importorskip("botocore.session").get_session()
    for keyword in _asked("inspector"):
        service, operation = keyword.split("_")
        assert operation in session.get_service_model(service).operation_names, keyword


def test_every_call_that_audit_manager_offers_is_evidence_of_some_check() -> None:
    assert _asked("api_calls") == {name for name, call in CALLS.items() if not call.helper}


def test_every_assertion_is_used() -> None:
    used = {s.assertion for check in CATALOGUE.values() for s in check.sources if s.assertion}
    assert used == set(ASSERTIONS)


def test_the_example_that_the_refusals_below_break_is_itself_valid(tmp_path: Path) -> None:
    check = load(tmp_path, VALID)["root-mfa"]
    assert check.judges
    assert check.about == "Why."


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("source: api_calls", "source: api_call", 10, "'source' can't be 'api_call'"),
        ("root_mfa_enabled", "root_mfa_enable", 13, "Did you mean root_mfa_enabled?"),
        ("      assertion: root_mfa_enabled\n", "", 10, "names none"),
        ("answers: assertion", "answers: verdict", 13, "'verdict' takes no assertion"),
        ("    severity:", "    severty:", 8, "unknown field 'severty'"),
        ("    severity: CRITICAL\n", "", 2, "the field 'severity' is missing"),
        ("severity: CRITICAL", "severity: BAD", 8, "'severity' can't be 'BAD'"),
        ("AWS::::Account", "Account", 6, "'resource_type'"),
        ("      keyword: iam_GetAccountSummary\n", "", 10, "either 'keyword' or 'keywords'"),
        ("question: Does", "question: 1\n    more: Does", 3, "has to be text"),
        ("resource_type: AWS::", "resource_type: AWS:", 6, "Write it like AWS::S3::Bucket;"),
        ("    about: Why.", "    about:", 4, "'about' is empty"),
        ("about: Why.", "about: [Why.", 5, "not readable as YAML"),
        ("about: Why.", "about: Why.\n    about: Because.", 5, "'about' is given twice"),
        ("  - id: root-mfa", "  - id: Root MFA", 2, "'id'"),
    ],
)
def test_a_broken_catalogue_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in VALID
    text = refusal(tmp_path, VALID.replace(old, new))
    assert f"catalogue.yaml, line {line}:" in text
    assert words in text


def test_a_duplicate_check_is_refused(tmp_path: Path) -> None:
    entry = VALID.removeprefix("checks:\n")
    assert "line 14: there are two checks 'root-mfa'" in refusal(tmp_path, VALID + entry)


def test_parameters_of_a_source_have_to_be_those_of_the_check(tmp_path: Path) -> None:
    broken = VALID + "      parameters:\n        Length: 8\n"
    assert "line 15" in refusal(tmp_path, broken)


@pytest.mark.parametrize("text", ["", "checks: []", "checks:\n", "- a", "checks: 3", "&a [*a]"])
def test_a_file_without_checks_is_refused(tmp_path: Path, text: str) -> None:
    assert "catalogue.yaml, line 1" in refusal(tmp_path, text)


def test_an_alias_is_refused_so_that_a_file_cannot_blow_up(tmp_path: Path) -> None:
    bomb = "a: &a [1]\nb: &b [*a, *a]\n"
    assert "line 1" in refusal(tmp_path, bomb)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read: No such file"):
        load_catalogue(tmp_path / "none.yaml")


def test_an_unknown_check_gets_a_suggestion() -> None:
    with pytest.raises(InputError, match=r"Did you mean .*root-mfa"):
        CATALOGUE.require("rot-mfa")


def test_a_check_may_be_asked_with_other_values() -> None:
    own = CATALOGUE["password-policy-length"]
    variant = CATALOGUE[own.variant_id({"MinimumPasswordLength": 12})]
    assert variant.id == "password-policy-length@12"
    assert variant.parameter_values == {"MinimumPasswordLength": 12}
    assert variant.by_source["aws_config"].parameters == {"MinimumPasswordLength": 12}
    # Security Hub goes on asking for 14, which is more.
    assert compare_parameters(variant, {}, "security_hub") == "stricter"
    assert compare_parameters(variant, {"MinimumPasswordLength": "8"}) == "weaker"
    assert own.variant_id({"MinimumPasswordLength": 14}) == own.id
    assert variant.id not in list(CATALOGUE)


def test_a_variant_of_several_parameters_names_those_that_differ() -> None:
    check = CATALOGUE["sg-no-open-admin-ipv4"]
    variant = CATALOGUE[check.variant_id({"restrictPorts": "22,3389,5432"})]
    assert variant.id == "sg-no-open-admin-ipv4@restrictPorts=22,3389,5432"
    assert variant.parameter_values["restrictPorts"] == "22,3389,5432"
    assert variant.parameter_values["ipType"] == check.parameter_values["ipType"]


@pytest.mark.parametrize(
    "name", ["root-mfa@1", "password-policy-length@many", "no-such@1", "password-policy-length@x=1"]
)
def test_a_variant_that_cannot_be_is_none(name: str) -> None:
    assert name not in CATALOGUE
