"""Which errors are tried again, and which fail at once."""

from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction
from botocore.exceptions import ClientError, EndpointConnectionError

from include.assessment.period import parse_period
from include.errors import AuditError, InputError
from include.evidence.cell import Cell
from include.sources.collect import CellsIncomplete, Problem
from plugins.retry import AwsRetryPolicy

CELL = Cell("security_hub", "111111111111", "eu-west-1", parse_period("2026-10"), "all")


def aws_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "is not authorized to perform: config:Describe"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        },
        "DescribeConfigRules",
    )


def incomplete(*, retryable: bool) -> CellsIncomplete:
    return CellsIncomplete(
        [], [Problem(CELL, "DENIED", "no", "securityhub:GetFindings", retryable)]
    )


def decide(error: Exception, try_number: int = 1) -> tuple[RetryAction, timedelta | None]:
    decision = AwsRetryPolicy().evaluate(error, try_number, 3)
    return decision.action, decision.retry_delay


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ThrottlingException"),
        aws_error("InternalServerException", 500),
        aws_error("ExpiredTokenException"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        incomplete(retryable=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_by_itself_is_tried_again_with_growing_pauses(error: Exception) -> None:
    first, second = decide(error, 1), decide(error, 2)
    assert first[0] is second[0] is RetryAction.RETRY
    assert first[1] is not None and second[1] is not None and first[1] < second[1]


@pytest.mark.parametrize(
    "error",
    [
        aws_error("AccessDeniedException"),
        InputError("no"),
        AuditError("no"),
        incomplete(retryable=False),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_person_has_to_mend_fails_at_once(error: Exception) -> None:
    assert decide(error)[0] is RetryAction.FAIL


def test_a_missing_permission_is_named() -> None:
    decision = AwsRetryPolicy().evaluate(incomplete(retryable=False), 1, 3)
    assert "securityhub:GetFindings" in str(decision.reason)


def test_anything_else_follows_the_task_s_own_settings() -> None:
    assert decide(ZeroDivisionError())[0] is RetryAction.DEFAULT


def test_pauses_have_an_upper_bound() -> None:
    assert decide(aws_error("ThrottlingException"), 30)[1] == timedelta(minutes=5)
