"""Collects one source in one account: all regions side by side, each cell saved as it ends."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.assessment.period import Period
from include.aws.errors import Failure, classify
from include.aws.retrying import patience
from include.aws.sessions import ClientFactory, SessionFactory
from include.errors import AuditError, InputError
from include.evidence.cell import Cell, selection_digest
from include.evidence.receipt import ReceiptStatus
from include.evidence.snapshot import SnapshotRef, SnapshotWriter
from include.evidence.store import SnapshotStore
from include.sources import ORGANIZATION_WIDE, SOURCES
from include.sources.base import Ended, ScopeAware, Source

if TYPE_CHECKING:
    from include.checks.catalogue import Check

log = logging.getLogger(__name__)

#: Regions asked at the same time.
WORKERS = 8


@dataclass(frozen=True)
class Problem:
    """Why one cell is not filled."""

    cell: Cell
    status: ReceiptStatus
    message: str
    missing_permission: str = ""
    retryable: bool = False

    def __str__(self) -> str:
        text = f"{self.cell}: {self.status}"
        if self.missing_permission:
            return f"{text}, the permission {self.missing_permission} is missing"
        return f"{text}, {self.message}"


class CellsIncomplete(AuditError):
    """Some cells are not filled. ``refs`` are all cells' snapshots, also those cut short.

    ``retryable`` is true when another attempt may help at least one cell (throttling, expired
    credentials, the service's own errors); a missing permission has to be granted first.
    """

    def __init__(self, refs: Sequence[SnapshotRef], problems: Sequence[Problem]) -> None:
        self.refs = list(refs)
        self.problems = list(problems)
        self.retryable = any(problem.retryable for problem in problems)
        permissions = sorted({p.missing_permission for p in problems if p.missing_permission})
        super().__init__(
            f"{len(problems)} of {len(refs)} cells are not complete: "
            + "; ".join(str(problem) for problem in problems)
            + ".",
            hint=(
                f"Grant {', '.join(permissions)} to the collecting role (or lift the service "
                "control policy) and clear this task."
                if permissions
                else "Clear this task: it collects only what is missing."
            ),
        )


def plan_cells(
    source: str,
    account: str,
    *,
    regions: Sequence[str],
    period: Period,
    checks: Sequence[Check],
    home_region: str = "",
) -> list[tuple[Cell, dict[str, Any]]]:
    """The cells of one source in one account, each with what is asked there. Calls nobody.

    ``home_region`` is where global services are asked: the scope's first region by default.
    """
    collector = _source(source)
    home = home_region or (regions[0] if regions else "us-east-1")
    selection = collector.selection(checks)
    planned = []
    for region in (home,) if source in ORGANIZATION_WIDE else regions:
        asked = collector.in_region(selection, home=region == home)
        if isinstance(collector, ScopeAware):
            asked = collector.in_scope(asked, region, home=home, regions=regions)
        cell = Cell(source, account, region, period, selection_digest(asked))
        planned.append((cell, asked))
    return planned


def collect_account(
    source: str,
    account: str,
    *,
    regions: Sequence[str],
    period: Period,
    checks: Sequence[Check],
    sessions: SessionFactory,
    store: SnapshotStore,
    refresh: bool = False,
    home_region: str = "",
    workers: int = WORKERS,
) -> list[SnapshotRef]:
    """Collect every cell of ``source`` in ``account`` that isn't filled yet (``refresh``: all).

    Returns the snapshots in force, one per region, in the order of ``regions``. What was got is
    saved in any case; CellsIncomplete is raised at the end when any cell isn't filled.
    """
    collector = _source(source)
    planned = plan_cells(
        source, account, regions=regions, period=period, checks=checks, home_region=home_region
    )
    context = {
        "home_region": home_region or (regions[0] if regions else "us-east-1"),
        "regional_account_keywords": _regional_account_keywords(source),
    }
    clients = sessions.base() if source in ORGANIZATION_WIDE else sessions.account(account)

    def one(cell: Cell, asked: Mapping[str, Any]) -> tuple[SnapshotRef, Problem | None]:
        found = store.find(cell) if collector.settled and not refresh else None
        if found is not None and found.filled:
            return found, None
        return collect_cell(collector, cell, {**asked, **context}, clients, store)

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(planned)))) as pool:
        # Each thread gets a context of its own: the record of a call's traffic lives there.
        running = [
            pool.submit(contextvars.copy_context().run, one, cell, asked) for cell, asked in planned
        ]
        done = [future.result() for future in running]
    refs = [ref for ref, _ in done]
    problems = [problem for _, problem in done if problem is not None]
    if problems:
        raise CellsIncomplete(refs, problems)
    return refs


def collect_cell(
    collector: Source,
    cell: Cell,
    asked: Mapping[str, Any],
    clients: ClientFactory,
    store: SnapshotStore,
) -> tuple[SnapshotRef, Problem | None]:
    """Collect one cell and save it, however it ended; the problem says why it isn't filled."""
    service = collector.service
    status: ReceiptStatus = "COMPLETE"
    failure: Failure | None = None
    met: Exception | None = None
    retry = clients.retry
    with SnapshotWriter(cell) as out, patience(retry.refusals, retry.seconds):
        try:
            # Without a call, so that a receipt names it even when the role can't be assumed.
            out.endpoint = str(clients.client(service, cell.region).meta.endpoint_url)
            out.caller_arn = clients.caller_arn()
            collector.collect(cell, asked, clients, out)
        except Ended as ended:
            status = ended.status
            out.note(ended.message)
        except Exception as error:
            met = error
            failure = classify(error, out.service or service)
            status = _ending(failure, out)
            out.note(f"{failure.code}: {failure.message}")
            if not failure.expected:
                log.exception("%s ended with an error of the collector itself", cell)
        permission = failure.missing_permission if failure else ""
        finished = out.finish(status, missing_permission=permission, error=met)
        ref = store.save(finished)
    if ref.filled:
        return ref, None
    why = " ".join(out.notes) or "it ended early"
    retryable = failure.retryable if failure else True
    return ref, Problem(cell, finished.status, why, permission, retryable)


def _ending(failure: Failure, out: SnapshotWriter) -> ReceiptStatus:
    if failure.status in ("DENIED", "EXPIRED", "NOT_ENABLED"):
        return failure.status
    return "PARTIAL" if out.items else "FAILED"


def _source(name: str) -> Source:
    try:
        return SOURCES[name]
    except KeyError:
        raise InputError(
            f"There is no evidence source '{name}'.", hint=f"Sources: {', '.join(SOURCES)}."
        ) from None


def _regional_account_keywords(source: str) -> list[str]:
    """Keywords whose account setting is each region's own, by the whole catalogue.

    Not by the checks at hand: another framework may share the snapshot.
    """
    from include.checks.catalogue import load_catalogue

    return sorted(
        {
            keyword
            for check in load_catalogue().values()
            if check.resource_type == "AWS::::Account" and check.locality == "region"
            for answering in check.sources
            if answering.source == source
            for keyword in answering.all_keywords
        }
    )
