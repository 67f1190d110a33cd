"""One assessment DAG per framework: collect in parallel, judge, import, report, tell, close.

Wiring only. A framework file is read as far as its header here; its controls are read by tasks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.openlineage.utils.selective_enable import enable_lineage
from airflow.sdk import DAG, Asset, BaseOperator, Param, TaskGroup, TriggerRule, get_parsing_context
from airflow.sdk.definitions.param import ParamsDict

from include.frameworks.assessed import assessed_frameworks
from include.frameworks.header import FrameworkHeader
from include.frameworks.introduction import introduction
from include.names import ACCOUNT, ASSESSMENT, REGION
from include.settings import Settings, load_settings
from include.sources import ORGANIZATION, ORGANIZATION_WIDE
from plugins.operators.assess import ComputeMetricsOperator, MapToControlsOperator
from plugins.operators.audit_manager import (
    AssessmentReportOperator,
    ImportEvidenceOperator,
    PrepareAssessmentOperator,
)
from plugins.operators.close import CompletenessOperator, NotifyOperator
from plugins.operators.collect import CollectOperator
from plugins.operators.plan import PlanOperator
from plugins.operators.publish import GenerateReportsOperator, SealOperator
from plugins.period_field import period_field
from plugins.retry import AwsRetryPolicy
from plugins.timetables.audit_period import AuditPeriodTimetable

#: Where each source's evidence comes from, as the asset graph shows it. The schemes begin with
#: "x-": for any other, Airflow imports every provider's URI handler (boto3 …) at each parse.
ORIGINS = {
    "aws_config": "x-aws://config",
    "security_hub": "x-aws://securityhub",
    "inspector": "x-aws://inspector2",
    "cloudtrail": "x-aws://cloudtrail",
    "license_manager": "x-aws://license-manager",
    "api_calls": "x-aws://api",
    "custom": "x-aws://s3/custom-evidence",
    "manual": "x-aws://s3/manual-evidence",
}


def handed(task: BaseOperator, key: str) -> Any:
    """What ``task`` pushes under ``key``."""
    return task.output[key]  # type: ignore[index]


def form(header: FrameworkHeader, accounts: list[str], regions: list[str]) -> dict[str, Param]:
    """What the trigger form asks; an empty field means: as the settings say."""

    def several(title: str, description: str, choices: list[str], form: str = "") -> Param:
        # Where the settings name a whole organisation, only the form of a choice is known.
        known = all(re.fullmatch(form, choice) for choice in choices) if form else True
        schema: dict[str, Any] = {"items": {"type": "string", "pattern": form}}
        if known:
            schema = {"items": {"type": "string", "enum": choices}, "examples": choices}
        return Param(
            None,
            type=["null", "array"],
            title=title,
            description_md=description,
            section="Scope",
            **schema,
        )

    return {
        "period": period_field(),
        "accounts": several("Accounts", "Empty: all accounts of the settings.", accounts, ACCOUNT),
        "regions": several("Regions", "Empty: all regions of the settings.", regions, REGION),
        "sources": several(
            "Sources", "Empty: every source the framework uses.", list(header.sources)
        ),
        "assessment_name": Param(
            None,
            type=["null", "string"],
            pattern=ASSESSMENT,
            title="Assessment name",
            description_md="Its name in Audit Manager. Empty: framework, period and scope.",
            section="Result",
        ),
        "refresh": Param(
            False,
            type="boolean",
            title="Collect again",
            description_md="Collect anew even where complete snapshots exist.",
            section="Result",
        ),
        "upload": Param(True, type="boolean", title="Import into Audit Manager", section="Result"),
        "notify": Param(True, type="boolean", title="Notify by SNS", section="Result"),
    }


def assessment_dag(header: FrameworkHeader, schedule: str, settings: Settings) -> DAG:
    """The DAG of one framework; ``schedule`` is month, quarter, year or none."""
    judged = Asset(f"assessment_{header.id}", f"x-compliance://assessments/{header.id}")
    report = Asset(f"report_{header.id}", f"x-compliance://reports/{header.id}")
    dag = DAG(
        header.dag_id,
        dag_display_name=f"Assess {header.name}",
        description=f"{header.name}: evidence, judgement and reports",
        doc_md=introduction(header, schedule),
        schedule=AuditPeriodTimetable(schedule) if schedule != "none" else None,
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 - read by DAG parsers
        catchup=False,
        max_active_runs=3,
        tags=sorted({"compliance", header.publisher, *header.tags}),
        default_args={
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_policy": AwsRetryPolicy(),
        },
    )
    with dag:
        plan = PlanOperator(task_id="plan", framework_id=header.id)
        plan_ref = handed(plan, "plan")
        snapshots = []
        with TaskGroup("collect") as collect:
            for source in header.sources:
                snapshot = Asset(f"snapshots_{source}", f"x-compliance://snapshots/{source}")
                snapshots.append(snapshot)
                wiring: dict[str, Any] = {
                    "task_id": source,
                    "source": source,
                    "inlets": [Asset(source, ORIGINS[source])],
                    "outlets": [snapshot],
                }
                if source in ORGANIZATION_WIDE:
                    CollectOperator(account=ORGANIZATION, plan=plan_ref, **wiring)
                else:
                    CollectOperator.partial(
                        map_index_template="{{ task.account }}", **wiring
                    ).expand_kwargs(plan.output)
        map_to_controls = MapToControlsOperator(
            task_id="map_to_controls",
            plan=plan_ref,
            inlets=snapshots,
            outlets=[judged],
            trigger_rule=TriggerRule.ALL_DONE,
        )
        with TaskGroup("upload_to_audit_manager"):
            prepare = PrepareAssessmentOperator(
                task_id="prepare_assessment",
                plan=plan_ref,
                # Find-or-create: two runs at once would both find nothing, and create twice.
                max_active_tis_per_dag=1,
            )
            imported = ImportEvidenceOperator.partial(
                task_id="import_evidence",
                plan=plan_ref,
                assessment=map_to_controls.output,
                target=handed(prepare, "target"),
                map_index_template="control set {{ task.control_set }}",
            ).expand_kwargs(prepare.output)
            assessment_report = AssessmentReportOperator(
                task_id="assessment_report",
                target=handed(prepare, "target"),
                imported=imported.output,
            )
        metrics = ComputeMetricsOperator(
            task_id="compute_metrics", plan=plan_ref, assessment=map_to_controls.output
        )
        reports = GenerateReportsOperator(
            task_id="generate_reports",
            plan=plan_ref,
            assessment=map_to_controls.output,
            metrics=metrics.output,
            target=handed(prepare, "target"),
            inlets=[judged],
            outlets=[report],
            # Reports are due also when Audit Manager could not be prepared.
            trigger_rule=TriggerRule.ALL_DONE,
        )
        seal = SealOperator(task_id="seal", plan=plan_ref, published=reports.output)
        notify = NotifyOperator(
            task_id="notify",
            framework_title=header.name,
            plan=plan_ref,
            published=reports.output,
            trigger_rule=TriggerRule.ALL_DONE,
        )
        completeness = CompletenessOperator(
            task_id="completeness",
            published=reports.output,
            retries=0,
            trigger_rule=TriggerRule.ALL_DONE,
        )
        collect >> map_to_controls
        [assessment_report, seal] >> notify >> completeness
        for task in (map_to_controls, metrics, reports):
            enable_lineage(task)
    # Last, for each task made before would get a copy of all of them: a third of the parsing.
    dag.params = ParamsDict(form(header, list(settings.accounts), list(settings.regions)))
    return dag


_only = get_parsing_context().dag_id
_settings = load_settings()
# Those that can't be read are told in unreadable_frameworks.py: an error here would cost all DAGs.
for _header in assessed_frameworks(_settings)[0]:
    if _only in (None, _header.dag_id):
        _schedule = _settings.schedule_of(_header.id, _header.schedule)
        globals()[_header.dag_id] = assessment_dag(_header, _schedule, _settings)
