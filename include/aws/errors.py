"""What an AWS error means for the collection, whoever raised it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

FailureKind = Literal["DENIED", "EXPIRED", "THROTTLED", "NOT_ENABLED", "FAILED"]

_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "Client.UnauthorizedOperation",
    "NotAuthorized",
    "OptInRequired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "InvalidAccessException",
    "InvalidAccessKeyId",
}
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRefreshRequired",
    "CredentialsExpired",
}
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "LimitExceededException",
    "SlowDown",
    "BandwidthLimitExceeded",
    "RateLimitExceededException",
    "TransactionInProgressException",
    "ProvisionedThroughputExceededException",
    "EC2ThrottledException",
}
#: The service's or the network's own trouble, though the status says 4xx.
_TRANSIENT = {
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    "InternalFailure",
    "InternalError",
    "InternalServerException",
    "ServiceUnavailable",
}
#: S3's words; HEAD's answers have no body, hence only the status.
_NO_OBJECT = {"NoSuchKey", "NotFound", "404"}
_NO_BUCKET = {"NoSuchBucket", "404"}
_CONDITION_FAILED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
#: (service, code) by which a service says that it is switched off.
_NOT_ENABLED = {
    ("config", "NoAvailableConfigurationRecorderException"),
    ("config", "NoSuchConfigurationRecorderException"),
}
_NAMED_PERMISSION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")
#: IAM's prefix of actions where it differs from the client's name.
IAM_PREFIX = {"accessanalyzer": "access-analyzer"}
#: S3's actions that are called otherwise than the operation. Source: service authorization
#: reference, "Actions, resources, and condition keys for Amazon S3".
_ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
}


@dataclass(frozen=True)
class Failure:
    """One error, read: what kind it is, what to grant, whether trying again can help."""

    status: FailureKind
    code: str
    message: str
    missing_permission: str = ""
    retryable: bool = False
    #: False for an error that neither AWS nor the network made.
    expected: bool = True


def is_throttle(code: str, status: int = 0) -> bool:
    """Whether an answer means: too many requests."""
    return code in _THROTTLED or status == 429


def is_expired(code: str) -> bool:
    """Whether an answer means: these credentials are over."""
    return code in _EXPIRED


def is_transient(code: str) -> bool:
    """Whether an answer means trouble that passes by itself, whatever its status."""
    return code in _TRANSIENT


def error_code(error: BaseException) -> str:
    """The service's error code, or '' for errors without one."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def is_no_object(error: BaseException) -> bool:
    """Whether S3 says that there is no object under that key."""
    return error_code(error) in _NO_OBJECT


def is_no_bucket(error: BaseException) -> bool:
    """Whether S3 says that there is no such bucket."""
    return error_code(error) in _NO_BUCKET


def is_condition_failed(error: BaseException) -> bool:
    """Whether a conditional write came to nothing: the object is there, or being written."""
    return error_code(error) in _CONDITION_FAILED


def classify(error: BaseException, service: str = "") -> Failure:
    """Read an error of a call to ``service`` (the boto3 client's name).

    A missing permission is taken from the message where AWS names it (the role's own AssumeRole
    included), else it is the operation that was called. Unknown errors are FAILED; those that
    come from the network or the service's own side are worth another attempt.
    """
    if isinstance(error, ClientError):
        return _classify_client_error(error, service)
    if isinstance(error, NoCredentialsError):
        return Failure("DENIED", "NoCredentials", "No AWS credentials were found.")
    if isinstance(error, CredentialRetrievalError):
        return Failure("EXPIRED", "CredentialRetrieval", str(error), retryable=True)
    if isinstance(error, (HTTPClientError, ConnectionError, ResponseParserError)):
        return Failure("FAILED", type(error).__name__, str(error), retryable=True)
    known = isinstance(error, BotoCoreError)
    return Failure("FAILED", type(error).__name__, str(error), retryable=known, expected=known)


def _classify_client_error(error: ClientError, service: str) -> Failure:
    code = error_code(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    operation = error.operation_name
    message = str(error.response.get("Error", {}).get("Message", "")) or str(error)
    if code in _EXPIRED:
        return Failure("EXPIRED", code, message, retryable=True)
    if is_throttle(code, status):
        return Failure("THROTTLED", code, message, retryable=True)
    # Security Hub answers InvalidAccessException when refused and when it is merely switched off;
    # only the text tells them apart.
    if (service, code) in _NOT_ENABLED or "not subscribed to" in message:
        return Failure("NOT_ENABLED", code, message)
    if code in _DENIED or status == 403:
        named = _NAMED_PERMISSION.search(message)
        prefix = "sts" if operation == "AssumeRole" else IAM_PREFIX.get(service, service)
        permission = named[1] if named else f"{prefix}:{operation}" if prefix else operation
        permission = _ACTIONS.get(permission, permission)
        return Failure("DENIED", code, message, missing_permission=permission)
    return Failure("FAILED", code, message, retryable=status >= 500 or is_transient(code))
