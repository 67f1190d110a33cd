"""What our frameworks are in Audit Manager keeps within its forms and limits."""

from __future__ import annotations

import re

import pytest

from include.audit_manager.definition import FrameworkDefinition, cut, define
from include.audit_manager.keywords import Keyword, checks_of, documented_keywords, keywords_of
from include.audit_manager.naming import (
    control_name,
    control_set_name,
    framework_of,
    is_number,
    named_by,
    split_name,
)
from include.checks.catalogue import load_catalogue
from include.frameworks.loader import Frameworks, list_frameworks
from tests.include.audit_manager.frameworks import control, framework


@pytest.fixture(scope="module")
def library() -> list[tuple[FrameworkDefinition, FrameworkDefinition]]:
    """Every framework of the library, with manual sources alone and with automated ones."""
    frameworks, catalogue = Frameworks([]), load_catalogue()
    loaded = [frameworks.load(header.id) for header in list_frameworks([])]
    return [
        (define(one, catalogue), define(one, catalogue, documented_keywords())) for one in loaded
    ]


def test_everything_keeps_within_the_limits_of_the_api(
    library: list[tuple[FrameworkDefinition, FrameworkDefinition]],
) -> None:
    for both in library:
        for one in both:
            assert 1 <= len(one.name) <= 300 and 1 <= len(one.description) <= 1000
            names = [part.name for part in one.control_sets]
            assert len(set(names)) == len(names)
            assert all(re.fullmatch(r"[^\\_]{1,300}", name) for name in names)
            for each in one.controls():
                assert 1 <= len(each.name) <= 300
                assert all(1 <= len(text) <= 1000 for text in each.texts.values())
                assert 1 <= len(each.sources) <= 100
                for source in each.sources:
                    assert len(source.get("sourceDescription", "")) <= 1000
                    assert len(source["sourceName"]) <= 300


def test_by_default_nothing_makes_aws_collect_a_second_time(
    library: list[tuple[FrameworkDefinition, FrameworkDefinition]],
) -> None:
    for manual, _ in library:
        assert not manual.left_out
        for each in manual.controls():
            assert {source["sourceType"] for source in each.sources} == {"MANUAL"}


def test_automated_sources_are_keywords_that_audit_manager_knows(
    library: list[tuple[FrameworkDefinition, FrameworkDefinition]],
) -> None:
    known = documented_keywords()
    seen = set()
    for _, automated in library:
        for each in automated.controls():
            for source in each.sources:
                if source["sourceType"] == "MANUAL":
                    continue
                value = source["sourceKeyword"]["keywordValue"]
                assert value in known[source["sourceType"]]
                assert ("sourceFrequency" in source) == (source["sourceType"] == "AWS_API_Call")
                seen.add(source["sourceType"])
    assert seen == {"AWS_Config", "AWS_Security_Hub", "AWS_API_Call", "AWS_Cloudtrail"}


def test_what_does_not_become_a_source_is_said() -> None:
    catalogue = load_catalogue()
    checks = list(catalogue)[:150]
    big = framework(("All", [control("1.1", "Everything", *checks)]))
    one = define(big, catalogue, documented_keywords())
    [each] = one.controls()
    assert len(each.sources) == 100
    asked = {
        str(keyword)
        for name in checks
        for keyword in keywords_of(catalogue[name], documented_keywords())[0]
    }
    has = {str(source["sourceName"]) for source in each.sources}
    said = {entry.rpartition(" (")[0] for entry in one.left_out["1.1"]}
    assert asked - has <= said
    assert any("more than 100 sources" in entry for entry in one.left_out["1.1"])


def test_an_event_that_several_services_have_is_that_of_the_checks_other_events() -> None:
    catalogue = load_catalogue()
    own, _ = keywords_of(catalogue["activity-iam-policy-changes"], documented_keywords())
    assert Keyword("AWS_Cloudtrail", "iam_CreatePolicy") in own
    assert not [one for one in own if not one.value.startswith("iam_")]
    _, left = keywords_of(catalogue["activity-root-usage"], documented_keywords())
    assert left == ["AWS CloudTrail @root-usage"]


def test_of_checks_with_the_same_keyword_the_one_is_taken_that_explains_most() -> None:
    catalogue = load_catalogue()
    for name in ("password-policy-length", "password-policy-reuse"):
        own, _ = keywords_of(catalogue[name], documented_keywords())
        chosen, unknown, others = checks_of(own, catalogue)
        assert list(chosen) == [name] and not unknown and others[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1.3 The root user has no access key", ("1.3", "The root user has no access key")),
        ("1.3 - Root [cis_aws_5.0]", ("1.3", "Root")),
        ("AC-2(1): Automated accounts", ("AC-2(1)", "Automated accounts")),
        ("164.308(a)(1)(ii)(A) Risks", ("164.308(a)(1)(ii)(A)", "Risks")),
        ("A.5.1 \N{EN DASH} Policies", ("A.5.1", "Policies")),
        ("CC6.1. Access", ("CC6.1", "Access")),
        ("EC2.7 EBS is encrypted", ("EC2.7", "EBS is encrypted")),
        ("access-keys-rotated Keys are young", ("access-keys-rotated", "Keys are young")),
        ("4.5 - Customer managed license", ("4.5", "Customer managed license")),
        ("S3 buckets are private", ("", "S3 buckets are private")),
        ("2FA for everybody", ("", "2FA for everybody")),
        ("Backups exist", ("", "Backups exist")),
    ],
)
def test_an_id_is_read_off_a_name_where_there_is_one(name: str, expected: tuple[str, str]) -> None:
    assert split_name(name) == expected


def test_every_id_of_the_library_can_be_read_off_its_name() -> None:
    frameworks = Frameworks([])
    for header in list_frameworks([]):
        loaded = frameworks.load(header.id)
        for each in loaded.controls():
            assert is_number(each.id)
            assert split_name(control_name(each.id, each.title, header.id))[0] == each.id
            assert framework_of(control_name(each.id, each.title, header.id)) == header.id


def test_a_name_bears_the_id_it_begins_with_and_no_other() -> None:
    names = {"a": "1.1 As 1.2 but earlier", "b": "1.2 Later", "c": "CIS 1.3: Third", "d": "1.10 X"}
    found = named_by(["1.1", "1.2", "1.3", "1.10", "9"], names)
    assert found == {"1.1": ["a"], "1.2": ["b"], "1.3": ["c"], "1.10": ["d"], "9": []}


def test_sets_bear_the_publishers_number_once() -> None:
    assert control_set_name("1", "Identity and access") == "1 Identity and access"
    assert control_set_name("AC", "Access control") == "AC Access control"
    assert control_set_name("EC2", "Amazon EC2") == "Amazon EC2"
    assert control_set_name("APIGateway", "API Gateway") == "API Gateway"
    assert control_set_name("licences", "Rules_of\\use") == "Rules of use"


def test_long_texts_are_cut_at_a_line_and_say_so() -> None:
    lines = [f"Step {n} of a long procedure that goes on and on." for n in range(40)]
    text = cut(lines)
    assert len(text) <= 1000
    assert text.split("\n")[-1] == f"… and {40 - len(text.splitlines()) + 1} more"
    assert cut(["x" * 2000]) == "x" * 999 + "…"
    assert cut(["a", " ", "b"]) == "a\nb"
