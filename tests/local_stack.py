"""A local AWS for tests, and an assessment against it without Airflow."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).parents[1]
SOURCES = ("aws_config", "security_hub", "cloudtrail", "api_calls")
#: Fixed, so that a test means the same in every month.
CLOCK = "2026-11-01T06:00:00Z"


@dataclass(frozen=True)
class LocalAws:
    """A running server: its endpoint, its state directory, what its estate holds."""

    endpoint: str
    directory: Path
    accounts: tuple[str, ...]
    regions: tuple[str, ...]

    @property
    def ground_truth(self) -> Path:
        return self.directory / "ground_truth.json"

    @property
    def last_month(self) -> str:
        """The label of the month before the estate's clock."""
        clock = json.loads(self.ground_truth.read_text())["clock"]
        first = datetime.fromisoformat(clock).replace(day=1)
        return f"{first - timedelta(days=1):%Y-%m}"

    def client(
        self, service: str, *, account: str = "", region: str = "", config: Any = None
    ) -> Any:
        """A boto3 client; by default of the management account in the home region."""
        return boto3.client(
            service,
            region_name=region or self.regions[0],
            endpoint_url=self.endpoint,
            aws_access_key_id=account or self.accounts[0],
            aws_secret_access_key="local",
            config=config,
        )

    def faults(self, *faults: dict[str, Any]) -> None:
        """Inject these faults; without any, remove all."""
        request = urllib.request.Request(
            f"{self.endpoint}/_local/faults",
            data=json.dumps(list(faults)).encode() if faults else None,
            method="POST" if faults else "DELETE",
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def local_aws(
    directory: Path,
    *,
    seed: int = 7,
    accounts: int = 1,
    regions: int = 2,
    resources: int = 40,
    months: int = 2,
    clock: str = CLOCK,
    idle_rules: bool = False,
) -> Iterator[LocalAws]:
    """Start a server on a free port, and stop it afterwards."""
    asked = {
        "state": directory, "port": 0, "seed": seed, "accounts": accounts, "regions": regions,
        "resources": resources, "months": months, "clock": clock,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "include.local_aws.server"]
        + [part for name, value in asked.items() for part in (f"--{name}", str(value))]
        + ["--idle-rules"] * idle_rules,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("READY "), line
        endpoint = line.split()[1]
        with urllib.request.urlopen(f"{endpoint}/_local/health", timeout=10) as answer:
            health = json.load(answer)
        yield LocalAws(endpoint, directory, tuple(health["accounts"]), tuple(health["regions"]))
    finally:
        process.terminate()
        process.wait(timeout=20)


def assess(
    aws: LocalAws,
    period: str = "2026-10",
    *,
    earlier: Any = None,
    registers: Any = None,
    **asked: Any,
) -> Any:
    """Collect (see :func:`collect`) and judge as the DAG does; cells not filled become gaps."""
    from include.runs.judging import judge_run

    plan, store = collect(aws, period, registers=registers, **asked)
    return judge_run(plan, store, registers, earlier=earlier)


def collect(
    aws: LocalAws,
    period: str = "2026-10",
    *,
    framework_id: str = "cis_aws_5.0",
    bucket: str = "audit-evidence",
    sources: Sequence[str] = SOURCES,
    regions: Sequence[str] = (),
    refresh: bool = False,
    registers: Any = None,
) -> tuple[Any, Any]:
    """Plan a run and collect its cells as the DAG does; returns the plan and the store."""
    from include.assessment.period import parse_period
    from include.aws.sessions import RetryPolicy, SessionFactory
    from include.evidence.store import SnapshotStore
    from include.frameworks.loader import load_framework
    from include.runs.buckets import ensure_bucket
    from include.runs.plan import Asked, make_plan
    from include.runs.snapshots import collect_cells
    from include.sources import accounts_of
    from include.sources.collect import CellsIncomplete

    framework = load_framework(framework_id)
    now = datetime.fromisoformat(CLOCK)
    plan = make_plan(
        Asked(period=parse_period(period).label, regions=regions, refresh=refresh),
        framework=framework.id,
        framework_digest=framework.digest,
        accounts=aws.accounts,
        regions=aws.regions,
        sources=sources,
        interval=None,
        partition_key=None,
        run_after=now.astimezone(UTC),
        now=now,
        exclusions=registers.exclusions if registers else (),
    )
    s3 = aws.client("s3", config=RetryPolicy().config())
    ensure_bucket(s3, bucket, region=aws.regions[0])
    store = SnapshotStore(bucket, s3)
    base = boto3.Session(aws_access_key_id=aws.accounts[0], aws_secret_access_key="local")
    sessions = SessionFactory(
        "ComplianceAuditRole",
        region=aws.regions[0],
        base=base,
        retry=RetryPolicy(attempts=4),
    )

    def fill(source: str, account: str) -> None:
        # What was got is saved; the rest is judged as a gap.
        with contextlib.suppress(CellsIncomplete):
            collect_cells(plan, source, account, sessions=sessions, store=store)

    before = os.environ.get("AWS_ENDPOINT_URL")
    os.environ["AWS_ENDPOINT_URL"] = aws.endpoint
    try:
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(
                    lambda pair: fill(*pair),
                    [(s, a) for s in sources for a in accounts_of(s, aws.accounts)],
                )
            )
    finally:
        if before is None:
            del os.environ["AWS_ENDPOINT_URL"]
        else:
            os.environ["AWS_ENDPOINT_URL"] = before
    return plan, store
