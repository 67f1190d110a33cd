"""Calls with their wire traffic: what was sent back, byte for byte, and how many tries it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import xform_name

from include.aws.errors import error_code, is_throttle

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


_traffic: ContextVar[Traffic | None] = ContextVar("traffic", default=None)


def watch(client: Any) -> None:
    """Make a client's answers visible to :func:`call`."""
    client.meta.events.register("response-received", _keep)


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


def call(client: Any, operation: str, request: dict[str, Any], traffic: Traffic) -> Answer:
    """Make one call (``operation`` as AWS spells it); ``traffic`` must be the current one.

    Raises what botocore raises; the attempts are in ``traffic`` then, too.
    """
    output = getattr(client, xform_name(operation))(**request)
    metadata = output.get("ResponseMetadata", {})
    return Answer(
        service=str(client.meta.service_model.service_name),
        operation=operation,
        request=request,
        output=output,
        body=traffic.attempts[-1].body if traffic.attempts else b"",
        request_id=str(metadata.get("RequestId", "")),
        at=traffic.last_date or datetime.now(UTC),
    )
