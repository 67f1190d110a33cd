"""The cells that a run collects are those that it judges by."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from include.assessment.registers import Exclusion
from include.aws.sessions import SessionFactory
from include.evidence.cell import Cell
from include.evidence.store import SnapshotStore
from include.runs.plan import Plan
from include.runs.snapshots import cells_of, collect_cells
from include.sources import SOURCES, accounts_of

ACCOUNT = "111111111111"
#: The global services' region is in scope, but not home.
REGIONS = ("eu-west-1", "us-east-1")


def plan(*excluded: Exclusion) -> Plan:
    return Plan(
        framework="cis_aws_5.0",
        framework_digest="ab" * 32,
        label="2026-10",
        start="2026-10-01T00:00:00Z",
        end="2026-11-01T00:00:00Z",
        accounts=(ACCOUNT,),
        regions=REGIONS,
        home_region=REGIONS[0],
        sources=tuple(SOURCES),
        refresh=True,
        upload=False,
        notify=False,
        assessment_name="",
        excluded=excluded,
    )


def leaving_out(region: str) -> Exclusion:
    return Exclusion(
        id="XC-1",
        source="*",
        account="*",
        region=region,
        reason="A service control policy forbids this region.",
        owner="platform@example.org",
        approver="security@example.org",
        start=date(2026, 1, 1),
        until=date(2026, 12, 31),
    )


@pytest.mark.parametrize("left_out", ["", *REGIONS])
def test_what_is_collected_is_what_is_looked_for_without_the_excluded(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected: list[Cell] = []

    def collect_cell(collector: Any, cell: Cell, *_: Any) -> tuple[Any, None]:
        collected.append(cell)
        return None, None

    monkeypatch.setattr("include.sources.collect.collect_cell", collect_cell)
    monkeypatch.setattr(SnapshotStore, "remember", lambda *_: None)
    asked = plan(leaving_out(left_out)) if left_out else plan()
    store, sessions = SnapshotStore("audit-evidence", None), SessionFactory()
    for source in asked.sources:
        for account in accounts_of(source, asked.accounts):
            collect_cells(asked, source, account, sessions=sessions, store=store)
    wanted = [cell for cell, _ in cells_of(asked) if cell.region != left_out]
    assert sorted(map(str, collected)) == sorted(map(str, wanted))
    assert set(collected) == set(wanted)
