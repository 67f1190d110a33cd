"""The portfolio of a period: gathered from the frameworks' results, written, sealed, told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from plugins.operators.base import AssessmentOperator, Handed
from plugins.operators.close import failed_tasks

if TYPE_CHECKING:
    from include.assessment.period import Period


class GatherPortfolioOperator(AssessmentOperator):
    """Puts the newest final results of a period together; returns the portfolio's reference.

    Which frameworks have none for it is part of the result; a period in which no framework has
    one fails for good.
    """

    def execute(self, context: Context) -> dict[str, Any]:
        """Resolve the period, gather, write."""
        from include.errors import AuditError
        from include.frameworks.assessed import assessed_frameworks
        from include.runs.plan import slug_of
        from include.runs.portfolio import gather, require_results

        settings = self.settings
        try:
            period = self._period(context)
            found = gather(
                self.workspace("runs"),
                period,
                settings.environment,
                assessed_frameworks(settings)[0],
                lambda header: settings.schedule_of(header.id, header.schedule),
            )
            require_results(found.portfolio)
        except AuditError as error:
            self.log.error("%s", error)
            raise AirflowFailException(str(error)) from None
        for row in found.portfolio.missing:
            self.log.warning("%s is not part of it: %s", row["framework"], row["why"])
        self.log.info("Period %s, %d frameworks", period, len(found.portfolio.frameworks))
        folder = self.workspace("runs", f"portfolio_{slug_of(period.label)}")
        reference = folder.put_json("portfolio", found.portfolio.to_json())
        self.record_lineage(read=found.read, wrote=[reference.uri])
        return reference.to_json()

    def _period(self, context: Context) -> Period:
        """The form's period, else the partition key, else the run's interval."""
        from include.assessment.period import last_finished_month, named, parse_period

        asked = context["params"].get("period") or context.get("partition_key")
        if asked:
            return parse_period(asked)
        start, end = context.get("data_interval_start"), context.get("data_interval_end")
        if start and end and start < end:
            return named(start, end)
        return last_finished_month(context["dag_run"].run_after)


class RenderPortfolioOperator(AssessmentOperator):
    """Writes the portfolio's PDF, page and JSON into its package; returns their references."""

    template_fields = ("portfolio",)

    def __init__(self, *, portfolio: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.portfolio = portfolio

    def execute(self, context: Context) -> dict[str, Any]:
        """Render and store."""
        from include.metrics.portfolio import Portfolio
        from include.runs.portfolio import publish_portfolio
        from include.runs.workspace import fetch_json

        portfolio = Portfolio.from_json(fetch_json(self.client("s3"), dict(self.portfolio)))
        published = publish_portfolio(portfolio, self.workspace("packages"))
        self.record_lineage(
            read=[self.portfolio["uri"]], wrote=[one["uri"] for one in published["reports"]]
        )
        totals = published["summary"]["totals"]
        for outlet in self.outlets:
            event = context["outlet_events"][outlet]
            event.extra = {
                "period": portfolio.period["label"],
                "frameworks": totals["frameworks_assessed"],
                "missing": totals["frameworks_missing"],
            }
            event.add_partitions(portfolio.period["label"])
        return published


class SealPortfolioOperator(AssessmentOperator):
    """Writes SHA256SUMS over the package's files, and who made it when into ``runs/``."""

    template_fields = ("published",)

    def __init__(self, *, published: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.published = published

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the sums once; a second run of equal content finds them there."""
        from include.runs.publishing import seal_package

        reports: Sequence[dict[str, str]] = self.published["reports"]
        package = self.workspace("packages", self.published["package"])
        run = context["dag_run"]
        return seal_package(
            package, reports, dag_id=run.dag_id, run_id=run.run_id, started=run.start_date
        )


class NotifyPortfolioOperator(AssessmentOperator):
    """Publishes to the SNS topic what the portfolio says, or which tasks failed."""

    template_fields = ("published",)

    def __init__(self, *, published: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.published = published

    def execute(self, context: Context) -> str:
        """Publish; returns the message id. Fails afterwards when the run has no portfolio."""
        import json

        from airflow.sdk import conf

        from include.runs.notification import failed_message, subject
        from include.runs.portfolio_message import portfolio_message

        settings = self.settings
        failed = failed_tasks(context)
        if settings.sns_topic and context["params"].get("notify", True):
            run = context["dag_run"]
            base = conf.get("api", "base_url", fallback="").rstrip("/")
            link = f"{base}/dags/{run.dag_id}/runs/{run.run_id}"
            if self.published:
                summary = self.published["summary"]
                period, outcome = summary["period"], "Incomplete" if failed else "Portfolio"
                links = {one["name"]: one["uri"] for one in self.published["reports"]}
                message = portfolio_message(settings.environment, summary, {"run": link, **links})
            else:
                period, outcome = str(context["params"].get("period") or ""), "Failed"
                message = failed_message(
                    framework="portfolio",
                    period=period,
                    environment=settings.environment,
                    failed=failed,
                    link=link,
                )
            answer = self.client("sns", settings.sns_topic.split(":")[3]).publish(
                TopicArn=settings.sns_topic,
                Subject=subject("all frameworks", period, outcome),
                Message=json.dumps(message),
                MessageStructure="json",
            )
            said = str(answer["MessageId"])
        else:
            said = ""
        # The only leaf: a run without its portfolio, or its seal, must not end as a success.
        if not self.published:
            raise AirflowFailException(f"There is no portfolio. Failed: {', '.join(failed)}.")
        if failed:
            raise AirflowFailException(
                f"The portfolio is not complete. Failed: {', '.join(failed)}."
            )
        if not said:
            raise AirflowSkipException("Nobody is to be told: no topic, or switched off.")
        return said
