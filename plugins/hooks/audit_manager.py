"""The hook for Audit Manager: AWS's, or the embedded one; only the endpoint differs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper


class AuditManagerHook(AwsBaseHook):
    """A thin wrapper around boto3's ``auditmanager`` client.

    ``endpoint_url`` points it to an embedded Audit Manager; without it the connection's endpoint
    is used. Waiters: ``assessment_report_complete`` (parameter ``report_id``).
    """

    def __init__(self, *args: Any, endpoint_url: str | None = None, **kwargs: Any) -> None:
        kwargs["client_type"] = "auditmanager"
        super().__init__(*args, **kwargs)
        self._endpoint = endpoint_url

    @property
    def waiter_path(self) -> Path:
        """The botocore waiter model of this service."""
        return Path(__file__).parents[1] / "waiters" / "auditmanager.json"

    @cached_property
    def conn_config(self) -> AwsConnectionWrapper:
        """The connection, with the endpoint of the embedded Audit Manager where one is set."""
        config = super().conn_config
        if self._endpoint:
            config.service_config = {
                **config.service_config,
                "auditmanager": {"endpoint_url": self._endpoint},
            }
        return config
