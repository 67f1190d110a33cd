"""Faults strike the calls they are meant for, in the shape that AWS gives them."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError, PaginationError

from tests.include.local_aws.conftest import MANAGEMENT, MEMBER, Local
from tests.include.local_aws.refused import refused


def inject(local: Local, *faults: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{local.url}/_local/faults", data=json.dumps(faults).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


@pytest.mark.parametrize(
    ("service", "ask", "kind", "code", "status"),
    [
        ("config", "describe_config_rules", "throttle", "ThrottlingException", 400),
        ("securityhub", "get_findings", "throttle", "ThrottlingException", 429),
        ("iam", "list_users", "throttle", "Throttling", 400),
        ("ec2", "describe_security_groups", "throttle", "RequestLimitExceeded", 503),
        ("s3", "list_buckets", "throttle", "SlowDown", 503),
        ("config", "describe_config_rules", "access_denied", "AccessDeniedException", 400),
        ("securityhub", "get_findings", "access_denied", "AccessDeniedException", 403),
        ("iam", "list_users", "access_denied", "AccessDenied", 403),
        ("ec2", "describe_security_groups", "access_denied", "UnauthorizedOperation", 403),
        ("s3", "list_buckets", "access_denied", "AccessDenied", 403),
        ("config", "describe_config_rules", "expired_token", "ExpiredTokenException", 400),
        ("securityhub", "get_findings", "expired_token", "ExpiredTokenException", 403),
        ("s3", "list_buckets", "expired_token", "ExpiredToken", 400),
        ("securityhub", "get_findings", "server_error", "InternalServerException", 500),
        ("iam", "list_users", "server_error", "InternalError", 500),
    ],
)
def test_each_protocol_has_its_own_error(
    local: Local, service: str, ask: str, kind: str, code: str, status: int
) -> None:
    inject(local, {"service": service, "kind": kind})
    assert refused(getattr(local.client(service), ask))[:2] == (code, status)


def test_access_denied_names_the_caller_and_the_action(local: Local) -> None:
    inject(local, {"service": "securityhub", "kind": "access_denied"})
    message = refused(local.client("securityhub").get_findings)[2]
    assert message == (
        f"User: arn:aws:iam::{MANAGEMENT}:root is not authorized to perform: "
        "securityhub:GetFindings"
    )


def test_a_fault_strikes_only_where_it_is_aimed(local: Local) -> None:
    inject(
        local,
        {
            "service": "config",
            "operation": "DescribeConfigRules",
            "account": MEMBER,
            "region": "eu-west-1",
            "kind": "access_denied",
        },
    )
    assert local.client("config", MANAGEMENT).describe_config_rules()
    assert local.client("config", MEMBER, "us-east-1").describe_config_rules()
    assert local.client("securityhub", MEMBER).get_findings()
    rules = local.client("config", MEMBER).describe_config_rules
    assert refused(rules)[0] == "AccessDeniedException"


def test_calls_are_counted_from_one(local: Local) -> None:
    inject(local, {"service": "config", "kind": "throttle", "calls": [2, 3]})
    config = local.client("config")
    outcomes = []
    for _ in range(4):
        try:
            config.describe_config_rules()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "ThrottlingException", "ThrottlingException", "ok"]


def test_boto3_rides_out_a_short_throttling_and_a_503(local: Local) -> None:
    inject(
        local,
        {"service": "securityhub", "kind": "throttle", "calls": [1, 1]},
        {"service": "securityhub", "kind": "server_error", "status": 503, "calls": [2, 2]},
    )
    answer = local.client("securityhub", attempts=3).get_findings()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2


def test_a_dropped_token_ends_the_pages_early(local: Local) -> None:
    pages = local.client("config").get_paginator("describe_config_rules")
    assert len(list(pages.paginate())) == 3
    inject(local, {"service": "config", "kind": "drop_token", "calls": [2, 2]})
    assert len(list(pages.paginate())) == 2


def test_a_repeated_token_is_the_one_that_was_asked_with(local: Local) -> None:
    inject(local, {"service": "config", "kind": "repeat_token", "calls": [2, 2]})
    pages = local.client("config").get_paginator("describe_config_rules")
    with pytest.raises(PaginationError):
        list(pages.paginate())


def test_a_delay_waits_and_answers(local: Local) -> None:
    inject(local, {"service": "config", "kind": "delay", "seconds": 0.4})
    started = time.monotonic()
    assert local.client("config").describe_config_rules()
    assert time.monotonic() - started >= 0.4


def test_faults_are_listed_and_removed(local: Local) -> None:
    listed = inject(local, {"service": "config", "kind": "throttle"})
    assert listed[0]["kind"] == "throttle"
    request = urllib.request.Request(f"{local.url}/_local/faults", method="DELETE")
    assert json.load(urllib.request.urlopen(request, timeout=5)) == []
    assert local.client("config").describe_config_rules()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"service": "config", "kind": "boom"}, "'boom' is no kind of fault"),
        ({"kind": "throttle"}, "names its service"),
        ({"service": "config", "kind": "throttle", "acount": "1"}, "no field acount"),
        ({"service": "config", "kind": "throttle", "seen": 5}, "no field seen"),
        ({"service": "config", "kind": "throttle", "calls": [0, 1]}, "first and the last call"),
    ],
)
def test_a_malformed_fault_is_refused(local: Local, fault: dict[str, Any], said: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        inject(local, fault)
    assert caught.value.code == 400
    assert said in json.load(caught.value)["message"]
    assert not local.front.faults.in_force()
