"""Identity policies: a caller that has one may do what it allows and nothing else.

Callers without a policy may do everything, as the local AWS's root keys always could. Made for
proving that the policies printed by ``./audit permissions`` are enough.
"""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from include.errors import InputError
from include.local_aws.faults import denied
from include.local_aws.moto_query import form_of
from include.protocol.app import service_model
from include.protocol.http import Request

#: S3's actions whose names differ from the operation's. Source: the service authorization
#: reference, "Actions, resources, and condition keys for Amazon S3".
_S3 = {
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    # The old operations share the path of those that took their place.
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
#: Prefixes of actions where they differ from the service's signing name.
_PREFIX = {"monitoring": "cloudwatch"}
_LAMBDA_DATE = "0123456789_"
#: What anybody may always do, by IAM's own rules.
_FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
#: Members of a request that hold the ARN of what it is about.
_ARNS = {"sts:AssumeRole": "RoleArn", "sns:Publish": "TopicArn"}


class Policies:
    """Policy documents by a pattern of the caller's ARN; thread-safe."""

    def __init__(self) -> None:
        self._documents: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def add(self, documents: Any) -> None:
        """Add ``{pattern of the caller's ARN: policy document}``; InputError if one is wrong."""
        if not isinstance(documents, dict):
            raise InputError("Policies are sent as a JSON object.", hint="Caller ARN: policy.")
        for pattern, document in documents.items():
            if not isinstance(document, dict) or not list(_statements(document)):
                raise InputError(f"The policy for {pattern} has no statement.")
        with self._lock:
            self._documents = {**self._documents, **documents}

    def clear(self) -> None:
        """Everybody may do everything again."""
        with self._lock:
            self._documents = {}

    def in_force(self) -> dict[str, Mapping[str, Any]]:
        """All documents."""
        return dict(self._documents)

    def check(self, caller: str, service: str, operation: str, request: Request) -> None:
        """Raise the service's own refusal unless the caller may do this."""
        documents = [
            document
            for pattern, document in self._documents.items()
            if fnmatch.fnmatchcase(caller, pattern)
        ]
        action = action_of(service, operation)
        if not documents or action in _FREE:
            return
        resource = _resource(service, action, request)
        statements = [s for document in documents for s in _statements(document)]
        fitting = [s for s in statements if _fits(s, action, resource)]
        refused = any(s.get("Effect") == "Deny" for s in fitting)
        if refused or not any(s.get("Effect") == "Allow" for s in fitting):
            raise denied(service, action, caller)


def action_of(service: str, operation: str) -> str:
    """The IAM action of an operation (``service`` is the boto3 client's name)."""
    if service == "s3":
        return f"s3:{_S3.get(operation, operation)}"
    if service == "lambda":
        operation = operation.rstrip(_LAMBDA_DATE)
    signing = str(service_model(service).signing_name)
    return f"{_PREFIX.get(signing, signing)}:{operation}"


def _statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = document.get("Statement", [])
    yield from [found] if isinstance(found, dict) else found


def _fits(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    return any(
        fnmatch.fnmatchcase(action.lower(), pattern.lower())
        for pattern in _listed(statement.get("Action"))
    ) and any(
        fnmatch.fnmatchcase(resource, pattern) for pattern in _listed(statement.get("Resource"))
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _resource(service: str, action: str, request: Request) -> str:
    """The ARN that the request is about; ``*`` where it isn't told apart here."""
    if service == "s3":
        path = unquote(request.raw_path).lstrip("/")
        return f"arn:aws:s3:::{path.rstrip('/') if '/' not in path.rstrip('/') else path}"
    member = _ARNS.get(action)
    if member is None:
        return "*"
    form = form_of(request.query, request.body)
    if member in form:
        return form[member]
    try:
        return str(json.loads(request.body or b"{}").get(member, "*"))
    except ValueError:
        return parse_qs(request.query).get(member, ["*"])[-1]
