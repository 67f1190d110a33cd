"""Counts lead from the receipts to the population; a difference would be seen."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from include.workpapers.population import words_of
from include.workpapers.reconciling import SourceCount, count_cells, count_sources
from tests.include.assessment.estate import (
    ACCOUNT,
    AWAY,
    HOME,
    Snap,
    config,
    hub,
    hub_row,
    judged,
    row,
    snap,
)
from tests.include.reports.sample import table_of
from tests.include.workpapers.test_population import CHECKS, OTHER, rows_of, world

CATALOGUE = {check.id: check for check in CHECKS}


def evidence_of(snaps: list[Snap]) -> list[pa.Table]:
    return [table_of(one.rows) for one in snaps if one.rows]


def counted(snaps: list[Snap], **more: Any) -> tuple[dict[tuple[str, str], SourceCount], Any, Any]:
    tables: list[pa.Table] = []
    found = judged(*snaps, checks=CHECKS, population=tables.append, **more)
    counts = count_sources(found, CATALOGUE, evidence_of(snaps), tables)
    return {(one.source, one.account): one for one in counts}, found, tables


@pytest.mark.parametrize("seed", range(25))
def test_of_random_worlds_receipts_rows_and_population_agree(seed: int) -> None:
    snaps = world(seed)
    counts, found, tables = counted(snaps, accounts=(ACCOUNT, OTHER), regions=(HOME, AWAY))
    assert sum(one.items for one in counts.values()) == found.evidence.total
    assert all(one.difference == 0 for one in counts.values())
    assert all(one.spoke >= 0 for one in counts.values())
    said = Counter((word.partition("=")[0], r[1]) for r in rows_of(tables) for word in r[6].split())
    assert {key: one.answers for key, one in counts.items() if one.answers} == dict(said)
    cells = list(count_cells(found, tables))
    assert [cell for cell in cells if cell.difference] == []
    assert sum(cell.resources for cell in cells) == sum(t.num_rows for t in tables)
    assert len(cells) == sum(len(check.cells) for check in found.checks)


def test_every_row_is_set_apart_for_one_reason() -> None:
    rows = [
        row("PASS", resource="a"),
        row("PASS", resource="a", deployment="another rule"),
        row("FAIL", resource="b", keyword="NOT_OURS"),
        row("FAIL", resource="c", in_population=False),
        row("PASS", resource="d", known="CURRENT_ONLY"),
        row("NOT_APPLICABLE", resource="e"),
    ]
    counts, _, _ = counted([config(*rows)])
    one = counts["aws_config", ACCOUNT]
    assert (one.items, one.rows) == (6, 6)
    assert (one.elsewhere, one.gone, one.current, one.silent) == (1, 1, 1, 1)
    assert (one.spoke, one.answers) == (2, 1)


def test_a_row_that_was_lost_or_came_from_nowhere_is_seen() -> None:
    snaps = [config(row("PASS"), row("PASS", resource="x")), hub(hub_row("PASS"))]
    tables: list[pa.Table] = []
    found = judged(*snaps, checks=CHECKS, population=tables.append)
    short = evidence_of([config(row("PASS"))])
    counts = {one.source: one for one in count_sources(found, CATALOGUE, short, tables)}
    assert counts["aws_config"].difference == -1
    assert counts["security_hub"].difference == -1
    cells = list(count_cells(found, [table.slice(1) for table in tables]))
    assert sum(cell.difference for cell in cells) == -1


def test_while_a_period_runs_what_speaks_of_today_speaks_of_it() -> None:
    snaps = [
        snap(rows=[row("PASS", known="CURRENT_ONLY")], ended="2026-10-20T00:00:00Z"),
    ]
    from dataclasses import replace

    running = [replace(one, as_of="2026-10-20T00:00:00Z") for one in snaps]
    counts, _, _ = counted(running)
    assert counts["aws_config", ACCOUNT].current == 0


def test_words_are_read_whole(tmp_path: Any) -> None:
    _, _, tables = counted([config(row("PASS"))])
    assert words_of(tables[0], "sources") == ["aws_config=PASS"]
