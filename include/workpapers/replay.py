"""The command that asks AWS again what a receipt says was asked."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError
from botocore.model import OperationNotFoundError, ServiceModel
from botocore.session import Session, get_session

#: Where the AWS CLI has another name for a service than botocore.
#: https://github.com/aws/aws-cli/tree/develop/awscli/customizations
_COMMANDS: Mapping[str, str] = {"config": "configservice", "s3": "s3api"}
#: Tokens of listings that botocore doesn't page through; lower case.
_TOKENS = frozenset({"nexttoken", "marker", "continuationtoken", "paginationtoken", "keymarker"})
_AWS_HOST = re.compile(r"^https?://[^/]*\.(amazonaws\.com(\.cn)?|api\.aws|aws\.dev)(:443)?(/|$)")


def replay_command(
    operation: str, request: Mapping[str, Any], region: str, endpoint: str = "", file: str = ""
) -> str:
    """One line for a shell with the AWS CLI; ``operation`` as receipts have it (``iam:GetUser``).

    ``endpoint`` is named where it isn't AWS's own. ``file`` is where the request is written to
    beforehand, for one that is too long for a line. '' for an operation that the CLI can't ask.
    """
    service, _, name = operation.partition(":")
    streams = _streams(service, name)
    if streams is None:
        return ""
    parts = ["aws", _COMMANDS.get(service, service), xform_name(name, "-")]
    if request:
        text = f"file://{file}" if file else json.dumps(request, sort_keys=True, ensure_ascii=False)
        parts += ["--cli-input-json", shlex.quote(text)]
    parts += ["--region", shlex.quote(region)] if region else []
    if endpoint and not _AWS_HOST.match(endpoint):
        parts += ["--endpoint-url", shlex.quote(endpoint)]
    # An answer that is a file goes into one; a listing is shown as it came, page by page.
    parts.append("answer.out" if streams else "--no-paginate")
    return " ".join(parts)


def region_asked(operation: str, request: Mapping[str, Any], region: str, home: str) -> str:
    """Where a request went that the cell of ``region`` made: an aggregator lives in the ``home``
    region, and what is asked for by its ARN where that says."""
    service, _, name = operation.partition(":")
    if service == "config" and "Aggregat" in name:
        return home
    for value in request.values():
        parts = value.split(":") if isinstance(value, str) else []
        if len(parts) > 5 and parts[0] == "arn" and parts[2] == service and parts[3]:
            return parts[3]
    return region


def without_tokens(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """A request as its listing's first page was asked: page tokens are good for one listing."""
    service, _, name = operation.partition(":")
    tokens = _tokens(service, name)
    return {
        key: value
        for key, value in request.items()
        if key not in tokens and key.lower() not in _TOKENS
    }


@lru_cache(maxsize=1)
def _session() -> Session:
    # It keeps the models it has read; EC2's alone takes half a second.
    return get_session()


@lru_cache(maxsize=64)
def _model(service: str) -> ServiceModel:
    return _session().get_service_model(service)


@lru_cache(maxsize=512)
def _tokens(service: str, operation: str) -> frozenset[str]:
    try:
        token = _session().get_paginator_model(service).get_paginator(operation)["input_token"]
    except (BotoCoreError, ValueError):
        return frozenset()
    return frozenset([token] if isinstance(token, str) else token)


@lru_cache(maxsize=512)
def _streams(service: str, operation: str) -> bool | None:
    """Whether the operation's answer is a file; None for one that botocore doesn't know."""
    try:
        return bool(_model(service).operation_model(operation).has_streaming_output)
    except (BotoCoreError, OperationNotFoundError):
        return None
