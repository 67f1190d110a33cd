"""The evidence of each control, gathered from a run's snapshots into bundles for Audit Manager."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from include.assessment.result import Assessment, ControlResult
from include.audit_manager.bundles import bundle_parts
from include.audit_manager.importer import Bundle
from include.checks.catalogue import load_catalogue
from include.digests import canonical_json
from include.evidence.store import SnapshotStore
from include.runs.plan import Plan
from include.runs.snapshots import evidence_of, wanted_keywords


def bundles_of_set(
    plan: Plan, assessment: Assessment, control_set: str, store: SnapshotStore
) -> Iterator[tuple[str, list[Bundle]]]:
    """Yield ``(control id, bundles)`` for each control of the set that has evidence.

    The snapshots are read once; evidence waits in temporary files, not in memory.
    """
    catalogue = load_catalogue()
    controls = [control for control in assessment.controls if control.set == control_set]
    keywords: dict[tuple[str, str], list[str]] = {}
    for control in controls:
        for key in wanted_keywords([catalogue[check.id] for check in control.checks]):
            keywords.setdefault(key, []).append(control.id)
    spools: dict[str, IO[bytes]] = {}
    try:
        for item in evidence_of(assessment, plan, store, keywords):
            line = canonical_json(item.content()) + b"\n"
            for control_id in keywords[item.source, item.keyword]:
                if control_id not in spools:
                    spools[control_id] = tempfile.TemporaryFile()  # noqa: SIM115
                spools[control_id].write(line)
        for control in controls:
            if spool := spools.get(control.id):
                spool.seek(0)
                parts = bundle_parts(_head(plan, assessment, control), map(json.loads, spool))
                yield control.id, [Bundle(digest, body) for digest, body in parts]
    finally:
        for spool in spools.values():
            spool.close()


def _head(plan: Plan, assessment: Assessment, control: ControlResult) -> dict[str, Any]:
    by_id = assessment.check_by_id
    return {
        "framework": assessment.framework,
        "framework_version": assessment.framework_version,
        "control": control.id,
        "title": control.title,
        "period": {"label": plan.label, "start": plan.start, "end": plan.end},
        "accounts": list(plan.accounts),
        "regions": list(plan.regions),
        "status": control.status,
        "reason": control.reason,
        "interim": list(plan.interim),
        "checks": [
            {
                "id": check.id,
                "role": check.role,
                "answer": by_id[check.id].answer,
                "failing": list(check.failing),
            }
            for check in control.checks
        ],
    }
