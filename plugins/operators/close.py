"""The end of a run: people are told, and a run with gaps does not end as a success."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from plugins.operators.base import AssessmentOperator, Handed


def failed_tasks(context: Context) -> list[str]:
    """The tasks of this run that are red, sorted; not those that merely waited for a red one."""
    run = context["dag_run"]
    states = context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    mine = context["ti"].task_id
    return sorted(
        task
        for task, state in states.get(run.run_id, {}).items()
        if state == "failed" and task != mine
    )


class NotifyOperator(AssessmentOperator):
    """Publishes the outcome to the SNS topic: the result, or which tasks failed."""

    template_fields = ("plan", "published")

    def __init__(
        self,
        *,
        framework_title: str,
        plan: Handed,
        published: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.framework_title = framework_title
        self.plan = plan
        self.published = published

    def execute(self, context: Context) -> str:
        """Publish; returns the message id."""
        import json

        from airflow.sdk import conf

        from include.runs.notification import (
            blocking,
            failed_message,
            finished_message,
            links,
            subject,
        )

        settings = self.settings
        plan = self.plan_of(self.plan) if self.plan else None
        if not settings.sns_topic or (plan is not None and not plan.notify):
            raise AirflowSkipException("Nobody is to be told: no topic, or switched off.")
        run = context["dag_run"]
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        link = f"{base}/dags/{run.dag_id}/runs/{run.run_id}"
        failed = failed_tasks(context)
        period = plan.label if plan else str(context["params"].get("period") or "")
        if self.published:
            summary = self.published["summary"]
            message = finished_message(
                framework=self.framework_title,
                period=period,
                environment=settings.environment,
                assessment_status=summary["assessment_status"],
                score=summary["score"],
                coverage=summary["coverage"],
                statuses=summary["statuses"],
                gaps=summary["gaps"],
                links={
                    "run": link,
                    **links(self.published["reports"]),
                },
            )
            outcome = "Incomplete" if failed or blocking(summary["gaps"]) else "Assessed"
        else:
            message = failed_message(
                framework=self.framework_title,
                period=period,
                environment=settings.environment,
                failed=failed,
                link=link,
            )
            outcome = "Failed"
        answer = self.client("sns", settings.sns_topic.split(":")[3]).publish(
            TopicArn=settings.sns_topic,
            Subject=subject(self.framework_title, period, outcome),
            Message=json.dumps(message),
            MessageStructure="json",
        )
        return str(answer["MessageId"])


class CompletenessOperator(AssessmentOperator):
    """The only leaf: fails the run while evidence is missing or anything upstream is red."""

    template_fields = ("published",)

    def __init__(self, *, published: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.published = published

    def execute(self, context: Context) -> str:
        """Raise with what is missing, or say that nothing is."""
        from include.runs.notification import blocking

        failed = failed_tasks(context)
        gaps = blocking(self.published["summary"]["gaps"]) if self.published else []
        if failed or gaps:
            named = [
                f"{gap['source']} {gap['account']} {gap['region']} {gap['status']}" for gap in gaps
            ]
            raise AirflowFailException(
                "The run is not complete. "
                + (f"Failed: {', '.join(failed)}. " if failed else "")
                + (f"Missing evidence: {'; '.join(named)}. " if named else "")
                + "Clear the red tasks with their downstream once the cause is gone."
            )
        if not self.published:
            raise AirflowFailException("The run has no result.")
        return "complete"
