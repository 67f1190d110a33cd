"""The snapshots a run stands on: filled and found by its plan's cells, whatever tasks hand over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.assessment.registers import Exclusion
from include.aws.sessions import SessionFactory
from include.checks.catalogue import Check, load_catalogue
from include.clock import iso
from include.digests import digest_of
from include.evidence.cell import Cell
from include.evidence.receipt import Receipt, ReceiptStatus
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.evidence.store import SnapshotStore
from include.frameworks.loader import load_framework
from include.runs.plan import Plan
from include.sources import SOURCES, accounts_of
from include.sources.collect import collect_account, plan_cells
from include.sources.supplement import Asking, parts_of


def checks_of(framework_id: str) -> list[Check]:
    """The checks a framework maps to."""
    catalogue = load_catalogue()
    return [catalogue[check] for check in load_framework(framework_id).checks_needed()]


def selection_of(plan: Plan, source: str) -> Mapping[str, Any]:
    """What the plan asks a source for: what all enabled frameworks need, else its own does."""
    if source in plan.selections:
        return plan.selections[source]
    return SOURCES[source].selection(checks_of(plan.framework))


def cells_of(plan: Plan) -> list[Asking]:
    """Every cell the plan asks for with what is asked there, in a fixed order."""
    return [
        asking
        for source in plan.sources
        for account in accounts_of(source, plan.accounts)
        for asking in plan_cells(
            source,
            account,
            regions=plan.regions,
            period=plan.period,
            selection=selection_of(plan, source),
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
        selection=selection_of(plan, source),
        sessions=sessions,
        store=store,
        refresh=plan.refresh,
        home_region=plan.home_region,
        left_out=[r for r in plan.regions if plan.exclusion_of(source, account, r)],
        resume_key=resume_key,
    )


def snapshots_of(plan: Plan, store: SnapshotStore) -> Iterator[LoadedSnapshot]:
    """The stored snapshots of the plan's cells, whatever their status; absent ones are left out.

    Of an excluded cell there is only a receipt, which names the decision; of a cell in several
    parts, one of which nobody collected, a receipt for that part.
    """
    for cell, asked in cells_of(plan):
        if decision := plan.exclusion_of(cell.source, cell.account, cell.region):
            yield _excluded(cell, decision)
            continue
        parts = [part for part, _ in parts_of(SOURCES[cell.source], cell, asked, store)]
        refs = [store.find(part) for part in parts]
        if not all(refs) and (own := store.find(cell)) is not None:
            # It was cut short; since then others have filled a part of it.
            parts, refs = [cell], [own]
        for part, ref in zip(parts, refs, strict=True):
            if ref is not None:
                yield store.load(ref)
            elif len(parts) > 1:
                yield _absent(part)


def _absent(cell: Cell) -> LoadedSnapshot:
    """A part that nobody collected. What it would hold may fail, so the place must not count."""
    return _receipt_alone(
        cell, "FAILED", "A part of what is asked here was not collected; the rest was."
    )


def _excluded(cell: Cell, decision: Exclusion) -> LoadedSnapshot:
    return _receipt_alone(
        cell,
        "EXCLUDED",
        f"Left out by {decision.id}: {decision.reason}",
        {
            "id": decision.id,
            "reason": decision.reason,
            "owner": decision.owner,
            "approver": decision.approver,
            "until": decision.until.isoformat(),
        },
    )


def _receipt_alone(
    cell: Cell, status: ReceiptStatus, message: str, excluded: dict[str, str] | None = None
) -> LoadedSnapshot:
    """What stands for a cell of which there is no snapshot."""
    at = iso(cell.period.end)
    receipt = Receipt(
        source=cell.source,
        account=cell.account,
        region=cell.region,
        period=cell.period.label,
        selection=cell.selection,
        status=status,
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
        message=message,
        excluded=excluded or {},
    )
    ref = SnapshotRef("", "", digest_of(receipt.to_json()), status, 0, at, cell)
    return LoadedSnapshot(ref, receipt)


def wanted_keywords(checks: Sequence[Check]) -> set[tuple[str, str]]:
    """(source, keyword) of everything that can speak to these checks."""
    return {
        (source.source, keyword)
        for check in checks
        for source in check.sources
        for keyword in source.all_keywords
    }
