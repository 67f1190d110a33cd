"""``./audit diff`` and ``./audit portfolio`` over results that lie in the local AWS's bucket."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.cli.ending import OK, WRONG_USAGE
from include.cli.main import main
from include.runs.workspace import Workspace
from tests.include.assessment.estate import ACCOUNT
from tests.include.cli.results_served import deployed
from tests.include.local_aws.conftest import Local
from tests.include.reports.comparison.pairs import SEPTEMBER, disk
from tests.include.reports.portfolio.world import of
from tests.include.runs.results_there import leave

BUCKET = "results-compared"
Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def s3(served: Local) -> Any:
    client = served.bucket(BUCKET)
    runs = Workspace(client, BUCKET, "runs")
    before = replace(
        of("soc_2_2017", "a", "b", passing=("c",)),
        period=SEPTEMBER.label,
        period_start="2026-09-01T00:00:00Z",
        period_end="2026-10-01T00:00:00Z",
    )
    now = of("soc_2_2017", "b", "c", passing=("a",))
    leave(runs, before)
    leave(runs, now, earlier=[before])
    leave(runs, of("pci_dss_4.0.1", "b"))
    leave(runs, of("cis_aws_5.0", accounts=(ACCOUNT, "222222222222")))
    leave(runs, of("cis_aws_5.0", "z"))
    leave(runs, of("nist_800_171_r2", "a"))
    leave(runs, of("nist_800_171_r2", "a", "b"))
    return client


@pytest.fixture(autouse=True)
def deployment(served: Local, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deployed(monkeypatch, served, BUCKET, tmp_path, columns=100)


def test_what_changed_is_told_in_the_terminal(capsys: Said) -> None:
    assert main(["diff", "soc2@2026-09", "soc2@2026-10"]) == OK
    said = capsys.readouterr().out
    assert "soc_2_2017@2026-09 → soc_2_2017@2026-10" in said
    assert "New: 1" in said and "Fixed: 1" in said and "Still failing: 1" in said
    assert disk("c") in said


def test_only_what_is_worse_is_told_when_asked(capsys: Said) -> None:
    assert main(["diff", "soc2@2026-09", "soc2@2026-10", "--only", "worse"]) == OK
    said = capsys.readouterr().out
    assert disk("c") in said and disk("a") not in said


def test_the_exit_code_speaks_only_when_asked_and_only_of_worse(capsys: Said) -> None:
    worse = ["diff", "soc2@2026-09", "soc2@2026-10"]
    assert main([*worse, "--fail-on", "worse"]) == 2
    assert main(["diff", "soc2@2026-10", "soc2@2026-10", "--fail-on", "worse"]) == OK
    assert "Both are the same result" in capsys.readouterr().out


def test_json_and_the_page_have_everything(capsys: Said, tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    assert main(["diff", "soc2@2026-09", "soc2@2026-10", "--json", "--html", str(page)]) == OK
    value = json.loads(capsys.readouterr().out)
    assert value["change"]["counts"]["new"] == 1 and value["verdict"] == "worse"
    assert disk("a") in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["soc2@2026-09", "pci@2026-10"], "./audit frameworks crosswalk soc_2_2017 pci_dss_4.0.1"),
        (["soc2@2026-01", "soc2@2026-10"], "soc_2_2017 has no result for 2026-01"),
        (["soc2", "soc2@2026-10"], "is not a framework and a period"),
        (["soc2@2026-10~7", "soc2@2026-10"], "there is no ~7"),
        (["soc2@2026-09", "soc2@2026-10", "--only", "better"], "--only"),
        (["soc2@2026-09", "soc2@2026-10", "--html", "/no/such/x.html"], "There is no folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(capsys: Said, arguments: list[str], says: str) -> None:
    assert main(["diff", *arguments]) == WRONG_USAGE
    error = " ".join(capsys.readouterr().err.split())
    assert says in error and "Traceback" not in error


def test_a_revision_is_named_wherever_the_two_are(s3: Any, capsys: Said, tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    arguments = ["diff", "nist_800_171@2026-10~1", "nist_800_171@2026-10", "--html", str(page)]
    assert main(arguments) == OK
    headed = "nist_800_171_r2@2026-10~1 → nist_800_171_r2@2026-10"
    assert headed in capsys.readouterr().out.splitlines()
    assert "<bdi>nist_800_171_r2@2026-10~1</bdi>" in page.read_text(encoding="utf-8")
    assert main([*arguments, "--json"]) == OK
    value = json.loads(capsys.readouterr().out)
    assert value["before"]["name"].endswith("~1") and "~" not in value["now"]["name"]


def test_two_scopes_of_a_framework_are_compared_by_their_digests(s3: Any, capsys: Said) -> None:
    prefix = "runs/cis_aws_5.0_2026-10_"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix, Delimiter="/")["CommonPrefixes"]
    one, two = (row["Prefix"].rstrip("/").rpartition("_")[2] for row in listed)
    name = "cis_aws_5.0@2026-10"
    assert main(["diff", name, name, "--scope", one, "--scope", two]) == OK
    assert "The two have other accounts" in " ".join(capsys.readouterr().out.split())


def test_the_portfolio_is_written_here_and_into_the_bucket(
    s3: Any, capsys: Said, tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    arguments = ["portfolio", "--period", "2026-10", "--output", str(folder)]
    assert main(arguments) == OK
    said = " ".join(capsys.readouterr().out.split())
    assert "soc_2_2017" in said and "cis_aws_5.0" in said
    assert "! hipaa_security_rule: No result for 2026-10." in said
    names = {path.name for path in folder.iterdir()}
    assert names == {"portfolio.pdf", "portfolio.html", "portfolio.json", "SHA256SUMS"}
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr
    objects = s3.list_objects_v2(Bucket=BUCKET, Prefix="packages/portfolio_2026-10_")["Contents"]
    for path in folder.iterdir():
        (key,) = [one["Key"] for one in objects if one["Key"].endswith(f"/{path.name}")]
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == path.read_bytes()
    # Again: everything is there already.
    assert main([*arguments, "--json"]) == OK
    value = json.loads(capsys.readouterr().out)
    assert value == json.loads((folder / "portfolio.json").read_text(encoding="utf-8"))
    again = s3.list_objects_v2(Bucket=BUCKET, Prefix="packages/portfolio_2026-10_")["Contents"]
    assert [one["Key"] for one in again] == [one["Key"] for one in objects]


def test_a_period_without_results_is_wrong_usage_as_it_is_for_diff_and_sample(
    capsys: Said, tmp_path: Path
) -> None:
    code = main(["portfolio", "--period", "2026-08", "--output", str(tmp_path / "x")])
    assert code == WRONG_USAGE
    assert "No framework has a final result for 2026-08" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
