"""A control that is a check says how it is tested, in words an auditor can follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.checks.catalogue import load_catalogue
from include.errors import InputError
from include.frameworks.loader import load_framework
from include.frameworks.of_check import procedure_of

CATALOGUE = load_catalogue()


def test_a_rule_and_a_hub_control_side_by_side() -> None:
    assert procedure_of(CATALOGUE["access-keys-rotated"]) == (
        "Obtain, for every account in scope (any one region answers for all), the evaluations by "
        "AWS Config's managed rule ACCESS_KEYS_ROTATED and the findings of Security Hub's control "
        "IAM.3; one complete answer suffices.",
        "Inspect with which values the rule is deployed: the control asks for maxAccessKeyAge at "
        "90 or less; asking less proves failures only, asking more proves passes only.",
        "Inspect the result of each user (AWS::IAM::User) as it stood at the period's end, and "
        "whether it was evaluated within the period.",
        "Fail each user that Config evaluates as NON_COMPLIANT or that Security Hub reports as "
        "FAILED (suppressed findings included); where they differ, the failure counts.",
        "Leave the question open where no source answered completely: silence is no pass, even "
        "where no user is to be seen.",
    )


def test_one_source_needs_no_word_about_disagreement() -> None:
    assert procedure_of(CATALOGUE["cloudtrail-6"]) == (
        "Obtain, for every account and region in scope, the findings of Security Hub's control "
        "CloudTrail.6.",
        "Inspect the result of each bucket (AWS::S3::Bucket) as it stood at the period's end, and "
        "whether it was evaluated within the period.",
        "Fail each bucket that Security Hub reports as FAILED (suppressed findings included).",
        "Leave the question open where the answer is incomplete: silence is no pass, even where no "
        "bucket is to be seen.",
    )


@pytest.mark.parametrize(
    ("check", "words"),
    [
        # Which way is stricter, and what Config takes where nothing is given.
        ("acm-certificate-expiration-check", "daysToExpiration at 30 or more (AWS Config's own "),
        (
            "unused-credentials",
            "maxCredentialUsageAge at 45 or less (AWS Config's own default is 9",
        ),
        ("cloudfront-ssl-policy-check", "securityPolicies naming nothing but TLSv1.2_2021, TLS"),
        ("sg-no-open-admin-ipv4", "restrictPorts naming 22 and 3389, or more than that and ipType"),
        ("cloudwatch-alarm-action-check", "insufficientDataActionRequired set to false (AWS Con"),
        ("codebuild-project-s3-logs-encrypted", "exemptedProjects (if given) empty;"),
        ("support-role", "a rule with others answers another question."),
        # What the organisation decides.
        (
            "approved-amis-by-id",
            "Note the organisation's own value of amiIds (and who approved it): that",
        ),
        ("tagged-iam-role", "Note what requiredTagKeys was set to, if it was: that is part of"),
        # Other sources.
        ("root-hardware-mfa", "what iam:GetAccountSummary and iam:ListVirtualMFADevices return;"),
        ("sg-no-open-cifs", "Hold what was obtained against ports set to 445."),
        ("no-old-high-vulnerabilities", "high severity that can be fixed and was open for more th"),
        ("ssm-patch-compliance", "Systems Manager's compliance items of the type Patch."),
        (
            "license-limit-set",
            "License Manager returns to licensemanager:ListLicenseConfigurations.",
        ),
        ("activity-root-usage", "records of the whole period: every call by the root user."),
        ("activity-root-usage", "Fail nothing by this alone"),
        ("s3-bucket-server-side-encryption-enabled", "S3.4 (retired by AWS: it answers only where"),
        # What is judged, and where.
        ("rds-storage-encrypted", "each DB instance (AWS::RDS::DBInstance) as it stood"),
        ("access-analyzer-enabled", "Fail each account and region that Config evaluates as NON_C"),
        ("fsx-lustre-copy-tags-to-backups", "Fail each file system that Config"),
    ],
)
def test_what_decides_is_in_the_words(check: str, words: str) -> None:
    assert words in " ".join(procedure_of(CATALOGUE[check]))


def test_a_variant_says_its_own_values() -> None:
    steps = " ".join(procedure_of(CATALOGUE["password-policy-length@12"]))
    assert "MinimumPasswordLength at 12 or more" in steps


def test_every_check_reads_as_sentences() -> None:
    for check in CATALOGUE.values():
        steps = procedure_of(check)
        assert 3 <= len(steps) <= 6, check.id
        assert steps[0].startswith("Obtain, for every account")
        assert any(step.startswith("Fail ") for step in steps)
        assert any(step.startswith("Inspect ") for step in steps)
        for step in steps:
            assert step[-1] in ".?" and not re.search(r"  |\.\.|None|\(\)|@| ,|''", step), step


def test_every_check_names_its_sources_and_parameters() -> None:
    for check in CATALOGUE.values():
        steps = procedure_of(check)
        for source in check.sources:
            for keyword in source.all_keywords:
                if source.source not in ("cloudtrail", "custom"):
                    shown = (keyword, keyword.replace("_", ":", 1))
                    assert any(one in steps[0] for one in shown), (check.id, keyword)
        for name in check.parameters:
            if "inspector" not in check.by_source:
                assert any(name in step for step in steps), (check.id, name)


FRAMEWORK = """\
id: ours_1
title: Ours
version: "1"
publisher: We
compliance_type: Internal
description: Rules as they are deployed.
schedule: month
judge: period_end
sources: [aws_config, security_hub]
control_sets:
- id: A
  title: Certificates
  controls:
  - of_check: acm-certificate-expiration-check
    parameters: {daysToExpiration: 90}
    basis: aws_stated
    by: [config_packs]
"""


def test_a_control_that_is_a_check_may_ask_for_other_values(tmp_path: Path) -> None:
    (tmp_path / "ours_1.yaml").write_text(FRAMEWORK, encoding="utf-8")
    (control,) = load_framework("ours_1", [tmp_path]).controls()
    assert control.id == "acm-certificate-expiration-check"
    assert control.required == ("acm-certificate-expiration-check@90",)
    assert "daysToExpiration at 90 or more" in " ".join(control.test_procedure)


def test_values_that_a_check_does_not_know_are_refused(tmp_path: Path) -> None:
    wrong = FRAMEWORK.replace("daysToExpiration", "weeks")
    (tmp_path / "ours_1.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1\d: .*has no parameter 'weeks'"):
        load_framework("ours_1", [tmp_path])


def test_values_without_a_check_are_refused(tmp_path: Path) -> None:
    wrong = FRAMEWORK.replace("  - of_check: acm-certificate-expiration-check", "  - id: a")
    (tmp_path / "ours_1.yaml").write_text(wrong, encoding="utf-8")
    with pytest.raises(InputError, match="'basis' is said of a mapping"):
        load_framework("ours_1", [tmp_path])
