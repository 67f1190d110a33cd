"""The assessment: framework, scope, period and snapshots in; statuses, gaps and counts out.

Pure: nothing is read but the snapshots given, and equal snapshots give an equal result. Evidence
is streamed one account at a time; what stays in memory is a few bits per resource and what fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa

from include.assessment.answers import answer_cell, before_of, cell_regions
from include.assessment.controls import judge_control
from include.assessment.gaps import find_gaps
from include.assessment.inputs import Snapshot, chosen
from include.assessment.judging import Judge
from include.assessment.period import Period
from include.assessment.reading import (
    Counts,
    count_manual_elsewhere,
    evidence_counts,
    read_evidence,
    read_standing,
)
from include.assessment.registers import Registers
from include.assessment.result import (
    Assessment,
    CellAnswer,
    CheckResult,
    ControlSet,
    Earlier,
    ReceiptLine,
    RegisterLine,
    worst,
)
from include.assessment.scope import Scope
from include.assessment.tally import Tally
from include.checks.check import Check
from include.clock import from_iso, iso
from include.frameworks.schema import Framework
from include.workpapers.population import PopulationRows


def assess(
    framework: Framework,
    catalogue: Mapping[str, Check],
    scope: Scope,
    period: Period,
    snapshots: Iterable[Snapshot],
    registers: Registers | None = None,
    *,
    earlier: Assessment | None = None,
    interim: Sequence[str] = (),
    population: Callable[[pa.Table], None] | None = None,
) -> Assessment:
    """Judge every control of ``framework`` for ``period``.

    ``earlier`` is the last period's result, None if there is none; ``interim`` says why the
    result must not count as final. ``population`` takes every judged resource: tables
    of :data:`include.workpapers.population.SCHEMA`, account by account. Raises InputError for a
    snapshot of another period.
    """
    before = before_of(earlier) if earlier else frozenset()
    registers = registers or Registers()
    given = chosen(snapshots, scope, period)
    # Where nothing at all was collected the result says so, as of the period's end.
    as_of = max((from_iso(snapshot.ref.as_of) for snapshot in given), default=period.end)
    judge = Judge(
        period, past=period.finished(as_of), whole_period=framework.judge == "whole_period"
    )
    checks = {check_id: catalogue[check_id] for check_id in framework.checks_needed()}
    counting = registers.in_force(period)
    counts = Counts(framework.id)
    cells: dict[str, list[CellAnswer]] = defaultdict(list)
    standings: dict[tuple[str, str, str], str] = {}
    resources = PopulationRows(population) if population else None
    for account in scope.accounts:
        here = [s for s in given if s.receipt.account == account]
        found = read_standing(here, account, checks, scope, counting)
        standings |= {(source, account, r): s for (source, r), s in found.standing.items()}
        tallies = read_evidence(here, found, checks, judge, counts, scope.regions)
        for check in checks.values():
            for region, places in cell_regions(check, scope.regions):
                tally = tallies.pop((check.id, region), None) or Tally(tuple(check.by_source))
                cell = answer_cell(
                    check, account, region, places, found, tally, judge, period, before
                )
                cells[check.id].append(cell)
                if resources:
                    resources.add(check, cell, tally)
        if resources:
            resources.flush()
    count_manual_elsewhere(given, scope, counts)
    results = {check.id: _check_result(check, cells[check.id]) for check in checks.values()}
    used: set[str] = set()
    controls = tuple(
        judge_control(control_set.id, control, results, counting, counts, scope, used)
        for control_set in framework.control_sets
        for control in control_set.controls
    )
    gaps = find_gaps(framework, checks, results, standings, given, counting)
    used |= {gap.decision for gap in gaps if gap.decision}
    reasons = tuple(interim) or (() if period.finished(as_of) else ("the period has not ended",))
    return Assessment(
        framework=framework.id,
        framework_title=framework.title,
        framework_version=framework.version,
        period=period.label,
        period_start=iso(period.start),
        period_end=iso(period.end),
        accounts=scope.accounts,
        regions=scope.regions,
        status="INTERIM"
        if reasons
        else ("INCOMPLETE" if any(gap.blocking for gap in gaps) else "COMPLETE"),
        interim=reasons,
        as_of=iso(as_of),
        sets=tuple(ControlSet(s.id, s.title) for s in framework.control_sets),
        controls=controls,
        checks=tuple(results.values()),
        gaps=gaps,
        receipts=tuple(_receipt_line(snapshot) for snapshot in given),
        registers=_register_lines(registers, period, used),
        evidence=evidence_counts(counts),
        earlier=Earlier(earlier.period, earlier.content_digest) if earlier else None,
    )


def _check_result(check: Check, cells: Sequence[CellAnswer]) -> CheckResult:
    return CheckResult(
        id=check.id,
        question=check.question,
        severity=check.severity,
        resource_type=check.resource_type,
        locality=check.locality,
        judges=check.judges,
        answer=worst([cell.answer for cell in cells]),
        sources=tuple(
            s.source for s in check.sources if any(s.source in cell.sources for cell in cells)
        ),
        failing=tuple(sorted({f.resource for cell in cells for f in cell.failing})),
        cells=tuple(cells),
    )


def _receipt_line(snapshot: Snapshot) -> ReceiptLine:
    receipt, ref = snapshot.receipt, snapshot.ref
    return ReceiptLine(
        source=receipt.source,
        account=receipt.account,
        region=receipt.region,
        selection=receipt.selection,
        status=receipt.status,
        items=receipt.items,
        pages=len(receipt.pages),
        calls=receipt.calls,
        retries=receipt.retries,
        throttles=receipt.throttles,
        cursor_exhausted=receipt.cursor_exhausted,
        started=receipt.started,
        ended=receipt.ended,
        message=receipt.message,
        missing_permission=receipt.missing_permission,
        uri=ref.uri,
        digest=ref.digest,
        content_digest=ref.content_digest,
    )


def _register_lines(
    registers: Registers, period: Period, used: set[str]
) -> tuple[RegisterLine, ...]:
    return tuple(
        RegisterLine(
            register=name,
            id=entry.id,
            what=entry.what,
            reason=entry.reason,
            owner=entry.owner,
            approver=entry.approver,
            start=entry.start.isoformat(),
            until=entry.until.isoformat(),
            state=entry.state(period),
            used=entry.id in used,
        )
        for name, entry in registers.every()
    )
