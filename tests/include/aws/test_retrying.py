"""What is asked for again, how often, and when it is enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

from include.aws import exchange
from include.aws.exchange import call, traffic_of_one_call
from include.aws.rates import Limiters
from include.aws.retrying import Retrying, patience
from include.aws.sessions import RetryPolicy, SessionFactory

THROTTLED = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
EXPIRED = b'{"__type": "ExpiredTokenException", "message": "over"}'
BROKEN = b'{"__type": "InternalFailure"}'
FINE = b'{"ConfigRules": []}'


class _Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.body


class Script:
    """A client whose answers are told in advance; ``sent`` are the keys it signed with."""

    def __init__(
        self,
        answers: list[tuple[int, bytes] | Exception],
        *,
        service: str = "config",
        attempts: int = 4,
        renews: bool = True,
    ) -> None:
        self.answers, self.sleeps, self.renewals = list(answers), [0.0], 0
        self.sent: list[str] = []
        # Retries of our own kind only, with waits that are counted, not waited.
        factory = SessionFactory(retry=RetryPolicy(attempts=attempts)).base()
        self.client = factory._session.create_client(service, "us-east-1", config=factory._config)
        exchange.watch(self.client)
        self.client.meta.events.register("before-send", self._answer)

        def renew() -> bool:
            self.renewals += 1
            return renews

        Retrying(
            "1", attempts, Limiters(), renew, sleep=self.sleeps.append, jitter=lambda: 1.0
        ).watch(self.client)

    def _answer(self, request: Any, **_: Any) -> AWSResponse | None:
        if exchange.is_replayed():
            return None
        self.sent.append(request.headers["Authorization"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        headers = {"Date": "Sun, 01 Nov 2026 06:00:05 GMT", "x-amzn-RequestId": "r-1"}
        return AWSResponse(request.url, answer[0], headers, _Raw(answer[1]))

    def ask(self, operation: str = "DescribeConfigRules") -> exchange.Traffic:
        with traffic_of_one_call() as traffic:
            call(self.client, operation, {}, traffic)
        return traffic


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in the environment, as a deployment has them."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.mark.parametrize(
    "trouble",
    [
        (400, THROTTLED),
        (500, BROKEN),
        (503, b"<html>no JSON at all</html>"),
        (200, b'{"ConfigRules": [{"Con'),
        ConnectionClosedError(endpoint_url="https://config"),
    ],
)
def test_what_passes_by_itself_is_asked_for_again(trouble: Any) -> None:
    script = Script([trouble, trouble, (200, FINE)])
    traffic = script.ask()
    assert traffic.last.body == FINE
    assert traffic.retries == 2
    assert sum(script.sleeps) > 0


@pytest.mark.parametrize("trouble", [(400, THROTTLED), (500, BROKEN)])
def test_after_so_many_attempts_it_is_enough(trouble: Any) -> None:
    script = Script([trouble] * 10)
    with pytest.raises(ClientError):
        script.ask()
    assert len(script.answers) == 6


def test_a_refusal_is_final_at_once() -> None:
    script = Script([(400, b'{"__type": "AccessDeniedException"}'), (200, FINE)])
    with pytest.raises(ClientError, match="AccessDenied"):
        script.ask()
    assert len(script.answers) == 1


def test_a_cell_has_so_much_patience_and_no_more() -> None:
    script = Script([(400, THROTTLED), (200, FINE)] * 10)
    with patience(3, 1000), pytest.raises(ClientError, match="Throttling"):
        for _ in range(10):
            script.ask()
    assert len(script.answers) == 20 - 7  # three were put up with, the fourth was not
    slow = Script([(400, THROTTLED), (200, FINE)] * 10)
    with patience(1000, 0.12), pytest.raises(ClientError, match="Throttling"):
        for _ in range(10):
            slow.ask()
    assert len(slow.answers) == 20 - 5  # of 0.05 seconds each


def test_expired_credentials_are_renewed_once() -> None:
    script = Script([(400, EXPIRED), (200, FINE)])
    assert script.ask().retries == 1
    assert script.renewals == 1


def test_credentials_that_are_over_again_are_final() -> None:
    script = Script([(400, EXPIRED)] * 3)
    with pytest.raises(ClientError, match="Expired"):
        script.ask()
    assert (script.renewals, len(script.answers)) == (1, 1)


def test_credentials_that_nobody_can_renew_are_final() -> None:
    script = Script([(400, EXPIRED)] * 3, renews=False)
    with pytest.raises(ClientError, match="Expired"):
        script.ask()
    assert len(script.answers) == 2


def test_half_an_xml_answer_is_asked_for_again() -> None:
    half = b"<ListUsersResponse><ListUsersResult><Users><member><UserN"
    whole = (
        b"<ListUsersResponse><ListUsersResult><IsTruncated>false</IsTruncated><Users/>"
        b"</ListUsersResult></ListUsersResponse>"
    )
    script = Script([(200, half), (200, whole)], service="iam")
    assert script.ask("ListUsers").last.body == whole
    with pytest.raises(ResponseParserError):
        Script([(200, half)] * 5, service="iam").ask("ListUsers")


class _Kept:
    """A journal of one answer."""

    def __init__(self, answer: exchange.Attempt | None) -> None:
        self.answer, self.sealed = answer, list[bytes]()

    def replay(self, key: str) -> exchange.Attempt | None:
        return self.answer

    def seal(self, key: str, answer: exchange.Attempt) -> None:
        self.sealed.append(answer.body)


def test_a_remembered_answer_is_read_as_if_it_came_now_and_nobody_is_asked() -> None:
    script = Script([])
    headers = {"Date": "Sun, 01 Nov 2026 05:00:00 GMT", "x-amzn-RequestId": "r-0"}
    kept = _Kept(exchange.Attempt(200, "", b'{"ConfigRules": [{"ConfigRuleName": "a"}]}', headers))
    with exchange.journalled(kept), traffic_of_one_call() as traffic:
        answer = call(script.client, "DescribeConfigRules", {}, traffic)
    assert answer.output["ConfigRules"] == [{"ConfigRuleName": "a"}]
    assert (answer.request_id, answer.at) == ("r-0", datetime(2026, 11, 1, 5, tzinfo=UTC))
    assert (traffic.resumed, kept.sealed) == (1, [])


def test_only_the_answer_that_counts_is_remembered() -> None:
    script = Script([(400, THROTTLED), (200, FINE), (400, b'{"__type": "NoSuchThing"}')])
    kept = _Kept(None)
    with exchange.journalled(kept):
        script.ask()
        with pytest.raises(ClientError):
            script.ask()
    assert kept.sealed == [FINE]
