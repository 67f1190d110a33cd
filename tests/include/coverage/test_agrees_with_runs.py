"""What coverage calls decidable, a run decides; what it calls open, a run leaves open."""

from __future__ import annotations

from collections import Counter

from include.coverage.coverage import Coverage
from tests.local_stack import LocalAws, assess


def test_a_run_settles_what_coverage_promised_and_nothing_else(
    aws: LocalAws, whole: Coverage
) -> None:
    result = assess(aws)
    promised = {c.id: c.decidable for c in whole.controls() if c.framework == "cis_aws_5.0"}
    found = Counter((promised[c.id], c.status) for c in result.controls)
    assert found["now", "COMPLIANT"] + found["now", "NON_COMPLIANT"] == 56
    # Without people's evidence, nothing but a failure of what supports it can settle the others.
    assert found["people", "INCONCLUSIVE"] + found["people", "NON_COMPLIANT"] == 7
    compared: Counter[bool] = Counter()
    for check in result.checks:
        covered = whole.checks[check.id]
        if not covered.check.judges:
            continue
        decided = {
            cell: outcome.decided for outcome, cells in covered.outcomes.items() for cell in cells
        }
        for cell in check.cells:
            assert decided[cell.account, cell.region] == cell.settled, (check.id, cell)
            compared[cell.settled] += 1
    assert compared[True] > 80
