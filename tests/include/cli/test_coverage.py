"""./audit coverage over the local AWS: summary, machine-readable forms, packs, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.cli.ending import EVIDENCE_MISSING, FAILED, WRONG_USAGE
from tests.local_stack import ROOT, LocalAws, local_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("aws"), accounts=1, regions=2, resources=30) as server:
        yield server


def audit(
    aws: LocalAws, tmp_path: Path, *arguments: str, columns: int = 80
) -> subprocess.CompletedProcess[str]:
    return command(aws, tmp_path, "coverage", *arguments, columns=columns)


def command(
    aws: LocalAws, tmp_path: Path, *arguments: str, columns: int = 80
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "include.cli", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "AUDIT_STATE": str(tmp_path / "no-stack"),
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": aws.accounts[0],
            "AWS_SECRET_ACCESS_KEY": "local",
            "AUDIT_ACCOUNTS": ",".join(aws.accounts),
            "AUDIT_REGIONS": ",".join(aws.regions),
            "COLUMNS": str(columns),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("columns", [80, 140])
def test_the_summary_has_a_line_per_framework_and_fits(
    aws: LocalAws, tmp_path: Path, columns: int
) -> None:
    done = audit(aws, tmp_path, "-f", "all", columns=columns)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Coverage as of 2026-11-01 06:00 UTC: 1 account, 2 regions"
    assert max(map(len, lines)) <= columns
    [cis] = [line.split() for line in lines if line.startswith("cis_aws_5.0 ")]
    assert cis == ["cis_aws_5.0", "63", "56", "0", "0", "7", "56"]
    assert any(line.split()[:1] == ["aws_operational_best_practices"] for line in lines)
    title = lines.index("What enabling would add")
    assert "AWS Config: deploy the" in "\n".join(lines[title : title + 4])


def test_details_say_what_is_deployed_otherwise_and_where(aws: LocalAws, tmp_path: Path) -> None:
    done = audit(aws, tmp_path, "-f", "cis_aws_5.0", "--details", columns=140)
    assert done.returncode == 0, done.stderr
    assert "Places: checks ready, of those asked" in done.stdout
    assert "Security Hub standards: aws-foundational-security-best-practices" in done.stdout
    assert "Deployed, but not as asked" in done.stdout


def test_several_are_named_as_everywhere_and_accounts_stand_in_one_piece(
    aws: LocalAws, tmp_path: Path
) -> None:
    done = audit(aws, tmp_path, "-f", "cis_aws_5.0,gdpr_2016", "--details")
    assert done.returncode == 0, done.stderr
    first = [line.split()[:1] for line in done.stdout.splitlines()]
    assert ["cis_aws_5.0"] in first and ["gdpr_2016"] in first
    assert [aws.accounts[0]] in first


def test_json_and_csv_tell_the_same(aws: LocalAws, tmp_path: Path) -> None:
    said = json.loads(audit(aws, tmp_path, "-f", "cis_aws_5.0", "--json").stdout)
    out = tmp_path / "coverage.csv"
    done = audit(aws, tmp_path, "-f", "cis_aws_5.0", "--out", str(out))
    assert done.returncode == 0, done.stderr
    listed = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["check"] for row in listed] == [row["check"] for row in said["deployments"]]
    assert {row["state"] for row in listed} >= {"ready", "absent", "disabled"}
    assert said["frameworks"][0]["now"] == 56
    assert {place["region"] for place in said["places"]} == set(aws.regions)


def test_a_narrowed_scope_is_asked_alone(aws: LocalAws, tmp_path: Path) -> None:
    done = audit(aws, tmp_path, "-f", "cis_aws_5.0", "--regions", aws.regions[1], "--json")
    assert {place["region"] for place in json.loads(done.stdout)["places"]} == {aws.regions[1]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-f", "cis_aws_5.1"), "There is no framework 'cis_aws_5.1'."),
        (("-f", "cis_aws_5.0", "--regions", "af-south-1"), "af-south-1 is not in scope"),
        (("-f", "cis_aws_5.0", "--json", "--csv"), "can't be had together"),
        (("-f", "cis_aws_5.0", "--all"), "--write-conformance-pack"),
        (("-f", "cis_aws_5.0", "--out", "coverage.txt"), "coverage.txt"),
        (("-f", "cis_aws_5.0", "--out", "nowhere/coverage.csv"), "There is no folder nowhere."),
    ],
)
def test_what_can_t_be_meant_is_refused(
    aws: LocalAws, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = audit(aws, tmp_path, *arguments)
    assert done.returncode == WRONG_USAGE
    assert said in done.stderr


def test_without_credentials_is_one_sentence(tmp_path: Path) -> None:
    named = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", "coverage", "-f", "cis_aws_5.0"],
        cwd=ROOT,
        env={
            **named,
            "AUDIT_STATE": str(tmp_path / "no-stack"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
            "AWS_CONFIG_FILE": "/nowhere",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == FAILED
    assert done.stderr.startswith("Error: No AWS credentials were found. Start the local AWS")
    assert done.stderr.count("\n") == 1


def test_what_is_denied_ends_as_missing_evidence(aws: LocalAws, tmp_path: Path) -> None:
    aws.faults({"service": "config", "region": aws.regions[1], "kind": "access_denied"})
    try:
        done = audit(aws, tmp_path, "-f", "cis_aws_5.0")
    finally:
        aws.faults()
    assert done.returncode == EVIDENCE_MISSING
    assert (
        f"AWS Config in {aws.accounts[0]} {aws.regions[1]}: DENIED, "
        "config:DescribeConfigurationRecorders is missing"
    ) in done.stdout


def test_packs_are_written_and_what_they_lack_is_named(aws: LocalAws, tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    done = audit(aws, tmp_path, "-f", "pci_dss_4.0.1", "--write-conformance-pack", str(path))
    assert done.returncode == 0, done.stderr
    written = sorted(tmp_path.glob("pack*.yaml"))
    assert len(written) >= 2  # the account's own questions belong into the home region alone
    rules = 0
    for one in written:
        text = one.read_text()
        assert text.startswith("# Deploy in: ")
        data = yaml.safe_load(text)
        rules += len(data["Resources"])
        undecided = [n for n, p in data.get("Parameters", {}).items() if "Default" not in p]
        assert all(f"{one} asks for {name} " in done.stdout for name in undecided)
    assert f"deploy the {rules} missing rules" in " ".join(done.stdout.split())
    assert "Left out: FMS_" in done.stdout


def test_what_is_answered_already_is_in_the_pack_only_when_asked_for(
    aws: LocalAws, tmp_path: Path
) -> None:
    def written(folder: str, *arguments: str) -> set[str]:
        path = tmp_path / folder / "pack.yaml"
        path.parent.mkdir()
        asked = ("-f", "cis_aws_5.0", "--write-conformance-pack", str(path), *arguments)
        done = audit(aws, tmp_path, *asked)
        assert done.returncode == 0, done.stderr
        return {
            resource["Properties"]["Source"]["SourceIdentifier"]
            for one in path.parent.glob("*.yaml")
            for resource in yaml.safe_load(one.read_text())["Resources"].values()
        }

    missing, every = written("missing"), written("all", "--all")
    answered = {"ROOT_ACCOUNT_MFA_ENABLED", "VPC_FLOW_LOGS_ENABLED"}
    assert answered <= every and not answered & missing
    assert missing < every


def test_validation_tells_what_the_scope_leaves_open_at_the_control(
    aws: LocalAws, tmp_path: Path
) -> None:
    asked = ("frameworks", "validate", "hipaa_security_rule", "--deployed", "--json")
    done = command(aws, tmp_path, *asked)
    assert done.returncode == EVIDENCE_MISSING, done.stderr
    said = json.loads(done.stdout)
    assert said["errors"] == 0 and said["missing"] == len(said["problems"]) > 20
    assert all(one["level"] == "missing" and one["line"] for one in said["problems"])
    of = ": iam-no-inline-policy-check: "
    first = next(one for one in said["problems"] if of in one["text"])
    assert f"not answered in {aws.accounts[0]} (AWS Config: not deployed" in first["text"]
    assert first["hint"] == "Deploy IAM_NO_INLINE_POLICY_CHECK."
