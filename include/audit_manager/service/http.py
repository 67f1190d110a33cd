"""The service over HTTP on its own: account and region from the request's SigV4 scope."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from include.protocol import (
    Context,
    Handler,
    Response,
    ServiceApp,
    credential_scope,
    read_request,
)

SIGNING_NAME = "auditmanager"
#: Bytes of a request; the largest that the API knows is far smaller.
LARGEST_BODY = 10_000_000


class Wsgi:
    """A WSGI application of the service alone.

    An access key id of 12 digits is the account; any other belongs to ``default_account``. The
    signature isn't verified. ``clock`` gives the aware UTC time, also for the ``Date`` header.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        clock: Callable[[], datetime],
        default_account: str | None,
    ) -> None:
        self._app = ServiceApp(SIGNING_NAME, handlers)
        self._clock = clock
        self._default_account = default_account

    def __call__(self, environ: Mapping[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(environ).wsgi(start_response)

    def _answer(self, environ: Mapping[str, Any]) -> Response:
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
            return _refusal(413, "RequestEntityTooLarge", "The request is too large.")
        request = read_request(environ)
        if (request.method, request.raw_path) == ("GET", "/health"):
            return Response(200, {"Content-Type": "application/json"}, b'{"status":"ok"}')
        scope = credential_scope(request)
        if scope is None or scope.service != SIGNING_NAME:
            return _refusal(
                403,
                "MissingAuthenticationTokenException",
                f"The request isn't signed for {SIGNING_NAME}.",
            )
        account = scope.access_key
        if not re.fullmatch(r"\d{12}", account):
            if self._default_account is None:
                return _refusal(
                    403,
                    "UnrecognizedClientException",
                    "The access key id isn't an account id, and the service has no default "
                    "account. Start it with --account.",
                )
            account = self._default_account
        now = self._clock()
        context = Context(
            account=account,
            region=scope.region,
            caller_arn=f"arn:aws:iam::{account}:root",
            now=now,
            request_id=str(uuid.uuid4()),
        )
        answer = self._app.dispatch(
            request.method,
            request.raw_path,
            request.query,
            request.headers,
            request.body,
            context,
        )
        headers = {**answer.headers, "Date": format_datetime(now, usegmt=True)}
        return Response(answer.status, headers, answer.body)


def _refusal(status: int, code: str, message: str) -> Response:
    return Response(
        status,
        {"Content-Type": "application/json", "x-amzn-errortype": code},
        json.dumps({"message": message}).encode(),
    )
