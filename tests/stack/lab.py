"""A real stack with a small estate, and what tests ask of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from include.settings import ROOT
from include.stack import ports, supervisor
from include.stack.airflow_api import AirflowApi, Dag
from include.stack.environment import LocalAws, process_environment
from include.stack.mailbox import client, receive
from include.stack.parameters import EstateParameters
from include.stack.supervisor import Running, Wish

FRAMEWORK = "cis_aws_5.0"
ENDED = ("success", "failed")
#: The sessions in which evidence is collected.
COLLECTING = "arn:aws:sts::*:assumed-role/ComplianceAuditRole/*"
#: A loaded machine takes ten times as long as a quiet one.
PATIENCE = 420.0


@dataclass
class Lab:
    """The running stack, Airflow's API, the DAG, and the local AWS's clients."""

    base: Path
    running: Running
    messages: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls, base: Path) -> Lab:
        """Two accounts in one region, on free ports."""
        parameters = EstateParameters(
            accounts=2, regions=1, resources=40, months=4, idle_rules=False
        )
        api = ports.any_free()
        wish = Wish(parameters, api_port=api, aws_port=ports.any_free(but=[api]))
        lab = cls(base, supervisor.up(wish, base=base))
        # Whatever runs here collects with the printed policy and no other right.
        lab.allow({})
        return lab

    def restart(self) -> None:
        """Down and up again."""
        assert self.running.record.parameters is not None
        supervisor.down(base=self.base)
        self.running = supervisor.up(Wish(self.running.record.parameters), base=self.base)

    @property
    def folder(self) -> Path:
        return self.running.record.folder

    @property
    def aws(self) -> LocalAws:
        assert self.running.record.aws is not None
        return self.running.record.aws

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.running.ui, self.running.surroundings.credentials.admin_password)

    @property
    def dag(self) -> Dag:
        return Dag(self.api, f"assess_{FRAMEWORK}")

    @property
    def environment(self) -> dict[str, str]:
        """What the stack's processes see."""
        return process_environment(self.running.surroundings, os.environ)

    def aws_client(self, service: str) -> Any:
        return client(self.aws, service)

    def month(self, ago: int) -> str:
        """The label of the month so many months before the estate's clock."""
        assert self.running.record.parameters is not None
        clock = self.running.record.parameters.clock
        months = clock.year * 12 + clock.month - 1 - ago
        return f"{months // 12}-{months % 12 + 1:02}"

    def airflow(self, *arguments: str) -> str:
        """Run Airflow's own command line in the stack's environment; its output."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "airflow", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    # Runs

    def run(self, run_id: str) -> RunSeen:
        return RunSeen(self, run_id)

    def trigger(self, **conf: Any) -> RunSeen:
        return self.run(self.dag.trigger(conf))

    def runs(self, kind: str) -> list[RunSeen]:
        """The runs of one type (``scheduled``, ``backfill``, ``manual``), oldest period first."""
        found = [one for one in self.dag.runs() if one["run_type"] == kind]
        return [self.run(one["dag_run_id"]) for one in sorted(found, key=lambda o: o["run_after"])]

    def wait_until_idle(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while any(one["state"] not in ENDED for one in self.dag.runs()):
            assert time.monotonic() < deadline, "runs that don't end"
            time.sleep(0.5)

    # The local AWS

    def objects(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.aws_client("s3").get_paginator("list_objects_v2")
        return [
            one["Key"]
            for page in pages.paginate(Bucket=bucket, Prefix=prefix)
            for one in page.get("Contents", [])
        ]

    def json_at(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self.aws_client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())

    @contextmanager
    def faults(self, *faults: Mapping[str, Any]) -> Iterator[None]:
        """Inject faults while no other run is going on."""
        self.wait_until_idle()
        self._local("faults", "POST", faults)
        try:
            yield
        finally:
            self._local("faults", "DELETE")

    def allow(self, policies: Mapping[str, Any]) -> None:
        """From now on these callers (patterns of ARNs) may do what their policy says, no more."""
        self._local("policies", "DELETE")
        self._local("policies", "POST", {COLLECTING: self.policy("collector"), **policies})

    def policy(self, role: str) -> Any:
        """What ``./audit permissions`` prints for a role."""
        printed = subprocess.run(
            [sys.executable, "-m", "include.cli", "permissions", role],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(printed.stdout)

    def _local(self, what: str, method: str, body: Any = None) -> None:
        request = urllib.request.Request(
            f"{self.aws.endpoint}/_local/{what}",
            method=method,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status < 300

    def message_about(self, run: RunSeen) -> list[dict[str, Any]]:
        """What the queue received about a run, each with its subject, oldest first."""
        self.messages += receive(self.aws)
        found = []
        for message in self.messages:
            if run.id in message["Message"]:
                found.append({"subject": message["Subject"], **json.loads(message["Message"])})
        return found


@dataclass
class RunSeen:
    """One DAG run as Airflow's API shows it."""

    lab: Lab
    id: str

    @property
    def path(self) -> str:
        return f"/dags/{quote(self.lab.dag.dag_id)}/dagRuns/{quote(self.id, safe='')}"

    @property
    def facts(self) -> dict[str, Any]:
        return self.lab.api.call("GET", self.path)

    @property
    def state(self) -> str:
        return str(self.facts["state"])

    def end(self) -> str:
        """Wait for its end; its state then."""
        deadline = time.monotonic() + PATIENCE
        while (state := self.state) not in ENDED:
            assert time.monotonic() < deadline, f"{self.id} does not end"
            time.sleep(0.5)
        return state

    @property
    def tasks(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Its task instances by task id and map index."""
        answer = self.lab.api.call("GET", f"{self.path}/taskInstances", limit=1000)
        return {(one["task_id"], one["map_index"]): one for one in answer["task_instances"]}

    def states(self) -> dict[str, set[str]]:
        """The states there are of each task."""
        found: dict[str, set[str]] = {}
        for (task, _), one in self.tasks.items():
            found.setdefault(task, set()).add(str(one["state"]))
        return found

    def log(self, task: str, map_index: int = -1, attempt: int = 1) -> list[dict[str, Any]]:
        """The lines of a task's log as the UI shows them."""
        answer = self.lab.api.call(
            "GET",
            f"{self.path}/taskInstances/{quote(task)}/logs/{attempt}",
            map_index=map_index,
            full_content=True,
        )
        return list(answer["content"])

    def value(self, task: str, map_index: int = -1) -> Any:
        return self.lab.dag.run(self.id).value(task, map_index)

    @property
    def package(self) -> str:
        return str(self.value("generate_reports")["package"])

    @property
    def report(self) -> dict[str, Any]:
        """Its report.json."""
        reports = {one["name"]: one["uri"] for one in self.value("generate_reports")["reports"]}
        found: dict[str, Any] = self.lab.json_at(reports["report.json"])
        return found

    def clear_with_downstream(self, task: str, map_index: int) -> None:
        """What the UI's button Clear does for one task instance with its downstream."""
        self.lab.api.call(
            "POST",
            f"/dags/{quote(self.lab.dag.dag_id)}/clearTaskInstances",
            {
                "dry_run": False,
                "dag_run_id": self.id,
                "task_ids": [[task, map_index]],
                "only_failed": False,
                "include_downstream": True,
                "reset_dag_runs": True,
            },
        )
