"""Six months, assessed one after the other against one AWS: what is told of each was so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from include.evidence.item import Evidence
from include.evidence.snapshot import LoadedSnapshot
from include.runs import judging
from tests.judge.judge import Verdict, judge
from tests.judge.test_judge import CATALOGUE, FRAMEWORK, differences
from tests.local_stack import assess, local_aws

MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
FLIPPED: Mapping[str, Any] = {"PASS": "FAIL", "FAIL": "PASS", "UNANSWERED": "FAIL"}


@dataclass
class Lying:
    """A snapshot in which whatever speaks of the present only says the opposite."""

    snapshot: LoadedSnapshot
    told: Counter[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.snapshot, name)

    def iter_evidence(self) -> Iterator[Evidence]:
        for item in self.snapshot.iter_evidence():
            if item.known == "CURRENT_ONLY":
                self.told[item.source] += 1
                broken = {**item.attributes, "configuration": {"changed": True}}
                item = structs.replace(
                    item, result=FLIPPED.get(item.result, item.result), attributes=broken, failed=()
                )
            yield item


def judged_cells(assessment: Any) -> dict[str, Any]:
    """Everything that is said of the past, but for what it was said by."""
    return {
        "controls": {
            control.id: (control.status, control.reason) for control in assessment.controls
        },
        "cells": [replace(cell, evidence=0) for check in assessment.checks for cell in check.cells],
    }


@pytest.mark.slow
def test_each_months_assessment_is_that_months_truth_as_far_as_it_can_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = {"accounts": 1, "regions": 1, "resources": 40, "months": 6}
    told: Counter[str] = Counter()
    decided: Counter[bool] = Counter()
    honest = judging.snapshots_of
    with local_aws(tmp_path, seed=11, **size) as aws:
        earlier, covered = None, {}
        truths: dict[str, Verdict] = {}
        for month in MONTHS:
            found = assess(aws, month, earlier=earlier)
            truth = judge(
                aws.ground_truth,
                FRAMEWORK,
                CATALOGUE,
                start=found.period_start,
                end=found.period_end,
                before=covered,
            )
            assert differences(found, truth) == [], month
            # Nothing of it rests on what is known of the present only.
            with monkeypatch.context() as patched:
                patched.setattr(
                    judging,
                    "snapshots_of",
                    lambda *args: (Lying(one, told) for one in honest(*args)),
                )
                lied_to = assess(aws, month, earlier=earlier)
            assert judged_cells(lied_to) == judged_cells(found), month
            earlier, covered, truths[month] = found, truth.covered, truth
            decided.update(len(allowed) == 1 for allowed in truth.allowed.values())
        ground = json.loads(aws.ground_truth.read_text())
    assert told, "nothing spoke of the present only: the test is blind"
    # The judge must not let everything pass: mostly one status only is right.
    assert decided[True] > 0.85 * decided.total(), decided
    # What makes it hard is there: a month's end without a recorder, and removed rules.
    ends = [f"{month}-01T00:00:00Z" for month in (*MONTHS[1:], "2026-11")]
    assert any(o["from"] < end <= o["to"] for o in ground["outages"] for end in ends)
    assert any(rule["deployed_to"] for rule in ground["rules"])
    assert Counter(
        status for truth in truths.values() for status in truth.controls.values()
    ).keys() >= {"COMPLIANT", "NON_COMPLIANT", "INCONCLUSIVE"}
