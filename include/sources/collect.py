"""Collects one source in one account: all regions side by side, each cell saved as it ends."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.assessment.period import Period
from include.aws.errors import Failure, classify
from include.aws.exchange import journalled
from include.aws.retrying import patience
from include.aws.sessions import ClientFactory, SessionFactory
from include.errors import AuditError, InputError
from include.evidence.cell import Cell, selection_digest
from include.evidence.receipt import ReceiptStatus
from include.evidence.resume import AnswerJournal, Sealing
from include.evidence.snapshot import (
    FinishedSnapshot,
    LoadedSnapshot,
    SnapshotRef,
    SnapshotWriter,
)
from include.evidence.store import SnapshotStore
from include.sources import ORGANIZATION_WIDE, SOURCES
from include.sources.base import SETTLING, Ended, ScopeAware, Source
from include.sources.supplement import Asking, parts_of

if TYPE_CHECKING:
    from include.checks.check import Check

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
    checks: Sequence[Check] = (),
    selection: Mapping[str, Any] | None = None,
    home_region: str = "",
) -> list[Asking]:
    """The cells of one source in one account, each with what is asked there. Calls nobody.

    Asked is what ``checks`` need, or a ``selection`` that was made of checks before.
    ``home_region`` is where global services are asked: the scope's first region by default.
    """
    collector = _source(source)
    home = home_region or (regions[0] if regions else "us-east-1")
    selection = collector.selection(checks) if selection is None else selection
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
    checks: Sequence[Check] = (),
    selection: Mapping[str, Any] | None = None,
    sessions: SessionFactory,
    store: SnapshotStore,
    refresh: bool = False,
    home_region: str = "",
    left_out: Collection[str] = (),
    workers: int = WORKERS,
    resume_key: str = "",
    sealing: Sealing | None = None,
) -> list[SnapshotRef]:
    """Collect every cell of ``source`` in ``account`` that isn't filled yet (``refresh``: all).

    Returns the snapshots in force in the order of ``regions``: one per region, or several where a
    part was collected before (see supplement.py). The cells of the regions ``left_out`` are in the
    scope, but not collected. What was got is saved in any case; CellsIncomplete is raised at the
    end when any cell isn't filled. A cell that another run is collecting is waited for. With a
    ``resume_key`` (the run's name) an attempt that is killed, or ends early for a passing reason,
    is gone on with by the next one that has the same key; ``sealing`` says how often what came is
    put aside for that.
    """
    collector = _source(source)
    planned = [
        part
        for cell, asked in plan_cells(
            source,
            account,
            regions=regions,
            period=period,
            checks=checks,
            selection=selection,
            home_region=home_region,
        )
        if cell.region not in left_out
        for part in ([(cell, asked)] if refresh else parts_of(collector, cell, asked, store))
    ]
    home = home_region or (regions[0] if regions else "us-east-1")
    clients = sessions.base() if source in ORGANIZATION_WIDE else sessions.account(account)

    def one(cell: Cell, asked: Mapping[str, Any]) -> tuple[SnapshotRef, Problem | None]:
        def filled() -> SnapshotRef | None:
            found = store.find(cell)
            return found if found is not None and found.filled else None

        def collected() -> tuple[SnapshotRef, Problem | None]:
            if collector.keywords_in:
                store.remember(cell, asked)
            regional = _regional_account_keywords(source)
            told = {**asked, "home_region": home, "regional_account_keywords": regional}
            if not resume_key:
                return collect_cell(collector, cell, told, clients, store)
            with closing(store.journal(cell, resume_key, sealing)) as journal:
                return collect_cell(collector, cell, told, clients, store, journal)

        if refresh or not collector.settled:
            return collected()
        if found := filled():
            if resume_key:
                # Killed between saving and tidying up, an attempt leaves its parts behind.
                store.tidy(cell, resume_key)
            return found, None
        lease = store.lease(cell, resume_key)
        try:
            if found := lease.wait(filled):
                return found, None
            return collected()
        finally:
            lease.release()

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
    journal: AnswerJournal | None = None,
) -> tuple[SnapshotRef, Problem | None]:
    """Collect one cell and save it, however it ended; the problem says why it isn't filled.

    What ``journal`` holds of an earlier attempt is not asked for again. When AWS takes no notice
    of where that one was (a page token that is over), the cell is collected from its start.
    """
    with SnapshotWriter(cell) as out:
        failure, finished = _collected(collector, cell, asked, clients, store, journal, out)
        if failure and journal and journal.replayed and _is_refused(failure):
            log.info("%s: what was sealed is of no use any more; collected anew", cell)
            journal.drop()
        else:
            return _saved(failure, finished, store, journal, out)
    with SnapshotWriter(cell) as out:
        failure, finished = _collected(collector, cell, asked, clients, store, journal, out)
        return _saved(failure, finished, store, journal, out)


def _collected(
    collector: Source,
    cell: Cell,
    asked: Mapping[str, Any],
    clients: ClientFactory,
    store: SnapshotStore,
    journal: AnswerJournal | None,
    out: SnapshotWriter,
) -> tuple[Failure | None, FinishedSnapshot]:
    service = collector.service
    status: ReceiptStatus = "COMPLETE"
    failure: Failure | None = None
    met: Exception | None = None
    retry = clients.retry

    def earlier() -> Iterator[LoadedSnapshot]:
        end = cell.period.end
        place = (cell.source, cell.account, cell.region)
        refs = store.taken_between(*place, end, end + SETTLING)
        # What is in force may be younger; a refresh must not know less than it did, nor a cell
        # less than those that were asked for other keywords.
        inforce = [store.find(cell)]
        if collector.keywords_in:
            inforce += [ref for ref, _ in store.filled_selections(cell)]
        refs += [ref for ref in dict.fromkeys(inforce) if ref is not None and ref not in refs]
        return (store.load(ref) for ref in refs)

    out.earlier = earlier
    with patience(retry.refusals, retry.seconds), journalled(journal):
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
    return failure, out.finish(status, missing_permission=permission, error=met)


def _saved(
    failure: Failure | None,
    finished: FinishedSnapshot,
    store: SnapshotStore,
    journal: AnswerJournal | None,
    out: SnapshotWriter,
) -> tuple[SnapshotRef, Problem | None]:
    if journal is not None and failure is not None and failure.retryable:
        journal.flush()
    ref = store.save(finished)
    if journal is not None and not (failure is not None and failure.retryable):
        # Saved, or ended by what the same answers would end again.
        journal.drop()
    if ref.filled:
        return ref, None
    why = " ".join(out.notes) or "it ended early"
    permission = failure.missing_permission if failure else ""
    retryable = failure.retryable if failure else True
    return ref, Problem(finished.cell, finished.status, why, permission, retryable)


def _is_refused(failure: Failure) -> bool:
    """Whether AWS didn't take a request as it stands: what a token that is over looks like."""
    return failure.status == "FAILED" and not failure.retryable and failure.expected


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
