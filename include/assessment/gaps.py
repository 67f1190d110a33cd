"""The gaps: which evidence is missing, where, why, and which controls that concerns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.assessment.coverage import HIDES, NOT_ASKED, NOT_COLLECTED
from include.assessment.inputs import Snapshot
from include.assessment.registers import Registers
from include.assessment.result import CheckResult, Gap
from include.checks.check import Check
from include.evidence.receipt import Receipt
from include.frameworks.schema import Framework


def find_gaps(
    framework: Framework,
    checks: Mapping[str, Check],
    results: Mapping[str, CheckResult],
    standings: Mapping[tuple[str, str, str], str],
    snapshots: Sequence[Snapshot],
    registers: Registers,
) -> tuple[Gap, ...]:
    """One gap per source, account and region that was not collected completely, ordered by these.

    What ended incomplete always blocks. A source that isn't enabled, or no longer remembers,
    blocks when nobody else gave what it would have: a check, required or supporting, stays open
    there. What was excluded by a decision in force, or left out of the run on purpose, is shown
    but does not block.
    """
    receipts: dict[tuple[str, str, str], list[Receipt]] = {}
    for snapshot in snapshots:
        one = snapshot.receipt
        receipts.setdefault((one.source, one.account, one.region), []).append(one)
    gaps = []
    for (source, account, region), standing in sorted(standings.items()):
        here = receipts.get((source, account, region), [])
        status = _worst(standing, here)
        concerned = [check for check in checks.values() if source in check.by_source]
        missed = True
        if status in ("NOT_ENABLED", "BEYOND_REACH"):
            concerned = [c for c in concerned if _open(results[c.id], account, region)]
            missed = bool(concerned)
        elif status not in HIDES:
            continue
        receipt = next((one for one in here if one.status == status), None)
        message = receipt.message if receipt else ""
        if receipt and receipt.missing_permission:
            message = f"{message} (missing permission: {receipt.missing_permission})".strip()
        exclusion = next(
            (e for e in registers.exclusions if e.covers(source, account, region)), None
        )
        decided = exclusion is not None
        gaps.append(
            Gap(
                source=source,
                account=account,
                region=region,
                status=status,
                message=message or _message(status),
                controls=_controls(framework, {check.id for check in concerned}),
                blocking=missed and not decided and status != NOT_ASKED,
                decision=exclusion.id if exclusion else "",
            )
        )
    return tuple(gaps)


def _worst(standing: str, here: Sequence[Receipt]) -> str:
    """What a place counts as where it was collected in parts: one may lie beyond what was filled.

    The place answers as a whole then, and this part of it is open nevertheless.
    """
    if standing == "COMPLETE":
        for status in ("BEYOND_REACH", "NOT_ENABLED"):
            if any(one.status == status for one in here):
                return status
    return standing


def _open(result: CheckResult, account: str, region: str) -> bool:
    return any(
        not cell.settled
        for cell in result.cells
        if cell.account == account and cell.region in ("", region)
    )


def _controls(framework: Framework, checks: set[str]) -> tuple[str, ...]:
    """Ids of the controls that map one of ``checks``, in the framework's order."""
    return tuple(
        control.id
        for control in framework.controls()
        if any(mapping.check in checks for mapping in control.checks)
    )


def _message(status: str) -> str:
    return {
        NOT_COLLECTED: "No snapshot of this cell was made.",
        NOT_ASKED: "The run was asked to leave this source out.",
        "EXCLUDED": "Excluded from the scope by decision.",
        "NOT_ENABLED": "The service is not enabled here.",
        "BEYOND_REACH": "The service no longer remembers this period.",
    }.get(status, "Collection did not finish.")
