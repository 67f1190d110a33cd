"""The figures of a run: its metrics, computed from its result, earlier ones and the evidence."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from include.assessment.result import Assessment
from include.evidence.store import SnapshotStore
from include.metrics.compute import compute_metrics
from include.metrics.evidence import COLUMNS, aggregate
from include.metrics.metering import Prices
from include.metrics.model import Metrics
from include.runs.earlier import earlier_results
from include.runs.plan import Plan
from include.runs.snapshots import judged_snapshots
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
            if snapshot.ref.uri:
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
