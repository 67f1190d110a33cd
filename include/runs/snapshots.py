"""The snapshots a run stands on: filled and found by its plan's cells, whatever tasks hand over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from include.assessment.registers import Exclusion
from include.aws.sessions import SessionFactory
from include.checks.catalogue import Check, load_catalogue
from include.clock import iso
from include.digests import digest_of
from include.evidence.cell import Cell
from include.evidence.receipt import Receipt
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.evidence.store import SnapshotStore
from include.frameworks.loader import load_framework
from include.runs.plan import Plan
from include.sources import accounts_of
from include.sources.collect import collect_account, plan_cells


def checks_of(framework_id: str) -> list[Check]:
    """The checks a framework maps to."""
    catalogue = load_catalogue()
    return [catalogue[check] for check in load_framework(framework_id).checks_needed()]


def cells_of(plan: Plan) -> list[Cell]:
    """Every cell the plan asks for, in a fixed order."""
    checks = checks_of(plan.framework)
    return [
        cell
        for source in plan.sources
        for account in accounts_of(source, plan.accounts)
        for cell, _ in plan_cells(
            source,
            account,
            regions=plan.regions,
            period=plan.period,
            checks=checks,
            home_region=plan.home_region,
        )
    ]


def collect_cells(
    plan: Plan,
    source: str,
    account: str,
    *,
    sessions: SessionFactory,
    store: SnapshotStore,
    resume_key: str = "",
) -> list[SnapshotRef]:
    """Fill the plan's cells of one source in one account: those that :func:`cells_of` names.

    An attempt that was killed is gone on with by the next one that has the same ``resume_key``.
    Cells that a decision excludes are not asked for. Raises CellsIncomplete when some could not
    be filled; what was got is saved.
    """
    return collect_account(
        source,
        account,
        regions=plan.regions,
        period=plan.period,
        checks=checks_of(plan.framework),
        sessions=sessions,
        store=store,
        refresh=plan.refresh,
        home_region=plan.home_region,
        left_out=[r for r in plan.regions if plan.exclusion_of(source, account, r)],
        resume_key=resume_key,
    )


def snapshots_of(plan: Plan, store: SnapshotStore) -> Iterator[LoadedSnapshot]:
    """The stored snapshots of the plan's cells, whatever their status; absent ones are left out.

    Of an excluded cell there is only a receipt, which names the decision.
    """
    for cell in cells_of(plan):
        if decision := plan.exclusion_of(cell.source, cell.account, cell.region):
            yield _excluded(cell, decision)
        elif ref := store.find(cell):
            yield store.load(ref)


def _excluded(cell: Cell, decision: Exclusion) -> LoadedSnapshot:
    at = iso(cell.period.end)
    receipt = Receipt(
        source=cell.source,
        account=cell.account,
        region=cell.region,
        period=cell.period.label,
        selection=cell.selection,
        status="EXCLUDED",
        started=at,
        ended=at,
        caller_arn="",
        endpoint="",
        client="",
        clock_skew_seconds=0.0,
        cursor_exhausted=False,
        items=0,
        retries=0,
        throttles=0,
        message=f"Left out by {decision.id}: {decision.reason}",
        excluded={
            "id": decision.id,
            "reason": decision.reason,
            "owner": decision.owner,
            "approver": decision.approver,
            "until": decision.until.isoformat(),
        },
    )
    ref = SnapshotRef("", "", digest_of(receipt.to_json()), "EXCLUDED", 0, at, cell)
    return LoadedSnapshot(ref, receipt)


def wanted_keywords(checks: Sequence[Check]) -> set[tuple[str, str]]:
    """(source, keyword) of everything that can speak to these checks."""
    return {
        (source.source, keyword)
        for check in checks
        for source in check.sources
        for keyword in source.all_keywords
    }
