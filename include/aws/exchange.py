"""Calls with their wire traffic: what was sent back, byte for byte, and how many tries it took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from botocore import xform_name
from botocore.awsrequest import AWSResponse
from botocore.parsers import ResponseParserError

from include.aws.errors import error_code, is_throttle
from include.digests import digest_of, plain

#: Seconds before an answer that can't be read is asked for again (JSON ones are the retries' job).
_UNREADABLE_PAUSES = (0.1, 0.5)
#: Where services put a request's id.
_REQUEST_IDS = ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id")


@dataclass
class Attempt:
    """One HTTP answer (``status`` 0: none came)."""

    status: int
    code: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Traffic:
    """The attempts of one call, in order; ``resumed`` is 1 for an answer got before a restart."""

    attempts: list[Attempt] = field(default_factory=list)
    resumed: int = 0

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return max(0, len(self.attempts) - 1)

    @property
    def throttles(self) -> int:
        """Attempts that were refused for coming too fast."""
        return sum(is_throttle(a.code, a.status) for a in self.attempts)

    @property
    def last(self) -> Attempt:
        """The last attempt; one without an answer when none was made."""
        return self.attempts[-1] if self.attempts else Attempt(0, "", b"", {})

    @property
    def request_id(self) -> str:
        """The service's id of the last attempt, '' when it gave none."""
        headers = {name.lower(): value for name, value in self.last.headers.items()}
        return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), "")

    @property
    def last_date(self) -> datetime | None:
        """The service's clock (UTC) as its last answer told it; None when none did."""
        for attempt in reversed(self.attempts):
            headers = {name.lower(): value for name, value in attempt.headers.items()}
            if value := headers.get("date"):
                try:
                    return parsedate_to_datetime(value).astimezone(UTC)
                except ValueError:
                    continue
        return None


@dataclass(frozen=True)
class Answer:
    """A successful call: the parsed output beside the bytes it was parsed from.

    ``at`` is the service's ``Date`` header (UTC), not the local clock.
    """

    service: str
    operation: str
    request: dict[str, Any]
    output: dict[str, Any]
    body: bytes
    request_id: str
    at: datetime


class Journal(Protocol):
    """Remembers the answers of a collection, so that one that was killed can go on. Thread-safe."""

    def replay(self, key: str) -> Attempt | None:
        """The next answer that is remembered for a request, if any."""
        ...

    def seal(self, key: str, answer: Attempt) -> None:
        """Remember the answer of a request."""
        ...


_traffic: ContextVar[Traffic | None] = ContextVar("traffic", default=None)
_journal: ContextVar[Journal | None] = ContextVar("journal", default=None)
_replay: ContextVar[Attempt | None] = ContextVar("replay", default=None)


def watch(client: Any) -> None:
    """Make a client's answers visible to :func:`call`, and let it replay remembered ones."""
    client.meta.events.register_first("before-send", _remembered)
    client.meta.events.register("response-received", _keep)


def is_replayed() -> bool:
    """Whether the call under way is answered from a journal: no request goes out."""
    return _replay.get() is not None


def _remembered(request: Any, **_: Any) -> AWSResponse | None:
    answer = _replay.get()
    if answer is None:
        return None
    response = AWSResponse(request.url, answer.status, dict(answer.headers), None)
    response._content = answer.body
    return response


@contextmanager
def journalled(journal: Journal | None) -> Iterator[None]:
    """Calls made inside are answered from the journal as far as it goes, and remembered in it."""
    token = _journal.set(journal)
    try:
        yield
    finally:
        _journal.reset(token)


def _keep(
    response_dict: dict[str, Any] | None = None,
    parsed_response: dict[str, Any] | None = None,
    exception: Exception | None = None,
    **_: Any,
) -> None:
    traffic = _traffic.get()
    if traffic is None:
        return
    if response_dict is None:
        traffic.attempts.append(Attempt(0, error_code(exception) if exception else "", b"", {}))
        return
    code = str((parsed_response or {}).get("Error", {}).get("Code", ""))
    body = response_dict.get("body", b"")
    traffic.attempts.append(
        Attempt(
            int(response_dict.get("status_code", 0)),
            code,
            body if isinstance(body, bytes) else b"",
            dict(response_dict.get("headers", {})),
        )
    )


@contextmanager
def traffic_of_one_call() -> Iterator[Traffic]:
    """Collect the attempts of the calls made inside (one call, one thread)."""
    traffic = Traffic()
    token = _traffic.set(traffic)
    try:
        yield traffic
    finally:
        _traffic.reset(token)


@contextmanager
def _apart() -> Iterator[None]:
    """What the journal itself asks for is not part of the call."""
    token = _traffic.set(None)
    try:
        yield
    finally:
        _traffic.reset(token)


def call(client: Any, operation: str, request: dict[str, Any], traffic: Traffic) -> Answer:
    """Make one call (``operation`` as AWS spells it); ``traffic`` must be the current one.

    Raises what botocore raises; the attempts are in ``traffic`` then, too.
    """
    service = str(client.meta.service_model.service_name)
    journal = _journal.get()
    key, remembered = "", None
    if journal is not None:
        key = digest_of([service, client.meta.region_name, operation, plain(request)])
        with _apart():
            remembered = journal.replay(key)
    token = _replay.set(remembered)
    try:
        output = _asked(client, operation, request, traffic)
    finally:
        _replay.reset(token)
    if remembered is not None:
        traffic.resumed = 1
    elif journal is not None and traffic.last.body:
        with _apart():
            journal.seal(key, traffic.last)
    metadata = output.get("ResponseMetadata", {})
    return Answer(
        service=service,
        operation=operation,
        request=request,
        output=output,
        body=traffic.last.body,
        request_id=str(metadata.get("RequestId", "")),
        at=traffic.last_date or datetime.now(UTC),
    )


def _asked(client: Any, operation: str, request: dict[str, Any], traffic: Traffic) -> Any:
    """The output; asked for again when the body can't be read, which botocore doesn't do."""
    for pause in (*_UNREADABLE_PAUSES, None):
        try:
            return getattr(client, xform_name(operation))(**request)
        except ResponseParserError:
            traffic.attempts.append(Attempt(0, "UnreadableAnswer", b"", {}))
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")
