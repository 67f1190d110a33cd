"""AWS errors are read for what they mean."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from include.aws.errors import classify


def _error(
    code: str, operation: str = "GetFindings", status: int = 400, text: str = ""
) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


@pytest.mark.parametrize(
    ("code", "status", "expected", "retryable"),
    [
        ("AccessDeniedException", 403, "DENIED", False),
        ("UnauthorizedOperation", 403, "DENIED", False),
        ("SomethingNew", 403, "DENIED", False),
        ("InvalidAccessException", 401, "DENIED", False),
        ("ExpiredTokenException", 403, "EXPIRED", True),
        ("RequestExpired", 400, "EXPIRED", True),
        ("ThrottlingException", 400, "THROTTLED", True),
        ("RequestLimitExceeded", 503, "THROTTLED", True),
        ("Whatever", 429, "THROTTLED", True),
        ("InternalServerException", 500, "FAILED", True),
        ("ValidationException", 400, "FAILED", False),
    ],
)
def test_codes(code: str, status: int, expected: str, retryable: bool) -> None:
    failure = classify(_error(code, status=status), "securityhub")
    assert (failure.status, failure.retryable) == (expected, retryable)


def test_the_missing_permission_is_the_one_aws_names() -> None:
    text = "User: arn:aws:sts::111111111111:assumed-role/A/s is not authorized to perform: kms:Sign"
    assert classify(_error("AccessDenied", text=text), "s3").missing_permission == "kms:Sign"


@pytest.mark.parametrize(
    ("service", "operation", "permission"),
    [
        ("securityhub", "GetFindings", "securityhub:GetFindings"),
        ("accessanalyzer", "ListAnalyzers", "access-analyzer:ListAnalyzers"),
        ("config", "AssumeRole", "sts:AssumeRole"),
    ],
)
def test_the_missing_permission_else_is_the_call(
    service: str, operation: str, permission: str
) -> None:
    failure = classify(_error("AccessDenied", operation), service)
    assert failure.missing_permission == permission


def test_a_service_that_is_off_is_not_a_refusal() -> None:
    text = "Account 111111111111 is not subscribed to AWS Security Hub"
    assert classify(_error("InvalidAccessException", text=text)).status == "NOT_ENABLED"
    code = "NoAvailableConfigurationRecorderException"
    assert classify(_error(code), "config").status == "NOT_ENABLED"


def test_errors_without_an_answer() -> None:
    assert classify(ReadTimeoutError(endpoint_url="https://x")).retryable
    assert classify(NoCredentialsError()).status == "DENIED"
    mistake = classify(KeyError("Findings"))
    assert (mistake.status, mistake.retryable, mistake.expected) == ("FAILED", False, False)
