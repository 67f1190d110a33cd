"""Inspector: open in the period, closed when, not scanned at all; and totals from elsewhere."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from include.assessment.period import Period, parse_period
from include.aws.sessions import RetryPolicy, SessionFactory
from include.evidence.cell import Cell
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.local_aws.estate.make import make_estate
from include.sources.collect import CellsIncomplete, collect_account
from include.sources.inspector_evidence import (
    COVERAGE,
    FINDINGS,
    coverage_evidence,
    finding_evidence,
    is_gap,
)

ACCOUNT, REGION = "111111111111", "us-east-1"
CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
PERIOD = parse_period("2026-10")
CELL = Cell("inspector", ACCOUNT, REGION, PERIOD, "all")
#: More findings than one page holds, on one instance.
MANY = 130


def t(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An estate in which one instance has many flaws, one is not scanned, some are suppressed."""
    folder = tmp_path_factory.mktemp("inspector")
    asked = {"seed": 5, "accounts": 1, "regions": 1, "resources": 60, "months": 1}
    estate = make_estate(folder, clock=CLOCK, **asked)
    instances = estate.resources(ACCOUNT, ["AWS::EC2::Instance"], region=REGION, at=t("2026-11-01"))
    full, blind = instances[0].arn, instances[1].arn
    with closing(sqlite3.connect(folder / "estate.sqlite")) as db:
        db.execute("DELETE FROM vulnerabilities")
        db.execute("DELETE FROM unscanned")
        for n in range(MANY):
            arn = f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{n:032x}"
            closed = t("2026-10-15T10:00:00") if n == 0 else t("2026-11-01T03:00:00")
            db.execute(
                "INSERT INTO vulnerabilities VALUES (?, ?, ?, ?, 'AWS::EC2::Instance', ?,"
                " 'HIGH', 7.5, 'flaw', 1, ?, ?, ?)",
                (
                    arn,
                    ACCOUNT,
                    REGION,
                    full,
                    f"CVE-2026-{n}",
                    t("2026-09-20T00:00:00"),
                    t("2026-10-14T00:00:00"),
                    closed if n < 2 else None,
                ),
            )
            if n == 2:
                db.execute(
                    "INSERT INTO suppressions VALUES (?, ?, 'inspector2_ListFindings', ?, ?, NULL,"
                    " '', '')",
                    (ACCOUNT, REGION, arn, t("2026-10-01T00:00:00")),
                )
        db.execute(
            "INSERT INTO unscanned VALUES (?, ?, ?, 'NO_INVENTORY', ?, NULL)",
            (ACCOUNT, REGION, blind, t("2026-10-20T00:00:00")),
        )
        db.commit()
    command = [sys.executable, "-m", "include.local_aws.server", "--state", str(folder)]
    command += ["--port", "0", "--clock", "2026-11-01T06:00:00Z"]
    command += [part for name, value in asked.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:1] == ["READY"]
            yield ready[1]
        finally:
            process.terminate()


Collect = Callable[..., LoadedSnapshot]


@pytest.fixture
def collect(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Collect]:
    """Collect the region, with a fault if one is given, into a store of the test's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    base = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="secret")
    sessions = SessionFactory("ComplianceAuditRole", base=base, retry=RetryPolicy(attempts=3))
    s3 = sessions.base().client("s3")
    s3.create_bucket(Bucket="evidence")
    store = SnapshotStore("evidence", s3, prefix=request.node.name.replace("[", "-").rstrip("]"))

    def send(method: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        url = f"{endpoint}/_local/faults"
        urllib.request.urlopen(urllib.request.Request(url, data=data, method=method)).close()

    def run(period: Period = PERIOD, **fault: Any) -> LoadedSnapshot:
        if fault:
            send("POST", [{"service": "inspector2", **fault}])
        try:
            (ref,) = collect_account(
                "inspector",
                ACCOUNT,
                regions=[REGION],
                period=period,
                checks=[],
                sessions=sessions,
                store=store,
                refresh=True,
            )
        except CellsIncomplete as error:
            (ref,) = error.refs
        finally:
            send("DELETE")
        return store.load(ref)

    yield run


def test_what_was_open_closed_suppressed_and_not_scanned(collect: Collect) -> None:
    loaded = collect()
    assert loaded.ref.status == "COMPLETE"
    findings = {
        item.attributes["vulnerability"]: item
        for item in loaded.iter_evidence()
        if item.keyword == FINDINGS
    }
    assert len(findings) == MANY
    early, late, hidden, usual = (findings[f"CVE-2026-{n}"] for n in range(4))
    assert (early.raw_status, early.in_population) == ("CLOSED", False)
    assert early.attributes["closed"] == "2026-10-15T10:00:00Z"
    assert (late.raw_status, late.known) == ("OPEN", "RECONSTRUCTED")
    assert (hidden.raw_status, hidden.attributes["workflow"]) == ("OPEN", "SUPPRESSED")
    assert (usual.known, usual.attributes["workflow"]) == ("CONTEMPORANEOUS", "")
    covered = [item for item in loaded.iter_evidence() if item.keyword == COVERAGE]
    gaps = [item for item in covered if item.result == "UNANSWERED"]
    assert [item.attributes["reason"] for item in gaps] == ["NO_INVENTORY"]
    assert all(d.narrowed for d in loaded.deployments)
    kept = {page.operation for page in loaded.receipt.pages}
    assert "inspector2:ListCoverageStatistics" in kept
    counts = {count.what: (count.expected, count.found) for count in loaded.receipt.counts}
    assert counts == {
        "resources that Inspector covers": (len(covered), len(covered)),
        "active findings of Inspector": (MANY - 3, MANY - 3),
    }


def test_findings_on_deleted_resources_are_soon_forgotten(collect: Collect) -> None:
    loaded = collect(parse_period("2026-10-01T00:00:00Z/2026-10-28T00:00:00Z"))
    assert loaded.ref.status == "COMPLETE"
    assert all(d.narrowed for d in loaded.deployments)
    assert "for 3 days" in loaded.receipt.message


def test_a_lost_page_is_noticed(collect: Collect) -> None:
    cut = collect(operation="ListFindings", kind="drop_token", calls=[1, 1])
    assert cut.ref.status == "PARTIAL"
    assert "not explained" in cut.receipt.message


@pytest.mark.parametrize("operation", ["ListFindingAggregations", "ListCoverageStatistics"])
def test_totals_may_be_denied(operation: str, collect: Collect) -> None:
    loaded = collect(operation=operation, kind="access_denied")
    assert loaded.ref.status == "COMPLETE"
    assert "itself counts is not known: AccessDeniedException" in loaded.receipt.message


@pytest.mark.parametrize("operation", ["ListFindings", "ListCoverage", "BatchGetAccountStatus"])
def test_findings_and_coverage_may_not(operation: str, collect: Collect) -> None:
    loaded = collect(operation=operation, kind="access_denied")
    assert loaded.ref.status == "DENIED"
    assert loaded.receipt.missing_permission == f"inspector2:{operation}"


def _listing(at: datetime) -> Any:
    return SimpleNamespace(answer=SimpleNamespace(at=at), page="p")


def _finding(**changed: Any) -> dict[str, Any]:
    return {
        "findingArn": "arn:f",
        "status": "ACTIVE",
        "severity": "CRITICAL",
        "firstObservedAt": datetime(2026, 9, 1, tzinfo=UTC),
        "lastObservedAt": datetime(2026, 11, 1, tzinfo=UTC),
        "updatedAt": datetime(2026, 11, 1, tzinfo=UTC),
        "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-1"}],
        **changed,
    }


@pytest.mark.parametrize("name", list(_finding()))
def test_a_finding_that_lacks_something_is_kept_as_open(name: str) -> None:
    for given in (_finding(**{name: None}), {k: v for k, v in _finding().items() if k != name}):
        item = finding_evidence(CELL, given, _listing(CLOCK), 0)
        assert item is not None and item.in_population and item.resource
    assert item.result == ("UNANSWERED" if name in ("status", "firstObservedAt") else "NONE")


def test_words_nobody_knows_yet_are_kept() -> None:
    given = _finding(
        status="DORMANT",
        severity="APOCALYPTIC",
        resources=[{"type": "AWS_QUANTUM_COMPUTER", "id": "q-1"}],
    )
    item = finding_evidence(CELL, given, _listing(CLOCK), 0)
    assert item is not None
    assert (item.result, item.raw_status, item.severity) == (
        "UNANSWERED",
        "DORMANT",
        "APOCALYPTIC",
    )
    assert item.resource == f"AWS_QUANTUM_COMPUTER:{ACCOUNT}:{REGION}:q-1"


@pytest.mark.parametrize(
    ("first", "closed", "days", "expected"),
    [
        ("2026-11-01T00:00:00", "", 0, None),
        ("2026-10-31T23:59:59", "", 0, ("OPEN", "CONTEMPORANEOUS")),
        ("2026-09-01T00:00:00", "2026-09-30T23:59:59", 0, None),
        ("2026-09-01T00:00:00", "2026-10-01T00:00:00", 0, ("CLOSED", "CONTEMPORANEOUS")),
        ("2026-09-01T00:00:00", "2026-11-01T00:00:00", 0, ("OPEN", "RECONSTRUCTED")),
        ("2026-09-01T00:00:00", "", 8, ("OPEN", "RECONSTRUCTED")),
        ("2026-09-01T00:00:00", "", 31, ("OPEN", "CURRENT_ONLY")),
    ],
)
def test_a_finding_counts_by_when_it_was_open(
    first: str, closed: str, days: int, expected: tuple[str, str] | None
) -> None:
    given = _finding(firstObservedAt=datetime.fromisoformat(f"{first}+00:00"))
    if closed:
        given |= {"status": "CLOSED", "updatedAt": datetime.fromisoformat(f"{closed}+00:00")}
    item = finding_evidence(CELL, given, _listing(CLOCK + timedelta(days=days)), 0)
    assert (item and (item.raw_status, item.known)) == expected


def test_a_terminated_instance_is_no_gap_a_stopped_one_is() -> None:
    def covered(reason: str) -> dict[str, Any]:
        return {
            "resourceType": "AWS_EC2_INSTANCE",
            "resourceId": "i-1",
            "scanStatus": {"statusCode": "INACTIVE", "reason": reason},
        }

    assert not is_gap(covered("RESOURCE_TERMINATED"))
    for reason in ("EC2_INSTANCE_STOPPED", "EXCLUDED_BY_TAG", "SOMETHING_NEW"):
        assert is_gap(covered(reason))
    assert not coverage_evidence(
        CELL, covered("RESOURCE_TERMINATED"), _listing(CLOCK), 0
    ).in_population
    assert coverage_evidence(CELL, {}, _listing(CLOCK), 0).result == "UNANSWERED"
