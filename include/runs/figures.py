"""The figures of a run: its metrics, computed from its result, earlier ones and the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pyarrow as pa

from include.assessment.result import Assessment
from include.evidence.cell import Cell
from include.evidence.receipt import ReceiptStatus
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.evidence.store import SnapshotStore
from include.metrics.compute import compute_metrics
from include.metrics.evidence import COLUMNS, aggregate
from include.metrics.metering import Prices
from include.metrics.model import Metrics
from include.runs.earlier import earlier_results
from include.runs.plan import Plan
from include.runs.workspace import Workspace


def figures_of(
    plan: Plan,
    assessment: Assessment,
    store: SnapshotStore,
    runs: Workspace,
    *,
    prices: Prices,
    expiring_days: int,
) -> tuple[Metrics, list[str]]:
    """The metrics of a result, and the URIs of all they were computed from besides.

    The evidence counted is that of the very snapshots the result was judged by, which it names
    with their digests. ``runs`` holds the working files of all runs.
    """
    read: list[str] = []

    def earlier() -> Iterator[Assessment]:
        for result, reference in earlier_results(plan, runs):
            read.append(reference.uri)
            yield result

    def tables() -> Iterator[pa.Table]:
        for snapshot in judged_snapshots(assessment, plan, store):
            read.append(snapshot.ref.uri)
            yield from snapshot.iter_columns(COLUMNS)

    metrics = compute_metrics(
        assessment,
        earlier=earlier(),
        evidence=aggregate(tables()),
        prices=prices,
        expiring_days=expiring_days,
    )
    return metrics, read


def judged_snapshots(
    assessment: Assessment, plan: Plan, store: SnapshotStore
) -> Iterator[LoadedSnapshot]:
    """The snapshots that a result names in its receipts, as they were then.

    Raises AuditError when one of them isn't what the result promises.
    """
    for line in assessment.receipts:
        if line.uri:
            cell = Cell(line.source, line.account, line.region, plan.period, line.selection)
            yield store.load(
                SnapshotRef(
                    line.uri,
                    line.digest,
                    line.content_digest,
                    cast(ReceiptStatus, line.status),
                    line.items,
                    line.ended,
                    cell,
                )
            )
