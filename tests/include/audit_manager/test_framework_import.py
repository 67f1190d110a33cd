"""What is read out of Audit Manager is a valid framework file, and ours comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.audit_manager.framework_import import (
    NO_PROCEDURE,
    NO_PROVIDE,
    REASON,
    REVIEW,
    as_file,
    find_framework,
    import_framework,
    write_framework,
)
from include.audit_manager.keywords import documented_keywords, keywords_of
from include.audit_manager.library import standard_frameworks
from include.audit_manager.sync import apply_sync, plan_sync
from include.checks.catalogue import load_catalogue
from include.errors import InputError
from include.frameworks.loader import Frameworks
from include.frameworks.schema import Control, Framework
from tests.include.audit_manager.conftest import Embedded
from tests.include.audit_manager.frameworks import control, framework

CHOSEN = ("cis_aws_5.0", "gdpr_2016", "hipaa_security_rule", "soc_2_2017", "nist_800_171_r2")


def said(one: Control) -> tuple[Any, ...]:
    """All that a round trip keeps."""
    checks = frozenset((mapping.check, mapping.role) for mapping in one.checks)
    return one.title, one.objective, checks, one.manual


def as_own(library: Framework) -> Framework:
    """The same framework as one of the user's own, which no standard framework stands for."""
    sets = {name: getattr(library, name) for name in Framework.model_fields}
    own = framework(**sets)
    own._path = Path("/own") / library.path.name
    return own


@pytest.mark.parametrize("automated", [False, True])
@pytest.mark.parametrize("name", CHOSEN)
def test_a_synced_framework_comes_back_as_it_was(
    embedded: Embedded, tmp_path: Path, name: str, automated: bool
) -> None:
    own = as_own(Frameworks([]).load(name))
    apply_sync(embedded.client, plan_sync(embedded.client, [own], automated=automated))
    imported = import_framework(embedded.client, own.name, taken=[name])
    assert not imported.unknown
    write_framework(imported, tmp_path)
    back = Frameworks([tmp_path]).load(imported.id)
    assert (back.title, back.version, back.compliance_type) == (
        own.title, own.version, own.compliance_type,
    )  # fmt: skip
    assert {each.id: said(each) for each in back.controls()} == {
        each.id: said(each) for each in own.controls()
    }
    assert [part.title for part in back.control_sets] == [
        part.title.replace("_", " ") for part in own.control_sets if part.controls
    ]
    for each, was in zip(back.controls(), own.controls(), strict=True):
        if len("\n".join(was.test_procedure)) <= 1000 and len(was.test_procedure) > 1:
            assert each.test_procedure == was.test_procedure


def test_keywords_alone_bring_most_checks_of_the_library_back() -> None:
    """Without our own source, as AWS's frameworks are: of checks that have keywords at all."""
    catalogue, frameworks = load_catalogue(), Frameworks([])
    known = documented_keywords()
    same = whole = 0
    for standard in standard_frameworks():
        shown = {
            "name": standard.name,
            "controlSets": [
                {
                    "name": name,
                    "controls": [
                        {
                            "name": each.name,
                            "controlMappingSources": [
                                s for s in each.sources if not s["sourceName"].startswith("Impor")
                            ],
                        }
                        for each in controls
                    ],
                }
                for name, controls in standard.control_sets.items()
            ],
        }
        text = as_file(shown).text
        found = dict(_checks_by_control(text))
        for one in frameworks.load(standard.key).controls():
            wanted = {
                mapping.check.partition("@")[0]
                for mapping in one.checks
                if keywords_of(catalogue[mapping.check], known)[0]
            }
            whole += 1
            same += found[one.id] == wanted
    assert same / whole > 0.95


def _checks_by_control(text: str) -> Any:
    import yaml

    for part in yaml.safe_load(text)["control_sets"]:
        for one in part["controls"]:
            yield one["id"], {c for group in one.get("checks", []) for c in group["checks"]}


def source(kind: str, keyword: str) -> dict[str, Any]:
    return {
        "sourceName": keyword,
        "sourceType": kind,
        "sourceKeyword": {"keywordInputType": "SELECT_FROM_LIST", "keywordValue": keyword},
    }


def manual(name: str = "files", **more: str) -> dict[str, Any]:
    return {"sourceName": name, "sourceType": "MANUAL", **more}


def foreign(*controls: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A framework as GetAssessmentFramework shows one that wasn't made from here."""
    return {
        "name": "House rules: Überblick",
        "type": "Custom",
        "lastUpdatedAt": datetime(2026, 10, 31, 12, tzinfo=UTC),
        "controlSets": [{"name": "Access", "controls": list(controls)}],
        **more,
    }


def loaded(found: dict[str, Any], folder: Path) -> Framework:
    imported = as_file(found)
    write_framework(imported, folder)
    return Frameworks([folder]).load(imported.id)


def test_a_framework_made_by_hand_becomes_a_valid_file(tmp_path: Path) -> None:
    found = foreign(
        {
            "name": "1.1 - Root has MFA",
            "description": "Nobody enters with a password alone.",
            "testingInformation": "Ask for the device. Compare it with the summary! Fail if none.",
            "controlMappingSources": [source("AWS_Config", "ROOT_ACCOUNT_MFA_ENABLED")],
        },
        {
            "name": "Visitors are accompanied",
            "controlMappingSources": [manual(sourceDescription="The visitors' book.")],
        },
        {"name": "1.3 Nothing said", "controlMappingSources": [manual("The book of keys")]},
        {
            "name": "1.4 Only shown",
            "controlMappingSources": [source("AWS_Cloudtrail", "cloudtrail_StopLogging")],
        },
        {
            "name": "1.5 Unknown",
            "controlMappingSources": [
                source("AWS_Config", "Custom_house-rule"),
                {"sourceType": "Core_Control", "sourceName": "Encrypt it"},
            ],
        },
        {"name": "1.5 Unknown", "controlMappingSources": [manual("")]},
    )
    back = loaded(found, tmp_path)
    assert (back.id, back.title, back.version) == (
        "house_rules_uberblick", "House rules: Überblick", "2026-10-31",
    )  # fmt: skip
    root, visitors, nothing, shown, unknown, again = back.controls()
    assert (root.id, root.title) == ("1.1", "Root has MFA")
    assert root.test_procedure == (
        "Ask for the device.", "Compare it with the summary!", "Fail if none.",
    )  # fmt: skip
    [mapping] = root.checks
    assert (mapping.check, mapping.role, mapping.basis) == ("root-mfa", "required", "judgement")
    assert mapping.reason.startswith(REASON) and "ROOT_ACCOUNT_MFA_ENABLED" in mapping.reason
    assert root.manual is None
    assert visitors.id == "visitors_are_accompanied"
    assert visitors.manual and visitors.manual.provide == "The visitors' book."
    assert visitors.objective == "What holds: Visitors are accompanied."
    assert visitors.test_procedure == (NO_PROCEDURE,)
    assert nothing.manual and nothing.manual.provide == "The book of keys."
    assert shown.manual and shown.manual.provide == REVIEW
    assert {mapping.role for mapping in shown.checks} == {"shown"}
    assert unknown.manual and unknown.manual.provide == NO_PROVIDE
    assert (unknown.id, again.id) == ("1.5", "1.5_2")
    text = back.path.read_text()
    assert "# 1.5: no check answers AWS Config Custom_house-rule, Core_Control Encrypt it" in text
    assert max(map(len, text.splitlines())) <= 110
    assert "&id" not in text and "*id" not in text


def test_a_keyword_that_could_mean_several_checks_says_which(tmp_path: Path) -> None:
    found = foreign(
        {
            "name": "1.1 Passwords",
            "controlMappingSources": [source("AWS_Config", "IAM_PASSWORD_POLICY")],
        }
    )
    [one] = loaded(found, tmp_path).controls()
    [mapping] = one.checks
    assert "It could mean" in mapping.reason and "password-policy-" in mapping.reason


def test_it_is_found_by_name_or_id_and_near_names_are_told(embedded: Embedded) -> None:
    own = framework(("People", [control("1.1")]))
    apply_sync(embedded.client, plan_sync(embedded.client, [own]))
    whole = embedded.framework("Our controls v1")
    for wanted in ("Our controls v1", "our controls V1", whole["id"]):
        assert find_framework(embedded.client, wanted)["id"] == whole["id"]
    with pytest.raises(InputError, match="Our controls v1"):
        find_framework(embedded.client, "Our controls")


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    imported = as_file(foreign({"name": "1.1 X", "controlMappingSources": [manual()]}))
    path = write_framework(imported, tmp_path)
    path.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_framework(imported, tmp_path)
    assert path.read_text() == "mine"


def test_a_taken_id_gets_a_number() -> None:
    found = foreign({"name": "1.1 X", "controlMappingSources": [manual()]})
    taken = ["house_rules_uberblick", "house_rules_uberblick_2"]
    assert as_file(found, taken=taken).id == "house_rules_uberblick_3"
    assert as_file(found, own_id="mine").id == "mine"
    tagged = {**found, "tags": {"framework": "ours"}}
    assert as_file(tagged).id == "ours"
    assert as_file(tagged, taken=["ours"]).id == "house_rules_uberblick"
