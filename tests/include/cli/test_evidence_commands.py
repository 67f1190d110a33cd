"""``./audit evidence``: hand in, list, accept, reject; never by who provided it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from include.assessment.period import parse_period
from include.assessment.registers import load_registers
from include.cli.main import main
from tests.include.local_aws.conftest import MANAGEMENT, Local

BUCKET = "handed-in"
ADD = ["--effective", "2026-10-14", "--description", "Signed by the CISO."]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with closing(Local(tmp_path_factory.mktemp("state"))) as running:
        yield running


@pytest.fixture(autouse=True)
def deployment(
    served: Local, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> Path:
    """Settings of their own for each test; returns the registers' folder."""
    values = {
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ACCESS_KEY_ID": MANAGEMENT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AUDIT_STATE": str(tmp_path / "state"),
        "AUDIT_EVIDENCE_BUCKET": BUCKET,
        "AUDIT_MANUAL_EVIDENCE_PREFIX": f"manual/{request.node.name[:40].replace('[', '-')}/",
        "AUDIT_REGISTERS": str(tmp_path / "registers"),
        "COLUMNS": "250",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "registers"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.pdf"
    path.write_bytes(b"%PDF-1.7 policy")
    return path


Said = pytest.CaptureFixture[str]


def add(path: Path, said: Said, *more: str) -> str:
    """Hand a file in; returns its id."""
    assert main(["evidence", "add", str(path), "--control", "1.1", *ADD, *more]) == 0
    return said.readouterr().out.split()[0]


def listed(said: Said, *more: str) -> list[dict[str, str]]:
    assert main(["evidence", "list", "--json", *more]) == 0
    return list(json.loads(said.readouterr().out))


@pytest.mark.parametrize("command", ["add", "list", "accept", "reject", "schema"])
def test_every_command_has_help_with_an_example(command: str, capsys: Said) -> None:
    assert main(["evidence", command, "--help"]) == 0
    assert f"./audit evidence {command}" in capsys.readouterr().out.split("Example:")[1]


def test_what_was_handed_in_is_listed_with_its_revisions(
    policy: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(policy, capsys, "--by", "alice@example.org")
    assert add(policy, capsys, "--by", "alice@example.org") == first
    policy.write_bytes(b"%PDF-1.7 corrected")
    second = add(policy, capsys, "--by", "alice@example.org", "--expires", "2027-10-14")
    rows = listed(capsys)
    assert [(row["id"], row["revision"]) for row in rows] == [(first, 1), (second, 2)]
    assert rows[0]["state"] == f"replaced by {second}" and rows[1]["state"] == "not reviewed"
    assert [row["id"] for row in listed(capsys, "--period", "2027-01")] == [second]
    assert listed(capsys, "--period", "2026-09") == []
    bucket = boto3.client("s3").get_bucket_versioning(Bucket=BUCKET)
    assert bucket["Status"] == "Enabled"
    assert main(["evidence", "list"]) == 0
    said = capsys.readouterr().out
    assert first in said and "alice@example.org" in said and "policy.pdf" in said
    # Where the terminal is narrow, what the other commands ask for is whole all the same.
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["evidence", "list"]) == 0
    said = capsys.readouterr().out
    assert first in said and "2026-10-14" in said


def test_expiry_reminds_of_the_newest_revision(policy: Path, capsys: Said) -> None:
    add(policy, capsys, "--expires", "2026-10-31")
    assert len(listed(capsys, "--expiring", "30d")) == 1
    policy.write_bytes(b"%PDF-1.7 renewed")
    add(policy, capsys, "--expires", "2099-10-31")
    assert listed(capsys, "--expiring", "2w") == []
    assert main(["evidence", "list", "--expiring", "soon"]) == 64
    assert "'soon'" in capsys.readouterr().err


def test_a_reviewer_accepts_for_the_period_and_may_take_it_back(
    policy: Path, capsys: Said, deployment: Path
) -> None:
    given = add(policy, capsys, "--by", "alice@example.org")
    review = ["--by", "bob@example.org", "--comment", "Signed and in force."]
    assert main(["evidence", "accept", given[:8], *review]) == 0
    assert "AC-1" in capsys.readouterr().out
    october = parse_period("2026-10")
    [entry] = load_registers(deployment).in_force(october).acceptances
    assert (entry.evidence, entry.control, entry.period) == (given, "1.1", "2026-10")
    assert (entry.owner, entry.approver) == ("alice@example.org", "bob@example.org")
    assert [row["state"] for row in listed(capsys, "--period", "2026-10")] == ["accepted"]
    assert main(["evidence", "accept", given, *review]) == 0
    assert "already" in capsys.readouterr().out
    assert main(["evidence", "reject", given, *review]) == 0
    capsys.readouterr()
    assert [e.decision for e in load_registers(deployment).acceptances] == ["accepted", "rejected"]
    assert [row["state"] for row in listed(capsys, "--period", "2026-10")] == ["rejected"]
    assert [row["state"] for row in listed(capsys)] == ["rejected for 2026-10"]


@pytest.mark.parametrize(
    ("by", "reviewer"),
    [
        (["--by", "alice@example.org"], "Alice@example.org "),
        ([], "anybody@example.org"),  # the caller's ARN provided it, and reviews it
    ],
)
def test_nobody_reviews_what_they_provided(
    policy: Path, capsys: Said, deployment: Path, by: list[str], reviewer: str
) -> None:
    given = add(policy, capsys, *by)
    assert main(["evidence", "accept", given, "--by", reviewer, "--comment", "Fine."]) == 64
    assert "who can't review it" in capsys.readouterr().err
    assert not deployment.exists() or not list(deployment.iterdir())


def test_only_what_concerns_the_period_can_be_accepted_for_it(policy: Path, capsys: Said) -> None:
    first = add(policy, capsys, "--by", "alice")
    policy.write_bytes(b"%PDF-1.7 corrected")
    second = add(policy, capsys, "--by", "alice")
    review = ["--by", "bob", "--comment", "Fine."]
    for given, more, said in (
        (first, [], f"was replaced by {second}"),
        (second, ["--period", "2026-11"], "is no evidence of 2026-11"),
        ("ME-zzz", [], "There is no evidence 'ME-zzz'"),
        ("ME-", [], " or "),
    ):
        assert main(["evidence", "accept", given, *review, *more]) == 64
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("x.exe", ["--control", "1.1", *ADD], "no files of the type .exe"),
        ("none.pdf", ["--control", "1.1", *ADD], "can't be read"),
        ("x.pdf", ["--control", "1.99", *ADD], "There is no control '1.99'"),
        ("x.pdf", ["--control", "1.1", *ADD, "-f", "cis"], "'cis' may be any of"),
        ("x.pdf", ["--control", "1.1", *ADD, "-f", "cso"], "There is no framework 'cso'"),
        ("x.pdf", ["--control", "1.1", *ADD, "--account", "12"], "account: "),
        ("x.pdf", ["--control", "1.1", *ADD, "--expires", "2026-01-01"], "before it is effective"),
        ("x.pdf", ["--control", "1.1", "--effective", "today", "--description", "x"], "'today'"),
        ("x.pdf", ["--control", "1.1"], "--effective"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_stored(
    tmp_path: Path, name: str, arguments: list[str], said: str, capsys: Said
) -> None:
    if name != "none.pdf":
        (tmp_path / name).write_bytes(b"x")
    assert main(["evidence", "add", str(tmp_path / name), *arguments]) == 64
    assert said in capsys.readouterr().err.replace("'--effective'", "--effective")
    prefix = os.environ["AUDIT_MANUAL_EVIDENCE_PREFIX"]
    s3 = boto3.client("s3")
    if BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        assert s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["KeyCount"] == 0


def test_the_schemas_are_printed_for_scripts(capsys: Said) -> None:
    for which, member in (("custom", "observed_at"), ("manual", "effective")):
        assert main(["evidence", "schema", which]) == 0
        assert member in json.loads(capsys.readouterr().out)["required"]
