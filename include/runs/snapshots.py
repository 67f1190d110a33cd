"""The snapshots a run stands on: filled and found by its plan's cells, whatever tasks hand over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from include.assessment.registers import Exclusion
from include.assessment.result import Assessment, ReceiptLine
from include.aws.sessions import SessionFactory
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.clock import iso
from include.digests import digest_of
from include.evidence.cell import Cell
from include.evidence.item import Evidence
from include.evidence.receipt import Receipt, ReceiptStatus
from include.evidence.snapshot import LoadedSnapshot, SnapshotRef
from include.evidence.store import SnapshotStore
from include.frameworks.loader import load_framework
from include.runs.plan import Plan
from include.sources import ORGANIZATION_WIDE, SOURCES, accounts_of
from include.sources.collect import collect_account, plan_cells
from include.sources.supplement import Asking, parts_of

#: Accounts that are looked at side by side.
_AT_ONCE = 16


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


def accounts_left(plan: Plan, store: SnapshotStore) -> list[str]:
    """The plan's accounts in which anything is left to collect, in its order.

    What another framework's run has filled needs no task that finds it there. All of them, where
    evidence may still be handed in or everything is to be collected anew.
    """
    sources = [name for name in plan.sources if name not in ORGANIZATION_WIDE]
    if plan.refresh or not all(SOURCES[name].settled for name in sources):
        return list(plan.accounts)
    cells: dict[str, list[Asking]] = {account: [] for account in plan.accounts}
    for cell, asked in cells_of(plan):
        if cell.account in cells and not plan.exclusion_of(cell.source, cell.account, cell.region):
            cells[cell.account].append((cell, asked))

    def is_left(asking: Asking) -> bool:
        cell, asked = asking
        found = (store.find(part) for part, _ in parts_of(SOURCES[cell.source], cell, asked, store))
        return not all(ref is not None and ref.filled for ref in found)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        left = pool.map(lambda account: any(map(is_left, cells[account])), plan.accounts)
        return [account for account, more in zip(plan.accounts, left, strict=True) if more]


def snapshots_of(plan: Plan, store: SnapshotStore) -> Iterator[LoadedSnapshot]:
    """The stored snapshots of the plan's cells, whatever their status; absent ones are left out.

    Of an excluded cell there is only a receipt, which names the decision; of a cell in several
    parts, one of which nobody collected, a receipt for that part.
    """
    for cell, asked in cells_of(plan):
        if decision := plan.exclusion_of(cell.source, cell.account, cell.region):
            yield _excluded(cell, decision)
            continue
        parts = _found(cell, asked, store)
        for part, ref in parts:
            if ref is not None:
                yield store.load(ref)
            elif len(parts) > 1:
                yield _absent(part)


def judged_snapshots(
    assessment: Assessment, plan: Plan, store: SnapshotStore
) -> Iterator[LoadedSnapshot]:
    """The snapshots that a result names in its receipts, as they were then and in their order.

    Unlike :func:`snapshots_of`, which finds what is in force now: another run may have collected
    anew since. Where there was no snapshot, a receipt alone. Raises AuditError when one of them
    isn't what the result promises.
    """
    for line in assessment.receipts:
        ref = _judged(line, plan)
        if ref.uri:
            yield store.load(ref)
            continue
        cell = ref.cell
        decision = plan.exclusion_of(cell.source, cell.account, cell.region)
        excluded = _decided(decision) if ref.status == "EXCLUDED" and decision else None
        yield _receipt_alone(cell, ref.status, line.message, excluded)


def _judged(line: ReceiptLine, plan: Plan) -> SnapshotRef:
    """The snapshot that a result's receipt names; its ``uri`` is '' where there was none."""
    return SnapshotRef(
        line.uri,
        line.digest,
        line.content_digest,
        cast(ReceiptStatus, line.status),
        line.items,
        line.ended,
        Cell(line.source, line.account, line.region, plan.period, line.selection),
    )


def evidence_of(
    assessment: Assessment,
    plan: Plan,
    store: SnapshotStore,
    wanted: Collection[tuple[str, str]],
) -> Iterator[Evidence]:
    """The items of :func:`judged_snapshots` whose (source, keyword) is ``wanted``, in its order.

    Nothing else is read: no receipts, and no snapshots of other sources.
    """
    keywords: dict[str, set[str]] = {}
    for source, keyword in wanted:
        keywords.setdefault(source, set()).add(keyword)
    for line in assessment.receipts:
        if line.source in keywords and line.uri and line.items:
            yield from store.evidence(_judged(line, plan), keywords[line.source])


def _found(
    cell: Cell, asked: dict[str, Any], store: SnapshotStore
) -> list[tuple[Cell, SnapshotRef | None]]:
    """The parts that hold what is asked, and their snapshots in force."""
    parts = [part for part, _ in parts_of(SOURCES[cell.source], cell, asked, store)]
    refs = [store.find(part) for part in parts]
    if not all(refs) and (own := store.find(cell)) is not None:
        # It was cut short; since then others have filled a part of it.
        return [(cell, own)]
    return list(zip(parts, refs, strict=True))


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
        _decided(decision),
    )


def _decided(decision: Exclusion) -> dict[str, str]:
    """A decision as a receipt has it."""
    return {
        "id": decision.id,
        "reason": decision.reason,
        "owner": decision.owner,
        "approver": decision.approver,
        "until": decision.until.isoformat(),
    }


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
