"""Clients: made once, cheap for many accounts, and their traffic is seen."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import NoCredentialsError
from moto import mock_aws

from include.aws.exchange import call, traffic_of_one_call
from include.aws.sessions import RetryPolicy, SessionFactory, global_region, partition_of


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, as a deployment has them."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def test_clients_and_factories_are_made_once() -> None:
    sessions = SessionFactory("Audit")
    clients = sessions.account("111111111111")
    assert sessions.account("111111111111") is clients
    assert clients.client("config", "eu-west-1") is clients.client("config", "eu-west-1")
    assert clients.client("config", "eu-west-1") is not clients.client("config", "us-east-1")


def test_accounts_share_the_service_models() -> None:
    sessions = SessionFactory("Audit")
    loaders = {
        id(sessions.account(f"{n:012d}")._session.get_component("data_loader")) for n in range(5)
    }
    assert len(loaders) == 1


def test_the_role_of_the_account_is_assumed() -> None:
    with mock_aws():
        sessions = SessionFactory("path/Audit", external_id="agreed", session_name="october")
        arn = sessions.account("222222222222").caller_arn()
    assert arn == "arn:aws:sts::222222222222:assumed-role/Audit/october"


def test_without_a_role_the_given_session_is_used_as_it_is() -> None:
    class Given:
        """As Airflow's connection hands it over."""

        def get_credentials(self) -> Any:
            from botocore.credentials import Credentials

            return Credentials("AKIAGIVEN", "secret")

    clients = SessionFactory(base=Given()).account("111111111111")
    used = clients.client("config")._request_signer._credentials
    assert used.access_key == "AKIAGIVEN"


def test_without_credentials_a_role_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    factory = SessionFactory("Auditor")
    assert not factory.has_credentials
    with pytest.raises(NoCredentialsError):
        factory.account("111111111111").caller_arn()


def test_partitions() -> None:
    assert [partition_of(r) for r in ("eu-west-1", "cn-north-1", "us-gov-west-1")] == [
        "aws",
        "aws-cn",
        "aws-us-gov",
    ]
    assert [global_region(r) for r in ("eu-west-1", "cn-north-1", "us-gov-east-1")] == [
        "us-east-1",
        "cn-northwest-1",
        "us-gov-west-1",
    ]


def _respond(client: Any, script: list[tuple[int, bytes]]) -> None:
    """Answer requests from a script, below botocore's retries and parsers."""

    class Raw:
        def __init__(self, body: bytes) -> None:
            self.body = body

        def stream(self, **_: Any) -> Any:
            yield self.body

    def answer(request: Any, **_: Any) -> AWSResponse:
        status, body = script.pop(0)
        headers = {"Date": "Sun, 01 Nov 2026 06:00:05 GMT", "x-amzn-RequestId": "r-1"}
        return AWSResponse(request.url, status, headers, Raw(body))

    client.meta.events.register("before-send", answer)


def test_an_answer_keeps_the_bytes_the_services_clock_and_the_tries() -> None:
    client = SessionFactory(retry=RetryPolicy(attempts=3)).base().client("config")
    body = b'{"ConfigRules" :  [ ] }'
    throttled = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
    _respond(client, [(400, throttled), (200, body)])
    with traffic_of_one_call() as traffic:
        answer = call(client, "DescribeConfigRules", {}, traffic)
    assert answer.body == body
    assert answer.at.isoformat() == "2026-11-01T06:00:05+00:00"
    assert answer.request_id == "r-1"
    assert (traffic.retries, traffic.throttles) == (1, 1)


def test_session_tags_go_with_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def assume(self: Any, operation: str, request: dict[str, Any]) -> Any:
        asked.append(request)
        return _CREDENTIALS

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", assume)
    sessions = SessionFactory("Audit", external_id="agreed", session_tags={"team": "audit"})
    sessions.account("222222222222")._session.get_credentials().get_frozen_credentials()
    assert asked[0]["Tags"] == [{"Key": "team", "Value": "audit"}]
    assert asked[0]["ExternalId"] == "agreed"


def test_credentials_are_asked_for_anew_when_they_end_before_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def assume(self: Any, operation: str, request: dict[str, Any]) -> Any:
        asked.append(operation)
        return _CREDENTIALS

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", assume)
    clients = SessionFactory("Audit").account("222222222222")
    clients._session.get_credentials().get_frozen_credentials()
    assert clients._renew()
    assert asked == ["AssumeRole", "AssumeRole"]
    assert clients._renew()  # another call of the same moment: these are new already
    assert len(asked) == 2
    assert not SessionFactory().account("222222222222")._renew()


_CREDENTIALS = {
    "Credentials": {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
        "Expiration": "2099-01-01T00:00:00Z",
    },
    "AssumedRoleUser": {"Arn": "arn:aws:sts::222222222222:assumed-role/Audit/x"},
}


def test_clients_of_a_service_share_their_methods() -> None:
    sessions = SessionFactory("Audit")
    first, second = (sessions.account(n).client("ec2") for n in ("1" * 12, "2" * 12))
    assert type(first) is not type(second)
    assert type(first).describe_vpcs is type(second).describe_vpcs
