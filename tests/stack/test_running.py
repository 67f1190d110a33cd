"""The stack itself: on this machine only, gone when it is down, all there when it is up again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from include.settings import ROOT
from include.stack.process import MARKER
from tests.stack.lab import Lab


def processes_of(lab: Lab) -> list[psutil.Process]:
    """Everything the stack started, by the mark in its environment or by descent."""
    found = {}
    for component in lab.running.record.components:
        leader = psutil.Process(component.pid)
        for process in (leader, *leader.children(recursive=True)):
            found[process.pid] = process
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == str(lab.folder):
                found[process.pid] = process
        except psutil.Error:
            continue
    return list(found.values())


def alive(process: psutil.Process) -> bool:
    """Whether it still runs; what merely waits to be asked for its end does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_everything_listens_on_this_machine_only(lab: Lab) -> None:
    listening = {}
    for process in processes_of(lab):
        for connection in process.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                listening[connection.laddr.port] = connection.laddr.ip
    assert set(listening) >= set(lab.running.record.ports.values())
    assert set(listening.values()) == {"127.0.0.1"}


def test_the_aws_command_line_shows_assessments_with_controls_and_evidence(lab: Lab) -> None:
    run = lab.runs("scheduled")[0]
    run.end()
    report = run.report
    exports = subprocess.run(
        [sys.executable, "-m", "include.cli", "env"],
        cwd=ROOT,
        env={**os.environ, "AUDIT_STATE": str(lab.base)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    aws = Path(sys.executable).parent / "aws"

    def ask(command: str, query: str) -> str:
        done = subprocess.run(
            [
                "sh",
                "-c",
                f'{exports}\n{aws} auditmanager {command} --output text --query "{query}"',
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    names = ask("list-assessments", "assessmentMetadata[].name").split()
    assert report["assessment_name"] in names
    shown = ask(
        f"get-assessment --assessment-id {report['assessment_id']}",
        "assessment.framework.controlSets[].controls[].evidenceCount",
    ).split()
    assert len(shown) == report["compliance_metrics"]["total_controls"] == 63
    imported = sum(
        len(digests)
        for (task, index) in run.tasks
        if task == "upload_to_audit_manager.import_evidence"
        for digests in run.value(task, index)["digests"].values()
    )
    # A control has evidence where a source can speak to it; the others wait for people.
    assert sum(map(int, shown)) >= imported > 0


def test_down_leaves_no_process_and_up_finds_everything_again(lab: Lab) -> None:
    lab.wait_until_idle()
    run = lab.runs("scheduled")[0]
    report, listed = run.report, {one["dag_run_id"] for one in lab.dag.runs()}
    before = processes_of(lab)
    objects = set(lab.objects("audit-reports"))
    assert before

    lab.restart()

    assert not [process for process in before if alive(process)]
    assert {one["dag_run_id"] for one in lab.dag.runs()} == listed
    assert run.state == "success"
    assert run.report == report
    assert set(lab.objects("audit-reports")) == objects
    manager = lab.aws_client("auditmanager")
    found = manager.get_assessment(assessmentId=report["assessment_id"])["assessment"]
    assert found["metadata"]["name"] == report["assessment_name"]
    # The restarted stack works on: the DAG is still known, and not paused.
    assert lab.dag.wait_until_parsed()["is_paused"] is False
