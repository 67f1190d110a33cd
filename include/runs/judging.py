"""Judges a run: its plan, the stored snapshots and the registers in, the assessment out."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from include.assessment.assess import assess
from include.assessment.registers import Registers
from include.assessment.result import Assessment
from include.checks.catalogue import load_catalogue
from include.evidence.store import SnapshotStore
from include.frameworks.loader import load_framework
from include.runs.plan import Plan
from include.runs.snapshots import snapshots_of


def judge_run(
    plan: Plan,
    store: SnapshotStore,
    registers: Registers | None = None,
    earlier: Assessment | None = None,
    population: Callable[[pa.Table], None] | None = None,
) -> Assessment:
    """Judge every control from what lies in the store; what is missing is stated as a gap.

    ``earlier`` is the last period's result (see earlier.py), None for the first; ``population``
    takes every judged resource (see include/workpapers/population.py).
    """
    return assess(
        load_framework(plan.framework),
        load_catalogue(),
        plan.scope,
        plan.period,
        snapshots_of(plan, store),
        registers,
        earlier=earlier,
        interim=plan.interim,
        population=population,
    )
