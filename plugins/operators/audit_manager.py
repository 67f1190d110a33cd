"""Imports the evidence into Audit Manager and has it write an assessment report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from plugins.operators.base import AssessmentOperator, Handed

if TYPE_CHECKING:
    from plugins.hooks.audit_manager import AuditManagerHook


class AuditManagerOperator(AssessmentOperator):
    """Base of the three below."""

    @property
    def hook(self) -> AuditManagerHook:
        """The hook to Audit Manager, AWS's or the embedded one."""
        from plugins.hooks.audit_manager import AuditManagerHook

        settings = self.settings
        return AuditManagerHook(
            self.aws_conn_id,
            region_name=settings.audit_manager.region or settings.regions[0],
            endpoint_url=settings.audit_manager.endpoint,
        )


class PrepareAssessmentOperator(AuditManagerOperator):
    """Finds or creates framework and assessment; checks the quotas first.

    Returns one ``{"control_set"}`` per set, for mapping; none where Audit Manager is switched
    off, takes no new accounts or has no room for the framework. XCom ``target`` says which
    assessment, or why there is none.
    """

    template_fields = ("plan",)

    def __init__(self, *, plan: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def execute(self, context: Context) -> Sequence[dict[str, str]]:
        """Find or create."""
        from include.audit_manager.quotas import Quotas, Unavailable
        from include.audit_manager.setup import ensure_assessment, ensure_registered
        from include.frameworks.loader import load_framework

        plan = self.plan_of(self.plan)
        settings = self.settings
        ti = context["ti"]
        if not plan.upload or not settings.audit_manager.enabled:
            ti.xcom_push("target", {"unavailable": "The upload is switched off for this run."})
            return []
        client = self.hook.get_conn()
        framework = load_framework(plan.framework)
        home = self.client("sts").get_caller_identity()["Account"]
        try:
            ensure_registered(client)
            target = ensure_assessment(
                client,
                framework,
                assessment_name=plan.assessment_name or plan.key,
                accounts=plan.accounts,
                destination=f"s3://{settings.reports_bucket}/audit-manager",
                owner_role=f"arn:aws:iam::{home}:role/{settings.role_name}",
                quotas=Quotas(
                    custom_controls=settings.audit_manager.custom_controls,
                    custom_frameworks=settings.audit_manager.custom_frameworks,
                ),
            )
        except Unavailable as error:
            self.log.warning("%s", error)
            ti.xcom_push("target", {"unavailable": str(error)})
            return []
        ti.xcom_push("target", target.to_json())
        # Evidence comes by checks: where no control has any, there is nothing to import.
        return [
            {"control_set": entry.id}
            for entry in framework.control_sets
            if any(control.checks for control in entry.controls)
        ]


class ImportEvidenceOperator(AuditManagerOperator):
    """Imports the bundles of one control set; what is there already is not imported again."""

    template_fields = ("plan", "assessment", "target", "control_set")

    def __init__(
        self,
        *,
        plan: Handed,
        assessment: Handed,
        target: Handed,
        control_set: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.assessment = assessment
        self.target = target
        self.control_set = control_set

    def execute(self, context: Context) -> dict[str, Any]:
        """Bundle and import; returns the digests per control and how many were new."""
        from include.assessment.result import Assessment
        from include.audit_manager.importer import import_control
        from include.audit_manager.setup import Target
        from include.runs.evidence_bundles import bundles_of_set
        from include.runs.workspace import fetch_json

        plan = self.plan_of(self.plan)
        client = self.hook.get_conn()
        target = Target.from_json(self.target)
        assessment = Assessment.from_json(fetch_json(self.client("s3"), dict(self.assessment)))
        bundles = bundles_of_set(plan, assessment, self.control_set, self.store())
        workspace = self.workspace("bundles")
        digests, new = {}, 0
        for control, parts in bundles:
            outcome = import_control(client, workspace, target, control, parts)
            digests[control] = [part.digest for part in parts]
            new += outcome.imported
        self.log.info("%d bundles, %d of them new", sum(map(len, digests.values())), new)
        return {"imported": new, "digests": digests}


class AssessmentReportOperator(AuditManagerOperator):
    """Has the report written for what is selected, waits for it, and checks its signature."""

    template_fields = ("target", "imported")

    def __init__(self, *, target: Handed, imported: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.imported = imported

    def execute(self, context: Context) -> dict[str, Any]:
        """Generate (or find), poll, validate."""
        from include.audit_manager.report import (
            check_integrity,
            report_name,
            report_uri,
            start_report,
        )
        from include.audit_manager.setup import Target
        from include.digests import digest_of

        if "unavailable" in self.target:
            raise AirflowSkipException(self.target["unavailable"])
        selection = sorted(
            digest
            for outcome in list(self.imported)
            for digests in outcome["digests"].values()
            for digest in digests
        )
        if not selection:
            raise AirflowSkipException("There is no evidence to report on.")
        target = Target.from_json(self.target)
        hook = self.hook
        client = hook.get_conn()
        name = report_name(target, digest_of(selection))
        report_id = start_report(client, target, name)
        hook.get_waiter(
            "assessment_report_complete", parameters={"report_id": report_id}, client=client
        ).wait(maxResults=1000, WaiterConfig={"Delay": 1, "MaxAttempts": 900})
        return check_integrity(
            client, report_uri(client, target, report_id, self.settings.reports_bucket)
        )
