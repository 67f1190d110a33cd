"""The whole DAG in one process, as ``./audit run --in-process`` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.judge.judge import judge
from tests.local_stack import ROOT

pytestmark = pytest.mark.slow

#: One account is enough here; whole estates are judged in tests/judge.
ACCOUNT = "222222222222"


def run(state: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "include.cli", "run", "--in-process"),
            *("--framework", "cis_aws_5.0", "--period", "2026-10", "--out", str(out)),
            *("--accounts", ACCOUNT),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AUDIT_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_the_run_equals_the_truth_and_running_it_again_changes_no_byte(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = run(state, tmp_path / "one")
    assert first.returncode == 0, first.stdout + first.stderr
    reports = files(tmp_path / "one")
    assert {"report.json", "report.pdf", "controls.csv", "failing.csv", "evidence.csv"} <= set(
        reports
    )
    report = json.loads(reports["report.json"])
    truth = judge(
        next(state.rglob("ground_truth.json")),
        ROOT / "include/frameworks/library/cis_aws_5.0.yaml",
        ROOT / "include/checks/catalogue",
        start=report["period"]["start"],
        end=report["period"]["end"],
        accounts=[ACCOUNT],
    )
    assert {c["id"]: c["status"] for c in report["controls"]} == truth.controls
    for control in report["controls"]:
        for check in control["checks"]:
            assert check["failing"] == truth.failing[check["id"]], check["id"]
    assert report["assessment_id"], "the assessment was made in Audit Manager"

    again = run(state, tmp_path / "two")
    assert again.returncode == 0, again.stdout + again.stderr
    assert files(tmp_path / "two") == reports
