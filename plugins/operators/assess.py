"""Judges the controls from the stored snapshots, and computes the metrics."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from airflow.sdk import Context

from plugins.operators.base import AssessmentOperator, Handed


class MapToControlsOperator(AssessmentOperator):
    """Maps all evidence of the run to its controls; returns the assessment's reference.

    Beside it, under ``population``, the reference of the resources that were judged.

    Runs whatever became of the collection (a cell without a snapshot is a gap that is stated),
    but never without a plan.
    """

    template_fields = ("plan",)

    def __init__(self, *, plan: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def execute(self, context: Context) -> dict[str, Any]:
        """Judge and write, the judged resources beside the result."""
        from include.assessment.registers import load_registers
        from include.runs.earlier import earlier_result
        from include.runs.judging import judge_run
        from include.runs.populations import store_population
        from include.runs.results import record_judged
        from include.workpapers.population import PopulationWriter

        plan = self.plan_of(self.plan)
        registers = load_registers(self.settings.registers_folder)
        last = earlier_result(plan, self.workspace("runs"))
        folder = self.workspace("runs", plan.key)
        with TemporaryDirectory(prefix="population-") as scratch:
            path = Path(scratch) / "population.parquet"
            with PopulationWriter(path) as population:
                assessment = judge_run(
                    plan, self.store(), registers, last[0] if last else None, population
                )
            resources = store_population(folder, path)
        reference = folder.put_json("assessment", assessment.to_json())
        record_judged(folder, reference, resources)
        read = [receipt.uri for receipt in assessment.receipts if receipt.uri]
        self.record_lineage(
            read=read + ([last[1].uri] if last else []),
            wrote=[reference.uri, resources.uri],
        )
        if last:
            self.log.info("Stands on the result of %s, %s", last[0].period, last[1].uri)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = {"period": plan.label, **reference.to_json()}
        self.log.info("%d controls judged, %d gaps", len(assessment.controls), len(assessment.gaps))
        return {**reference.to_json(), "population": resources.to_json()}


class ComputeMetricsOperator(AssessmentOperator):
    """Every figure, also against earlier periods; returns the metrics' reference."""

    template_fields = ("plan", "assessment")

    def __init__(self, *, plan: Handed, assessment: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.assessment = assessment

    def execute(self, context: Context) -> dict[str, Any]:
        """Compute and write."""
        from include.assessment.result import Assessment
        from include.metrics.metering import Prices
        from include.runs.figures import figures_of
        from include.runs.workspace import fetch_json

        plan = self.plan_of(self.plan)
        handed = dict(self.assessment)
        assessment = Assessment.from_json(fetch_json(self.client("s3"), handed))
        settings = self.settings
        metrics, read = figures_of(
            plan,
            assessment,
            self.store(),
            self.workspace("runs"),
            prices=Prices(**settings.metering.model_dump()),
            expiring_days=settings.expiring_within_days,
        )
        reference = self.workspace("runs", plan.key).put_json("metrics", metrics.to_json())
        self.record_lineage(read=[handed["uri"], *read], wrote=[reference.uri])
        return reference.to_json()
