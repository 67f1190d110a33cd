"""What is left out by a decision is not asked for, is shown, and makes no control better."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from include.assessment.registers import Exclusion, Registers
from tests.local_stack import assess, local_aws


def test_an_excluded_cell_is_not_collected_and_stays_open(tmp_path: Path) -> None:
    with local_aws(tmp_path, seed=12, accounts=1, regions=2, resources=30, months=2) as aws:
        whole = assess(aws)
        left_out = aws.regions[1]
        decision = Exclusion(
            id="XC-1",
            source="security_hub",
            account=aws.accounts[0],
            region=left_out,
            reason="A service control policy forbids this region.",
            owner="platform@example.org",
            approver="security@example.org",
            start=date(2026, 1, 1),
            until=date(2026, 12, 31),
        )
        # Were it asked, the run would see that it is refused.
        aws.faults({"service": "securityhub", "region": left_out, "kind": "access_denied"})
        partly = assess(aws, bucket="audit-partly", registers=Registers(exclusions=(decision,)))
    [line] = [r for r in partly.receipts if (r.source, r.region) == ("security_hub", left_out)]
    assert line.status == "EXCLUDED"
    assert "XC-1" in line.message
    [gap] = [gap for gap in partly.gaps if gap.source == "security_hub"]
    assert (gap.status, gap.blocking, gap.decision) == ("EXCLUDED", False, "XC-1")
    assert gap.controls
    assert [gap for gap in partly.gaps if gap.blocking] == []
    before = {c.id: c.status for c in whole.controls}
    for control in partly.controls:
        assert control.status == before[control.id] or control.status == "INCONCLUSIVE"
    assert {c.id for c in partly.controls if c.status == "COMPLIANT"} < {
        c.id for c in whole.controls if c.status == "COMPLIANT"
    }
