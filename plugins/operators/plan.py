"""The first task: resolves period and scope once, checks them, and prepares the buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context

from plugins.operators.base import AssessmentOperator


class PlanOperator(AssessmentOperator):
    """Writes the plan; returns ``{"account", "plan"}`` for each account, for mapping.

    Accounts in which nothing is left to collect are not among them: other frameworks' runs have
    done it. XCom ``plan`` holds the plan's reference. Nothing is collected before it succeeded;
    wrong input fails here, for good, with one sentence.
    """

    def __init__(self, *, framework_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.framework_id = framework_id

    def execute(self, context: Context) -> Sequence[dict[str, Any]]:
        """Resolve, check, write."""
        from email.utils import parsedate_to_datetime

        from airflow.sdk.exceptions import AirflowFailException

        from include.assessment.registers import load_registers
        from include.aws.organization import accounts_in_scope, regions_in_scope
        from include.checks.catalogue import load_catalogue
        from include.errors import InputError
        from include.frameworks.loader import Frameworks
        from include.runs.buckets import ensure_bucket
        from include.runs.enabled import selections_of
        from include.runs.plan import Asked, make_plan
        from include.runs.snapshots import accounts_left

        settings = self.settings
        try:
            frameworks = Frameworks()
            framework = frameworks.load(self.framework_id)
            params = context["params"]
            # The regions' own list tells the service's clock and which regions are enabled.
            answer = self.client("ec2").describe_regions()
            regions = regions_in_scope(
                settings.regions, [region["RegionName"] for region in answer["Regions"]]
            )
            accounts = accounts_in_scope(settings.accounts, lambda: self.client("organizations"))
            start, end = context.get("data_interval_start"), context.get("data_interval_end")
            run_after = context["dag_run"].run_after
            plan = make_plan(
                Asked(
                    period=params.get("period"),
                    accounts=params.get("accounts") or (),
                    regions=params.get("regions") or (),
                    sources=params.get("sources") or (),
                    refresh=bool(params.get("refresh", False)),
                    upload=bool(params.get("upload", True)),
                    notify=bool(params.get("notify", True)),
                    assessment_name=params.get("assessment_name"),
                ),
                framework=framework.id,
                framework_digest=framework.digest,
                accounts=accounts.ids,
                regions=regions,
                sources=framework.sources_needed(load_catalogue()),
                interval=(start, end) if start and end else None,
                partition_key=context.get("partition_key"),
                run_after=run_after,
                now=parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]),
                left_out=accounts.left_out,
                exclusions=load_registers(settings.registers_folder).exclusions,
                selections=selections_of(frameworks, framework, settings.enabled_frameworks),
            )
        except InputError as error:
            # The sentence by itself: the traceback of a person's slip helps nobody.
            self.log.error("%s", error)
            raise AirflowFailException(str(error)) from None
        s3 = self.client("s3")
        for bucket in dict.fromkeys([settings.evidence_bucket, settings.reports_bucket]):
            ensure_bucket(s3, bucket, region=settings.regions[0], kms_key=settings.kms_key)
        reference = self.workspace("runs", plan.key).put_json("plan", plan.to_json()).to_json()
        context["ti"].xcom_push("plan", reference)
        self.log.info(
            "Period %s, %d accounts, %d regions, sources %s%s",
            plan.label,
            len(plan.accounts),
            len(plan.regions),
            ", ".join(plan.sources),
            f"; interim: {', '.join(plan.interim)}" if plan.interim else "",
        )
        for account, why in plan.left_out:
            self.log.warning("Account %s is not assessed: %s.", account, why)
        for entry in plan.excluded:
            self.log.warning("Excluded by %s: %s. %s", entry.id, entry.what, entry.reason)
        left = accounts_left(plan, self.store())
        if len(left) < len(plan.accounts):
            self.log.info(
                "%d accounts were collected before for this period; their snapshots are used.",
                len(plan.accounts) - len(left),
            )
        return [{"account": account, "plan": reference} for account in left]
