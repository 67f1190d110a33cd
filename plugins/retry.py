"""When a failed task is tried again: by what AWS answered, not by hope."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import RetryPolicy
from airflow.sdk.definitions.retry_policy import RetryDecision


class AwsRetryPolicy(RetryPolicy):
    """Backs off on throttling and server errors; fails at once where waiting can't help.

    A refused permission, wrong input and bad configuration fail with their reason. Everything
    else follows the task's own ``retries`` and ``retry_delay``.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Any = None,
    ) -> RetryDecision:
        """Decide for one failure; ``try_number`` counts from 1."""
        from include.aws.errors import classify
        from include.errors import AuditError
        from include.sources.collect import CellsIncomplete

        if isinstance(exception, CellsIncomplete) and exception.retryable:
            return RetryDecision.retry(_pause(try_number), reason=str(exception))
        if isinstance(exception, AuditError):
            # It says what a person has to do; waiting does not.
            return RetryDecision.fail(str(exception))
        problem = classify(exception)
        if problem.retryable:
            return RetryDecision.retry(_pause(try_number), reason=problem.message)
        if problem.status == "DENIED":
            return RetryDecision.fail(problem.message)
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Airflow stores the policy with the DAG."""
        return {"__type": "AwsRetryPolicy"}


def _pause(try_number: int) -> timedelta:
    return timedelta(seconds=min(2**try_number * 2, 300))
