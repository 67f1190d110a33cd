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
        from include.checks.catalogue import load_catalogue
        from include.frameworks.loader import load_framework
        from include.sources.collect import collect_account

        plan = self.plan_of(self.plan)
        if self.source not in plan.sources:
            raise AirflowSkipException(f"This run does not ask {self.source}.")
        catalogue = load_catalogue()
        checks = [catalogue[check] for check in load_framework(plan.framework).checks_needed()]
        refs = collect_account(
            self.source,
            self.account,
            regions=plan.regions,
            period=plan.period,
            checks=checks,
            sessions=self.sessions(),
            store=self.store(),
            refresh=plan.refresh,
        )
        self.log.info("%d evidence items", sum(ref.items for ref in refs))
        return [ref.to_json() for ref in refs]
