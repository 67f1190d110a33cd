"""What the page's script filters controls by: their status, set, checks, and where these fail."""

from __future__ import annotations

from typing import Any

from include.assessment.result import CheckResult
from include.reports.model import ReportModel


def control_index(model: ReportModel) -> dict[str, Any]:
    """Controls and checks in short.

    Accounts and regions are named by their place in the lists; ``fails`` are pairs of both. Region
    0 is that of checks asked once per account.
    """
    a = model.assessment
    found = sorted({cell.region for check in a.checks for cell in check.cells} - {""})
    regions = ["", *a.regions, *(one for one in found if one not in a.regions)]
    return {
        "accounts": list(a.accounts),
        "regions": regions,
        "controls": {
            control.id: {
                "set": control.set,
                "status": control.status,
                "by": [control.by_account.get(account, "") for account in a.accounts],
                "checks": [mapped.id for mapped in control.checks],
            }
            for control in a.controls
        },
        "checks": {check.id: _check(check, list(a.accounts), regions) for check in a.checks},
    }


def _check(check: CheckResult, accounts: list[str], regions: list[str]) -> dict[str, Any]:
    return {
        "severity": check.severity,
        "sources": list(check.sources),
        "regions": sorted({regions.index(cell.region) for cell in check.cells}),
        "fails": sorted(
            [accounts.index(cell.account), regions.index(cell.region)]
            for cell in check.cells
            if cell.failing and cell.account in accounts
        ),
    }
