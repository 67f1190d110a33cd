"""Faults in what looks like an answer: half a body, pages that repeat or fall short."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from include.local_aws.page_faults import rewritten
from include.protocol.http import Response
from tests.include.local_aws.conftest import Local
from tests.include.local_aws.refused import refused
from tests.include.local_aws.test_faults import inject


def rules(local: Local) -> list[list[str]]:
    """The rules of every page that botocore's paginator follows."""
    pages = local.client("config").get_paginator("describe_config_rules").paginate()
    return [[rule["ConfigRuleName"][-1] for rule in page["ConfigRules"]] for page in pages]


def test_half_an_answer_can_not_be_read(local: Local) -> None:
    inject(local, {"service": "*", "kind": "malformed"})
    # botocore takes what is no JSON for an empty answer, which is why our parser doesn't
    assert "ConfigRules" not in local.client("config").describe_config_rules()
    with pytest.raises(ResponseParserError):
        local.client("iam").list_users()


def test_a_connection_may_be_closed_without_an_answer(local: Local) -> None:
    inject(local, {"service": "config", "kind": "reset", "calls": [1, 1]})
    with pytest.raises(ConnectionClosedError):
        local.client("config").describe_config_rules()
    assert local.client("config").describe_config_rules()


def test_the_page_before_comes_again_in_the_next(local: Local) -> None:
    inject(local, {"service": "config", "kind": "duplicate"})
    assert rules(local) == [["1"], ["1", "2"], ["2", "3"]]


def test_a_short_page_has_a_token_and_nothing_is_lost(local: Local) -> None:
    inject(local, {"service": "config", "kind": "short_page"})
    assert rules(local) == [[], ["1"], [], ["2"], [], ["3"]]


def test_the_items_of_a_page_may_come_in_another_order(local: Local) -> None:
    inject(local, {"service": "config", "kind": "reorder"})
    assert rules(local) == [["1"], ["2"], ["3"]]


def test_the_services_clock_may_be_wrong(local: Local) -> None:
    client = local.client("config")

    def told() -> datetime:
        headers = client.describe_config_rules()["ResponseMetadata"]["HTTPHeaders"]
        return parsedate_to_datetime(headers["date"])

    right = told()
    inject(local, {"service": "config", "kind": "clock_skew", "seconds": -3600})
    assert timedelta(minutes=59) < right - told() <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("service", "ask", "code"),
    [
        ("securityhub", "get_findings", "InvalidAccessException"),
        ("config", "describe_config_rules", "NoAvailableConfigurationRecorderException"),
    ],
)
def test_a_service_may_be_switched_off(local: Local, service: str, ask: str, code: str) -> None:
    inject(local, {"service": service, "kind": "not_enabled"})
    assert refused(getattr(local.client(service), ask))[0] == code


def test_some_services_are_never_switched_off(local: Local) -> None:
    with pytest.raises(Exception, match="400"):
        inject(local, {"service": "sts", "kind": "not_enabled"})
    with pytest.raises(Exception, match="400"):
        inject(local, {"service": "sts", "kind": "throttle", "probability": 2})


def test_chance_strikes_all_services_in_the_same_way_each_time(local: Local) -> None:
    def outcomes() -> list[bool]:
        inject(local, {"service": "*", "kind": "throttle", "probability": 0.2, "seed": 4})
        clients = [local.client(name) for name in ("config", "securityhub")]
        struck = []
        for number in range(100):
            try:
                client = clients[number % 2]
                (client.get_findings if number % 2 else client.describe_config_rules)()
                struck.append(False)
            except ClientError:
                struck.append(True)
        local.front.faults.clear()
        return struck

    first = outcomes()
    assert first == outcomes()
    assert 10 <= sum(first) <= 30
    assert any(first[0::2])
    assert any(first[1::2])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            b'{"a": [{"Status": "FAILED"}], "Other": "x"}',
            b'{"a": [{"Status":"N\\u00e9w"}], "Other": "x"}',
        ),
        (b'{"r": ["{\\"Status\\":\\"FAILED\\"}"]}', b'{"r": ["{\\"Status\\":\\"N\\\\u00e9w\\"}"]}'),
        (b"<r><Status>FAILED</Status></r>", "<r><Status>N\u00e9w</Status></r>".encode()),
    ],
)
def test_every_text_of_a_member_is_another(before: bytes, after: bytes) -> None:
    kind = "text/xml" if before.startswith(b"<") else "application/json"
    bent = rewritten(Response(200, {"Content-Type": kind}, before), "Status", "N\u00e9w")
    assert bent.body == after
