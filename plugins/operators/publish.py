"""Writes the reports and closes the package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from plugins.operators.base import AssessmentOperator, Handed


class GenerateReportsOperator(AssessmentOperator):
    """Writes all reports into the package; returns their references and a short summary."""

    template_fields = ("plan", "assessment", "metrics", "target")

    def __init__(
        self,
        *,
        plan: Handed,
        assessment: Handed,
        metrics: Handed,
        target: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.assessment = assessment
        self.metrics = metrics
        self.target = target

    def execute(self, context: Context) -> dict[str, Any]:
        """Render and store."""
        from include.assessment.result import Assessment
        from include.runs.published import record_published
        from include.runs.publishing import publish_reports
        from include.runs.workspace import Reference, fetch_json
        from include.workpapers.sampling import Sampling

        plan = self.plan_of(self.plan)
        if not self.assessment or not self.metrics:
            raise AirflowFailException("There is nothing to report: no assessment or no metrics.")
        s3 = self.client("s3")
        population = self.assessment.get("population")
        published = publish_reports(
            plan,
            Assessment.from_json(fetch_json(s3, dict(self.assessment))),
            fetch_json(s3, dict(self.metrics)),
            self.target or {},
            self.store(),
            self.workspace("packages", plan.key),
            self.settings.environment,
            population=population,
            sampling=Sampling(**self.settings.sampling.model_dump()),
        )
        record_published(
            self.workspace("runs", plan.key),
            Reference(self.assessment["uri"], self.assessment["digest"]),
            Reference(self.metrics["uri"], self.metrics["digest"]),
            self.workspace("packages", plan.key, published["package"]).uri,
        )
        self.record_lineage(
            read=[
                self.assessment["uri"],
                self.metrics["uri"],
                *([population["uri"]] if population else []),
            ],
            wrote=[report["uri"] for report in published["reports"]],
        )
        for outlet in self.outlets:
            event = context["outlet_events"][outlet]
            event.extra = {"period": plan.label, "score": published["summary"]["score"]}
            if published["summary"]["assessment_status"] != "INTERIM":
                event.add_partitions(plan.label)
        return published


class SealOperator(AssessmentOperator):
    """Writes SHA256SUMS over the package's files, and who made it when into ``runs/``."""

    template_fields = ("plan", "published")

    def __init__(self, *, plan: Handed, published: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.published = published

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the sums once; a second run of equal content finds them there."""
        from include.runs.publishing import seal_package
        from include.runs.workspace import fetch_json

        plan = self.plan_of(self.plan)
        files: Sequence[dict[str, str]] = fetch_json(self.client("s3"), self.published["files"])
        package = self.workspace("packages", plan.key, self.published["package"])
        run = context["dag_run"]
        return seal_package(
            package, files, dag_id=run.dag_id, run_id=run.run_id, started=run.start_date
        )
