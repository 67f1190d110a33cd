"""Conformance packs: AWS takes them, and once deployed they answer what was open."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from include.checks.catalogue import load_catalogue
from include.checks.parameters import compare_parameters
from include.coverage import pack as packs
from include.coverage.coverage import Coverage, coverage_of
from include.coverage.pack import Pack, Packs, Wanted, all_rules, files_of, missing_rules
from include.coverage.places import Found
from include.coverage.rules import NoRule, Rule, as_config_spells, managed_rules, rule_of
from include.evidence.deployment import Deployment
from include.frameworks.schema import Framework
from tests.include.coverage.estate import AWAY, HOME, coverage, framework, place, rule

FACTS = Path(__file__).parents[2] / "facts" / "config_rules.csv"


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, str]]:
    with FACTS.open(encoding="utf-8", newline="") as file:
        return {row["rule_identifier"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def everything(whole: Coverage) -> Packs:
    return all_rules(whole)


def wanted(found: Packs) -> list[Wanted]:
    return [one for part in found.packs for one in part.rules]


def test_the_rules_that_aws_offers_are_those_of_the_facts(facts: dict[str, dict[str, str]]) -> None:
    assert managed_rules().keys() == facts.keys()
    for name, one in managed_rules().items():
        assert one.name == facts[name]["rule_name"]
        assert set(one.resource_types) <= set(facts[name]["resource_types"].split(";"))
    triggers = Counter(one.trigger for one in managed_rules().values())
    assert triggers == {"change": 390, "periodic": 151, "": 45, "both": 4}


def test_every_rule_of_the_catalogue_answers_its_check_as_it_would_be_deployed() -> None:
    without: set[str] = set()
    compared = 0
    for check in load_catalogue().values():
        wish = rule_of(check)
        if isinstance(wish, NoRule):
            without.add(wish.keyword)
        elif wish is not None:
            given = dict(wish.inputs) | {n: value or "given" for n, value in wish.left_open}
            assert compare_parameters(check, given) == "equal", check.id
            compared += 1
    assert compared >= 590
    assert {name for name in without if not name.startswith("FMS_")} <= {
        source.keyword
        for check in load_catalogue().values()
        for source in check.sources
        if source.retired
    }
    assert sum(name.startswith("FMS_") for name in without) == 6


def test_each_template_is_within_aws_s_limits(everything: Packs) -> None:
    assert len(everything.packs) > 4
    for one in everything.packs:
        data = yaml.safe_load(one.body)
        assert set(data) <= {"Parameters", "Resources"}
        assert 1 <= len(data["Resources"]) <= 130
        assert len(one.body.encode()) == one.bytes <= 51_200
        assert len(data.get("Parameters", {})) <= 60


def test_each_rule_is_one_that_config_takes(
    everything: Packs, facts: dict[str, dict[str, str]]
) -> None:
    model = botocore.session.get_session().get_service_model("config")
    shape = model.shape_for("PutConfigRuleRequest")
    pack_shape = model.shape_for("PutConformancePackRequest")
    for one in everything.packs:
        data = yaml.safe_load(one.body)
        placeholders = data.get("Parameters", {})
        used: set[str] = set()
        for logical, resource in data["Resources"].items():
            assert logical.isalnum() and resource["Type"] == "AWS::Config::ConfigRule"
            properties = resource["Properties"]
            assert properties["Source"]["Owner"] == "AWS"
            identifier = properties["Source"]["SourceIdentifier"]
            assert identifier in facts and not identifier.startswith("FMS_")
            given = properties.get("InputParameters", {})
            references = {n: v["Ref"] for n, v in given.items() if isinstance(v, dict)}
            used |= set(references.values())
            assert all(isinstance(v, str) for n, v in given.items() if n not in references)
            assert len(properties["ConfigRuleName"]) + len("-conformance-pack-123456789") <= 128
            # What CloudFormation hands on: InputParameters as JSON text.
            text = json.dumps({**given, **dict.fromkeys(references, "x")})
            request = {"ConfigRule": {**properties, "InputParameters": text}}
            errors = ParamValidator().validate(request, shape)
            assert not errors.has_errors(), errors.generate_report()
            assert len(text) <= 1024
            both = {"MaximumExecutionFrequency", "Scope"} <= properties.keys()
            assert not both, identifier
        assert used == set(placeholders)
        whole = {"ConformancePackName": "own", "TemplateBody": one.body}
        assert not ParamValidator().validate(whole, pack_shape).has_errors()


def test_names_are_unique_in_a_region_and_the_same_again(
    everything: Packs, whole: Coverage
) -> None:
    in_region: Counter[tuple[str, str]] = Counter()
    logical: Counter[tuple[str, str]] = Counter()
    for one in everything.packs:
        for each in one.rules:
            in_region.update((region, each.name) for region in one.regions)
            logical.update((region, each.logical_id) for region in one.regions)
    assert set(in_region.values()) == set(logical.values()) == {1}
    assert [p.body for p in all_rules(whole).packs] == [p.body for p in everything.packs]
    # Of one identifier, each set of values has a rule of its own.
    values = Counter(one.rule.identifier for one in wanted(everything))
    assert values["IAM_PASSWORD_POLICY"] > 2


def test_what_aws_retired_and_what_firewall_manager_makes_is_left_out_and_named(
    everything: Packs,
) -> None:
    identifiers = {one.rule.identifier for one in wanted(everything)}
    assert not identifiers & everything.left_out.keys()
    assert any(name.startswith("FMS_") for name in everything.left_out)
    assert everything.left_out["ECS_TASK_DEFINITION_MEMORY_HARD_LIMIT"] == "AWS no longer offers it"


def test_what_the_organisation_decides_is_a_parameter_without_a_default(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": ["approved-amis-by-id", "required-tags"]})
    [one] = missing_rules(coverage(own)).packs
    assert list(one.undecided) == ["ApprovedAmisByIdAmiIds"]
    data = yaml.safe_load(one.body)
    assert data["Parameters"]["ApprovedAmisByIdAmiIds"] == {"Type": "String"}
    # Where AWS has a default, it is the pack's.
    assert data["Parameters"]["RequiredTagsTag1Key"] == {"Type": "String", "Default": "CostCenter"}
    assert data["Resources"]["ApprovedAmisById"]["Properties"]["InputParameters"] == {
        "amiIds": {"Ref": "ApprovedAmisByIdAmiIds"}
    }


def test_a_rule_is_triggered_as_aws_triggers_it(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": ["access-keys-rotated", "rds-storage-encrypted"]})
    [one] = missing_rules(coverage(own)).packs
    resources = yaml.safe_load(one.body)["Resources"]
    periodic = resources["AccessKeysRotatedMaxaccesskeyage90"]["Properties"]
    assert periodic["MaximumExecutionFrequency"] == "TwentyFour_Hours"
    assert periodic["InputParameters"] == {"maxAccessKeyAge": "90"}
    by_change = resources["RdsStorageEncrypted"]["Properties"]
    assert by_change["Scope"] == {"ComplianceResourceTypes": ["AWS::RDS::DBInstance"]}


def test_lists_are_joined_by_commas() -> None:
    assert as_config_spells((22, 3389)) == "22,3389"
    assert as_config_spells(True) == "true"
    assert as_config_spells(0.5) == "0.5"


def test_rules_go_where_they_are_missing_and_not_where_others_answer(tmp_path: Path) -> None:
    from tests.include.coverage.estate import control

    own = framework(
        tmp_path, {"required": ["iam-user-mfa-enabled", "rds-storage-encrypted", "efs-encrypted"]}
    )
    found = missing_rules(
        coverage(
            own,
            place("aws_config", HOME, rule("EFS_FILESYSTEM_CT_ENCRYPTED")),
            place("security_hub", HOME, control("RDS.3")),
            place("security_hub", AWAY, control("RDS.3", AWAY)),
            regions=(HOME, AWAY),
        )
    )
    where = {one.rule.identifier: part.regions for part in found.packs for one in part.rules}
    # An account's question is asked once, in the home region.
    assert where == {"EFS_FILESYSTEM_CT_ENCRYPTED": (AWAY,), "IAM_USER_MFA_ENABLED": (HOME,)}
    assert found.answered == ("RDS_STORAGE_ENCRYPTED",)
    assert list(files_of(found, "own.yaml")) == ["own-eu-west-1.yaml", "own-us-east-1.yaml"]


def test_rules_whose_checks_are_only_shown_are_named_and_left_out(tmp_path: Path) -> None:
    own = framework(
        tmp_path, {"required": ["efs-encrypted"], "shown": ["rds-storage-encrypted"]}, {}
    )
    found = missing_rules(coverage(own))
    [one] = found.packs
    assert [wanted.rule.identifier for wanted in one.rules] == ["EFS_FILESYSTEM_CT_ENCRYPTED"]
    assert found.shown == ("RDS_STORAGE_ENCRYPTED",)
    everything = {w.rule.identifier for part in all_rules(coverage(own)).packs for w in part.rules}
    assert everything == {"EFS_FILESYSTEM_CT_ENCRYPTED", "RDS_STORAGE_ENCRYPTED"}


def test_nothing_missing_makes_no_pack(tmp_path: Path) -> None:
    own = framework(tmp_path, {"required": ["efs-encrypted"]})
    found = missing_rules(
        coverage(own, place("aws_config", HOME, rule("EFS_FILESYSTEM_CT_ENCRYPTED")))
    )
    assert found.packs == () and files_of(found, "own.yaml") == {}


def test_a_pack_is_cut_where_either_limit_is(monkeypatch: pytest.MonkeyPatch) -> None:
    names = sorted(managed_rules())[:140]
    rules = {Rule(name): (["check"], {HOME}) for name in names}
    assert [len(part.rules) for part in packs._packs(rules, {}).packs] == [130, 10]
    monkeypatch.setattr(packs, "MOST_BYTES", 4_000)
    cut = packs._packs(rules, {}).packs
    assert len(cut) > 9 and max(part.bytes for part in cut) <= 4_000
    assert [one.name for part in cut for one in part.rules] == sorted(
        managed_rules()[name].name for name in names
    )
    assert list(files_of(Packs(cut[:2]), "p.yaml")) == ["p-1.yaml", "p-2.yaml"]


def test_once_deployed_the_packs_answer_all_that_rules_can(
    whole: Coverage, frameworks: list[Framework]
) -> None:
    """The pack read back as AWS would deploy it, laid over what the estate has."""
    missing = missing_rules(whole)
    added = [one for part in missing.packs for one in as_deployed(part, whole.found)]
    found = whole.found
    places = [
        replace(
            each,
            deployments=(
                *each.deployments,
                *(
                    one
                    for one in added
                    if (one.account, one.region) == (each.account, each.region)
                    and each.source == "aws_config"
                ),
            ),
        )
        for each in found.places
    ]
    later = coverage_of(
        frameworks, load_catalogue(), Found(found.scope, found.as_of, tuple(places))
    )
    assert missing_rules(later).packs == ()
    for before, after in zip(whole.frameworks, later.frameworks, strict=True):
        assert before.count("now") <= after.count("now") <= before.after
    assert sum(f.count("now") for f in later.frameworks) > 4 * sum(
        f.count("now") for f in whole.frameworks
    )


def as_deployed(part: Pack, found: Found) -> list[Deployment]:
    deployed = []
    for resource in yaml.safe_load(part.body)["Resources"].values():
        properties = resource["Properties"]
        given = properties.get("InputParameters", {})
        for account in found.scope.accounts:
            for region in part.regions:
                name = properties["ConfigRuleName"]
                deployed.append(
                    Deployment(
                        "aws_config",
                        properties["Source"]["SourceIdentifier"],
                        account,
                        region,
                        "ACTIVE",
                        f"arn:aws:config:{region}:{account}:config-rule/{name}",
                        {n: "given" if isinstance(v, dict) else v for n, v in given.items()},
                    )
                )
    return deployed
