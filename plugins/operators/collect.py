"""Collects one source in one account, all regions of the scope in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from plugins.operators.base import AssessmentOperator, Handed


class CollectOperator(AssessmentOperator):
    """Returns the references of the account's snapshots.

    A cell that could not be filled is saved as far as it got; then the task fails, and its
    retry collects the missing cells only.
    """

    template_fields = ("account", "plan")

    def __init__(self, *, source: str, account: Handed, plan: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.account = account
        self.plan = plan

    def execute(self, context: Context) -> Sequence[dict[str, Any]]:
        """Collect, store, and say what came."""
        from include.runs.snapshots import collect_cells

        plan = self.plan_of(self.plan)
        if self.source not in plan.sources:
            raise AirflowSkipException(f"This run does not ask {self.source}.")
        refs = collect_cells(
            plan,
            self.source,
            self.account,
            sessions=self.sessions(),
            store=self.store(),
            resume_key=str(context.get("run_id") or ""),
        )
        self.log.info("%d evidence items", sum(ref.items for ref in refs))
        return [ref.to_json() for ref in refs]
