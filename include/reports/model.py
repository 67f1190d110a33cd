"""The one model all reports are drawn from: an assessment, its metrics and where it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from include.assessment.result import (
    Assessment,
    CheckResult,
    ControlResult,
    FailingResource,
    ReceiptLine,
)
from include.checks.catalogue import load_catalogue
from include.checks.check import Check
from include.errors import InputError
from include.evidence.item import SOURCE_NAMES
from include.evidence.receipt import Receipt
from include.frameworks.loader import load_framework
from include.frameworks.schema import Control
from include.metrics.model import Metrics
from include.workpapers.samples import samples_of
from include.workpapers.sampling import Sample, Sampling

#: What a reader has to know to weigh the result; printed in every report.
LIMITATIONS: tuple[str, ...] = (
    "The verdict is the state at the end of the period, as far as the sources named here know it, "
    "unless the framework says that it judges the whole period.",
    "A control is compliant only when every required check was answered everywhere in scope; "
    "whatever could not be learnt leaves it inconclusive and never raises the score.",
    "Checks look at what the sources record. What they don't record, and whether people follow "
    "their procedures, is for manual evidence.",
    "Sources are believed: a wrong answer by AWS Config, AWS Security Hub or an API is passed on, "
    "though where two of them disagree this is shown and the worse answer counts.",
)


def _no_tables() -> Iterable[pa.Table]:
    return ()


def _no_receipts() -> Iterable[Receipt]:
    return ()


@dataclass(frozen=True)
class ReportContext:
    """What a report says besides the assessment and its metrics.

    ``assessment_id`` is Audit Manager's, or '' without it; ``s3_location`` is where the reports
    go, ``package`` the id of the package they are part of. ``evidence`` (tables of
    :data:`include.evidence.table.SCHEMA`), ``population`` (tables of
    :data:`include.workpapers.population.SCHEMA`) and ``receipts`` (whole ones, in the order of the
    assessment's) are streamed in a fixed order, from the start at each call. All of it has to be
    equal for equal runs: run ids and times belong into ``runs/`` alone.
    """

    environment: str
    assessment_name: str
    assessment_id: str = ""
    s3_location: str = ""
    package: str = ""
    evidence: Callable[[], Iterable[pa.Table]] = _no_tables
    population: Callable[[], Iterable[pa.Table]] = _no_tables
    receipts: Callable[[], Iterable[Receipt]] = _no_receipts
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True)
class ReportModel:
    """Ready to be drawn; everything else is looked up from these."""

    assessment: Assessment
    metrics: Metrics
    context: ReportContext

    @cached_property
    def _library(self) -> Mapping[str, Control]:
        try:
            framework = load_framework(self.assessment.framework)
        except InputError:
            return {}
        return {control.id: control for control in framework.controls()}

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """The sample of each control's population, drawn once for all reports."""
        return samples_of(self.assessment, self.context.population, self.context.sampling)

    def control_text(self, control_id: str) -> Control | None:
        """Objective, test procedure and what people provide, as the library words them today.

        None for a control that the library doesn't know (any more).
        """
        return self._library.get(control_id)

    def check_text(self, check_id: str) -> Check | None:
        """What a check is about and its remedy; None for one the catalogue doesn't know."""
        return load_catalogue().get(check_id)

    @property
    def interim(self) -> bool:
        """Whether the result must be badged as not final."""
        return self.assessment.status == "INTERIM"

    def check(self, check_id: str) -> CheckResult:
        """A check by its id."""
        return self.assessment.check_by_id[check_id]

    def controls_of(self, set_id: str) -> list[ControlResult]:
        """The controls of a set, in the framework's order."""
        return [control for control in self.assessment.controls if control.set == set_id]

    def failing_controls(self) -> list[ControlResult]:
        """Controls with anything to show as failing, in the framework's order."""
        return [c for c in self.assessment.controls if c.status == "NON_COMPLIANT"]

    @cached_property
    def controls_by_check(self) -> Mapping[str, tuple[str, ...]]:
        """Ids of the controls that map a check, by the check's id."""
        out: dict[str, list[str]] = {}
        for control in self.assessment.controls:
            for mapped in control.checks:
                out.setdefault(mapped.id, []).append(control.id)
        return {check: tuple(ids) for check, ids in out.items()}


def failing_resources(check: CheckResult) -> dict[str, list[FailingResource]]:
    """What fails a check by identity, sorted; a resource may be seen from several regions."""
    out: dict[str, list[FailingResource]] = {}
    for cell in check.cells:
        for failing in cell.failing:
            out.setdefault(failing.resource, []).append(failing)
    return dict(sorted(out.items()))


def not_complete(assessment: Assessment) -> list[ReceiptLine]:
    """The receipts that ended as anything but complete, one for each place and status."""
    found = {
        (line.source, line.account, line.region, line.status): line
        for line in assessment.receipts
        if line.status not in ("COMPLETE", "COMPLETE_EMPTY")
    }
    return list(found.values())


def source_name(source: str) -> str:
    """A source as people call it."""
    return SOURCE_NAMES.get(source, source)


def words(code: str) -> str:
    """``NON_COMPLIANT`` as a person reads it: ``Non-compliant``."""
    return code.replace("NON_", "NON-").replace("_", " ").capitalize()


def percent_text(value: Any) -> str:
    """A percentage with two decimals, or a dash where there is nothing to count."""
    return "-" if value is None else f"{value:.2f} %"
