"""Security Hub's findings, as a hub with a past gives them: switches, suppressions, archives."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.assessment.period import parse_period
from include.aws.sessions import RetryPolicy, SessionFactory
from include.checks.catalogue import load_catalogue
from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot
from include.evidence.store import SnapshotStore
from include.local_aws.estate.make import make_estate
from include.local_aws.estate.store import Estate
from include.sources.collect import CellsIncomplete, collect_account

CLOCK = datetime(2026, 11, 1, 6, tzinfo=UTC)
PERIOD = parse_period("2026-10")
ACCOUNT = "222222222222"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"


def t(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass
class Hub:
    """The estate, where its findings are consolidated and where not, and what was changed in it."""

    endpoint: str
    consolidated: str
    per_standard: str
    disabled: str
    back: str
    suppressed: tuple[str, str]

    def fault(self, **fault: Any) -> None:
        self._send("POST", [{"service": "securityhub", **fault}])

    def heal(self) -> None:
        self._send("DELETE")

    def _send(self, method: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.endpoint}/_local/faults"
        urllib.request.urlopen(urllib.request.Request(url, data=data, method=method)).close()


def _change(estate: Estate, path: Path) -> dict[str, Any]:
    """Switch controls and a standard off, suppress a finding; returns what was chosen."""
    settings = estate.rows("SELECT * FROM hub_settings WHERE account = ?", (ACCOUNT,))
    regions = {bool(row["consolidated"]): row["region"] for row in settings}
    one, apart = regions[True], regions[False]
    lives: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for row in estate.rows(
        "SELECT keyword, arn, status, at_t FROM recordings WHERE source = 'security_hub'"
        " AND account = ? AND region = ? AND keyword NOT IN (SELECT control FROM control_switches)"
        " AND keyword NOT IN (SELECT keyword FROM suppressions) ORDER BY keyword, arn, at_t",
        (ACCOUNT, one),
    ):
        lives[row["keyword"], row["arn"]].append((row["at_t"], row["status"]))
    failing = next(
        subject
        for subject, life in lives.items()
        if life[-1][1] == "FAIL" and life[-1][0] < t("2026-10-24T00:00:00")
    )
    others = list(dict.fromkeys(control for control, _ in lives if control != failing[0]))
    disabled, back = others[0], others[1]
    from include.local_aws.services.securityhub.standards import containing

    with closing(sqlite3.connect(path)) as db:
        for control, switches in (
            (disabled, [("DISABLED", "2026-10-20T10:00:00")]),
            (back, [("DISABLED", "2026-10-21T10:00:00"), ("ENABLED", "2026-11-01T01:00:00")]),
        ):
            for standard in containing(control):
                db.executemany(
                    "INSERT INTO control_switches VALUES (?, ?, ?, ?, ?, 'Test.', ?)",
                    [
                        (ACCOUNT, one, control, standard.arn(one), status, t(at))
                        for status, at in switches
                    ],
                )
        db.execute(
            "INSERT INTO suppressions VALUES (?, ?, ?, ?, ?, NULL, 'Accepted.', 'arn:aws:x')",
            (ACCOUNT, one, *failing, t("2026-10-25T10:00:00")),
        )
        # Something that fails in the open, too.
        opened = next(subject for subject in lives if subject[0] == others[2])
        db.execute(
            "INSERT INTO recordings SELECT check_id, source, keyword, arn, type, account, region,"
            " 'FAIL', ? FROM recordings WHERE source = 'security_hub' AND account = ?"
            " AND region = ? AND keyword = ? AND arn = ? LIMIT 1",
            (t("2026-10-31T20:00:00"), ACCOUNT, one, *opened),
        )
        db.execute(
            "UPDATE standards SET to_t = ? WHERE account = ? AND region = ?"
            f" AND standard_arn LIKE '%{FSBP}'",
            (t("2026-10-22T10:00:00"), ACCOUNT, apart),
        )
        db.commit()
    return {
        "consolidated": one,
        "per_standard": apart,
        "disabled": disabled,
        "back": back,
        "suppressed": failing,
    }


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    asked = {"seed": 5, "accounts": 2, "regions": 2, "resources": 70, "months": 2}
    changed = _change(make_estate(folder, clock=CLOCK, **asked), folder / "estate.sqlite")
    command = [sys.executable, "-m", "include.local_aws.server", "--state", str(folder)]
    command += ["--port", "0", "--clock", "2026-11-01T06:00:00Z"]
    command += [part for name, value in asked.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[:1] == ["READY"]
            yield Hub(ready[1], **changed)
        finally:
            process.terminate()


def collect(hub: Hub, region: str, name: str, monkeypatch: pytest.MonkeyPatch) -> LoadedSnapshot:
    """Collect one region of the member account into a store of its own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", hub.endpoint)
    base = boto3.Session(aws_access_key_id="111111111111", aws_secret_access_key="secret")
    sessions = SessionFactory("ComplianceAuditRole", base=base, retry=RetryPolicy(attempts=3))
    s3 = sessions.base().client("s3")
    s3.create_bucket(Bucket="evidence")
    store = SnapshotStore("evidence", s3, prefix=name)
    try:
        (ref,) = collect_account(
            "security_hub",
            ACCOUNT,
            regions=[region],
            period=PERIOD,
            checks=list(load_catalogue().values()),
            sessions=sessions,
            store=store,
        )
    except CellsIncomplete as error:
        (ref,) = error.refs
    return store.load(ref)


@pytest.fixture(scope="module")
def calm(hub: Hub) -> Iterator[dict[str, LoadedSnapshot]]:
    """What both regions yield without faults, by region."""
    with pytest.MonkeyPatch.context() as patch:
        regions = (hub.consolidated, hub.per_standard)
        yield {region: collect(hub, region, f"calm-{region}", patch) for region in regions}


def _of(loaded: LoadedSnapshot, control: str) -> list[Evidence]:
    return [item for item in loaded.iter_evidence() if item.keyword == control]


def _state(loaded: LoadedSnapshot, control: str) -> str:
    return next(d.state for d in loaded.deployments if d.keyword == control)


def test_a_disabled_control_is_disabled_and_its_archived_findings_never_pass(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    here = calm[hub.consolidated]
    assert here.ref.status == "COMPLETE"
    assert _state(here, hub.disabled) == "DISABLED"
    items = _of(here, hub.disabled)
    assert items
    for item in items:
        assert item.result == "NONE" and item.raw_status in ("PASSED", "FAILED", "WARNING")
        assert item.attributes["record_state"] == "ARCHIVED"
        assert item.attributes["archived"] in ("CONTROL_DISABLED", "RESOURCE_DELETED")
    assert "CONTROL_DISABLED" in {item.attributes["archived"] for item in items}


def test_a_control_that_was_off_at_the_end_is_disabled_though_it_is_on_again(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    here = calm[hub.consolidated]
    assert _state(here, hub.back) == "DISABLED"
    causes = {item.attributes["archived"] for item in _of(here, hub.back) if item.result == "NONE"}
    assert causes == {"CONTROL_DISABLED"}


def test_a_suppressed_finding_keeps_its_result(hub: Hub, calm: dict[str, LoadedSnapshot]) -> None:
    control, arn = hub.suppressed
    (item,) = [
        item
        for item in _of(calm[hub.consolidated], control)
        if item.resource == arn or arn.startswith(item.resource)
    ]
    assert (item.result, item.raw_status) == ("FAIL", "FAILED")
    assert item.attributes["workflow"] == "SUPPRESSED"
    assert (item.attributes["note"], item.attributes["note_by"]) == ("Accepted.", "arn:aws:x")


def test_a_deleted_resource_is_outside_the_population_with_its_result(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    deleted = [
        item
        for loaded in calm.values()
        for item in loaded.iter_evidence()
        if item.attributes.get("archived") == "RESOURCE_DELETED"
    ]
    assert deleted
    assert not any(item.in_population for item in deleted)


def test_findings_of_each_standard_are_one_answer_about_one_resource(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    here = calm[hub.per_standard]
    by_subject: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for item in here.iter_evidence():
        by_subject[item.keyword, item.resource].append(item)
    several = [items for items in by_subject.values() if len(items) > 1]
    assert several
    # Only the younger standards' findings tell a control's parameters.
    controls = [{item.deployment.partition("?")[0] for item in items} for items in several]
    assert all(len(control) == 1 for control in controls)
    # The oldest standard's findings name their rule alone; the hub tells which control that is.
    old = [
        item
        for item in here.iter_evidence()
        if item.attributes["generator"].startswith("arn:aws:securityhub:::ruleset/")
    ]
    assert old
    assert not any(item.result == "UNANSWERED" for item in old if item.raw_status == "PASSED")
    assert {item.keyword for item in old} <= {d.keyword for d in here.deployments}


def test_a_disabled_standard_silences_its_own_findings_only(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    here = calm[hub.per_standard]
    own = [item for item in here.iter_evidence() if f"/{FSBP}/" in item.attributes["id"]]
    off = [item for item in own if item.attributes.get("archived") == "STANDARD_DISABLED"]
    assert off and all(item.result == "NONE" for item in off)
    speaking = {
        (item.keyword, item.resource)
        for item in here.iter_evidence()
        if item.attributes["record_state"] == "ACTIVE"
    }
    still = {(item.keyword, item.resource) for item in off} & speaking
    assert still
    assert all(_state(here, control) == "ACTIVE" for control, _ in still)


def test_receipts_compare_what_came_with_other_counts(
    hub: Hub, calm: dict[str, LoadedSnapshot]
) -> None:
    for region, loaded in calm.items():
        counts = {count.what: count for count in loaded.receipt.counts}
        opened = counts["open findings of Security Hub's controls"]
        assert opened.found == opened.expected
        assert opened.found > 0 or region != hub.consolidated
        assert counts["controls of the enabled standards that Security Hub describes"].found > 0
        assert "Account 111111111111 administers this hub" in loaded.receipt.message
        kept = {page.operation for page in loaded.receipt.pages}
        assert {"securityhub:GetInsightResults", "securityhub:GetAdministratorAccount"} <= kept


def test_a_lost_page_of_findings_is_noticed(
    hub: Hub, calm: dict[str, LoadedSnapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fault(operation="GetFindings", kind="drop_token", calls=[1, 1])
    try:
        cut = collect(hub, hub.per_standard, "cut", monkeypatch)
    finally:
        hub.heal()
    whole = calm[hub.per_standard]
    assert cut.ref.items < whole.ref.items
    assert cut.ref.status == "PARTIAL"
    assert any(count.unexplained for count in cut.receipt.counts)
    again = collect(hub, hub.per_standard, "cut", monkeypatch)
    assert again.ref.content_digest == whole.ref.content_digest


def test_several_listings_at_a_time_yield_the_same(
    hub: Hub, calm: dict[str, LoadedSnapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.sources.hub_filters.MANY", 1)
    loaded = collect(hub, hub.consolidated, "parts", monkeypatch)
    asked = {
        json.dumps(page.request["Filters"], sort_keys=True)
        for page in loaded.receipt.pages
        if page.operation == "securityhub:GetFindings"
    }
    assert len(asked) > 2
    assert loaded.ref.content_digest == calm[hub.consolidated].ref.content_digest


def test_a_lost_page_of_a_history_is_noticed(
    hub: Hub, calm: dict[str, LoadedSnapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fault(operation="GetFindingHistory", kind="drop_token")
    try:
        cut = collect(hub, hub.consolidated, "history", monkeypatch)
    finally:
        hub.heal()
    same = cut.ref.content_digest == calm[hub.consolidated].ref.content_digest
    assert same or cut.ref.status == "PARTIAL"


def test_what_no_verdict_rests_on_may_be_denied(
    hub: Hub, calm: dict[str, LoadedSnapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    for operation in ("GetInsightResults", "ListMembers", "ListFindingAggregators"):
        hub.fault(operation=operation, kind="access_denied")
    try:
        loaded = collect(hub, hub.consolidated, "denied", monkeypatch)
    finally:
        hub.heal()
    assert loaded.ref.content_digest == calm[hub.consolidated].ref.content_digest
    assert "counts as open is not known" in loaded.receipt.message


@pytest.mark.parametrize("operation", ["GetFindings", "GetFindingHistory", "GetEnabledStandards"])
def test_what_verdicts_rest_on_may_not(
    operation: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fault(operation=operation, kind="access_denied")
    try:
        loaded = collect(hub, hub.consolidated, f"denied-{operation}", monkeypatch)
    finally:
        hub.heal()
    assert loaded.ref.status == "DENIED"
    assert loaded.receipt.missing_permission == f"securityhub:{operation}"
